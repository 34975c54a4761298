"""The locks: all that is asked for and all that it brings in turn, at one version everywhere, each file by its hash."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cdk_app import wheels
from cdk_app.supply import install, locks
from cdk_app.supply.locks import LOCKS, ROOT

PINS = {group: locks.read(lock) for group, lock in LOCKS.items()}
GROUPS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
IN_LAMBDA = {"python_version": "3.13", "python_full_version": "3.13.0", "implementation_version": "3.13.0"}
MACHINES = ("x86_64", "aarch64")


def _asked(group: str) -> Iterator[Requirement]:
    yield from map(Requirement, locks.asked(group))


def _environment(group: str, machine: str) -> dict[str, str]:
    there: dict[str, Any] = {**default_environment(), "platform_machine": machine, "extra": ""}
    return there if group == "development" else there | IN_LAMBDA


def _brought(asked: list[Requirement], environment: dict[str, str]) -> Iterator[Requirement]:
    """What is asked for and what that brings in turn, as the installed packages say it."""
    seen: set[tuple[str, str]] = set()
    while asked:
        wanted = asked.pop()
        yield wanted
        for extra in ("", *wanted.extras):
            name = canonicalize_name(wanted.name)
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for text in _requires(name):
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate(environment | {"extra": extra}):
                    asked.append(needed)


def _requires(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []  # of another machine or Python than this


def test_every_group_has_its_lock_and_asks_for_exact_versions() -> None:
    assert GROUPS.keys() == LOCKS.keys()
    loose = [str(one) for group in GROUPS for one in _asked(group) if not re.fullmatch(r"==[\w.]+", str(one.specifier))]
    assert loose == []


@pytest.mark.parametrize("group", LOCKS)
def test_a_lock_holds_what_its_group_asks_for(group: str) -> None:
    asked = {canonicalize_name(one.name): str(one.specifier) for one in _asked(group)}
    told = "run `make lock`, and commit what it wrote"
    assert {name: f"=={pin.version}" for name, pin in PINS[group].items() if name in asked} == asked, told
    assert group != "tools" or PINS[group].keys() == asked.keys()


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("group", ["development", "image", "layer"])
def test_a_lock_holds_all_that_this_brings_in_turn_and_nothing_else(group: str, machine: str) -> None:
    environment = _environment(group, machine)
    brought = list(_brought(list(_asked(group)), environment))
    pins = PINS[group]
    assert [str(one) for one in brought if not _holds(pins, one)] == []
    here = {name for name, pin in pins.items() if not pin.marker or Marker(pin.marker).evaluate(environment)}
    assert here == {canonicalize_name(one.name) for one in brought}


def _holds(pins: dict[str, locks.Pin], wanted: Requirement) -> bool:
    pin = pins.get(canonicalize_name(wanted.name))
    return pin is not None and wanted.specifier.contains(pin.version, prereleases=True)


@pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)
def test_every_line_of_a_lock_is_a_package_with_its_hashes(lock: Path) -> None:
    heads = [line for line in lock.read_text("utf-8").splitlines() if line and not line.startswith(("#", " "))]
    pins = locks.read(lock)
    assert len(pins) == len(heads) > 0
    bare = [name for name, pin in pins.items() if not all(re.fullmatch(r"sha256:[0-9a-f]{64}", h) for h in pin.hashes)]
    assert bare == []
    assert all(pin.hashes for pin in pins.values())


def test_what_is_tested_is_what_is_shipped() -> None:
    narrow_to_wide = (("layer", "image"), ("image", "development"))
    for narrow, wide in narrow_to_wide:
        for name, pin in PINS[narrow].items():
            assert (str(pin), pin.hashes) == (str(PINS[wide][name]), PINS[wide][name].hashes)


def test_whatever_installs_takes_a_lock_and_nothing_beside_it() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    dockerfile = (ROOT / "functions/worker/Dockerfile").read_text("utf-8")
    (pip,) = re.findall(r"pip install((?:.|\\\n)+?) &&", dockerfile.replace("\\\n    &&", " &&"))
    for option in locks.EXACTLY:
        assert option in pip
        assert option in wheels.PLATFORM
    installs = re.findall(r"^\t\$\(PIP\) install (.+)$", makefile, re.MULTILINE)
    assert installs == ["--no-deps --no-build-isolation -e ."]  # our own, and no code of others is built for it


def test_a_tool_is_fetched_by_its_own_lines_of_the_lock() -> None:
    pin = locks.tool("uv")
    with locks.alone(pin) as option:
        path = Path(option.partition("=")[2])
        assert locks.read(path) == {"uv": pin}
    assert not path.exists()


@pytest.mark.parametrize("uv_can", [True, False])
def test_pip_installs_the_lock_where_uv_cannot_and_either_takes_nothing_else(
    monkeypatch: pytest.MonkeyPatch, *, uv_can: bool
) -> None:
    asked: list[list[str]] = []

    def run(words: list[str], **_: Any) -> "subprocess.CompletedProcess[str]":
        asked.append(list(words))
        refused = not uv_can and Path(words[0]).name == "uv"
        return subprocess.CompletedProcess(words, int(refused), "", "no such index")

    monkeypatch.setattr(install.subprocess, "run", run)  # which is everybody's, and so fetches no uv either
    monkeypatch.setattr(install, "_imported_by_functions", list)
    assert install.main() == 0
    fetched, *installed = asked
    assert fetched[1:4] == ["-m", "pip", "install"]
    assert len(installed) == (1 if uv_can else 2)
    for words in asked:
        assert set(locks.EXACTLY) <= set(words)
    assert all(words[-1] == f"--requirement={LOCKS['development']}" for words in installed)


def test_what_functions_import_is_compiled_beforehand() -> None:
    names = {path.name for path in install._imported_by_functions()}
    assert {"weasyprint", "botocore", "pydantic", "jinja2", "fontTools", "typing_extensions.py"} <= names
    assert names.isdisjoint({"aws_cdk", "moto", "mypy", "report_queue"})
    assert all(path.exists() for path in install._imported_by_functions())


def test_all_is_compiled_beforehand_where_an_import_may_not(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(install, "_by_uv", lambda _: True)
    monkeypatch.setattr(install.compileall, "compile_dir", lambda path, **_: compiled.append(path.name))
    monkeypatch.setattr(install.compileall, "compile_file", lambda path, **_: compiled.append(path.name))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert (install.main(), compiled) == (0, ["site-packages"])
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert install.main() == 0
    assert "weasyprint" in compiled
