"""What a synthesised assembly would deploy, as the drawing that runs on this machine.

    manifest.json ─► stacks' templates ─► functions, routes, schedules, rules, variables
                  └► assets            ─► each function's code, as it would be uploaded

It reads the templates alone and knows neither the topology's functions nor the CDK. What this machine has no stand-in
for is refused by name: a stack that left it out would not be the one of the template.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, cast

from cdk_app.local.code import Code
from cdk_app.local.errors import StackError
from cdk_app.local.stack import Drawing
from cdk_app.topology import Function, May, Route, Rule, Schedule

_HANDLER: Final = "handler.handler"  # the one that a sandbox runs
_FUNCTION: Final = "AWS::Lambda::Function"

# What a variable may refer to, since something stands in for it here.
_STAND_INS: Final = {
    "REPORT_QUEUE_BROKER_NAME": "AWS::ElastiCache::",
    "REPORT_QUEUE_BROKER_URL": "AWS::ElastiCache::",
    "REPORT_QUEUE_BROKER_USER": "AWS::ElastiCache::User",
    "REPORT_QUEUE_BUCKET": "AWS::S3::Bucket",
    "REPORT_QUEUE_BUS": "AWS::Events::EventBus",
    "REPORT_QUEUE_KEYS_SECRET": "AWS::SecretsManager::Secret",
}


@dataclass(frozen=True)
class Resource:
    """A resource of one of the stacks."""

    stack: str
    id: str
    type: str
    properties: Mapping[str, Any]


def read_drawing(folder: Path) -> Drawing:
    """The drawing of the assembly in that folder; raises StackError for what is no assembly or cannot run here."""
    assembly = Assembly.read(folder)
    functions = {assembly.name(resource): resource for resource in assembly.all(_FUNCTION)}
    routes, authorizers = _routes(assembly)
    (authorizer, cache_s), *others = authorizers or [("", 0)]
    if others:
        raise StackError(f"{folder}: the gateway here has one authorizer, and the template {len(authorizers)}")
    schedules, rules = _events(assembly)
    return Drawing(
        functions=[_function(name, resource) for name, resource in functions.items()],
        routes=routes,
        schedules=schedules,
        rules=rules,
        codes={name: _code(assembly, name, resource) for name, resource in functions.items()},
        authorizer=authorizer,
        authorizer_cache_s=cache_s,
    )


@dataclass(frozen=True)
class Assembly:
    """The templates and assets of one deployment's stacks."""

    folder: Path
    templates: Mapping[str, Mapping[str, Any]]  # by stack
    assets: tuple[Mapping[str, Any], ...]  # the stacks' asset manifests

    @classmethod
    def read(cls, folder: Path) -> "Assembly":
        """Raises StackError where there is none."""
        manifest = folder / "manifest.json"
        if not manifest.is_file():
            below = sorted(str(path.parent) for path in folder.glob("*/manifest.json"))
            there = f"; name one of: {', '.join(below)}" if below else "; `make synth` makes them"
            raise StackError(f"{folder} holds no assembly{there}")
        artifacts = json.loads(manifest.read_text("utf-8"))["artifacts"]

        def files(kind: str, field: str) -> dict[str, Any]:
            return {
                name: json.loads((folder / artifact["properties"][field]).read_text("utf-8"))
                for name, artifact in artifacts.items()
                if artifact["type"] == kind
            }

        templates = files("aws:cloudformation:stack", "templateFile")
        return cls(folder.resolve(), templates, tuple(files("cdk:asset-manifest", "file").values()))

    @cached_property
    def resources(self) -> dict[tuple[str, str], Resource]:
        """All of them, by stack and logical id."""
        return {
            (stack, id_): Resource(stack, id_, resource["Type"], resource.get("Properties", {}))
            for stack, template in self.templates.items()
            for id_, resource in template.get("Resources", {}).items()
        }

    @cached_property
    def _exports(self) -> dict[str, tuple[str, Any]]:
        return {
            output["Export"]["Name"]: (stack, output["Value"])
            for stack, template in self.templates.items()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    def all(self, kind: str) -> list[Resource]:
        """The resources of a type, in the order of the templates."""
        return [resource for resource in self.resources.values() if resource.type == kind]

    def meant(self, stack: str, value: Any) -> Iterator[Resource]:
        """The resources that a value in a stack's template refers to, through exports too."""
        match value:
            case {"Ref": str(id_)} | {"Fn::GetAtt": [str(id_), *_]}:
                if found := self.resources.get((stack, id_)):
                    yield found
            case {"Fn::ImportValue": str(name)}:
                if name not in self._exports:
                    raise StackError(f"{self.folder}: stack {stack} imports {name}, which no stack exports")
                yield from self.meant(*self._exports[name])
            case {"Fn::Sub": str(text)}:
                for id_ in re.findall(r"\$\{(\w+)", text):
                    yield from self.meant(stack, {"Ref": id_})
            case dict():
                for part in value.values():
                    yield from self.meant(stack, part)
            case list():
                for part in value:
                    yield from self.meant(stack, part)

    def one(self, resource: Resource, value: Any, kind: str) -> Resource:
        """The one resource of that type that a value refers to."""
        found = {(one.stack, one.id): one for one in self.meant(resource.stack, value) if one.type == kind}
        if len(found) != 1:
            raise StackError(f"{self.folder}: {resource.type} {resource.id} must refer to one {kind}, not {len(found)}")
        return next(iter(found.values()))

    def name(self, resource: Resource) -> str:
        """A function's name, without what begins all names of the deployment: the stack's, but for its last word."""
        prefix = resource.stack.rpartition("-")[0] + "-"
        name = str(resource.properties.get("FunctionName", ""))
        if not name.startswith(prefix):
            raise StackError(f"{self.folder}: function {resource.id} is not named {prefix}…, so nobody here knows it")
        return name.removeprefix(prefix)

    def function(self, resource: Resource, value: Any) -> str:
        """The name of the function that a value refers to."""
        return self.name(self.one(resource, value, _FUNCTION))

    def zipped(self, key: str) -> Path:
        """The folder that is uploaded under that key."""
        return self._asset("files", "path", lambda destination: destination.get("objectKey") == key, key)[0]

    def image(self, tag: str) -> tuple[Path, str]:
        """The build's context of the image with that tag, and the place of its Dockerfile within."""
        folder, source = self._asset("dockerImages", "directory", lambda made: made.get("imageTag") == tag, tag)
        return folder, str(source.get("dockerFile", "Dockerfile"))

    def _asset(self, kind: str, field: str, is_it: Any, what: str) -> tuple[Path, Mapping[str, Any]]:
        for manifest in self.assets:
            for asset in manifest.get(kind, {}).values():
                if any(is_it(destination) for destination in asset["destinations"].values()):
                    return self.folder / asset["source"][field], asset["source"]
        raise StackError(f"{self.folder}: no asset {what}")


def _function(name: str, resource: Resource) -> Function:
    given = resource.properties
    return Function(
        name,
        memory_mb=given["MemorySize"],
        timeout_s=given["Timeout"],
        may=May(broker="VpcConfig" in given),  # of what it may, only this makes a difference here
        kind="image" if given.get("PackageType") == "Image" else "zip",
        tmp_mb=given.get("EphemeralStorage", {}).get("Size", 512),
    )


def _code(assembly: Assembly, name: str, resource: Resource) -> Code:
    given = resource.properties
    if given.get("PackageType") == "Image":
        tag = str(given["Code"]["ImageUri"]["Fn::Sub"]).rpartition(":")[2]
        folder, packages, handler = _in_image(*assembly.image(tag))
    else:
        folder, handler = assembly.zipped(given["Code"]["S3Key"]), given["Handler"]
        layers = [assembly.one(resource, layer, "AWS::Lambda::LayerVersion") for layer in given.get("Layers", [])]
        packages = [
            path
            for layer in layers
            if (path := assembly.zipped(layer.properties["Content"]["S3Key"]) / "python").is_dir()
            # What pip installed is for the functions' machine; here the virtual environment holds the same.
            and not any(path.glob("*.dist-info"))
        ]
    if handler != _HANDLER or not (folder / "handler.py").is_file():
        raise StackError(f"{assembly.folder}: function {name} is to run {handler}, and a sandbox runs {_HANDLER}")
    variables = given.get("Environment", {}).get("Variables", {})
    return Code(
        folder=folder,
        packages=tuple(packages),
        variables={key: _variable(assembly, resource, key, value) for key, value in variables.items()},
    )


def _in_image(context: Path, dockerfile: str) -> tuple[Path, list[Path], str]:
    """Where an image's handler and packages come from, and which handler it runs, as its Dockerfile says."""
    text = (context / dockerfile).read_text("utf-8")
    copied = [context / path for path in re.findall(r"^COPY (\S+) ", text, re.MULTILINE)]
    handler = re.search(r'^CMD \["(.+)"\]$', text, re.MULTILINE)
    folder = next((path.parent for path in copied if path.name == "handler.py"), context)
    packages = [path.parent for path in copied if (path / "__init__.py").is_file()]
    return folder, packages, handler[1] if handler else ""


def _variable(assembly: Assembly, resource: Resource, name: str, value: Any) -> str | None:
    """A variable's value; None where the deployment makes it, and this machine has a stand-in."""
    if isinstance(value, str):
        return value
    kinds = {meant.type for meant in assembly.meant(resource.stack, value)}
    stand_in = _STAND_INS.get(name)
    if stand_in is None or not kinds or not all(kind.startswith(stand_in) for kind in kinds):
        told = ", ".join(sorted(kinds)) or "nothing of these stacks"
        raise StackError(
            f"{assembly.folder}: variable {name} of function {assembly.name(resource)} refers to {told}; "
            + (f"it must refer to {stand_in}" if stand_in else "nothing stands in for that here")
        )
    return None


def _routes(assembly: Assembly) -> tuple[list[Route], list[tuple[str, float]]]:
    """The routes, and the authorizers that they ask: function, and seconds that an answer is kept."""
    routes, authorizers = [], {}
    for route in assembly.all("AWS::ApiGatewayV2::Route"):
        method, path = str(route.properties["RouteKey"]).split()
        integration = assembly.one(route, route.properties["Target"], "AWS::ApiGatewayV2::Integration")
        function = assembly.function(integration, integration.properties["IntegrationUri"])
        public = route.properties.get("AuthorizationType", "NONE") == "NONE"
        if not public:
            asked = assembly.one(route, route.properties.get("AuthorizerId"), "AWS::ApiGatewayV2::Authorizer")
            ttl_s = float(asked.properties.get("AuthorizerResultTtlInSeconds", 0))
            authorizers[asked.id] = (assembly.function(asked, asked.properties["AuthorizerUri"]), ttl_s)
        routes.append(Route(cast(Literal["GET", "POST"], method), path, function, public))
    return routes, list(authorizers.values())


def _events(assembly: Assembly) -> tuple[list[Schedule], list[Rule]]:
    """What invokes functions by itself: schedules at a rate, and rules that match an event."""
    schedules, rules = [], []
    for resource in assembly.all("AWS::Events::Rule"):
        given = resource.properties
        if given.get("State", "ENABLED") != "ENABLED":
            raise StackError(f"{assembly.folder}: rule {resource.id} is {given['State']}")
        for target in given.get("Targets", []):
            function = assembly.function(resource, target["Arn"])
            if "ScheduleExpression" in given:
                schedules.append(Schedule(function, every_minutes=_minutes(assembly, given["ScheduleExpression"])))
            else:
                retries, max_age_s = _lateness(assembly, function, target.get("RetryPolicy", {}))
                pattern = _pattern(assembly, resource)
                rules.append(Rule(resource.id, **pattern, function=function, retries=retries, max_age_s=max_age_s))
    return schedules, rules


def _lateness(assembly: Assembly, function: str, on_the_way: Mapping[str, int]) -> tuple[int, int]:
    """How often a function that failed is invoked again, and for how many seconds an event is worth anything.

    The latter holds twice, on EventBridge's way to Lambda and in Lambda's own queue; what is shorter wins.
    """
    own: Mapping[str, int] = {}
    for config in assembly.all("AWS::Lambda::EventInvokeConfig"):
        if assembly.function(config, config.properties["FunctionName"]) == function:
            own = config.properties
    ages = on_the_way.get("MaximumEventAgeInSeconds", 86_400), own.get("MaximumEventAgeInSeconds", 21_600)
    return own.get("MaximumRetryAttempts", 2), min(ages)


def _minutes(assembly: Assembly, expression: str) -> int:
    rate = re.fullmatch(r"rate\((\d+) minutes?\)", expression)
    if rate is None:
        raise StackError(f"{assembly.folder}: schedules here have a rate in minutes, and one is {expression}")
    return int(rate[1])


def _pattern(assembly: Assembly, resource: Resource) -> dict[str, str]:
    """What a rule matches: source and detail type, and the prefix of an object's key where it is a bucket's event."""
    match resource.properties["EventPattern"]:
        case {"source": [str(source)], "detail-type": [str(kind)], **rest} if not rest:
            return {"source": source, "detail_type": kind}
        case {
            "source": [str(source)],
            "detail-type": [str(kind)],
            "detail": {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": str(prefix)}]}},
        }:
            assembly.one(resource, bucket, "AWS::S3::Bucket")
            return {"source": source, "detail_type": kind, "prefix": prefix}
        case other:
            raise StackError(f"{assembly.folder}: rule {resource.id} matches by {json.dumps(other)}, unknown here")
