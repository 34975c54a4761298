"""Reconciling: what the ledger holds open and the broker does not have on its way is put right.

    the broker knows            and the ledger               so
    nothing                     is open                      enqueue: the broker was wiped, or submit could not reach it
    nothing                     closed this round            drop the stale open/: a crash between two writes
    whatever                    a purge that was begun       finish it: the documents are to be deleted
    an earlier round, ended     is open                      retry: the retry was accepted, its queue half was lost
    this round, ended           is open                      close: a worker ended the job and died before the receipt
    waiting, delayed, active    is open                      nothing: that is a job's ordinary life

The ledger is the truth: where the two disagree, it is the broker that is brought up to it, save for how a job ended,
which only the broker decides. Even there, "completed" counts only if the report is really in the store.

Whatever is found here may be changing at this moment (a submit between its two steps, a worker before its receipt), so
every repair is one that the other side may also make: enqueue is idempotent by id, retry by round, close by receipt.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from report_queue import purge
from report_queue.errors import StoreAway, whereabouts
from report_queue.job import Job, NewJob, State
from report_queue.ledger import Ledger
from report_queue.queue import Queue
from report_queue.receipt import receipt_of
from report_queue.wake import Wakes

_PAGE: Final = 500  # ids at a time: what the broker looks up in one script
_READERS: Final = 8  # HEADs at once: after a wipe there are two for each open job
_REQUEUES: Final = 100  # scripts of 100 leases each: more in one run than workers can hold
_RESERVE_MS: Final = 20_000  # of the function's time: enough to finish a page

_log = logging.getLogger(__name__)


class Repair(StrEnum):
    """What was done about one job."""

    ENQUEUED = "enqueued"
    RETRIED = "retried"
    CLOSED = "closed"
    DROPPED = "dropped"
    PURGED = "purged"
    UNRESOLVED = "unresolved"  # nothing: the store was away, or a person must look; the log says at what


# Repairs after which a job is not under open/ any more.
_TAKEN_OFF: Final = (Repair.CLOSED, Repair.DROPPED, Repair.PURGED)


@dataclass(frozen=True)
class Reconciled:
    """What a walk over `open/` came to."""

    repairs: Counter[Repair]
    finished: bool  # False: it stopped at its limit, or its time was up
    left_open: int = field(default=0, compare=False)  # jobs that it saw and that are still open

    @property
    def repaired(self) -> int:
        """How many jobs were put right."""
        return self.repairs.total() - self.repairs[Repair.UNRESOLVED]


@dataclass(frozen=True)
class Recovered:
    """What one run of the recovery did."""

    stalled: int  # leases that were over
    failed: int  # of these, jobs whose stall budget was spent
    reconciled: Reconciled
    drift: int | None  # by which the ledger has more open jobs than the broker; None: the walk did not come to its end


def recover(queue: Queue, ledger: Ledger, bus: Wakes, *, remaining_ms: Callable[[], int]) -> Recovered:
    """Take up what dead workers let go, give those that failed by it their receipt, and reconcile."""
    requeued = 0
    failed: list[str] = []
    for _ in range(_REQUEUES):
        over = queue.requeue()
        requeued += len(over.requeued)
        failed += over.failed
        if not (over.requeued or over.failed):
            break
    bus.wake(queue.wake())  # before the ledger is asked, which may be away: work goes on without receipts
    settle(queue, ledger, bus, failed)
    before = _on_their_way(queue)
    reconciled = reconcile(queue, ledger, bus, enough=lambda: remaining_ms() < _RESERVE_MS)
    between = sorted((before, _on_their_way(queue)))
    bus.wake(queue.wake())
    return Recovered(
        stalled=requeued + len(failed),
        failed=len(failed),
        reconciled=reconciled,
        drift=drift(reconciled.left_open, between) if reconciled.finished else None,
    )


def drift(left_open: int, between: Sequence[int]) -> int:
    """By how many the two books of what is open differ. What was accepted has finished or is open: by the ledger that
    is what stands under `open/`, by the broker what waits, is delayed or active.

    Jobs come and go while the ledger is walked, so the broker is asked before and after, and anything `between` the two
    numbers is no difference.
    """
    least, most = between
    return left_open - min(max(left_open, least), most)


def _on_their_way(queue: Queue) -> int:
    return sum(count for state, count in queue.counts().items() if not state.is_terminal)


def reconcile(
    queue: Queue,
    ledger: Ledger,
    bus: Wakes,
    *,
    limit: int = 1_000_000,
    enough: Callable[[], bool] = lambda: False,
) -> Reconciled:
    """Walk `open/` page by page, up to `limit` ids or until `enough` says so, which is asked before each page."""
    repairs: Counter[Repair] = Counter()
    after, walked = "", 0
    while walked < limit and not enough():
        ids = ledger.open_ids(after=after, limit=min(_PAGE, limit - walked))
        if not ids:
            return Reconciled(repairs, finished=True, left_open=walked - sum(repairs[repair] for repair in _TAKEN_OFF))
        repairs += settle(queue, ledger, bus, ids)
        after, walked = ids[-1], walked + len(ids)
    _log.warning("stopped reconciling after %d open jobs, with more to look at", walked)
    return Reconciled(repairs, finished=False)


def settle(queue: Queue, ledger: Ledger, bus: Wakes, ids: Sequence[str]) -> Counter[Repair]:
    """Put right what can be put right about these jobs, and wake workers for what goes back into the queue."""
    doubtful = {
        job_id: job for job_id, job in zip(ids, queue.find(*ids), strict=True) if job is None or job.state.is_terminal
    }
    repairs: Counter[Repair] = Counter()
    if not doubtful:
        return repairs
    with ThreadPoolExecutor(_READERS) as readers:
        unfinished = list(readers.map(_unfinished(ledger), doubtful))
    # First what may be worked on: that asks the store no more, which may be away for what follows.
    lost = [
        new for job, new in zip(doubtful.values(), unfinished, strict=True) if job is None and isinstance(new, NewJob)
    ]
    bus.wake(queue.enqueue(*lost).wakes)
    for (job_id, job), new in zip(doubtful.items(), unfinished, strict=True):
        try:
            repair = _repair(queue, ledger, bus, job_id, job, new)
        except StoreAway as error:
            _log.warning("job %s: %s", job_id, error, extra={"job": job_id})
            repair = Repair.UNRESOLVED
        if repair:
            repairs[repair] += 1
            _log.warning("job %s: %s", job_id, repair, extra={"job": job_id, "repair": str(repair)})
    return repairs


def _unfinished(ledger: Ledger) -> Callable[[str], NewJob | Repair | None]:
    def look(job_id: str) -> NewJob | Repair | None:
        try:
            return ledger.unfinished(job_id)
        except StoreAway as error:
            _log.warning("job %s: %s", job_id, error, extra={"job": job_id})
        except (KeyError, ValueError) as error:
            # Something that `accept` did not write. It must not stand in the way of all the others.
            _log.error(
                "open/%s.json is not a request of ours: delete it, or submit it again (%s)",
                job_id,
                whereabouts(error),
                extra={"job": job_id},
            )
        return Repair.UNRESOLVED

    return look


def _repair(
    queue: Queue, ledger: Ledger, bus: Wakes, job_id: str, job: Job | None, new: NewJob | Repair | None
) -> Repair | None:
    """What was done about one job. None: nothing, for someone else was quicker."""
    if isinstance(new, Repair):
        return new
    if new is None and purge.finish(queue, ledger, job_id):
        return Repair.PURGED
    if new is None:
        return Repair.DROPPED if ledger.drop(job_id) else None
    if job is None:
        return Repair.ENQUEUED
    if job.state is not State.COMPLETED and job.round < new.round:
        bus.wake(queue.retry(job_id, round=new.round).wakes)
        return Repair.RETRIED
    return _close(ledger, job, round=new.round)


def _close(ledger: Ledger, job: Job, *, round: int) -> Repair | None:  # noqa: A002 — the domain's word
    """Write the receipt of that round, which the worker did not come to write. None: someone did, meanwhile."""
    if job.state is State.COMPLETED and (job.result is None or not ledger.holds(job.result.key)):
        # Only an object that was deleted, or a store that was put back to an earlier day, explains this. A receipt
        # now would say that the report is there; left open, the job is rendered anew once the broker forgets it.
        _log.error(
            "job %s: the broker has it as completed, but its report is not in the store", job.id, extra={"job": job.id}
        )
        return Repair.UNRESOLVED
    request = ledger.open_request(job.id)
    if request is None or request.round != round:
        return None  # this record is not how a retry that was accepted since has ended
    ledger.close(receipt_of(job, request))
    return Repair.CLOSED
