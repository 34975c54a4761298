"""Uniqueness and the backlog: what is asked of the broker before the ledger is told of a submission.

    no one has the dedup key            the newcomer gets it, for its window
    its holder failed or was cancelled  the newcomer takes it over
    drop                                the caller gets the holder
    replace                             a holder that waits or is delayed is cancelled; else as with drop

The key is the broker's alone: with the broker away, a submission with one is refused (BrokerAway), and a broker that
was wiped has forgotten them. A cap on the backlog holds no more than the broker knows: with it away, all are let in.
"""

from dataclasses import dataclass
from typing import Final

from report_queue import again
from report_queue.errors import BrokerAway, Conflict, NotYet, TooMany
from report_queue.job import RETRYABLE, State, Verdict
from report_queue.options import Unique
from report_queue.receipt import Receipt
from report_queue.replies import Admitted, Dedup
from report_queue.wiring import Wiring

_ACCEPTING_MS: Final = 20_000  # longer than a submission takes from getting the key to the ledger
_ROUNDS: Final = 5  # each time someone else was quicker


@dataclass(frozen=True)
class Entry:
    """The answer: come in, where there is no `holder`; else the job that has the dedup key is the answer."""

    holder: str | None = None
    left: int | None = None  # how many more the tenant's cap lets in after these; None: no cap, or not counted


def admit(wiring: Wiring, tenant: str, job_id: str, *, unique: Unique | None, jobs: int = 1) -> Entry:
    """May so many jobs come in, and is the dedup key free?

    Raises TooMany, BrokerAway (with a dedup key), Conflict or StoreAway.
    """
    if unique is None:
        return _cap(wiring, tenant, job_id, jobs) if wiring.settings.limits_of(tenant).backlog else Entry()
    instead_of = None
    for _ in range(_ROUNDS):
        dedup = Dedup(unique.key, unique.seconds * 1000, instead_of)
        admitted = wiring.queue.admit(tenant, job_id, jobs=jobs, dedup=dedup)
        entry = _let_in(wiring, tenant, admitted, jobs)
        holder = admitted.holder
        if holder is None:
            return entry
        state = admitted.holder_state or _by_ledger(wiring, holder, admitted)
        if state in RETRYABLE or (unique.mode == "replace" and _replaced(wiring, holder, state)):
            instead_of = holder
        else:
            return Entry(holder)
    raise Conflict("Others submit with this dedupKey at the same time: send the request again.")


def _cap(wiring: Wiring, tenant: str, job_id: str, jobs: int) -> Entry:
    try:
        admitted = wiring.queue.admit(tenant, job_id, jobs=jobs)
    except BrokerAway:
        return Entry()
    return _let_in(wiring, tenant, admitted, jobs)


def _by_ledger(wiring: Wiring, holder: str, admitted: Admitted) -> State:
    """The state of a holder that the broker does not know: it is not there yet, or not any more."""
    if wiring.ledger.unfinished(holder):
        return State.WAITING
    if receipt := wiring.ledger.receipt(holder):
        return receipt.state
    if wiring.ledger.purged(holder):
        return State.FAILED  # there is nothing of it any more: the key is free
    if (left := _ACCEPTING_MS - wiring.queue.now() + (admitted.holder_since or 0)) > 0:
        raise NotYet(
            "A request with this dedupKey is being accepted at this moment: send yours again in some seconds.",
            again_s=again.bounded(left / 1_000),
        )
    return State.FAILED  # it never came to be


def _replaced(wiring: Wiring, holder: str, state: State) -> bool:
    """Cancel a job in favour of a newer one; False where it has started or ended, which it may keep."""
    if state not in (State.WAITING, State.DELAYED):
        return False
    why = "a newer request with the same dedupKey took its place"
    if wiring.queue.cancel(holder, reason="replaced", message=why, idle=True) is not Verdict.CANCELLED:
        return False
    job, request = wiring.queue.find(holder)[0], wiring.ledger.open_request(holder)
    if job and request:
        # Should this not come to pass, the reconciler writes the receipt.
        wiring.ledger.close(Receipt(request, State.CANCELLED, job.attempt, job.at, "replaced", why))
    return True


def _let_in(wiring: Wiring, tenant: str, admitted: Admitted, jobs: int) -> Entry:
    cap, backlog = wiring.settings.limits_of(tenant).backlog, admitted.backlog
    if admitted.full and backlog is not None:
        raise TooMany(
            f"{backlog:,} of your jobs wait already, and no more may: submit again when some are done.",
            again_s=again.after_some(wiring, backlog + jobs - cap),
        )
    return Entry(left=cap - backlog - jobs if cap and backlog is not None else None)
