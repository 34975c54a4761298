"""Assembling, the poller's part: a batch of which no job is on its way gets a job that assembles its result.

    open batches that have ended ──► all jobs ended, by broker or ledger? ──► accept ──► settle ──► close
    (broker)                                                                  (store)    (store)    (broker)

The job's id follows from the batch and the generation, so that of two pollers, or after a crash, there is one. The
worker's part is `assembly`: it alone looks at each receipt.
"""

import logging
from collections.abc import Callable

from report_queue import batch_standing, desk
from report_queue.batch import generation_of, has_ended
from report_queue.errors import StoreAway, whereabouts
from report_queue.wiring import Wiring

_log = logging.getLogger(__name__)


def assemble_due(wiring: Wiring, *, enough: Callable[[], bool] = lambda: False) -> int:
    """Have assembled what has ended; how many batches. `enough` says that time is up, and is asked before each batch.

    Raises BrokerAway. One batch that cannot be read keeps no other.
    """
    made = 0
    for tenant, name in wiring.batch_facet.ended():
        if enough():
            break
        try:
            made += _assemble(wiring, tenant, name)
        except StoreAway as error:
            _log.warning("batch %s: %s", name, error)
        except (KeyError, ValueError) as error:
            _log.error("batch %s: it cannot be read (%s)", name, whereabouts(error))
    return made


def _assemble(wiring: Wiring, tenant: str, name: str) -> bool:
    """True where a job that assembles was accepted."""
    # Before the jobs: whoever retries one writes it anew, and then it is not settled.
    pending = wiring.batches.pending(tenant=tenant, id=name)
    batch = wiring.batches.find(tenant=tenant, id=name)
    if batch is None:  # never came to be; one that comes now is opened when it is expanded
        wiring.batch_facet.close(name)
        return False
    members = batch_standing.members(
        wiring.batch_facet, wiring.ledger, batch, enough=lambda member: not member.state.is_terminal
    )
    if len(members) < batch.jobs or not has_ended(members):
        return False
    request = batch.result_request(generation_of(members), accepted_at=wiring.now_ms())
    accepted = desk.keep(wiring, request)
    if pending is None or wiring.batches.settle(pending, tenant=tenant, id=name):
        wiring.batch_facet.close(name)
    if accepted is None or accepted.replayed:
        return False
    named = {"job": request.id, "tenant": tenant, "batch": name}
    _log.info("batch %s: job %s assembles it", name, request.id, extra=named)
    return True
