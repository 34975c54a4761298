"""What a caller can do with batches: submit, look, list, retry, cancel, download.

    accept   store (pending, pointer, batch) ─► ledger, broker, bus (`expand`)
    retry    store (pending) ─► each job as `desk` does ─► store (pending) ─► broker

What is done to many jobs stops when a caller has waited long enough, and says what is left: asked again, it goes on.
It knows nothing of HTTP. Every function raises StoreAway; NotFound where there is no such batch of this tenant.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from report_queue import again, batch_standing, desk, manifest, standing
from report_queue.batch import Batch, Member, generation_of, has_ended
from report_queue.batch_body import Draft, batch_of
from report_queue.batch_results import Published
from report_queue.desk import Download
from report_queue.errors import BrokerAway, Conflict, InvalidRequest, NotFound, NotYet
from report_queue.expand import expand
from report_queue.inputs_desk import pinned
from report_queue.job import RETRYABLE, State
from report_queue.ledger import Acceptance
from report_queue.request import is_id
from report_queue.unique import admit
from report_queue.webhook_wish import refuse_unmet
from report_queue.wiring import Wiring

_PATIENCE_S: Final = 8  # of a caller; the function has some seconds more
_MAKING_S: Final = 60  # the rest of a batch's jobs are made once a minute
_GROUP: Final = 32  # jobs between two looks at the time


@dataclass(frozen=True)
class Accepted:
    """The answer to a batch. `expanded` is False where jobs of it are made later, for want of time."""

    batch: Batch
    replayed: bool  # the same batch was here before, under the same Idempotency-Key
    expanded: bool
    due_at: int | None = None  # ms; its last job is delayed until then
    left: int | None = None  # how many more jobs the tenant's cap lets in; None: no cap, or not counted


@dataclass(frozen=True)
class Look:
    """A batch as it stands."""

    batch: Batch
    members: tuple[Member, ...]  # as many as there are
    result: Published | None  # of the latest generation that is there
    assembly: tuple[str, State, str | None] | None  # the job that assembles what there is no result of: id, state, why

    @property
    def running(self) -> bool:
        """Something still comes by itself: a job's end, or the result."""
        return not has_ended(self.members) or not self.settled

    @property
    def current(self) -> bool:
        """The result is that of the jobs as they stand."""
        return (
            self.result is not None
            and has_ended(self.members)
            and self.result.generation >= generation_of(self.members)
        )

    @property
    def settled(self) -> bool:
        """The result is there, or will not be."""
        return self.current or (self.assembly is not None and self.assembly[1].is_terminal)


@dataclass(frozen=True)
class Listed:
    """Some of a tenant's batches, each with how many jobs the broker has in which state; None: it cannot say."""

    batches: tuple[tuple[Batch, Mapping[State, int] | None], ...]
    after: str | None  # where the next page starts; None at the end


@dataclass(frozen=True)
class Acted:
    """The answer to retry and cancel: how many jobs, and how many are left for the next time of asking."""

    done: int
    left: int


def accept(wiring: Wiring, draft: Draft, *, tenant: str, idempotency_key: str | None) -> Accepted:
    """Accept a batch: after this its jobs will be worked on, whatever happens.

    Raises TooMany, what `inputs_desk.pinned` does, or InvalidRequest where the key belongs to another batch. After
    StoreAway, sending it again with the same Idempotency-Key is safe.
    """
    # Like a schedule's, this id is made of what no Idempotency-Key of a report can be, for it has a space.
    name = wiring.new_id(tenant, idempotency_key and f"batch {idempotency_key}")
    now = wiring.now_ms()
    there = wiring.batches.find(tenant=tenant, id=name) if idempotency_key else None
    if there is None:
        refuse_unmet(wiring, draft.submissions, tenant=tenant, at="/reports/{}")
        draft = replace(draft, submissions=pinned(wiring, draft.submissions, tenant=tenant, at="/reports/{}"))
    attempts, trace = wiring.settings.attempts, wiring.trace()
    batch, requests = batch_of(draft, id=name, tenant=tenant, accepted_at=now, attempts=attempts, trace=trace)
    if there is None:
        left = admit(wiring, tenant, requests[0].id, unique=None, jobs=batch.jobs).left
        due_at = max((request.due_at for request in requests if request.due_at), default=None)
        wiring.batches.pend(tenant=tenant, id=name, expanded=False, at=now)
        wiring.batches.point(tenant=tenant, id=name, at=now)
        if wiring.batches.accept(batch, requests) is Acceptance.NEW:
            done = _expand(wiring, batch, requests)
            return Accepted(batch, replayed=False, expanded=done, due_at=due_at, left=left)
        there = wiring.batches.find(tenant=tenant, id=name)
    if there is None or there.digest != batch.digest:
        raise InvalidRequest(
            "This Idempotency-Key was used for another batch: use a new key, or send the batch as it was."
        )
    pending = wiring.batches.pending(tenant=tenant, id=name)
    done = pending is None or pending.expanded or _expand(wiring, there, None)
    return Accepted(there, replayed=True, expanded=done)


def look(wiring: Wiring, *, tenant: str, id: str) -> Look:  # noqa: A002 (the word of the API)
    """A batch as it stands. Raises BrokerAway.

    Of jobs that the broker has forgotten, the manifest of the latest result says how they ended, else the ledger.
    """
    batch = get(wiring, tenant=tenant, id=id)
    result = wiring.batch_results.newest(batch)
    members = _members(wiring, batch, result)
    found = Look(batch, members, result, None)
    if found.current or not has_ended(members):
        return found
    return Look(batch, members, result, _assembly(wiring, batch, members))


def page(wiring: Wiring, *, tenant: str, after: str = "", limit: int = 20) -> Listed:
    """Batches, the newest first, behind where the last page ended. With the broker away nobody says how they stand."""
    found = wiring.batches.newest(tenant, after=after, limit=limit)
    try:
        counts = wiring.batch_facet.counts(*(batch.id for batch in found.batches))
    except BrokerAway:
        counts = {}
    return Listed(tuple((batch, counts.get(batch.id)) for batch in found.batches), found.after)


def get(wiring: Wiring, *, tenant: str, id: str) -> Batch:  # noqa: A002 (as in `look`)
    """The batch, without a look at its jobs."""
    batch = wiring.batches.find(tenant=tenant, id=id) if is_id(id) else None
    if batch is None:
        raise NotFound("There is no such batch.")
    return batch


def retry(wiring: Wiring, *, tenant: str, id: str) -> Acted:  # noqa: A002 (as in `look`)
    """The next round of those of its jobs that failed or were cancelled; then there is a new generation of the result.

    Where there are none, and the result could not be assembled, that is tried again. Raises BrokerAway.
    """
    batch = get(wiring, tenant=tenant, id=id)
    _whole(wiring, batch)
    members = batch_standing.members(wiring.batch_facet, wiring.ledger, batch)
    wanted = [member.job_id for member in members if member.state in RETRYABLE]
    if not wanted and has_ended(members):
        job_id, state, _ = _assembly(wiring, batch, members) or (None, None, None)
        if job_id and state in RETRYABLE:
            desk.retry(wiring, tenant=tenant, id=job_id)
            return Acted(0, 0)
    _pend(wiring, batch)
    try:
        return _each(wanted, lambda job_id: desk.retry(wiring, tenant=tenant, id=job_id))
    finally:
        _pend(wiring, batch)  # the poller may have settled it meanwhile, by who had looked before
        wiring.batch_facet.open((tenant, id))


def cancel(wiring: Wiring, *, tenant: str, id: str) -> Acted:  # noqa: A002 (as in `look`)
    """End those of its jobs that have not ended; the result is of the others. Raises BrokerAway."""
    batch = get(wiring, tenant=tenant, id=id)
    _whole(wiring, batch)
    members = batch_standing.members(wiring.batch_facet, wiring.ledger, batch)
    wanted = [member.job_id for member in members if not member.state.is_terminal]
    return _each(wanted, lambda job_id: desk.cancel(wiring, tenant=tenant, id=job_id))


def download(wiring: Wiring, *, tenant: str, id: str) -> Download:  # noqa: A002 (as in `look`)
    """A fresh link to the result. Raises NotYet while it is on its way, Conflict where it was not made, BrokerAway."""
    found = look(wiring, tenant=tenant, id=id)
    if found.assembly and found.assembly[1] in RETRYABLE:
        raise Conflict(f"The result was not assembled: POST /api/v1/batches/{id}/retry tries it again.")
    if found.result is None or not found.current:
        raise NotYet(
            f"The result is not there yet: GET /api/v1/batches/{id} says how far the batch is.",
            again_s=_again(wiring, found.members),
        )
    kind, seconds = found.batch.result, wiring.settings.link_seconds
    name = f"batch-{id}.{kind}"
    save, view = (
        wiring.batch_results.link(found.result, kind, filename=name, seconds=seconds, inline=inline)
        for inline in (False, True)
    )
    return Download(save, view, name, seconds)


def _members(wiring: Wiring, batch: Batch, result: Published | None) -> tuple[Member, ...]:
    def by_manifest() -> dict[int, Member]:
        if result is None:
            return {}
        there = wiring.batch_results.manifest(tenant=batch.tenant, id=batch.id, generation=result.generation)
        return manifest.members(there) if there else {}

    return batch_standing.members(wiring.batch_facet, wiring.ledger, batch, remembered=by_manifest)


def _assembly(wiring: Wiring, batch: Batch, members: Sequence[Member]) -> tuple[str, State, str | None] | None:
    """The job that assembles the jobs as they stand; None: it is not there yet."""
    job_id = batch.result_id(generation_of(members))
    try:
        found = standing.find(wiring.queue, wiring.ledger, tenant=batch.tenant, id=job_id)
    except NotFound:
        return None
    return job_id, found.state, found.seen.message


def _again(wiring: Wiring, members: Sequence[Member]) -> int:
    """Seconds after which the last of the jobs that are on their way may have ended."""
    under_way = [member.job_id for member in members if not member.state.is_terminal]
    return again.after_acceptance(wiring, under_way[-1], due_at=None) if under_way else again.LEAST_S


def _pend(wiring: Wiring, batch: Batch) -> None:
    wiring.batches.pend(tenant=batch.tenant, id=batch.id, expanded=True, at=wiring.now_ms())


def _whole(wiring: Wiring, batch: Batch) -> None:
    """All of its jobs are there, or NotYet: what is done to some now would not be done to those that come."""
    pending = wiring.batches.pending(tenant=batch.tenant, id=batch.id)
    if pending and not pending.expanded and not expand(wiring, batch, enough=_patience()):
        raise NotYet("The batch's jobs are still being made: ask again in a minute.", again_s=_MAKING_S)


def _expand(wiring: Wiring, batch: Batch, requests: Any) -> bool:
    return expand(wiring, batch, requests, enough=_patience())


def _patience() -> Callable[[], bool]:
    until = time.monotonic() + _PATIENCE_S
    return lambda: time.monotonic() > until


def _each(job_ids: Sequence[str], act: Callable[[str], None]) -> Acted:
    """Act on each job for as long as a caller waits. One that someone was quicker with is passed over."""
    enough, done, looked = _patience(), 0, 0
    while looked < len(job_ids) and not enough():
        group = job_ids[looked : looked + _GROUP]
        done += len(desk.each(group, act))
        looked += len(group)
    return Acted(done, len(job_ids) - looked)
