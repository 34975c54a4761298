"""The data directory: whose it is at the moment, and where in it things are.

lock         held by the stack that runs on it: one at a time
stack.json   how to reach that stack, while it runs
key  keys.json  broker/  s3/  logs/
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cdk_app.local.errors import StackError


class DataDir:
    """A data directory that this process holds."""

    def __init__(self, path: Path, sockets: Path) -> None:
        self.path = path
        self.sockets = sockets  # a short path outside: a unix socket's path may have at most 107 bytes

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    def announce(self, **how: Any) -> None:
        """Tell others how to reach this stack."""
        draft = self.path / "stack.json.tmp"
        draft.write_text(json.dumps({"pid": os.getpid(), "sockets": str(self.sockets), **how}), "utf-8")
        draft.replace(self.path / "stack.json")


@contextmanager
def hold(path: Path) -> Iterator[DataDir]:
    """Hold the directory, with empty logs; raises StackError where another stack does."""
    path = path.resolve()
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)  # documents and keys are in it
    except OSError as error:
        raise StackError(f"--data-dir {path} cannot be made: {error.strerror}") from None
    with (path / "lock").open("a") as lock:  # the kernel drops the lock with the process, however it ends
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"another stack runs on {path}; stop it, or choose another --data-dir") from None
        if (sockets := _announced(path).get("sockets")) is not None:
            shutil.rmtree(sockets, ignore_errors=True)  # of a stack that was killed
        shutil.rmtree(path / "logs", ignore_errors=True)
        (path / "logs").mkdir()
        sockets = Path(tempfile.mkdtemp(prefix="report-queue-", dir="/tmp"))
        data_dir = DataDir(path, sockets)
        data_dir.announce()
        try:
            yield data_dir
        finally:
            shutil.rmtree(sockets, ignore_errors=True)
            (path / "stack.json").unlink(missing_ok=True)


def running(path: Path) -> dict[str, Any] | None:
    """How to reach the stack that runs on the directory, or None."""
    with suppress(FileNotFoundError), (path / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _announced(path)
    return None


def _announced(path: Path) -> dict[str, Any]:
    with suppress(FileNotFoundError, ValueError):
        return dict(json.loads((path / "stack.json").read_text("utf-8")))
    return {}
