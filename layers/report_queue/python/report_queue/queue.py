"""The queue: every verb of a job's life as one method, and each method as one Lua script in `lua/`.

It knows what goes into a script and what comes out, and nothing of S3, PDF or HTTP. The broker decides (states, turns,
retries, leases, wakes) and its clock rules; `now`, in ms, is an argument for tests alone. All scripts are idempotent by
job id, attempt, round, call or token. Every method raises `BrokerAway` where Redis does not answer or is full.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from random import random
from typing import Any, Final

from report_queue.broker import Broker, Client
from report_queue.job import Completed, Event, Failed, Job, Lease, NewJob, Outcome, State, Verdict, WorkerBeat
from report_queue.replies import (
    Admitted,
    Claimed,
    Dedup,
    Enqueued,
    Gauges,
    Group,
    Left,
    Minute,
    Numbers,
    Page,
    Recent,
    Requeued,
    Retried,
    Shown,
    Spread,
    Waits,
    Where,
    Worker,
)
from report_queue.result import Result
from report_queue.settings import Settings

BATCH: Final = 500  # most jobs in one script

_log = logging.getLogger(__name__)


class Queue:
    """One named queue in a broker."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._broker = Broker(client, settings)
        self._run = self._broker.run

    # The arrows, in the order of a job's life.

    def enqueue(self, *jobs: NewJob, explain: str | None = None, now: int | None = None) -> Enqueued:
        """New jobs into waiting, or delayed until `due_at`. A job that is known stays as it is.

        `explain`: the id of a job of which the answer is to say why it waits, as `explain` does.
        """
        wakes: list[str] = []
        waits = None
        for start in range(0, len(jobs), BATCH):
            new = [_new(job) for job in jobs[start : start + BATCH]]
            last = explain if start + BATCH >= len(jobs) else None
            reply = self._run("enqueue", jobs=new, explain=last, now=now)
            wakes += reply["wakes"]
            waits = _waits(reply.get("waits"))
        return Enqueued(tuple(wakes), waits)

    def claim(
        self,
        worker: Worker,
        *,
        call: int,
        free: int,
        shown: Shown | None = None,
        finished: Sequence[Outcome] = (),
        token: str | None = None,
        leave: bool = False,
        now: int | None = None,
    ) -> Claimed:
        """End what the worker finished, and take up to `free` jobs that wait, in one step.

        `call` counts the worker's calls: the same number again (a lost reply) gives the same leases again.
        `leave`: the worker holds no job; where none waits either, it is signed off in the same step.
        `shown` is shown to people; and of its jobs, one that stalled twice keeps others that did from this worker.
        """
        reply = self._run(
            "claim",
            worker=worker.id,
            call=call,
            beat=_beat(worker, shown or Shown()),
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
        over = _requeued(reply) if "requeued" in reply or "failed" in reply else None
        expired = _expired(reply)
        return Claimed(tuple(leases), _verdicts(reply), reply["left"], _whole(reply.get("again_at")), over, expired)

    def beat(
        self,
        worker: Worker,
        progress: Sequence[tuple[Lease, int]],
        *,
        shown: Shown | None = None,
        now: int | None = None,
    ) -> tuple[Verdict, ...]:
        """Renew the worker's leases and carry their progress; anything but ACTIVE says: drop that work."""
        jobs = [{"id": lease.id, "attempt": lease.attempt, "progress": percent} for lease, percent in progress]
        shown = shown or Shown(jobs=tuple(lease.id for lease, _ in progress))
        return _verdicts(self._run("beat", worker=worker.id, beat=_beat(worker, shown), jobs=jobs, now=now))

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

    def promote_now(self, job_id: str, *, now: int | None = None) -> State | Verdict:
        """A delayed job into waiting by hand; the state afterwards, WAITING where it worked, or UNKNOWN."""
        return _word(self._run("promote", id=job_id, now=now)["verdict"])

    def expire(self, *, limit: int = 100, now: int | None = None) -> tuple[str, ...]:
        """Jobs that were to start by now and did not into failed; their ids."""
        return _expired(self._run("expire", limit=limit, now=now))

    def requeue(self, *, limit: int = 100, now: int | None = None) -> Requeued:
        """Jobs whose lease is over back to waiting, or to failed where the stall budget is spent."""
        return _requeued(self._run("requeue", limit=limit, now=now))

    def cancel(
        self,
        job_id: str,
        *,
        reason: str | None = None,
        message: str | None = None,
        idle: bool = False,
        now: int | None = None,
    ) -> Verdict:
        """CANCELLED, now or before; COMPLETED or FAILED: too late; UNKNOWN. `reason` and `message` say why, to people.

        `idle`: only if no worker has it, else the answer is ACTIVE.
        """
        reply = self._run("cancel", id=job_id, reason=reason, message=message, idle=idle, now=now)
        return Verdict(reply["verdict"])

    def retry(self, job_id: str, *, round: int, now: int | None = None) -> Retried:  # noqa: A002 — the domain's word
        """A failed or cancelled job into waiting, as round `round`."""
        reply = self._run("retry", id=job_id, round=round, now=now)
        return Retried(_word(reply["verdict"]), tuple(reply["wakes"]))

    def prune(self, *, limit: int = 1_000, now: int | None = None) -> int:
        """Forget ended jobs beyond the retention; how many."""
        return int(self._run("prune", limit=limit, now=now)["pruned"])

    def forget(self, job_id: str) -> State | Verdict:
        """Forget an ended job, whose documents were deleted: UNKNOWN; or the state of one that has not ended."""
        return _word(self._run("forget", id=job_id)["verdict"])

    def wake(self, *, now: int | None = None) -> tuple[str, ...]:
        """Tokens of the workers that are wanted for the backlog and are neither alive nor sent for."""
        return tuple(self._run("wake", now=now)["wakes"])

    # What holds jobs back.

    def admit(
        self, tenant: str, job_id: str, *, jobs: int = 1, dedup: Dedup | None = None, now: int | None = None
    ) -> Admitted:
        """May the tenant submit so many jobs, of which `job_id` is the first, and is the dedup key free?

        If so the key is the job's for its window. A job that is known is let in.
        """
        asked = dedup and {
            "key": dedup.key,
            "window": dedup.window_ms,
            **({"instead_of": dedup.instead_of} if dedup.instead_of else {}),
        }
        reply = self._run("admit", tenant=tenant, id=job_id, jobs=jobs, dedup=asked, now=now)
        state = reply.get("state")
        return Admitted(
            full=reply["full"],
            backlog=_whole(reply.get("backlog")),
            holder=reply.get("holder"),
            holder_state=State(state) if state else None,
            holder_since=_whole(reply.get("since")),
        )

    def pause(self, paused: Mapping[str, int], *, now: int | None = None) -> tuple[str, ...]:
        """What is paused from now on, since when (ms): report types, or `*` for all; the rest goes on. Wakes."""
        return tuple(self._run("pause", paused=dict(paused), now=now)["wakes"])

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
                active=len(worker["beat"]["jobs"]),
                finished=worker["beat"]["done"],
                jobs=tuple(worker["beat"]["jobs"]),
                memory_mb=worker["beat"]["memory"],
                version=worker["beat"]["version"],
            )
            for worker in self._run("workers", now=now)["workers"]
        ]

    def gauges(self, *, now: int | None = None) -> Gauges:
        """The queue at a glance."""
        reply = self._run("gauges", now=now)
        memory = self._broker.memory()
        return Gauges(
            counts={state: int(reply["counts"][state]) for state in State},
            oldest_waiting_ms=_whole(reply.get("oldest")),
            workers=int(reply["workers"]),
            next_due_at=_whole(reply.get("due")),
            recent=_recent(reply["recent"]),
            eviction_policy=memory.policy,
            memory_bytes=memory.used_bytes,
        )

    def groups(self, tenant: str) -> tuple[Group, ...]:
        """A tenant's failed jobs by their errors; at most 100 groups."""
        groups = self._run("groups", tenant=tenant)["groups"] or ()
        return tuple(Group(group["signature"], int(group["count"]), group["newest"]) for group in groups)

    def explain(self, job_id: str, *, now: int | None = None) -> Waits | None:
        """Why a job waits; None where it does not."""
        return _waits(self._run("explain", id=job_id, now=now))

    def numbers(self, *, minutes: int = 1_440, now: int | None = None) -> Numbers:
        """How it is going: what is paused, counters by the minute, how long jobs waited and ran in the last hour."""
        reply = self._run("numbers", minutes=minutes, now=now)
        rows = tuple(Minute(int(row[0]) * 60_000, *map(int, row[1:])) for row in reply["minutes"] or ())
        paused = {what: int(since) for what, since in dict(reply["paused"] or {}).items()}
        return Numbers(paused, rows, wait=_spread(reply["wait"]), run=_spread(reply["run"]))

    def now(self) -> int:
        """The broker's clock, in ms."""
        return int(self._run("now")["now"])

    def ping(self) -> None:
        """Raises BrokerAway where Redis does not answer."""
        self._broker.ping()

    # Last in the class: from here on, `list` is this method.

    def list(self, tenant: str, where: Where, *, offset: int = 0, limit: int = 20, after: str | None = None) -> Page:
        """A tenant's jobs by what is known of them, those that entered their state last first.

        `after` is where the last page ended.
        """
        asked = {
            "state": where.state,
            "type": where.report_type,
            "tag": where.tag,
            "signature": where.signature,
            "batch": where.batch,
            "from": where.since,
            "to": where.until,
        }
        limit = min(limit, BATCH)
        reply = self._run("list", tenant=tenant, offset=offset, limit=limit, after=after, **asked)
        return Page(tuple(_job(entry) for entry in reply["jobs"]), reply.get("after"))


def _new(job: NewJob) -> dict[str, Any]:
    """A new job, as the script takes it."""
    mine = {
        "id": job.id,
        "tenant": job.tenant,
        "type": job.report_type,
        "accepted": job.accepted_at,
        "attempts": job.attempts,
        "round": job.round,
        "priority": job.priority,
    }
    optional = {
        "due": job.due_at,
        "expires": job.expires_at,
        "backoff": job.backoff and asdict(job.backoff),
        "retention": job.retention_ms,
        "tags": job.tags or None,
        "batch": job.batch,
    }
    return mine | {name: value for name, value in optional.items() if value is not None}


def _ended(outcome: Outcome) -> dict[str, Any]:
    """An attempt's end, as the scripts take it."""
    mine: dict[str, Any] = {"id": outcome.lease.id, "attempt": outcome.lease.attempt}
    if isinstance(outcome, Completed):
        # Text within JSON: the broker keeps the result without looking into it.
        made = outcome.result
        used = [made.pages, made.size, round(made.seconds * 1_000)]
        return mine | {"verb": "complete", "result": json.dumps(made.to_fields()), "used": used}
    return mine | {
        "verb": "fail",
        "reason": outcome.reason,
        # Lone surrogates, which JSON can carry and the broker's decoder refuses, become question marks.
        "message": outcome.message.encode("utf-8", "replace").decode()[:1_000],
        "signature": outcome.signature,
        "permanent": outcome.permanent,
        "blameless": outcome.blameless,
        "random": random(),  # noqa: S311 — spreads retries, guards nothing
    }


def _beat(worker: Worker, shown: Shown) -> dict[str, Any]:
    return {
        "pid": worker.pid,
        "started": worker.started_at,
        "slots": worker.slots,
        "version": worker.version,
        "jobs": shown.jobs,
        "done": shown.done,
        "memory": shown.memory_mb,
    }


def _word(word: str) -> State | Verdict:
    return Verdict.UNKNOWN if word == Verdict.UNKNOWN else State(word)


def _verdicts(reply: Any) -> tuple[Verdict, ...]:
    return tuple(Verdict(word) for word in reply["verdicts"])


def _requeued(reply: Any) -> Requeued:
    over = Requeued(tuple(reply.get("requeued") or ()), tuple(reply.get("failed") or ()))
    for job_id in over.requeued:
        _log.warning("stalled", extra={"job": job_id, "reason": "stalled"})
    for job_id in over.failed:
        _log.warning("stalled for good", extra={"job": job_id, "reason": "stalled"})
    return over


def _expired(reply: Any) -> tuple[str, ...]:
    expired = tuple(reply.get("expired") or ())
    for job_id in expired:
        _log.warning("expired", extra={"job": job_id, "reason": "expired"})
    return expired


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
        result=Result.of(json.loads(result)) if result else None,
        signature=record.get("signature"),
        priority=record["priority"],
        expires_at=_whole(record.get("expires")),
        tags=tuple(record.get("tags") or ()),
        batch=record.get("batch"),
        events=tuple(Event(*event) for event in record.get("events") or ()),
    )


def _waits(reply: Any) -> Waits | None:
    if not reply or reply.get("state") != State.WAITING:
        return None
    return Waits(
        paused_since=_whole(reply.get("paused")),
        limited=reply.get("limited"),
        again_at=_whole(reply.get("again_at")),
        ahead=int(reply["ahead"]),
        share=reply["share"],
        waiting=int(reply["waiting"]),
        active=int(reply["active"]),
        workers=int(reply["workers"]),
        recent=_recent(reply["recent"]),
    )


def _recent(reply: Any) -> Recent:
    return Recent(int(reply["ended"]), int(reply["over"]), reply.get("run"))


def _spread(reply: Any) -> Spread:
    """From buckets of four to each doubling; a bucket counts as its middle."""
    count = int(reply["count"])
    buckets = sorted((int(bucket), int(number)) for bucket, number in (reply["buckets"] or {}).items())

    def quantile(part: float) -> float | None:
        below = 0
        for bucket, number in buckets:
            below += number
            if below >= part * count:
                return float(2 ** ((bucket + 0.5) / 4))
        return None

    return Spread(count, reply["ms"] / count if count else None, quantile(0.5), quantile(0.95))
