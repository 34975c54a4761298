"""The worker's side of merging PDFs: starts the child, waits for it, and kills it.

As with rendering the child holds no secret, has limits and a deadline, and is ended where its job is lost.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from report_queue.errors import PermanentFailure, TransientFailure

_KEPT: Final = ("PATH", "LANG", "TZ", "HOME", "LD_LIBRARY_PATH")  # of the environment, and not one word more


@dataclass(frozen=True)
class Part:
    """One of the PDFs."""

    path: str
    title: str  # of its bookmark


@dataclass(frozen=True)
class Merged:
    """What the child made."""

    pages: int
    peak_memory_mb: int


class Merging:
    """A merge in progress: wait for it in one thread, kill it from any."""

    def __init__(self, parts: Sequence[Part], *, manifest: str, output: Path, memory_mb: int, cpu_seconds: int) -> None:
        self._asked = {
            "parts": [asdict(part) for part in parts],
            "manifest": manifest,
            "output": str(output),
            "memory_mb": memory_mb,
            "cpu_seconds": cpu_seconds,
        }
        self._lock = threading.Lock()
        self._killed = False
        self._child = subprocess.Popen(
            [sys.executable, "-m", "report_queue.merge"],
            env={name: os.environ[name] for name in _KEPT if name in os.environ}
            | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        )

    def kill(self) -> None:
        """End the child; `wait` then raises. Harmless at any time."""
        with self._lock:
            self._killed = True
            if self._child.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(self._child.pid, signal.SIGKILL)

    def wait(self, *, seconds: float) -> Merged:
        """Block until the child has ended, at most so long.

        Raises PermanentFailure or TransientFailure with the reason: merge.timeout, merge.killed, merge.crashed, or what
        the child itself reported.
        """
        try:
            told, _ = self._child.communicate(json.dumps(self._asked), timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            self._child.communicate()
            raise TransientFailure(
                f"merging took longer than {seconds:.0f} s and was stopped", reason="merge.timeout"
            ) from None
        if self._killed:
            raise TransientFailure("merging was stopped", reason="merge.killed")
        if self._child.returncode:
            raise TransientFailure(f"the child that merges ended with {self._child.returncode}", reason="merge.crashed")
        report = json.loads(told)
        if "failed" in report:
            kind = PermanentFailure if report["permanent"] else TransientFailure
            raise kind(report["message"], reason=report["failed"])
        return Merged(report["pages"], report["peakMemoryMb"])
