"""The workers of a run: sends for them as a bus would, sees them die, and continues those that were stopped."""

import json
import os
import signal
import socket
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from report_queue.errors import BrokerAway, StoreAway

from .history import now
from .plan import Plan
from .worker import Spec, work
from .world import World

_CLOCKS_MS: Final = (0, 600_000, -600_000)
_PATIENCE_MS: Final = 20_000  # a stopped worker whose job nobody ends is continued all the same, and counted
_STOPPED: Final = "T"  # as Linux has it


@dataclass
class Crew:
    """Those that live."""

    world: World
    plan: Plan
    real: bool
    alive: dict[str, BaseProcess] = field(default_factory=dict)
    stopped: dict[int, dict[str, Any]] = field(default_factory=dict)  # by process
    ended: int = 0
    crashed: list[str] = field(default_factory=list)
    clocks_off: int = 0  # of how many the clocks are wrong
    too_early: int = 0  # continued before another attempt had ended the job

    def __post_init__(self) -> None:
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(str(self.world.folder / "ear"))
        self._ear.setblocking(False)
        self._number = 0

    def hear(self, *, accepted: int | None) -> None:
        """What workers have said since the last time; None is accepted any more: nobody is sent."""
        while True:
            try:
                said = json.loads(self._ear.recv(4096))
            except BlockingIOError:
                return
            for token in said.get("wake", ()) if accepted is not None else ():
                self.send(token, seen=accepted)
            if "stopped" in said:
                self.stopped[said["stopped"]] = {**said, "since": now()}

    def wake(self, tokens: Any) -> int:
        """As a bus; from any thread."""
        if wanted := list(tokens):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
                mouth.sendto(json.dumps({"wake": wanted}).encode(), str(self.world.folder / "ear"))
        return len(wanted)

    def send(self, token: str, *, seen: int) -> None:
        """One more worker."""
        self._number += 1
        world, name = self.world, f"w{self._number}"
        clock_off_ms = _CLOCKS_MS[self._number % 3]
        self.clocks_off += clock_off_ms != 0
        taken = {int(mark.name.partition("-")[2]) for mark in world.folder.glob("fault-*")}
        spec = Spec(
            name=name,
            folder=world.folder,
            settings=world.proxied if self._number % 3 == 0 else world.settings,
            store=world.store,
            token=token,
            faults=[fault for fault in self.plan.of("kill", "stop") if fault.number not in taken],
            seen=seen,
            odd=frozenset(self.plan.kinds),
            clock_off_ms=clock_off_ms,
            real=self.real,
        )
        process = world.forks.Process(target=work, args=(spec,))
        process.start()
        self.alive[name] = process

    def reap(self) -> None:
        for name, process in list(self.alive.items()):
            if (code := process.exitcode) is not None:
                process.join()
                del self.alive[name]
                self.ended += 1
                if code not in (0, -signal.SIGKILL):
                    self.crashed.append(f"{name} ended with {code}")

    def look_after_the_stopped(self) -> None:
        """Continue a stopped worker once another attempt has ended its job."""
        for pid, stop in list(self.stopped.items()):
            try:
                (job,) = self.world.queue.find(stop["job"])
                ended = job.state.is_terminal if job else self.world.ledger.receipt(stop["job"]) is not None
            except (BrokerAway, StoreAway):
                return
            late = now() - stop["since"] > _PATIENCE_MS
            if (ended or late) and (state := _state_of(pid)) in (_STOPPED, None):
                self.too_early += not ended
                self._go_on(pid, stop, lives=state is not None)

    def _go_on(self, pid: int, stop: dict[str, Any], *, lives: bool) -> None:
        del self.stopped[pid]
        if lives:
            os.kill(pid, signal.SIGCONT)
            self.world.history.add("continued", fault=stop["fault"], job=stop["job"])
        else:  # killed by another job of its own before the stop had reached that: to be had again
            (self.world.folder / f"fault-{stop['fault']}").unlink()

    def end(self) -> None:
        """Those that still live are killed."""
        self.stopped.clear()
        for process in self.alive.values():
            process.kill()
        for process in self.alive.values():
            process.join()
        self._ear.close()


def _state_of(pid: int) -> str | None:
    """The letter of a process's state; None: it has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return None
    return None if state == "Z" else state
