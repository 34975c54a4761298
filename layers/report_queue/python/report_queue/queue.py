"""The queue: every verb of a job's life as one method, and each method as one Lua script in `lua/`.

It knows what goes into a script and what comes out, and nothing of S3, PDF or HTTP. The broker decides (states,
retries, leases, wakes) and its clock rules; `now`, in ms, is an argument for tests alone. All scripts are idempotent by
job id, attempt, round, call or token. Every method raises `BrokerAway` where Redis does not answer or has no memory left.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from random import random
from typing import Any, Final

from report_queue.broker import Broker, Client
from report_queue.job import Completed, Failed, Job, Lease, NewJob, Outcome, Result, State, Verdict, WorkerBeat
from report_queue.settings import Settings

BATCH: Final = 500  # most jobs in one script


@dataclass(frozen=True)
class Worker:
    """Who claims: a worker process, shown to people by its beat."""

    id: str
    pid: int
    slots: int
    started_at: int  # ms


@dataclass(frozen=True)
class Enqueued:
    """The answer to enqueue."""

    wakes: tuple[str, ...]  # tokens: one worker is to be woken for each


@dataclass(frozen=True)
class Claimed:
    """The answer to claim."""

    leases: tuple[Lease, ...]
    verdicts: tuple[Verdict, ...]  # one per outcome that was reported, in order
    left: bool  # nothing waits and the worker holds nothing: it is signed off and ends


@dataclass(frozen=True)
class Left:
    """The answer to leave."""

    verdicts: tuple[Verdict, ...]
    wakes: tuple[str, ...]


@dataclass(frozen=True)
class Retried:
    """The answer to retry: `verdict` is waiting where it worked."""

    verdict: State | Verdict
    wakes: tuple[str, ...]


@dataclass(frozen=True)
class Requeued:
    """The answer to requeue: ids whose lease was over, by where they went."""

    requeued: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Gauges:
    """The queue at a glance, over all tenants."""

    counts: dict[State, int]
    oldest_waiting_ms: int | None  # how long the first in line has waited
    workers: int  # alive
    next_due_at: int | None  # ms, of the earliest delayed job
    eviction_policy: str  # anything but noeviction loses jobs silently


class Queue:
    """One named queue in a broker."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._broker = Broker(client, settings)
        self._run = self._broker.run

    # The arrows, in the order of a job's life.

    def enqueue(self, *jobs: NewJob, now: int | None = None) -> Enqueued:
        """New jobs into waiting, or delayed until `due_at`. A job that is known stays as it is."""
        wakes: list[str] = []
        for start in range(0, len(jobs), BATCH):
            new = [_new(job) for job in jobs[start : start + BATCH]]
            wakes += self._run("enqueue", jobs=new, now=now)["wakes"]
        return Enqueued(tuple(wakes))

    def claim(
        self,
        worker: Worker,
        *,
        call: int,
        free: int,
        active: int = 0,
        done: int = 0,
        finished: Sequence[Outcome] = (),
        token: str | None = None,
        leave: bool = False,
        now: int | None = None,
    ) -> Claimed:
        """End what the worker finished, and take up to `free` jobs that wait, in one step.

        `call` counts the worker's calls: the same number again (a lost reply) gives the same leases again.
        `leave`: the worker holds no job; where none waits either, it is signed off in the same step.
        `active` and `done`, the jobs that it holds and has ended, are shown to people.
        """
        reply = self._run(
            "claim",
            worker=worker.id,
            call=call,
            beat=_beat(worker, active=active, done=done),
            token=token,
            finished=[_ended(outcome) for outcome in finished],
            free=free,
            leave=leave,
            now=now,
        )
        leases = [
            Lease(
                id=lease["id"],
                tenant=lease["tenant"],
                report_type=lease["type"],
                attempt=lease["attempt"],
                round=lease["round"],
                accepted_at=lease["accepted"],
            )
            for lease in reply["leases"]
        ]
        return Claimed(tuple(leases), _verdicts(reply), reply["left"])

    def beat(
        self,
        worker: Worker,
        progress: Sequence[tuple[Lease, int]],
        *,
        done: int = 0,
        now: int | None = None,
    ) -> tuple[Verdict, ...]:
        """Renew the worker's leases and carry their progress; anything but ACTIVE says: drop that work."""
        jobs = [{"id": lease.id, "attempt": lease.attempt, "progress": percent} for lease, percent in progress]
        shown = _beat(worker, active=len(jobs), done=done)
        return _verdicts(self._run("beat", worker=worker.id, beat=shown, jobs=jobs, now=now))

    def complete(self, worker: Worker, completed: Completed, *, now: int | None = None) -> Verdict:
        """The attempt has published its report."""
        reply = self._run("complete", worker=worker.id, **_ended(completed), now=now)
        return Verdict(reply["verdict"])

    def fail(self, worker: Worker, failed: Failed, *, now: int | None = None) -> Verdict:
        """The attempt came to nothing: DELAYED says that a retry is coming, FAILED that none is."""
        reply = self._run("fail", worker=worker.id, **_ended(failed), now=now)
        return Verdict(reply["verdict"])

    def leave(self, worker: Worker, *, finished: Sequence[Outcome] = (), now: int | None = None) -> Left:
        """Sign the worker off though jobs may wait; `wakes` asks for others in its place."""
        reply = self._run("leave", worker=worker.id, finished=[_ended(outcome) for outcome in finished], now=now)
        return Left(_verdicts(reply), tuple(reply["wakes"]))

    def promote(self, *, limit: int = 100, now: int | None = None) -> int:
        """Delayed jobs that are due into waiting; how many."""
        return int(self._run("promote", limit=limit, now=now)["promoted"])

    def requeue(self, *, limit: int = 100, now: int | None = None) -> Requeued:
        """Jobs whose lease is over back to waiting, or to failed where the stall budget is spent."""
        reply = self._run("requeue", limit=limit, now=now)
        return Requeued(tuple(reply["requeued"]), tuple(reply["failed"]))

    def cancel(self, job_id: str, *, now: int | None = None) -> Verdict:
        """CANCELLED, now or before; COMPLETED or FAILED: too late; UNKNOWN."""
        return Verdict(self._run("cancel", id=job_id, now=now)["verdict"])

    def retry(self, job_id: str, *, round: int, now: int | None = None) -> Retried:  # noqa: A002 — the domain's word
        """A failed or cancelled job into waiting, as round `round`."""
        reply = self._run("retry", id=job_id, round=round, now=now)
        word = reply["verdict"]
        return Retried(Verdict.UNKNOWN if word == Verdict.UNKNOWN else State(word), tuple(reply["wakes"]))

    def prune(self, *, limit: int = 1_000, now: int | None = None) -> int:
        """Forget ended jobs beyond the retention; how many."""
        return int(self._run("prune", limit=limit, now=now)["pruned"])

    def wake(self, *, now: int | None = None) -> tuple[str, ...]:
        """Tokens of the workers that are wanted for the backlog and are neither alive nor sent for."""
        return tuple(self._run("wake", now=now)["wakes"])

    # Looking.

    def find(self, *ids: str) -> list[Job | None]:
        """What the broker knows of each, in the order asked; None where it knows nothing."""
        found: dict[str, Job] = {}
        for start in range(0, len(ids), BATCH):
            for entry in self._run("find", ids=ids[start : start + BATCH])["jobs"]:
                found[entry["id"]] = _job(entry)
        return [found.get(job_id) for job_id in ids]

    def counts(self, tenant: str | None = None) -> dict[State, int]:
        """Jobs per state, of one tenant or of all; every state has its number."""
        reply = self._run("counts", tenant=tenant)
        return {state: int(reply[state]) for state in State}

    def workers(self, *, now: int | None = None) -> list[WorkerBeat]:
        """The workers that beat within the last lease."""
        return [
            WorkerBeat(
                id=worker["id"],
                pid=worker["beat"]["pid"],
                started_at=worker["beat"]["started"],
                beat_at=int(worker["at"]),
                slots=worker["beat"]["slots"],
                active=worker["beat"]["active"],
                finished=worker["beat"]["done"],
            )
            for worker in self._run("workers", now=now)["workers"]
        ]

    def gauges(self, *, now: int | None = None) -> Gauges:
        """The queue at a glance."""
        reply = self._run("gauges", now=now)
        return Gauges(
            counts={state: int(reply["counts"][state]) for state in State},
            oldest_waiting_ms=_whole(reply.get("oldest")),
            workers=int(reply["workers"]),
            next_due_at=_whole(reply.get("due")),
            eviction_policy=self._broker.eviction_policy(),
        )

    def now(self) -> int:
        """The broker's clock, in ms."""
        return int(self._run("now")["now"])

    def ping(self) -> None:
        """Raises BrokerAway where Redis does not answer."""
        self._broker.ping()

    # Last in the class: from here on, `list` is this method.

    def list(self, tenant: str, state: State, *, offset: int = 0, limit: int = 20) -> list[Job]:
        """A tenant's jobs in a state, those that entered it last first."""
        reply = self._run("list", tenant=tenant, state=state, offset=offset, limit=min(limit, BATCH))
        return [_job(entry) for entry in reply["jobs"]]


def _new(job: NewJob) -> dict[str, Any]:
    """A new job, as the script takes it."""
    mine = {
        "id": job.id,
        "tenant": job.tenant,
        "type": job.report_type,
        "accepted": job.accepted_at,
        "attempts": job.attempts,
        "round": job.round,
    }
    return mine if job.due_at is None else mine | {"due": job.due_at}


def _ended(outcome: Outcome) -> dict[str, Any]:
    """An attempt's end, as the scripts take it."""
    mine: dict[str, Any] = {"id": outcome.lease.id, "attempt": outcome.lease.attempt}
    if isinstance(outcome, Completed):
        # Text within JSON: the broker keeps the result without looking into it.
        return mine | {"verb": "complete", "result": json.dumps(asdict(outcome.result))}
    return mine | {
        "verb": "fail",
        "reason": outcome.reason,
        # Lone surrogates, which JSON can carry and the broker's decoder refuses, become question marks.
        "message": outcome.message.encode("utf-8", "replace").decode()[:1_000],
        "permanent": outcome.permanent,
        "blameless": outcome.blameless,
        "random": random(),  # noqa: S311 — spreads retries, guards nothing
    }


def _beat(worker: Worker, *, active: int, done: int) -> dict[str, int]:
    return {
        "pid": worker.pid,
        "started": worker.started_at,
        "slots": worker.slots,
        "active": active,
        "done": done,
    }


def _verdicts(reply: Any) -> tuple[Verdict, ...]:
    return tuple(Verdict(word) for word in reply["verdicts"])


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _job(entry: Any) -> Job:
    record = entry["job"]
    result = record.get("result")
    return Job(
        id=entry["id"],
        tenant=record["tenant"],
        report_type=record["type"],
        state=State(entry["state"]),
        at=record["at"],
        moment=int(entry["moment"]),
        accepted_at=record["accepted"],
        attempts=record["attempts"],
        attempt=record["attempt"],
        failures=record["failures"],
        stalls=record["stalls"],
        round=record["round"],
        progress=record["progress"],
        worker=record.get("worker"),
        started_at=record.get("started"),
        reason=record.get("reason"),
        message=record.get("message"),
        result=Result(**json.loads(result)) if result else None,
    )
