"""The locks: every package at one version, with the hash of each of its files, as pip reads it.

What is asked for stands in pyproject.toml, a group a lock. Knows how a lock is written down, and not what is in it.
Imports nothing beyond the standard library.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

# A group of pyproject.toml, and its lock; widest first.
LOCKS: Final = {
    "development": ROOT / "requirements.txt",
    "image": ROOT / "functions/worker/requirements.txt",
    "layer": ROOT / "layers/dependencies/requirements.txt",
    "tools": ROOT / "cdk_app/supply/tools.txt",
}

# How pip installs from a lock: nothing that is not in it, nothing that was not hashed, and no code of a package run.
EXACTLY: Final = ("--no-deps", "--only-binary=:all:", "--require-hashes")

_PIN = re.compile(
    r"^(?P<name>[\w.-]+)(?:\[[\w,-]+\])?==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\]+?))?"
    r"(?P<hashes>(?: \\\n    --hash=\S+)*)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Pin:
    """A package of a lock."""

    name: str
    version: str
    marker: str  # where it is wanted, as PEP 508 has it; "" for everywhere
    hashes: tuple[str, ...]  # sha256:…, one a file of that version
    text: str  # as it stands in the lock

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def asked(group: str) -> list[str]:
    """What a group of pyproject.toml asks for, and the groups that it includes, as PEP 508 has it."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    entries = groups[group]
    included = [line for entry in entries if isinstance(entry, dict) for line in asked(entry["include-group"])]
    return included + [entry for entry in entries if isinstance(entry, str)]


def read(lock: Path) -> dict[str, Pin]:
    """The packages of a lock, by name."""
    pins = {}
    for found in _PIN.finditer(lock.read_text("utf-8")):
        hashes = tuple(re.findall(r"--hash=(\S+)", found["hashes"]))
        pins[found["name"]] = Pin(found["name"], found["version"], found["marker"] or "", hashes, found[0])
    return pins


def tool(name: str) -> Pin:
    """One of the tools that are fetched when they are first wanted."""
    return read(LOCKS["tools"])[name]


@contextmanager
def alone(pin: Pin) -> Iterator[str]:
    """A lock of only that package, while pip reads it; gives the option."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(f"{pin.text}\n")
        file.flush()
        yield f"--requirement={file.name}"


def fetch(verb: str, pin: Pin, *words: str) -> "subprocess.CompletedProcess[str]":
    """Have pip install or download that one package, and say how it went."""
    with alone(pin) as option:
        command: Sequence[str] = (sys.executable, "-m", "pip", verb, "--quiet", "--disable-pip-version-check")
        return subprocess.run([*command, *EXACTLY, *words, option], check=False, capture_output=True, text=True)
