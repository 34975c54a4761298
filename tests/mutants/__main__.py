"""Do the tests notice? `make mutants`; or `python -m tests.mutants`, with words that the faults to be made must hold.

Each fault is made in a copy of the package, never in the working tree, and the one test that is named for it runs
against that copy: it must fail there, and it must pass against a copy without a fault, or its failing proves nothing.
Ends with 1 where a fault survives, does not fit the code any more, or its test did not run.
"""

# ruff: noqa: T201 - it prints a table

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.mutants.chaos import CHAOS
from tests.mutants.fault import PACKAGE, ROOT, Fault
from tests.mutants.only_the_copy import COPY
from tests.mutants.package import PYTHON
from tests.mutants.scripts import SCRIPTS

PASSED, FAILED = 0, 1  # pytest's exit codes
PATIENCE_S: Final = 120  # some faults make a test hang: it is noticed by that


def main(words: list[str]) -> int:
    chosen = [
        fault
        for fault in (*SCRIPTS, *PYTHON, *CHAOS)
        if all(word in f"{fault.what} {fault.file} {fault.test}" for word in words)
    ]
    sound = verdict_on_none({fault.test for fault in chosen})
    if sound != "passed":
        print(f"Without a fault the tests {sound}: nothing is proved.")
        return 1
    ends = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for fault, end in zip(chosen, pool.map(verdict_on, chosen), strict=True):
            ends.append(end)
            name = fault.test.partition("::")[2]
            print(f"{end:<14} {fault.file:<16} {fault.what}\n{'':<31} {name}", flush=True)
    killed = ends.count("killed")
    print(f"\n{killed} of {len(ends)} killed")
    return 0 if killed == len(ends) else 1


def verdict_on(fault: Fault) -> str:
    with copied() as package:
        try:
            fault.apply(package)
        except ValueError as error:
            return f"does not fit: {error}"
        end = run(package, {fault.test})
    return {"failed": "killed", "passed": "SURVIVED"}.get(end, end)


def verdict_on_none(tests: set[str]) -> str:
    with copied() as package:
        return run(package, tests, show=True)


@contextmanager
def copied() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        package = Path(folder, PACKAGE.name)
        shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
        yield package


def run(package: Path, tests: set[str], *, show: bool = False) -> str:
    """Run tests against that copy; passed, failed, or what kept them from either."""
    environ = os.environ | {
        "PYTHONPATH": str(package.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        COPY: str(package.parent),
    }
    nodes = [f"tests/{test}" for test in sorted(tests)]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "tests.mutants.only_the_copy", *nodes]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pytest:
        try:
            said, _ = pytest.communicate(timeout=PATIENCE_S + 5 * len(tests))
        except subprocess.TimeoutExpired:
            pytest.terminate()
            return "hung" if show else "failed"
    if show and pytest.returncode != PASSED:
        print(said)
    return {PASSED: "passed", FAILED: "failed"}.get(pytest.returncode, f"did not run ({pytest.returncode})")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
