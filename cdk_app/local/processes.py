"""The one place that starts processes and the one that ends them.

Every process is tethered (see `tether`): if the supervisor is killed, the kernel kills them. Each has a session of its
own, so that Ctrl-C in the terminal reaches the supervisor only, which then ends them in order.
Must be used from the main thread, because a tether follows the thread that forked.
"""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")
_PORTS = range(20_000, 32_000)  # below the ports that the kernel gives to outgoing connections


class Processes:
    """What runs under this supervisor."""

    def __init__(self) -> None:
        self._running: set[asyncio.subprocess.Process] = set()

    async def start(
        self,
        *command: str,
        log: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
        pass_fds: Sequence[int] = (),
    ) -> asyncio.subprocess.Process:
        """Start `command` with exactly this environment; its output is appended to `log`."""
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *tethered(os.getpid(), *command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(env),
                cwd=cwd,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        self._running.add(process)
        return process

    async def end(self, process: asyncio.subprocess.Process, *, grace_s: float = 0) -> None:
        """End a process and all below it: asked first where there is grace, else killed. Ending twice is harmless."""
        if grace_s and process.returncode is None:
            process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), grace_s)
        family = descendants(process.pid) if process.returncode is None else []
        if process.returncode is None:
            process.kill()
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await process.wait()
        self._running.discard(process)

    async def end_all(self, *, but: Collection[asyncio.subprocess.Process] = ()) -> None:
        """End whatever still runs, but these."""
        await asyncio.gather(*(self.end(process) for process in self._running.difference(but)))


def tethered(parent: int | None, *command: str) -> list[str]:
    """The command line that runs `command` on a tether; no parent: whoever will start it."""
    return [sys.executable, "-I", "-S", str(TETHER), "-" if parent is None else str(parent), *command]


def descendants(pid: int) -> list[int]:
    """The ids of all processes below `pid`, parents before children."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, thread.read_text().split()):
                found += [child, *descendants(child)]
    return found


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment; whoever uses it must be ready for a second try."""
    while True:
        port = random.choice(_PORTS)  # noqa: S311  - no secret
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
