"""Firing: what the poller does for schedules, each time round its loop.

    plans ── due ──► read ──► accept what is pending ──► decide ──► write down ──► accept ──► strike out ──► plan
    (broker)         (store)  (left by a crash)          what runs   (store)       (store,      (store)      (broker)
                                                                                    broker)

What runs is written down, with the occurrences that it settles, before any of it is accepted, in one conditional write.
A crash before that write leaves the occurrences due; a crash after it leaves runs pending, which the next look accepts
under the same ids. The plan moves on last, so that there is a next look. Hence no crash loses an occurrence and none
fires one twice, and of two pollers that look at once only one decides.
One schedule that cannot be read, or whose report is not valid any more, is told in the log and keeps none from running.
"""

import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from report_queue import desk
from report_queue.errors import InvalidRequest, StoreAway, whereabouts
from report_queue.plans import Look
from report_queue.request import Request, submission
from report_queue.schedule import Overlap, Run, Schedule
from report_queue.timetable import Kept
from report_queue.wiring import Wiring

_LOOKS: Final = 100  # schedules at a time: those that are read before the plan of any of them moves on
_ROUNDS: Final = 100
_READERS: Final = 8
_AGAIN_MS: Final = 1_000  # where someone else changed the schedule while we decided
_AWAY_MS: Final = 30_000  # where the store does not answer
_BROKEN_MS: Final = 3_600_000  # where a person must look
RESERVE_MS: Final = 9_000  # of the poller's time: enough to accept one run of a store that is slow

_log = logging.getLogger(__name__)


class Came(StrEnum):
    """What became of an occurrence, or of a look at a schedule."""

    FIRED = "fired"
    SKIPPED = "skipped"  # an earlier job has not ended
    MISSED = "missed"  # nobody looked in time, and it is not caught up with
    REFUSED = "refused"  # the report is not valid any more
    UNRESOLVED = "unresolved"  # the store was away, or a person must look


@dataclass(frozen=True)
class Fired:
    """What firing came to, and when (ms) there is more to fire; None: nothing is planned, or time is up."""

    came: Counter[Came]
    next_at: int | None


def fire(wiring: Wiring, *, enough: Callable[[], bool] = lambda: False) -> Fired:
    """Fire what is due; `enough` says that time is up, and is asked before each schedule. Raises BrokerAway."""
    came: Counter[Came] = Counter()
    for _ in range(_ROUNDS):
        due = wiring.plans.due(limit=_LOOKS)
        if not due.looks:
            return Fired(came, due.next_at)
        if enough():
            return Fired(came, None)
        with ThreadPoolExecutor(_READERS) as readers:
            read = list(readers.map(_read(wiring), due.looks))
        looking = _Looking(wiring, due.now, enough, came)
        for look, found in zip(due.looks, read, strict=True):
            if enough():
                break
            wiring.plans.plan(Look(look.tenant, look.id, looking.at(look, found)))
    return Fired(came, due.now)


def replan(wiring: Wiring, *, enough: Callable[[], bool] = lambda: False) -> int:
    """Have every schedule looked at that the broker does not know, because it was wiped or never heard of it.

    How many these were. Raises StoreAway or BrokerAway. `enough` is asked before each page of 500.
    """
    now = wiring.plans.due(limit=1).now
    planned = 0
    for page in wiring.timetable.pages():
        planned += wiring.plans.plan(*(Look(tenant, name, now) for tenant, name in page), absent=True)
        if enough():
            _log.warning("stopped planning schedules, with more to look at")
            break
    return planned


def has_ended(wiring: Wiring, run: Run | None) -> bool:
    """Whether the job of a run has ended, by the ledger; so has one that was never accepted."""
    return run is None or wiring.ledger.unfinished(run.job_id) is None


def accept(wiring: Wiring, schedule: Schedule, run: Run) -> None:
    """Make a run a job; again, it is the same job. Raises StoreAway, or InvalidRequest: the report is not valid."""
    request = Request.of(
        submission(schedule.report),
        id=run.job_id,
        tenant=schedule.tenant,
        accepted_at=run.accepted_at,
        attempts=wiring.settings.attempts,
        trace=wiring.trace(),
    )
    # None, another request under that id, can only be this one as it was understood before a deployment.
    desk.keep(wiring, request)


def _read(wiring: Wiring) -> Callable[[Look], Kept | Exception | None]:
    def read(look: Look) -> Kept | Exception | None:
        try:
            return wiring.timetable.get(tenant=look.tenant, id=look.id)
        except (StoreAway, ValueError) as error:
            return error

    return read


@dataclass(frozen=True)
class _Looking:
    """One round's looking: every method says when to look at that schedule next (ms)."""

    wiring: Wiring
    now: int
    enough: Callable[[], bool]
    came: Counter[Came]

    def at(self, look: Look, found: Kept | Exception | None) -> int | None:
        """Do what is due of one schedule; None: it is gone, look no more."""
        if found is None:
            return None
        try:
            if isinstance(found, Exception):
                raise found
            return self._settle(found)
        except StoreAway as error:
            _log.warning("schedule %s: %s", look.id, error)
            self.came[Came.UNRESOLVED] += 1
            return self.now + _AWAY_MS
        except (ValueError, KeyError) as error:
            # Something that we did not write, there or in the ledger. It must not stand in the way of all the others.
            _log.error("schedule %s: it cannot be read, end it and make it anew (%s)", look.id, whereabouts(error))
            self.came[Came.UNRESOLVED] += 1
            return self.now + _BROKEN_MS

    def _settle(self, kept: Kept) -> int:
        """Accept what is pending first: only then is the last run's job there to be asked for."""
        if kept.schedule.pending:
            return self._accept(kept, then=self._decide)
        return self._decide(kept)

    def _decide(self, kept: Kept) -> int:
        schedule = kept.schedule
        due = schedule.due(now=self.now)
        if schedule.paused or due.through == schedule.fired_through:
            return schedule.look_at(now=self.now)
        busy = schedule.overlap is Overlap.SKIP and not has_ended(self.wiring, schedule.last_run)
        decided = schedule.decided(due, now=self.now, busy=busy)
        written = self.wiring.timetable.replace(kept, decided)
        if written is None:
            return self.now + _AGAIN_MS
        _tell(schedule, decided, self.came)
        return self._accept(written, then=lambda kept: kept.schedule.look_at(now=self.now))

    def _accept(self, kept: Kept, *, then: Callable[[Kept], int]) -> int:
        """Make jobs of the runs that are written down, strike these out, and go on where none is left."""
        runs, fault = kept.schedule.pending, kept.schedule.fault
        if not runs:
            return then(kept)
        for done, run in enumerate(runs, start=1):  # noqa: B007 — read below
            fault = self._accept_one(kept.schedule, run)
            if self.enough():
                break
        struck = self.wiring.timetable.replace(kept, replace(kept.schedule, pending=runs[done:], fault=fault))
        if struck is None:
            return self.now + _AGAIN_MS  # someone else changed it: whoever looks next accepts them again, and strikes
        return self.now if struck.schedule.pending else then(struck)

    def _accept_one(self, schedule: Schedule, run: Run) -> str | None:
        """None, or why the run came to no job."""
        try:
            accept(self.wiring, schedule, run)
        except InvalidRequest as error:
            told = "; ".join(f"{fault.pointer} {fault.message}" for fault in error.faults[:3])
            _log.error(
                "schedule %s: job %s is not made, its report is not valid: %s",
                schedule.id,
                run.job_id,
                told,
                extra=_named(schedule, run),
            )
            self.came[Came.REFUSED] += 1
            return f"The report is not valid any more: {told}"
        _log.info("schedule %s: job %s is accepted", schedule.id, run.job_id, extra=_named(schedule, run))
        self.came[Came.FIRED] += 1
        return None


def _named(schedule: Schedule, run: Run) -> dict[str, str]:
    """How the lines of the log name a run."""
    return {"job": run.job_id, "tenant": schedule.tenant, "schedule": schedule.id}


def _tell(before: Schedule, after: Schedule, came: Counter[Came]) -> None:
    for word, count, why in (
        (Came.SKIPPED, after.skipped - before.skipped, "the job of the last run has not ended"),
        (Came.MISSED, after.missed - before.missed, "they were due too long ago"),
    ):
        if count:
            _log.warning("schedule %s: %d occurrences are %s: %s", after.id, count, word, why)
            came[word] += count
