"""The worker's side of rendering: starts the renderer, asks for attempts, watches and kills them."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from io import BufferedRandom
from typing import Any, BinaryIO, Final, Self

from report_queue.data_ref import RowsFile
from report_queue.edition import USUAL, Edition
from report_queue.errors import PermanentFailure, TransientFailure
from report_queue.result import Finding, Made, Recipe

_BUSY: Final = 0.75  # of its time: a child that computed for so long was not kept waiting


@dataclass(frozen=True)
class RenderJob:
    """All that a child is told."""

    job_id: str
    report_type: str
    data: Any  # the payload, as parsed JSON
    created_at: int  # ms; the document's date, so that each attempt gives the same bytes
    memory_mb: int  # address space that the child may add to what it has from the renderer
    cpu_seconds: int
    edition: Edition = USUAL
    rows: RowsFile | None = None  # what the payload lacks, and a file beside it has


class Rendering:
    """One attempt in progress: wait for it in one thread, kill it from any."""

    def __init__(
        self, channel: socket.socket, job: RenderJob, output: BufferedRandom, *, give_up: Callable[[], None]
    ) -> None:
        self._channel = channel
        self._job = job
        self._output = output
        self._lock = threading.Lock()
        self._give_up = give_up  # on a renderer that is stuck
        self._pid: int | None = None
        self._ended = False
        self._killed = False
        # In a thread of its own: the child reads the job when it runs, and the channel holds less than a job may be.
        self._sender = threading.Thread(target=self._send, daemon=True)
        self._sender.start()

    def kill(self) -> None:
        """End the child and all that it started; `wait` then raises. Harmless at any time."""
        with self._lock:
            self._killed = True
            if self._pid is not None:
                # We are told of a child's end a moment after it was reaped: its number is hardly another's by then.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._pid, signal.SIGKILL)
            elif not self._ended:
                # Not even forked: hang up, so that `wait` does not wait for a renderer that may be stuck itself.
                with contextlib.suppress(OSError):
                    self._channel.shutdown(socket.SHUT_RDWR)

    def wait(self, *, seconds: float, progress: Callable[[int], None]) -> Made:
        """Block until the child has ended, at most `seconds`; tells `progress` (0-100) on the way.

        Raises PermanentFailure or TransientFailure with the reason: render.timeout, render.killed,
        render.out_of_memory, render.crashed:<SIGNAL>, render.lost, or what the child itself reported.
        """
        started = time.monotonic()
        timer = threading.Timer(seconds, self.kill)
        timer.daemon = True
        timer.start()
        try:
            reports = self._talk(progress)
        finally:
            timer.cancel()
            self._channel.close()
        spent = time.monotonic() - started
        ended = reports.get("exit")
        if failed := reports.get("failed"):
            kind = PermanentFailure if failed["permanent"] else TransientFailure
            place = tuple(failed["place"]) if failed.get("place") else None
            raise kind(failed["message"], reason=failed["reason"], place=place)
        if self._killed and spent >= seconds:
            if ended is None:
                self._give_up()
            raise _too_long(seconds, ended)
        if self._killed:
            raise TransientFailure("rendering was stopped", reason="render.killed")
        if ended is None:
            raise TransientFailure("the renderer ended before the child did", reason="render.lost")
        if "done" not in reports:
            raise _crash(ended["code"])
        size, digest = _digest(self._output)
        return Made(
            size=size,
            pages=reports["done"]["pages"],
            sha256=digest,
            seconds=round(spent, 3),
            peak_memory_mb=ended["peak_memory_mb"],
            findings=tuple(Finding(**one) for one in reports["done"].get("findings", ())),
            unlocked_sha256=reports["done"].get("unlocked_sha256"),
            recipe=Recipe(**recipe) if (recipe := reports["done"].get("recipe")) else None,
        )

    def _talk(self, progress: Callable[[int], None]) -> dict[str, Any]:
        """Read the reports, a JSON object a line, until both child and renderer have hung up."""
        reports: dict[str, Any] = {}
        with self._channel.makefile("rb") as lines:
            try:
                for line in lines:
                    report = json.loads(line)
                    if "pid" in report:
                        with self._lock:
                            self._pid = report["pid"]
                        if self._killed:
                            self.kill()
                    elif "progress" in report:
                        progress(report["progress"])
                    else:
                        reports |= report
                    if "exit" in report:
                        with self._lock:
                            self._pid, self._ended = None, True
            except (ConnectionError, json.JSONDecodeError):
                pass  # cut off in mid-line by the renderer's death: what was reported so far decides
        self._sender.join()
        return reports

    def _send(self) -> None:
        with contextlib.suppress(OSError):  # a child that is gone has its end reported
            self._channel.sendall(json.dumps(asdict(self._job)).encode())
            self._channel.shutdown(socket.SHUT_WR)


class Renderer:
    """The warm process that attempts are forked from. Started at once, and again when it is found dead.

    One that is there for a single report (`once`) does not warm up for those that follow.
    """

    def __init__(self, *, once: bool = False) -> None:
        self._lock = threading.Lock()
        self._words = ("once",) if once else ()
        self._start()

    def start(self, job: RenderJob, output: BufferedRandom, rows: BinaryIO | None = None) -> Rendering:
        """Begin an attempt; the child writes the PDF into `output`, an open file that is empty.

        `rows` is the open file that `job.rows` tells of.
        """
        files = [output.fileno()] + ([rows.fileno()] if rows else [])
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            self._ensure()
            process = self._process
            try:
                socket.send_fds(self._control, [b"!"], [theirs.fileno(), *files])
            except OSError as error:
                ours.close()
                raise TransientFailure("the renderer is gone", reason="render.lost") from error
        return Rendering(ours, job, output, give_up=lambda: _end(process))

    def ensure(self) -> None:
        """Start it again if it has died. From the main thread, it lasts as long as the process."""
        with self._lock:
            self._ensure()

    def _ensure(self) -> None:
        if self._process.poll() is not None:
            self._control.close()
            self._start()

    def close(self) -> None:
        """End the renderer and its children."""
        self._control.close()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Of the renderer."""
        return self._process.pid

    def _start(self) -> None:
        # The kernel ends the renderer with the thread that started it. That is the main thread, but for a renderer
        # that is started anew in a slot's thread: it lasts as long as the drain, and the next one starts another.
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "report_queue.render.zygote", str(theirs.fileno()), *self._words],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )


def _environment() -> dict[str, str]:
    """From nothing: where Python finds modules and fontconfig finds fonts, and not one word more."""
    kept = ("PATH", "LANG", "TZ", "HOME", "XDG_CACHE_HOME", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "LD_LIBRARY_PATH")
    mine = {name: os.environ[name] for name in kept if name in os.environ}
    return mine | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it, and see it gone: nobody is to be given an attempt by a renderer that is dying."""
    process.kill()
    process.wait()


def _digest(output: BufferedRandom) -> tuple[int, str]:
    output.seek(0)
    digest = hashlib.file_digest(output, "sha256").hexdigest()
    return output.tell(), digest


def _too_long(seconds: float, ended: dict[str, Any] | None) -> PermanentFailure | TransientFailure:
    """For good where the child computed nearly all the time: the next attempt would do the same. One that was kept
    waiting, by a busy machine or a stuck renderer, may have better luck."""
    computed = ended is not None and ended["cpu_seconds"] >= _BUSY * seconds
    kind = PermanentFailure if computed else TransientFailure
    return kind(f"rendering took longer than {seconds:.0f} s and was stopped", reason="render.timeout")


def _crash(code: int) -> PermanentFailure | TransientFailure:
    """The child ended without a word: a signal killed it, or the C libraries gave up."""
    if code == -signal.SIGXCPU:
        return PermanentFailure("rendering needed more computing time than it may", reason="render.timeout")
    if code < 0:
        name = signal.Signals(-code).name
        return TransientFailure(f"the renderer's child was ended by {name}", reason=f"render.crashed:{name}")
    return TransientFailure(f"the renderer's child exited with {code}", reason=f"render.crashed:exit-{code}")
