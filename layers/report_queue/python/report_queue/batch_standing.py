"""Where the jobs of a batch stand: as the broker says, and for those that it does not know as the ledger does.

A job that the broker forgot is looked up in the ledger, three requests each: after a wipe that is all of them, until
the reconciler has brought back those that have not ended. It reads and changes nothing.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from report_queue.batch import Batch, Member
from report_queue.batch_facet import BatchFacet, Seen
from report_queue.job import State
from report_queue.ledger import Ledger

_READERS: Final = 8


def members(
    facet: BatchFacet,
    ledger: Ledger,
    batch: Batch,
    *,
    remembered: Callable[[], Mapping[int, Member]] = dict,
    enough: Callable[[Member], bool] = lambda _: False,
) -> tuple[Member, ...]:
    """A batch's jobs in their order; fewer where `enough` says, of one that was just looked up, that this will do.

    `remembered`, by place, is believed of those that the broker does not know, and asked for only if there are any.
    One that is nowhere was accepted with its batch and comes into the ledger with its expansion: it waits.
    Raises BrokerAway or StoreAway.
    """
    seen = facet.members(batch.id)
    known = {n: _seen(n, job_id, seen[job_id]) for n, job_id in enumerate(batch.member_ids) if job_id in seen}
    if len(known) < batch.jobs:
        known = {**remembered(), **known}
    unknown = [(n, job_id) for n, job_id in enumerate(batch.member_ids) if n not in known]
    with ThreadPoolExecutor(_READERS) as readers:
        for start in range(0, len(unknown), _READERS):
            found = list(readers.map(lambda place: _in_ledger(ledger, *place), unknown[start : start + _READERS]))
            known |= {member.n: member for member in found}
            if any(map(enough, found)):
                break
    return tuple(known[n] for n in sorted(known))


def _seen(n: int, job_id: str, seen: Seen) -> Member:
    return Member(n, job_id, seen.state, seen.round, seen.progress, seen.reason, seen.message)


def _in_ledger(ledger: Ledger, n: int, job_id: str) -> Member:
    if (new := ledger.unfinished(job_id)) is not None:
        return Member(n, job_id, State.WAITING if new.due_at is None else State.DELAYED, new.round)
    receipt = ledger.receipt(job_id)
    if receipt is None:
        return Member(n, job_id, State.WAITING, 0)
    return Member(n, job_id, receipt.state, receipt.request.round, 0, receipt.reason, receipt.message)
