"""Stacks to test against: of stub functions, where the real ones do not matter, and of the topology."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stacks import Running, start, start_real

STUBS = Path(__file__).with_name("stubs")


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
    one = start_real(folder / "data")
    yield one
    one.end()
