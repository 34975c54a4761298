"""What no file of the repository may hold: a path of someone's machine, or the host of a package registry.

The patterns are written so that this file does not match them.
"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MACHINE = re.compile(r"/(?:work|root|home|Users)/")
REGISTRY = re.compile(
    r"\b(?:pypi\.(?:org|python)|files\.pythonhosted|registry\.(?:npmjs|yarnpkg|hub)|registry-1\.docker|"
    r"proxy\.golang|static\.crates\.io|(?<!\.)crates\.io|rubygems\.org|docker\.io|ghcr\.io|quay\.io)\b"
)


def _files() -> dict[str, str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [path for path in listed.split("\0") if path and (ROOT / path).is_file()]
    return {path: (ROOT / path).read_text("utf-8", errors="ignore") for path in paths}


def test_no_file_holds_a_path_of_a_machine_or_a_registrys_host() -> None:
    files = _files()
    assert "README.md" in files
    found = [
        f"{path}: {line.strip()}"
        for path, text in files.items()
        for line in text.splitlines()
        if MACHINE.search(line) or REGISTRY.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (MACHINE, "/".join(["", "home", "someone", "project"])),
        (MACHINE, "/".join(["", "work", "main"])),
        (REGISTRY, ".".join(["https://pypi", "org/simple"])),
        (REGISTRY, ".".join(["registry", "npmjs", "org"])),
        (REGISTRY, ".".join(["https://crates", "io"])),
    ],
)
def test_what_must_not_stand_there_is_found(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)
