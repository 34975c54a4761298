"""A renderer that makes no PDF, but takes its time, fails, hangs, and takes its worker with it, as the job's kind says.

Each attempt writes other bytes, so that a report that was replaced is not taken for the first one.
"""

import hashlib
import os
import signal
import threading
from pathlib import Path
from typing import Any, Final

from report_queue.errors import PermanentFailure, TransientFailure
from report_queue.result import Made

from .witness import once

_SIZE: Final = 10_000  # bytes: more than is sent at once
_DEAF_S: Final = 60


class StubRenderer:
    def __init__(self, folder: Path, *, seconds: float = 0.01) -> None:
        self._folder, self._seconds = folder, seconds

    def ensure(self) -> None:
        """Nothing has to run."""

    def start(self, job: Any, output: Any, rows: Any = None) -> "StubRendering":
        return StubRendering(job, output, self._folder, self._seconds)


class StubRendering:
    def __init__(self, job: Any, output: Any, folder: Path, seconds: float) -> None:
        self._job, self._output, self._folder, self._seconds = job, output, folder, seconds
        self._killed = threading.Event()

    def kill(self) -> None:
        self._killed.set()

    def wait(self, *, seconds: float, progress: Any) -> Made:
        self._work(self._seconds)
        progress(60)
        self._odd(self._job.data.get("kind"))
        self._work(self._seconds)
        body = b"%PDF-1.7\n" + f"{self._job.job_id} {os.urandom(8).hex()}\n".encode()
        body += b"." * (_SIZE - len(body))
        self._output.write(body)
        self._output.flush()
        return Made(size=_SIZE, pages=1, sha256=hashlib.sha256(body).hexdigest(), seconds=0.0, peak_memory_mb=1)

    def _work(self, seconds: float) -> None:
        if self._killed.wait(seconds):
            raise TransientFailure("rendering was stopped", reason="render.killed")

    def _odd(self, kind: str | None) -> None:
        first = kind in ("deaf", "fails once") and once(self._folder / f"once-{self._job.job_id}")
        if kind == "poison":
            os.kill(os.getpid(), signal.SIGKILL)
        elif kind == "deaf" and first:  # to its deadline
            self._work(_DEAF_S)
        elif kind == "fails" or first:
            raise TransientFailure("the child was ended", reason="render.crashed:SIGSEGV")
        elif kind == "broken":
            raise PermanentFailure("the template is at fault", reason="template.error")
