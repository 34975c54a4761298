"""Expanding: a batch that was accepted becomes its jobs.

    batch (store) ──► each job into the ledger ──► all of them into the queue, in bulk ──► expanded (store)

`submit` does it at once, for as long as a caller may wait; the rest, and what a crash left, `requeue_stalled` does. It
may be begun by any number of them at any time: a job is accepted once by its id, and enqueued once. What the broker
knows was accepted before. `take_up` also tells a broker that was wiped which batches are to be assembled.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from report_queue.batch import Batch
from report_queue.errors import BrokerAway, StoreAway, whereabouts
from report_queue.job import NewJob
from report_queue.ledger import Acceptance
from report_queue.request import Request
from report_queue.wiring import Wiring

_GROUP: Final = 100  # jobs between two looks at the time
_WRITERS: Final = 8
_QUIET_MS: Final = 30_000  # so long a batch is left to whoever has written it last
_LOST_MS: Final = 900_000  # longer than anyone takes from a pending one to its batch

_log = logging.getLogger(__name__)


def expand(
    wiring: Wiring, batch: Batch, requests: Sequence[Request] | None = None, *, enough: Callable[[], bool]
) -> bool:
    """Make jobs of a batch, whose requests are read where they are not given; True when all are there.

    `enough` says that time is up. Raises StoreAway: what was accepted by then stays so.
    """
    left = _not_known(wiring, wiring.batches.requests(batch) if requests is None else requests)
    accepted: list[NewJob] = []
    try:
        with ThreadPoolExecutor(_WRITERS) as writers:
            for start in range(0, len(left), _GROUP):
                if enough():
                    return False
                accepted += [job for job in writers.map(_accepted(wiring), left[start : start + _GROUP]) if job]
    finally:
        with suppress(BrokerAway):  # the ledger has them, and the reconciler enqueues them
            wiring.bus.wake(wiring.queue.enqueue(*accepted).wakes)
    wiring.batches.pend(tenant=batch.tenant, id=batch.id, expanded=True, at=wiring.now_ms())
    with suppress(BrokerAway):  # `take_up` opens it
        wiring.batch_facet.open((batch.tenant, batch.id))
    return True


def take_up(wiring: Wiring, *, enough: Callable[[], bool]) -> int:
    """Expand what is not expanded and was left by its writer, and have the broker look at all that is; how many were
    expanded. Raises StoreAway or BrokerAway where not even looking works. One batch's fault keeps no other."""
    expanded = 0
    for page in wiring.batches.all_pending():
        ready = []
        for tenant, name in page:
            if enough():
                _log.warning("stopped looking at batches, with more to look at")
                break
            try:
                expanded += _take_up(wiring, tenant, name, enough=enough)
                ready.append((tenant, name))
            except StoreAway as error:
                _log.warning("batch %s: %s", name, error)
            except (KeyError, ValueError) as error:
                _log.error("batch %s: it cannot be read, submit it again (%s)", name, whereabouts(error))
        wiring.batch_facet.open(*ready)  # one of which jobs are wanting has not ended there
        if enough():
            break
    return expanded


def _take_up(wiring: Wiring, tenant: str, name: str, *, enough: Callable[[], bool]) -> bool:
    """True where a batch was expanded."""
    pending = wiring.batches.pending(tenant=tenant, id=name)
    if pending is None or pending.expanded or wiring.now_ms() - pending.at < _QUIET_MS:
        return False
    batch = wiring.batches.find(tenant=tenant, id=name)
    if batch is not None:
        done = expand(wiring, batch, enough=enough)
        _log.warning("batch %s: %s", name, "expanded" if done else "expanded in part, for want of time")
        return done
    if wiring.now_ms() - pending.at > _LOST_MS:
        wiring.batches.settle(pending, tenant=tenant, id=name)  # nobody was promised anything
    return False


def _not_known(wiring: Wiring, requests: Sequence[Request]) -> list[Request]:
    try:
        found = wiring.queue.find(*(request.id for request in requests))
    except BrokerAway:
        return list(requests)
    return [request for request, job in zip(requests, found, strict=True) if job is None]


def _accepted(wiring: Wiring) -> Callable[[Request], NewJob | None]:
    def accept(request: Request) -> NewJob | None:
        """What the queue must be told; None: it has ended."""
        if wiring.ledger.accept(request) is Acceptance.NEW:
            return request.new_job()
        return wiring.ledger.unfinished(request.id)

    return accept
