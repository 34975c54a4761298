"""Where a job stands: what the broker and the ledger say of it, read together.

    broker knows the round   ledger        the job is
    yes                      open          as the broker says
    yes                      closed        as the receipt says; the broker's record adds detail where the two agree
    no                       open          waiting, or delayed: the broker was wiped, or has not heard of the round yet
    no                       closed        as the receipt says
    whatever                 purged        gone
    no                       neither       not found; so is another tenant's

The ledger is the truth and the broker only the order: where a receipt is there, it wins. It reads and changes nothing.
"""

from dataclasses import dataclass, replace

from report_queue.errors import Conflict, Gone, NotFound
from report_queue.job import Job, Progress, State
from report_queue.ledger import Ledger
from report_queue.queue import Queue
from report_queue.receipt import Receipt
from report_queue.request import Request, is_id


@dataclass(frozen=True)
class Standing:
    """What is known of one job of one tenant."""

    seen: Job  # how it is shown
    in_broker: bool  # the broker knows this very round
    open: Request | None  # while the ledger has it as not ended
    receipt: Receipt | None  # of the newest round that ended

    @property
    def state(self) -> State:
        """The state that the job is in, for whoever asks."""
        return self.seen.state

    @property
    def request(self) -> Request | None:
        """What was asked for; None where the ledger has forgotten what the broker still knows."""
        return self.open or (self.receipt.request if self.receipt else None)

    def known_request(self) -> Request:
        """The request; raises Conflict where it is gone, for without it nothing can be done to the job."""
        if self.request is None:
            raise Conflict("The job's request is not kept any more: submit it again.")
        return self.request


def find(queue: Queue, ledger: Ledger, *, tenant: str, id: str) -> Standing:  # noqa: A002 (the word of the API)
    """Where a tenant's job stands; raises NotFound, Gone, BrokerAway or StoreAway."""
    _check(id)
    job = queue.find(id)[0]
    if job is not None and job.tenant != tenant:
        raise _not_found()
    return _standing(ledger, job, tenant=tenant, id=id)


def in_ledger(ledger: Ledger, *, tenant: str, id: str) -> Standing:  # noqa: A002 (as in `find`)
    """The same by the ledger alone, for what must work while the broker is away; raises NotFound, Gone or StoreAway."""
    _check(id)
    return _standing(ledger, None, tenant=tenant, id=id)


def _standing(ledger: Ledger, job: Job | None, *, tenant: str, id: str) -> Standing:  # noqa: A002 (as in `find`)
    # Open first, then closed: closing writes in the other order, so that one of them is seen.
    opened = ledger.open_request(id)
    receipt = ledger.receipt(id)
    if opened and receipt and opened.round <= receipt.request.round:
        opened = None
    if opened is None and receipt is None and ledger.purged(id) == tenant:
        raise gone()
    request = opened or (receipt.request if receipt else None)
    if request.tenant != tenant if request else job is None:
        raise _not_found()
    if job and request and job.round < request.round:
        job = None
    if receipt and not opened and (job is None or job.state is not receipt.state):
        return Standing(_ended(receipt), job is not None, opened, receipt)
    if job is None:
        assert opened is not None
        return Standing(_to_come(opened), False, opened, receipt)
    return Standing(job, True, opened, receipt)


def _check(id: str) -> None:  # noqa: A002 (as in `find`)
    if not is_id(id):
        raise _not_found()


def gone() -> Gone:
    """Of a job of the caller's own."""
    return Gone("The job's documents were deleted, for good: submit a new request to have the report made again.")


def _not_found() -> NotFound:
    return NotFound("There is no such job.")


def _to_come(request: Request) -> Job:
    """As the reconciler will enqueue it."""
    state = State.WAITING if request.due_at is None else State.DELAYED
    job = _job(request, state, at=request.accepted_at, attempt=0, failures=0, receipt=None)
    return job if request.due_at is None else replace(job, moment=request.due_at)


def _ended(receipt: Receipt) -> Job:
    failures = receipt.attempt - (receipt.state is State.COMPLETED)
    return _job(
        receipt.request,
        receipt.state,
        at=receipt.finished_at,
        attempt=receipt.attempt,
        failures=max(0, failures),
        receipt=receipt,
    )


def _job(request: Request, state: State, *, at: int, attempt: int, failures: int, receipt: Receipt | None) -> Job:
    """The broker's record as it follows from the ledger: what only the broker knew is empty."""
    return Job(
        id=request.id,
        tenant=request.tenant,
        report_type=request.report_type,
        state=state,
        at=at,
        moment=at,
        accepted_at=request.accepted_at,
        attempts=request.attempts,
        attempt=attempt,
        failures=failures,
        stalls=0,
        round=request.round,
        progress=Progress.PUBLISHED if state is State.COMPLETED else Progress.ACCEPTED,
        worker=None,
        started_at=None,
        reason=receipt.reason if receipt else None,
        message=receipt.message if receipt else None,
        result=receipt.result if receipt else None,
    )
