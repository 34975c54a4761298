"""The templates that the stacks synthesise, each environment and profile once: the only slow part of these tests.

The first synthesis costs most of it, for it starts the CDK's kernel; each further one costs little.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cdk_app.environments import Environment

ROOT = Path(__file__).parents[2]

Properties = dict[str, Any]


@dataclass(frozen=True)
class Deployment:
    """An environment's synthesised templates, by the last word of their stack's name: network, data, app."""

    environment: Environment
    app: Any = field(repr=False)  # the CDK's construct tree
    folder: Path  # the assembly: templates, and the assets as they would be uploaded
    templates: dict[str, Properties]
    missing: list[Any]  # what the synthesis would have had to look up

    @property
    def prefix(self) -> str:
        return self.environment.prefix

    def resources(self, kind: str) -> dict[str, Properties]:
        """All resources of a type, by logical id."""
        return {
            logical_id: resource
            for template in self.templates.values()
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] == kind
        }

    def properties(self, kind: str) -> list[Properties]:
        """The properties of all resources of a type."""
        return [resource.get("Properties", {}) for resource in self.resources(kind).values()]

    def only(self, kind: str) -> Properties:
        """The properties of the one resource of a type."""
        (properties,) = self.properties(kind)
        return properties

    @property
    def functions(self) -> dict[str, Properties]:
        """The functions' properties, by the topology's names."""
        return {p["FunctionName"].removeprefix(f"{self.prefix}-"): p for p in self.properties("AWS::Lambda::Function")}

    def function_name(self, reference: Any) -> str:
        """Which function a Ref, an Arn or an integration's target means, by the topology's name."""
        logical_ids = self.resources("AWS::Lambda::Function")
        (mentioned,) = {word for word in _words(reference) if word in logical_ids}
        return str(logical_ids[mentioned]["Properties"]["FunctionName"]).removeprefix(f"{self.prefix}-")

    def statements(self, function: str) -> list[Properties]:
        """Every statement of every policy on the function's role, actions and resources as lists."""
        (role_id,) = [word for word in _words(self.functions[function]["Role"]) if word != "Arn"]
        role = self.resources("AWS::IAM::Role")[role_id]["Properties"]
        assert "ManagedPolicyArns" not in role, "a managed policy grants more than the topology says"
        documents = [policy["PolicyDocument"] for policy in role["Policies"]]
        documents += [
            policy["PolicyDocument"]
            for policy in self.properties("AWS::IAM::Policy")
            if {"Ref": role_id} in policy["Roles"]
        ]
        return [
            {**statement, "Action": listed(statement["Action"]), "Resource": listed(statement["Resource"])}
            for document in documents
            for statement in document["Statement"]
        ]


ENVIRONMENTS = ("dev", "prod")
PROFILES = ("lite", "standard", "durable")

# Every environment and every profile; what they do not do to one another, test_every_combination holds.
ASSERTED = (("dev", "lite"), ("prod", "standard"), ("prod", "durable"))


@pytest.fixture(scope="session")
def deployed() -> Callable[..., Deployment]:
    """Synthesise an environment with a profile, once."""
    return cache(synthesise)


@pytest.fixture(scope="session", params=ASSERTED, ids="-".join)
def deployment(request: pytest.FixtureRequest, deployed: Callable[..., Deployment]) -> Deployment:
    """Each environment of `cdk.json`, and each profile."""
    return deployed(*request.param)


@pytest.fixture(scope="session", params=[(e, p) for e in ENVIRONMENTS for p in PROFILES], ids="-".join)
def any_deployment(request: pytest.FixtureRequest, deployed: Callable[..., Deployment]) -> Deployment:
    """Each environment with each profile."""
    return deployed(*request.param)


def synthesise(name: str, profile: str | None = None, **changes: Any) -> Deployment:
    """The environment of `cdk.json` with that profile instead of its own, and with these fields changed."""
    import aws_cdk as cdk

    from cdk_app.app import build

    context = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    context["environments"][name] |= changes
    chosen = {"environment": name, "layers": "skip"} | ({"profile": profile} if profile else {})
    app = cdk.App(context=context | chosen)
    environment = build(app)
    assembly = Path(app.synth().directory)
    return Deployment(
        environment=environment,
        app=app,
        folder=assembly,
        templates={
            path.name.removesuffix(".template.json").rpartition("-")[2]: json.loads(path.read_text("utf-8"))
            for path in sorted(assembly.glob("*.template.json"))
        },
        missing=json.loads((assembly / "manifest.json").read_text("utf-8")).get("missing", []),
    )


def _words(reference: Any) -> Iterator[str]:
    match reference:
        case str():
            yield reference
        case dict():
            for value in reference.values():
                yield from _words(value)
        case list():
            for value in reference:
                yield from _words(value)


def listed(value: Any) -> list[Any]:
    """CloudFormation's way to leave out the list around a single one, undone."""
    return value if isinstance(value, list) else [value]
