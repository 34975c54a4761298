"""What would be uploaded of a function: its code, the packages of its layers, and the variables that it is given."""

import re
from pathlib import Path
from typing import Any, Final

from cdk_app.local.code import Code
from cdk_app.local.errors import StackError
from cdk_app.local.templates import Assembly, Resource

_HANDLER: Final = "handler.handler"  # the one that a sandbox runs

# What a variable may refer to, since something stands in for it here.
_STAND_INS: Final = {
    "REPORT_QUEUE_BROKER_NAME": "AWS::ElastiCache::",
    "REPORT_QUEUE_BROKER_URL": "AWS::ElastiCache::",
    "REPORT_QUEUE_BROKER_USER": "AWS::ElastiCache::User",
    "REPORT_QUEUE_BUCKET": "AWS::S3::Bucket",
    "REPORT_QUEUE_BUS": "AWS::Events::EventBus",
    "REPORT_QUEUE_KEYS_SECRET": "AWS::SecretsManager::Secret",
}


def code_in(assembly: Assembly, name: str, resource: Resource) -> Code:
    """A function's code as it lies in the assembly; raises StackError for what no sandbox can run."""
    given = resource.properties
    if given.get("PackageType") == "Image":
        tag = str(given["Code"]["ImageUri"]["Fn::Sub"]).rpartition(":")[2]
        command = given.get("ImageConfig", {}).get("Command")
        folder, packages, handler = _in_image(*assembly.image(tag), command=command)
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


def _in_image(context: Path, dockerfile: str, *, command: list[str] | None) -> tuple[Path, list[Path], str]:
    """Where an image's handler and packages come from, and which handler it runs: the function's own command, or else
    the Dockerfile's. The handler is told as its folder's own."""
    text = (context / dockerfile).read_text("utf-8")
    copied = {into: context / path for path, into in re.findall(r"^COPY (\S+) (\S+)$", text, re.MULTILINE)}
    usual = re.search(r'^CMD \["(.+)"\]$', text, re.MULTILINE)
    run = command[0] if command else usual[1] if usual else ""
    place, _, handler = run.partition(".")  # worker.handler.handler: what was copied into worker/
    folder = copied[f"{place}/"].parent if f"{place}/" in copied else context
    packages = [path.parent for path in copied.values() if (path / "__init__.py").is_file()]
    return folder, packages, handler


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
