"""Stacks to test against: processes of their own, started by the same command line as everybody's."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from cdk_app.local.datadir import running
from cdk_app.local.processes import descendants

ROOT = Path(__file__).parents[2]
STUBS = Path(__file__).with_name("stubs")


@dataclass
class Running:
    """A stack that runs."""

    process: subprocess.Popen[str]
    data_dir: Path
    code: Path
    url: str
    key: str

    @property
    def bus(self) -> str:
        return (running(self.data_dir) or {})["bus"]

    def invoke(self, function: str, event: Any) -> httpx.Response:
        url = f"{self.bus}/2015-03-31/functions/{function}/invocations"
        return httpx.post(url, json=event, timeout=30, trust_env=False)

    def family(self) -> list[int]:
        return [self.process.pid, *descendants(self.process.pid)]

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        self.process.stdout.close()
        return code


def start(*command: str, code: Path, data_dir: Path, **environment: str) -> Running:
    """Start a stack and wait until it says that it is ready."""
    process = subprocess.Popen(
        [sys.executable, *command, "--port", "0", "--data-dir", str(data_dir)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said, found = [], {}
    for line in process.stdout:
        said.append(line)
        word, _, rest = line.strip().partition(" ")
        if word in {"ready", "key"}:
            found[word] = rest
        if len(found) == 2:
            return Running(process, data_dir, code, url=found["ready"], key=found["key"])
    raise AssertionError(f"no stack: {''.join(said)}")


@pytest.fixture
def start_stub(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts stub stacks on the test's own data directory; they are gone after the test."""
    started: list[Running] = []
    code = Path(shutil.copytree(STUBS, tmp_path / "code"))

    def begin(*options: str, data_dir: Path = tmp_path / "data") -> Running:
        command = (str(Path(__file__).with_name("stub_stack.py")), str(code), "up")
        started.append(start(*command, *options, code=code, data_dir=data_dir))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.end()


@pytest.fixture(scope="session")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One stub stack for all tests that leave it as it is. Its supervisor has a secret in its environment."""
    folder = tmp_path_factory.mktemp("stub")
    code = Path(shutil.copytree(STUBS, folder / "code"))
    command = (str(Path(__file__).with_name("stub_stack.py")), str(code), "up")
    one = start(*command, code=code, data_dir=folder / "data", AWS_PROFILE="mine", CALLERS_SECRET="hunter2")
    yield one
    one.end()


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The stack of the topology."""
    folder = tmp_path_factory.mktemp("real")
    one = start("-m", "cdk_app.local", "up", code=ROOT / "functions", data_dir=folder / "data")
    yield one
    one.end()
