"""What a caller can do with schedules: make, look, pause, resume, run now, end.

The store is told first, for it is the truth; the broker hears when to look, and where it is away the poller's plan is
put right by the next reconciling. Pause, resume and run now change no plan: a look reads what has become of a schedule.
It knows nothing of HTTP. Every function raises StoreAway; NotFound where there is no such schedule of this tenant.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from report_queue import fire
from report_queue.errors import BrokerAway, Conflict, InvalidRequest, NotFound, whereabouts
from report_queue.plans import Look
from report_queue.request import is_id, submission
from report_queue.schedule import Overlap, Run, Schedule
from report_queue.schedule_body import Draft, schedule_of
from report_queue.webhook_wish import refuse_unmet
from report_queue.wiring import Wiring

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Made:
    """The answer to making a schedule."""

    schedule: Schedule
    replayed: bool  # it was made before, under the same Idempotency-Key


@dataclass(frozen=True)
class Page:
    """Some of a tenant's schedules, in the order of their ids."""

    schedules: tuple[Schedule, ...]
    after: str | None  # where the next page starts; None at the end


def make(wiring: Wiring, draft: Draft, *, tenant: str, idempotency_key: str | None) -> Made:
    """Keep a new schedule. Raises InvalidRequest where nothing is left to run, its report's webhook or callback is none
    of the tenant's, or the key belongs to another one.

    A key works for as long as its schedule is there.
    """
    # Like a run's, this id is made of what no Idempotency-Key of a report can be, for it has a space.
    id = wiring.new_id(tenant, idempotency_key and f"schedule {idempotency_key}")  # noqa: A001 (the word of the API)
    schedule = schedule_of(draft, id=id, tenant=tenant, created_at=wiring.now_ms())
    # What was made before is answered as then, also where its webhook has gone since.
    if not (idempotency_key and wiring.timetable.has(tenant=tenant, id=id)):
        refuse_unmet(wiring, [submission(schedule.report)], tenant=tenant, at="/report")
    if not wiring.timetable.add(schedule):
        there = get(wiring, tenant=tenant, id=id)
        if there.digest != schedule.digest:
            raise InvalidRequest(
                "This Idempotency-Key was used for another schedule: use a new key, or send the schedule as it was."
            )
        return Made(there, replayed=True)
    with suppress(BrokerAway):  # reconciling plans it
        wiring.plans.plan(Look(tenant, id, schedule.look_at(now=schedule.created_at)))
    return Made(schedule, replayed=False)


def get(wiring: Wiring, *, tenant: str, id: str) -> Schedule:  # noqa: A002 (the word of the API)
    """One schedule; raises Conflict where what is kept of it cannot be read."""
    _check(id)
    try:
        kept = wiring.timetable.get(tenant=tenant, id=id)
    except ValueError as error:
        raise _broken(id, error) from None
    return _there(kept.schedule if kept else None)


def page(wiring: Wiring, *, tenant: str, after: str = "", limit: int = 20) -> Page:
    """Schedules behind the id `after`; one that cannot be read is left out, and told in the log."""
    ids = wiring.timetable.ids(tenant, after=after, limit=limit)
    found = []
    for id in ids:  # noqa: A001 (as in `make`)
        with suppress(NotFound, Conflict):  # ended since, or not to be read
            found.append(get(wiring, tenant=tenant, id=id))
    return Page(tuple(found), ids[-1] if len(ids) == limit else None)


def pause(wiring: Wiring, *, tenant: str, id: str) -> Schedule:  # noqa: A002 (as in `get`)
    """Let nothing run from here on; asked again, it stays paused."""
    return _change(wiring, lambda schedule: replace(schedule, paused=True), tenant=tenant, id=id)


def resume(wiring: Wiring, *, tenant: str, id: str) -> Schedule:  # noqa: A002 (as in `get`)
    """Let it run again. What it would have run in between is not caught up with: a pause is somebody's decision."""
    now = wiring.now_ms()

    def resumed(schedule: Schedule) -> Schedule:
        if not schedule.paused:
            return schedule
        return replace(schedule, paused=False, fired_through=max(schedule.fired_through, now))

    return _change(wiring, resumed, tenant=tenant, id=id)


def run(wiring: Wiring, *, tenant: str, id: str, idempotency_key: str | None) -> str:  # noqa: A002 (as in `get`)
    """Run it now, beside its occurrences and also while it is paused; the job's id.

    Raises Conflict where runs must not overlap and the last one has not ended, InvalidRequest where the report is not
    valid any more. The same Idempotency-Key: the same job.
    """
    now = wiring.now_ms()
    mine = Run(wiring.new_id(tenant, idempotency_key and f"schedule {id} {idempotency_key}"), now, now)

    def with_run(schedule: Schedule) -> Schedule:
        submission(schedule.report)
        if schedule.last_run and schedule.last_run.job_id == mine.job_id:
            return schedule
        if schedule.overlap is Overlap.SKIP and (schedule.pending or not fire.has_ended(wiring, schedule.last_run)):
            raise Conflict("The job of the last run has not ended: wait for it, or cancel it.")
        return replace(schedule, last_run=mine, fired=schedule.fired + 1)

    # Written down first, so that of two who ask at once the second one sees the first one's job.
    schedule = _change(wiring, with_run, tenant=tenant, id=id)
    assert schedule.last_run
    fire.accept(wiring, schedule, schedule.last_run)
    return schedule.last_run.job_id


def end(wiring: Wiring, *, tenant: str, id: str) -> None:  # noqa: A002 (as in `get`)
    """Forget a schedule; jobs that it made go on. One that cannot be read is forgotten too."""
    _check(id)
    if not wiring.timetable.remove(tenant=tenant, id=id):
        raise _not_found()
    with suppress(BrokerAway):  # the next look finds that it is gone
        wiring.plans.plan(Look(tenant, id))


def _change(wiring: Wiring, by: Callable[[Schedule], Schedule], *, tenant: str, id: str) -> Schedule:  # noqa: A002 (as in `get`)
    _check(id)
    try:
        return _there(wiring.timetable.change(tenant=tenant, id=id, by=by))
    except ValueError as error:
        raise _broken(id, error) from None


def _there(schedule: Schedule | None) -> Schedule:
    if schedule is None:
        raise _not_found()
    return schedule


def _check(id: str) -> None:  # noqa: A002 (as in `get`)
    if not is_id(id):
        raise _not_found()


def _not_found() -> NotFound:
    return NotFound("There is no such schedule.")


def _broken(id: str, error: ValueError) -> Conflict:  # noqa: A002 (as in `get`)
    _log.error("schedule %s: it cannot be read (%s)", id, whereabouts(error))
    return Conflict("What is kept of the schedule cannot be read: end it, and make it anew.")
