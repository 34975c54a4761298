"""What would be uploaded: the code, all of it, and nothing else that lies around."""

import json
import re
from pathlib import Path

import pytest

from tests.cdk.conftest import ROOT, Deployment


@pytest.fixture
def image(deployment: Deployment) -> Path:
    """The worker image's build context."""
    (context,) = _assets(deployment)["dockerImages"].values()
    return deployment.folder / str(context["source"]["directory"])


@pytest.fixture
def zips(deployment: Deployment) -> dict[str, Path]:
    """The folders that would be zipped, by their construct's name."""
    files = _assets(deployment)["files"].values()
    return {
        str(asset["displayName"]).removesuffix("/Code"): deployment.folder / asset["source"]["path"]
        for asset in files
        if asset["source"]["packaging"] == "zip"
    }


def test_the_image_gets_everything_that_its_dockerfile_copies(image: Path) -> None:
    dockerfile = (image / "functions/worker/Dockerfile").read_text("utf-8")
    copied = re.findall(r"^COPY (\S+) ", dockerfile, re.MULTILINE)
    assert len(copied) == 4
    assert [path for path in copied if not (image / path).exists()] == []


def test_the_image_gets_nothing_but_its_functions_and_the_layers_sources(image: Path) -> None:
    ours = ("functions/preview/handler.py", "functions/worker/", "layers/report_queue/python/report_queue/")
    beside = {str(path.relative_to(image)) for path in _files(image)}
    beside = {path for path in beside if not path.startswith(ours)}
    assert beside == {".dockerignore"}


def test_layer_and_image_hold_the_package_with_its_scripts_and_reports_and_without_the_client(
    image: Path, zips: dict[str, Path]
) -> None:
    source = ROOT / "layers/report_queue/python/report_queue"
    left_out = {"__pycache__", "client"}
    ours = {path.relative_to(source) for path in _files(source) if left_out.isdisjoint(path.parts)}
    for package in (
        zips["layer-report-queue"] / "python/report_queue",
        image / "layers/report_queue/python/report_queue",
    ):
        assert {path.relative_to(package) for path in _files(package)} == ours


def test_no_asset_holds_what_a_machine_left_behind(image: Path, zips: dict[str, Path]) -> None:
    left = re.compile(r"__pycache__|\.pyc$|\.egg-info|\.venv|\.git/|\.env$")
    for folder in (image, *zips.values()):
        assert [path for path in _files(folder) if left.search(str(path.relative_to(folder)))] == []


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _assets(deployment: Deployment) -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    (path,) = deployment.folder.glob("*-app.assets.json")
    assets: dict[str, dict[str, dict[str, dict[str, str]]]] = json.loads(path.read_text("utf-8"))
    return assets
