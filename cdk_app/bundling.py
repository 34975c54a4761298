"""The code of functions and layers as assets, without Docker.

The dependencies' layer is what pip puts together for the functions' platform, on whatever machine runs it. The asset's
hash covers the requirements (exact versions) and the command, so that pip runs again only when one of them changed.
"""

from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_

from cdk_app import wheels

ROOT: Final = Path(__file__).parent.parent
PYTHON: Final = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE: Final = lambda_.Architecture.ARM_64
_NO_CODE: Final = ["**/__pycache__", "**/*.egg-info", "**/*.pyc", "python/report_queue/client"]  # functions call no API


def source(folder: str) -> lambda_.Code:
    """A folder's files as they are."""
    return lambda_.Code.from_asset(str(ROOT / folder), exclude=_NO_CODE)


def dependencies(folder: str) -> lambda_.Code:
    """What the folder's requirements.txt names, installed the way that a layer wants it: below `python/`."""
    return lambda_.Code.from_asset(
        str(ROOT / folder),
        bundling=cdk.BundlingOptions(
            image=cdk.DockerImage.from_registry("unused"),  # the local bundling never asks for it
            command=list(wheels.PLATFORM),  # never run as such, but part of the asset's hash
            local=_Pip(ROOT / folder / "requirements.txt"),
        ),
    )


def worker_image(function: str) -> lambda_.Code:
    """The worker's image, for that function in it. Docker builds it at deployment, once for all of its functions;
    synthesis only hashes what `.dockerignore` lets through."""
    return lambda_.Code.from_asset_image(
        str(ROOT),
        file="functions/worker/Dockerfile",
        cmd=[f"{function}.handler.handler"],
        platform=cdk.aws_ecr_assets.Platform.LINUX_ARM64,
    )


@jsii.implements(cdk.ILocalBundling)
class _Pip:
    def __init__(self, requirements: Path) -> None:
        self._requirements = requirements

    def try_bundle(self, output_dir: str, *, image: cdk.DockerImage, **_options: Any) -> bool:  # noqa: ARG002 - jsii's name for it
        """Install into the asset's folder. A failure ends the synthesis; there is no fallback."""
        wheels.install(self._requirements, Path(output_dir) / "python")
        return True
