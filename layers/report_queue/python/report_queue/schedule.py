"""A schedule: a report that is made again and again, and what is due of it at a moment.

    fired_through ──┬─ occurrence ─┬─ occurrence ─┬─ now ──► next runs
                    '── what is due: the catch-up policy chooses, the overlap policy leaves out
                                          │
                                  pending runs ── accepted as jobs ──► last run

An occurrence is dealt with once: it is run, skipped or missed, and `fired_through` moves on past it. A run's job has an
id that follows from tenant, schedule and moment, so that whoever fires it again gets the same job.
It is pure: where schedules are kept (`timetable`), what makes jobs of runs (`fire`) and HTTP stand elsewhere.
All moments are milliseconds since the epoch.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Any, Final, Self

from pydantic import TypeAdapter

from report_queue.recurrence import FOREVER, Recurrence
from report_queue.request import job_id

MOST_RUNS: Final = 100  # of one catching up; earlier occurrences are missed, and counted up to as many
LATE_MS: Final = 300_000  # what is due for longer than this was missed: five polls did not come

_HOUR_MS: Final = 3_600_000


class Overlap(StrEnum):
    """What becomes of an occurrence while the job of the last run has not ended."""

    SKIP = "skip"  # nothing: it is left out
    QUEUE = "queue"  # it is run all the same


class CatchUp(StrEnum):
    """What becomes of occurrences that came while nobody looked."""

    SKIP = "skip"  # nothing: only one that is on time is run
    ONE = "one"  # the newest is run, for all of them
    ALL = "all"  # each is run, the newest MOST_RUNS of them


@dataclass(frozen=True)
class Run:
    """One job of a schedule."""

    job_id: str
    moment: int  # of the occurrence; or when somebody asked for it
    accepted_at: int  # when it was decided that it be run: what the job's request says too


@dataclass(frozen=True)
class Schedule:
    """What is kept of a schedule. `paused`, `fired_through` and what follows change; the rest never does."""

    id: str
    tenant: str
    name: str | None  # for people
    recurrence: Recurrence
    report: dict[str, Any]  # {reportType, data, options?}, as it was sent
    digest: str  # sha256, hex, of what the caller asked for
    overlap: Overlap
    catch_up: CatchUp
    starts_at: int  # no occurrence before it; an interval counts from it
    ends_at: int | None  # no occurrence after it
    created_at: int
    fired_through: int  # every occurrence up to this moment is dealt with
    paused: bool = False
    pending: tuple[Run, ...] = ()  # decided, and perhaps not accepted yet
    last_run: Run | None = None
    fired: int = 0
    skipped: int = 0  # by the overlap policy
    missed: int = 0  # by the catch-up policy
    fault: str | None = None  # why the last run came to no job

    def occurrences(self, *, after: int) -> Iterator[int]:
        """The moments after that one at which it recurs, whether it is paused or not."""
        for moment in self.recurrence.after(max(after, self.starts_at - 1)):
            if self.ends_at is not None and moment > self.ends_at:
                return
            yield moment

    def next_runs(self, count: int = 5, *, after: int) -> tuple[int, ...]:
        """The next moments after that one at which it will run: none while it is paused."""
        return () if self.paused else tuple(islice(self.occurrences(after=max(after, self.fired_through)), count))

    def look_at(self, *, now: int) -> int:
        """When to look at it next; FOREVER where nothing is to come. A paused one too: it may be resumed till then."""
        if self.pending:
            return now
        after = max(now, self.fired_through) if self.paused else self.fired_through
        return next(self.occurrences(after=after), FOREVER)

    def due(self, *, now: int) -> "Due":
        """The occurrences since `fired_through`, and which of them are to be run."""
        found = self._newest(until=now, count=MOST_RUNS * 2)
        match self.catch_up:
            case CatchUp.ALL:
                chosen = found[-MOST_RUNS:]
            case CatchUp.ONE:
                chosen = found[-1:]
            case CatchUp.SKIP:
                chosen = tuple(moment for moment in found[-1:] if now - moment <= LATE_MS)
        return Due(moments=chosen, missed=len(found) - len(chosen), through=found[-1] if found else self.fired_through)

    def decided(self, due: "Due", *, now: int, busy: bool) -> Self:
        """The schedule once it is decided what becomes of what is due; `busy`: the last run's job has not ended.

        Where runs must not overlap, the first of several that are due keeps the others from being run.
        """
        moments = due.moments if self.overlap is Overlap.QUEUE else due.moments[: 0 if busy else 1]
        runs = tuple(Run(self.job_id_of(moment), moment, now) for moment in moments)
        return replace(
            self,
            fired_through=due.through,
            pending=runs,
            last_run=runs[-1] if runs else self.last_run,
            fired=self.fired + len(runs),
            skipped=self.skipped + len(due.moments) - len(runs),
            missed=self.missed + due.missed,
        )

    def job_id_of(self, moment: int) -> str:
        """The id of an occurrence's job. A caller's Idempotency-Key has no spaces, and so never gives the same."""
        return job_id(self.tenant, f"schedule {self.id} at {moment}")

    def _newest(self, *, until: int, count: int) -> tuple[int, ...]:
        """The newest occurrences that are not dealt with, at most so many: looks back in steps that double.

        A cron can only be walked forwards, and one of every minute may not have been looked at for a year.
        """
        back = _HOUR_MS
        while True:
            after = max(self.fired_through, until - back)
            found: list[int] = []
            for moment in self.occurrences(after=after):
                if moment > until:
                    break
                found.append(moment)
            if after == self.fired_through or len(found) >= count:
                return tuple(found[-count:])
            back *= 2

    def to_json(self) -> bytes:
        """The schedule as it is kept."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")

    @classmethod
    def from_json(cls, text: bytes) -> "Schedule":
        """The schedule that `to_json` wrote; raises ValueError where it is none."""
        return _SHAPE.validate_python(json.loads(text))


@dataclass(frozen=True)
class Due:
    """What is due of a schedule: the moments to run, how many were missed, and up to where this goes."""

    moments: tuple[int, ...]
    missed: int
    through: int


_SHAPE: Final = TypeAdapter(Schedule)
