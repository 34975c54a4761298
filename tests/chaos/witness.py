"""What a worker's parts are wrapped in: they write the history, and faults strike at the points that they pass.

The code under test is the real one; none of this is known to it.
"""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from report_queue.job import Completed, Outcome, Verdict
from report_queue.ledger import Ledger

from .history import History
from .plan import Fault

# What a client reads at once to send it (http.client's 16 KiB, urllib3's 128), and not what a signature does (1 MiB).
_SENT_AT_ONCE: Final = 131_072
_PART: Final = 4_096  # of a report is sent before the next is read: small reports too are on their way for a while


@dataclass
class Witness:
    """One worker's: its history, and the faults that may strike it."""

    folder: Path
    history: History
    faults: list[Fault]
    seen: int  # the highest number of a job that it knows of
    odd: Collection[int] = ()  # numbers of jobs that no worker is stopped for: another attempt may never complete them
    attempts: dict[str, int] = field(default_factory=dict)  # of the jobs that it claimed
    _one: threading.Lock = field(default_factory=threading.Lock)  # fault at a time strikes

    def at(self, point: str, job_id: str | None = None) -> None:
        """A point is passed: one fault of those that are due there may strike."""
        number = self.seen if job_id is None else number_of(job_id)
        if not any(self._is_due(fault, point, number) for fault in self.faults):
            return
        with self._one:  # a worker that is being stopped is not killed meanwhile, nor stopped for another job
            for fault in [one for one in self.faults if self._is_due(one, point, number)]:
                self.faults.remove(fault)
                if once(self.folder / f"fault-{fault.number}"):
                    self._strike(fault, job_id)
                    return

    def _is_due(self, fault: Fault, point: str, number: int) -> bool:
        return fault.what == point and fault.after <= number and (fault.act == "kill" or number not in self.odd)

    def _strike(self, fault: Fault, job_id: str | None) -> None:
        held = dict(self.attempts)
        self.history.add(fault.act, fault=fault.number, point=fault.what, job=job_id, held=held)
        if fault.act == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        assert job_id
        self.say(stopped=os.getpid(), fault=fault.number, job=job_id, attempt=held[job_id])
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.02)  # a stop may take a moment to reach every thread

    def say(self, **what: Any) -> None:
        """Tell the run. It arrives, also where we are killed next."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            ear.sendto(json.dumps(what).encode(), str(self.folder / "ear"))

    def wake(self, tokens: Iterable[str]) -> int:
        """As a bus."""
        wanted = list(tokens)
        if wanted:
            self.say(wake=wanted)
        return len(wanted)


def once(mark: Path) -> bool:
    """True for the first of all processes that asks."""
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def number_of(job_id: str) -> int:
    return int(job_id[1:])


class WatchedQueue:
    """A queue as its worker has it."""

    def __init__(self, queue: Any, witness: Witness) -> None:
        self._queue, self._witness = queue, witness

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    def claim(self, worker: Any, *, call: int, finished: Any = (), **given: Any) -> Any:
        witness = self._witness
        self._before(finished)
        witness.at("before claim")
        claimed = witness.history.tell(
            "claim",
            lambda: self._queue.claim(worker, call=call, finished=finished, **given),
            lambda reply: {
                "leases": [[lease.id, lease.attempt] for lease in reply.leases],
                "verdicts": reply.verdicts,
                "over": [*reply.over.requeued, *reply.over.failed] if reply.over else [],
            },
            call=call,
            finished=[_end(one) for one in finished],
        )
        self._after(finished, claimed.verdicts)
        for lease in claimed.leases:
            witness.attempts[lease.id] = lease.attempt
            witness.seen = max(witness.seen, number_of(lease.id))
        for lease in claimed.leases:
            witness.at("after claim", lease.id)
        return claimed

    def leave(self, worker: Any, *, finished: Any = ()) -> Any:
        self._before(finished)
        left = self._witness.history.tell(
            "leave",
            lambda: self._queue.leave(worker, finished=finished),
            lambda reply: {"verdicts": reply.verdicts},
            finished=[_end(one) for one in finished],
        )
        self._after(finished, left.verdicts)
        return left

    def beat(self, worker: Any, progress: Any, **given: Any) -> Any:
        return self._witness.history.tell(
            "beat",
            lambda: self._queue.beat(worker, progress, **given),
            lambda verdicts: {"verdicts": verdicts},
            jobs=[[lease.id, lease.attempt] for lease, _ in progress],
        )

    def complete(self, worker: Any, completed: Completed) -> Any:
        """No part of a worker's day; a fault in the code may call it."""
        return self._witness.history.tell(
            "leave",
            lambda: self._queue.complete(worker, completed),
            lambda verdict: {"verdicts": [verdict]},
            finished=[_end(completed)],
        )

    def _before(self, finished: Iterable[Outcome]) -> None:
        for outcome in finished:
            if isinstance(outcome, Completed):
                self._witness.at("before complete", outcome.lease.id)

    def _after(self, finished: Iterable[Outcome], verdicts: Iterable[Verdict]) -> None:
        for outcome, verdict in zip(finished, verdicts, strict=True):
            self._witness.attempts.pop(outcome.lease.id, None)
            if isinstance(outcome, Completed) and verdict is Verdict.COMPLETED:
                self._witness.at("after complete", outcome.lease.id)


class WatchedLedger(Ledger):
    """A ledger as its worker has it."""

    witness: Witness

    def publish(self, *, id: str, body: Any, **given: Any) -> Any:  # noqa: A002 - as in Ledger
        witness = self.witness
        attempt = witness.attempts.get(id)
        witness.at("after render", id)
        result = witness.history.tell(
            "publish",
            lambda: super(WatchedLedger, self).publish(id=id, body=_Body(body, witness, id), **given),
            lambda result: {"sha256": result.sha256},
            job=id,
            attempt=attempt,
        )
        witness.at("after upload", id)
        return result

    def close(self, receipt: Any) -> None:
        job_id = receipt.request.id
        self.witness.at("between publish and receipt", job_id)
        self.witness.history.tell(
            "close",
            lambda: super(WatchedLedger, self).close(receipt),
            lambda _: {},
            job=job_id,
            state=receipt.state,
            attempt=receipt.attempt,
        )

    def drop(self, job_id: str) -> bool:
        self.witness.at("within the receipt", job_id)
        return super().drop(job_id)


class _Body:
    """A report on its way: the second time that it is read from, a part of it has been sent."""

    def __init__(self, body: Any, witness: Witness, job_id: str) -> None:
        self._body, self._witness, self._job_id = body, witness, job_id
        self._reads = 0

    def read(self, size: int = -1) -> bytes:
        self._reads += 0 < size <= _SENT_AT_ONCE  # a signature too reads it
        if self._reads == 2:
            self._witness.at("mid-upload", self._job_id)
        return bytes(self._body.read(min(size, _PART) if size > 0 else size))

    def seek(self, *where: int) -> Any:
        return self._body.seek(*where)

    def tell(self) -> int:
        return int(self._body.tell())


class WatchedRenderer:
    """A renderer as its worker has it."""

    def __init__(self, renderer: Any, witness: Witness) -> None:
        self._renderer, self._witness = renderer, witness

    def ensure(self) -> None:
        self._renderer.ensure()

    def start(self, job: Any, output: Any, rows: Any = None) -> "WatchedRendering":
        return WatchedRendering(self._renderer.start(job, output, rows), self._witness, job.job_id)


class WatchedRendering:
    """An attempt's child."""

    def __init__(self, rendering: Any, witness: Witness, job_id: str) -> None:
        self._rendering, self._witness, self._job = rendering, witness, job_id
        self._attempt = witness.attempts.get(job_id)

    def kill(self) -> None:
        self._witness.history.add("kill child", job=self._job, attempt=self._attempt)
        self._rendering.kill()

    def wait(self, *, seconds: float, progress: Any) -> Any:
        def passed(percent: int) -> None:
            progress(percent)
            self._witness.at("mid-render", self._job)

        return self._witness.history.tell(
            "render",
            lambda: self._rendering.wait(seconds=seconds, progress=passed),
            lambda made: {"sha256": made.sha256},
            job=self._job,
            attempt=self._attempt,
        )


def _end(outcome: Outcome) -> list[Any]:
    verb = "complete" if isinstance(outcome, Completed) else "fail"
    return [outcome.lease.id, outcome.lease.attempt, verb]
