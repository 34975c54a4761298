"""What a caller can have done, and in which order ledger, broker and bus hear of it.

    accept   (broker: dedup key, cap) ─► ledger ─► broker ─► bus
    retry    ledger ─► broker ─► bus       cancel   broker ─► ledger       promote   broker ─► bus
    delete   ledger ─► broker

The ledger is told first where something is promised: it keeps the promise when the rest fails. The broker is told
first where something is decided: it alone can say whether a job had ended already. It knows nothing of HTTP.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from report_queue import again, purge, standing
from report_queue.batch import RESULT_TYPE
from report_queue.errors import BrokerAway, Conflict, Gone, InvalidRequest, NotFound, NotYet
from report_queue.inputs_desk import pinned
from report_queue.job import RETRYABLE, NewJob, State, Verdict
from report_queue.ledger import Acceptance
from report_queue.receipt import Receipt, receipt_of
from report_queue.replies import Enqueued, Waits, Where
from report_queue.request import Request, Submission, is_id
from report_queue.unique import admit
from report_queue.views import file_name
from report_queue.webhook_wish import refuse_unmet
from report_queue.wiring import Wiring

_AT_ONCE: Final = 8  # each waits for the store most of its time
_TOO_LATE: Final = frozenset({State.COMPLETED, State.FAILED})


@dataclass(frozen=True)
class Accepted:
    """The answer to a submission. `queued` is False where the broker was away: the reconciler enqueues it later."""

    id: str
    replayed: bool  # the same request was here before, under the same Idempotency-Key
    queued: bool
    duplicate: bool = False  # this is another job, which has the dedup key
    left: int | None = None  # how many more the tenant's cap lets in; None: no cap, or not counted
    due_at: int | None = None  # ms; it is delayed until then
    waits: Waits | None = None  # why it waits, where the broker said so
    gone: bool = False  # it was here before, and its documents were deleted since


@dataclass(frozen=True)
class Retries:
    """The answer to a bulk retry: ids."""

    matched: tuple[str, ...]
    retried: tuple[str, ...]
    after: str | None  # where to go on


@dataclass(frozen=True)
class Download:
    """Where a report is to be had for a while. The links are keys: whoever has one has the report."""

    url: str  # to save it
    view_url: str  # to see it in a browser
    file_name: str
    seconds: int


def accept(wiring: Wiring, submission: Submission, *, tenant: str, idempotency_key: str | None) -> Accepted:
    """Accept a submission: after this it will be worked on, whatever happens to the broker.

    Raises StoreAway (nothing was enqueued; sending it again with the same Idempotency-Key is safe), InvalidRequest
    where the Idempotency-Key belongs to another request, Gone where to a job that was deleted, what
    `inputs_desk.pinned` and `webhook_wish.refuse_unmet` do, and what `unique` does: TooMany, or with a dedup key
    BrokerAway and Conflict.
    """
    name = wiring.new_id(tenant, idempotency_key)
    # What was accepted before is answered as then, also where its rows or its webhook have gone since.
    wished = submission.options
    if (submission.data_ref or wished.tell or wished.callback) and not (
        idempotency_key and wiring.ledger.digest(name) == submission.digest
    ):
        refuse_unmet(wiring, [submission], tenant=tenant)
        (submission,) = pinned(wiring, [submission], tenant=tenant)
    request = Request.of(
        submission,
        id=name,
        tenant=tenant,
        accepted_at=wiring.now_ms(),
        attempts=wiring.settings.attempts,
        trace=wiring.trace(),
    )
    entry = admit(wiring, tenant, request.id, unique=submission.options.unique)
    if entry.holder:
        return Accepted(entry.holder, replayed=False, queued=True, duplicate=True)
    accepted = keep(wiring, request)
    if accepted is None:
        raise InvalidRequest(
            "This Idempotency-Key was used for another request: use a new key, or send the request as it was."
        )
    if accepted.gone:
        raise Gone("The job of this Idempotency-Key was deleted: use a new key to have the report made again.")
    return replace(accepted, left=entry.left, due_at=request.due_at)


def keep(wiring: Wiring, request: Request) -> Accepted | None:
    """Keep a request and enqueue it; None: its id belongs to another request. Raises StoreAway, as `accept` does."""
    acceptance = wiring.ledger.accept(request)
    if acceptance is Acceptance.CONFLICT:
        return None
    if acceptance is Acceptance.GONE:
        return Accepted(request.id, replayed=True, queued=False, gone=True)
    if acceptance is Acceptance.NEW:
        enqueued = _enqueue(wiring, request.new_job())
        waits = enqueued.waits if enqueued else None
        return Accepted(request.id, replayed=False, queued=enqueued is not None, waits=waits)
    # The first time may have ended between ledger and broker, so enqueue what the ledger has: the broker leaves a job
    # alone that it knows. Only while it has not ended, though: an ended one would be worked on again.
    unfinished = wiring.ledger.unfinished(request.id)
    return Accepted(request.id, replayed=True, queued=unfinished is None or _enqueue(wiring, unfinished) is not None)


def retry(wiring: Wiring, *, tenant: str, id: str) -> None:  # noqa: A002 (the word of the API)
    """A new round of a job that failed or was cancelled; raises Conflict for any other.

    Asked twice, it is one round. Where the broker is away (BrokerAway) the ledger has the round already: asking again
    goes on from there, and so does the reconciler.
    """
    job = standing.find(wiring.queue, wiring.ledger, tenant=tenant, id=id)
    request = job.known_request()
    if job.state in RETRYABLE:
        if job.open is not None:
            # Ended in the broker, and the worker has not left its receipt yet. Without one the next round could not be
            # told from this one, so we leave it: it is the same, and of two the first stands.
            wiring.ledger.close(receipt_of(job.seen, request))
        request = request.again()
        if not wiring.ledger.reopen(request) and wiring.ledger.purged(id):
            raise standing.gone()
    elif job.in_broker or request.round == 0:
        raise Conflict(f"The job is {job.state}: only failed and cancelled jobs can be retried.")
    wiring.bus.wake(_tell(wiring, request))


def retry_all(wiring: Wiring, where: Where, *, tenant: str, limit: int, after: str | None, dry_run: bool) -> Retries:
    """Retry a page of failed or cancelled jobs; `dry_run`: only say which. What is retried already stays so.

    Raises as `retry` does, but for Conflict: a job that someone was quicker with is passed over.
    """
    page = wiring.queue.list(tenant, where, limit=limit, after=after)
    matched = tuple(job.id for job in page.jobs)
    if dry_run:
        return Retries(matched, (), page.after)
    return Retries(matched, tuple(each(matched, lambda job_id: retry(wiring, tenant=tenant, id=job_id))), page.after)


def each(job_ids: Sequence[str], act: Callable[[str], None]) -> list[str]:
    """Act on each of some jobs, several at once; those that it was done to. Where someone was quicker it was not."""

    def one(job_id: str) -> bool:
        try:
            act(job_id)
        except (Conflict, NotFound):
            return False
        return True

    with ThreadPoolExecutor(_AT_ONCE) as others:
        return [job_id for job_id, done in zip(job_ids, others.map(one, job_ids), strict=True) if done]


def cancel(wiring: Wiring, *, tenant: str, id: str) -> None:  # noqa: A002 (the word of the API)
    """Cancel a job that has not ended; asked again, it stays cancelled. Raises Conflict where it had ended otherwise.

    The broker first: a worker may be completing the job this very moment, and only the broker can say who was first.
    A crash before the ledger hears of it leaves an open request whose job the broker has as cancelled: asking again
    closes it, and so does the reconciler.
    """
    job = standing.find(wiring.queue, wiring.ledger, tenant=tenant, id=id)
    request = job.known_request()
    _not_too_late(job.state)
    if job.open is None:
        return  # cancelled, and the ledger knows
    verdict = wiring.queue.cancel(id) if job.in_broker else Verdict.UNKNOWN
    if verdict is Verdict.UNKNOWN:
        # The broker was wiped. To close now would race the reconciler, which may have read the open request and be
        # about to enqueue it: a closed job would run. So the broker gets the job first and then cancels it: from then
        # on it knows the id, and an enqueue that comes late changes nothing.
        wiring.bus.wake(_tell(wiring, request))
        verdict = wiring.queue.cancel(id)
    _not_too_late(verdict)
    ended = wiring.queue.find(id)[0]
    # Wiped again, just now: the ledger's word still holds, because a worker asks the ledger before it renders.
    attempt, at = (ended.attempt, ended.at) if ended else (job.seen.attempt, wiring.now_ms())
    wiring.ledger.close(Receipt(request=request, state=State.CANCELLED, attempt=attempt, finished_at=at))


def promote(wiring: Wiring, *, tenant: str, id: str) -> None:  # noqa: A002 (the word of the API)
    """A delayed job, at once; one that waits is left alone. Raises Conflict where it has started or ended."""
    job = standing.find(wiring.queue, wiring.ledger, tenant=tenant, id=id)
    state: State | Verdict = job.state
    if job.open is not None and job.state is State.DELAYED:
        if not job.in_broker:
            wiring.bus.wake(_tell(wiring, job.open))
        state = wiring.queue.promote_now(id)
        wiring.bus.wake(wiring.queue.wake())
    if state is not State.WAITING:
        raise Conflict(f"The job is {state}: only a delayed job can be started early.")


def delete(wiring: Wiring, *, tenant: str, id: str) -> None:  # noqa: A002 (the word of the API)
    """Delete the documents of a job that has ended; asked again, they stay deleted.

    Raises Conflict where it has not ended, or where its batch has them too. Once the ledger knows of it, which is the
    first step, it comes to pass: after BrokerAway or StoreAway the reconciler goes on, or whoever asks again.
    """
    if not (is_id(id) and wiring.ledger.purged(id) == tenant):
        job = standing.find(wiring.queue, wiring.ledger, tenant=tenant, id=id)
        request = job.known_request()
        if request.batch is not None or request.report_type == RESULT_TYPE:
            raise Conflict("The job belongs to a batch, which keeps its request and its report: it cannot be deleted.")
        if not job.state.is_terminal:
            raise Conflict(f"The job is {job.state}: cancel it first, then its documents can be deleted.")
        ended = job.receipt
        if job.open is not None or ended is None:  # the worker has not left its receipt yet
            ended = receipt_of(job.seen, request)
            wiring.ledger.close(ended)
        if not purge.begin(wiring.ledger, ended):
            raise Conflict("The job was retried just now: cancel it first, then its documents can be deleted.")
    purge.finish(wiring.queue, wiring.ledger, id)


def download(wiring: Wiring, *, tenant: str, id: str) -> Download:  # noqa: A002 (the word of the API)
    """A fresh link to a report, by the ledger alone: the broker may be away. Raises NotFound, Conflict or NotYet.

    A report counts that is there while its receipt is not: it was published, and what is published never changes.
    """
    job = standing.in_ledger(wiring.ledger, tenant=tenant, id=id)
    if job.seen.report_type == RESULT_TYPE:
        raise Conflict("This job assembles a batch: the batch's own download has the result.")
    ending = job.known_request().edition.format
    if job.open is not None:
        if wiring.ledger.published(tenant=tenant, id=id, ending=ending) is None:
            raise _not_yet(wiring, job.open, f"The report is not there yet: GET /api/jobs/{id} says how far it is.")
    elif job.state is not State.COMPLETED:
        raise Conflict(f"The job is {job.state} and has no report: POST /api/jobs/{id}/retry starts it again.")
    name, seconds = file_name(job.seen.report_type, id, ending), wiring.settings.link_seconds
    save, view = (
        wiring.ledger.link(tenant=tenant, id=id, filename=name, seconds=seconds, inline=inline, ending=ending)
        for inline in (False, True)
    )
    return Download(save, view, name, seconds)


def receipt(wiring: Wiring, *, tenant: str, id: str) -> Receipt:  # noqa: A002 (the word of the API)
    """How the newest round that ended has ended, by the ledger alone; raises NotFound, or NotYet where none has."""
    job = standing.in_ledger(wiring.ledger, tenant=tenant, id=id)
    if job.receipt is None:
        assert job.open is not None, "a job of the ledger's is open or has a receipt"
        raise _not_yet(
            wiring,
            job.open,
            f"The job has not ended, so there is no receipt yet: GET /api/jobs/{id} says how far it is.",
        )
    return job.receipt


def _enqueue(wiring: Wiring, job: NewJob) -> Enqueued | None:
    """Enqueue and wake; None where the broker is away, which costs time and nothing else."""
    try:
        enqueued = wiring.queue.enqueue(job, explain=job.id)
    except BrokerAway:
        return None
    wiring.bus.wake(enqueued.wakes)
    return enqueued


def _not_yet(wiring: Wiring, request: Request, message: str) -> NotYet:
    return NotYet(message, again_s=again.after_acceptance(wiring, request.id, due_at=request.due_at))


def _tell(wiring: Wiring, request: Request) -> tuple[str, ...]:
    """Let the broker know of a request's round, whatever it knew before; the wakes that it wants."""
    if request.round > 0:
        retried = wiring.queue.retry(request.id, round=request.round)
        if retried.verdict is not Verdict.UNKNOWN:
            return retried.wakes
    return wiring.queue.enqueue(request.new_job()).wakes


def _not_too_late(state: State | Verdict) -> None:
    if state in _TOO_LATE:
        raise Conflict(f"The job is {state} already: it cannot be cancelled any more.")
