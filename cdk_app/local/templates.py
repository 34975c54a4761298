"""The templates of one deployment's stacks, and what refers to what in them, across stacks too.

It knows how CloudFormation spells references and where an assembly keeps its assets, and no resource by its meaning but
that a function has a name.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from cdk_app.local.errors import StackError

FUNCTION: Final = "AWS::Lambda::Function"


@dataclass(frozen=True)
class Resource:
    """A resource of one of the stacks."""

    stack: str
    id: str
    type: str
    properties: Mapping[str, Any]


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
        return self.name(self.one(resource, value, FUNCTION))

    def zipped(self, key: str) -> Path:
        """The folder that is uploaded under that key."""
        return self._asset("files", "path", lambda destination: destination.get("objectKey") == key, key)[0]

    def image(self, tag: str) -> tuple[Path, str]:
        """The build's context of the image with that tag, and the place of its Dockerfile within."""
        folder, source = self._asset("dockerImages", "directory", lambda made: made.get("imageTag") == tag, tag)
        return folder, str(source.get("dockerFile", "Dockerfile"))

    def _asset(
        self, kind: str, field: str, is_it: Callable[[Mapping[str, Any]], bool], what: str
    ) -> tuple[Path, Mapping[str, Any]]:
        for manifest in self.assets:
            for asset in manifest.get(kind, {}).values():
                if any(is_it(destination) for destination in asset["destinations"].values()):
                    return self.folder / asset["source"][field], asset["source"]
        raise StackError(f"{self.folder}: no asset {what}")
