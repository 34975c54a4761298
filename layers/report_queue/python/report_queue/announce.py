"""From a receipt to the deliveries that tell of it, each once, whoever announces it and however often.

    S3's event of closed/ ──┐
                            ├─► receipt ──► deliveries (kept) ──► the mark of `untold` goes ──► the first try of each
    a mark that is late ────┘

The receipt is the truth, and S3 tells of each at least once; a delivery's id follows from webhook and receipt, so that
it is made once. What crashes before its deliveries are kept has left its mark, and the minute finds that.
"""

import logging
from collections.abc import Callable, Iterator

from report_queue.delivery import Delivery
from report_queue.delivery_store import Kept
from report_queue.message import event_of, of_receipt
from report_queue.receipt import Receipt
from report_queue.request import job_id
from report_queue.webhook import CALLBACK, Webhook
from report_queue.wiring import Outside

_log = logging.getLogger(__name__)

CLAIM_MS = 90_000  # a delivery that somebody tries is nobody else's for so long: a try takes ten seconds at most


def announce(outside: Outside, ended: str) -> list[Kept]:
    """Keep the deliveries that tell of a job's end; those that are new, and so ours to try. Raises StoreAway."""
    head = outside.ledger.ended(ended)
    if head is None:
        return []
    webhooks = outside.webhooks.all(head.marks["tenant"])
    receipt = outside.ledger.receipt(ended) if webhooks else None
    if receipt is None:
        return []
    now = outside.now_ms()
    made = [outside.deliveries.add(one) for one in _deliveries(receipt, webhooks, due_at=now + CLAIM_MS)]
    outside.untold.told(receipt)
    new = [kept for kept in made if kept]
    if new:
        known = {"job": ended, "tenant": receipt.request.tenant, "deliveries": len(new)}
        _log.info("announced", extra=known)
    return new


def announce_late(outside: Outside, *, enough: Callable[[], bool]) -> int:
    """Announce what no event told of; how many receipts. Their deliveries are due when they would be tried again."""
    found = 0
    for mark in outside.untold.late(now=outside.now_ms()):
        if enough():
            break
        there = outside.ledger.ended(mark.job_id) is not None
        if there:
            announce(outside, mark.job_id)
            found += 1
        if there or mark.is_void(now=outside.now_ms()):
            outside.untold.forget(mark.key)
    return found


def _deliveries(receipt: Receipt, webhooks: tuple[Webhook, ...], *, due_at: int) -> Iterator[Delivery]:
    request, event, body = receipt.request, event_of(receipt), of_receipt(receipt)

    def to(webhook: str, url: str | None = None) -> Delivery:
        # Of what no Idempotency-Key of a report can be, for it has spaces.
        name = job_id(request.tenant, f"webhook {webhook} {request.id} {request.round} {receipt.state}")
        return Delivery(
            id=f"msg_{name}",
            tenant=request.tenant,
            webhook=webhook,
            event=event,
            body=body,
            created_at=receipt.finished_at,
            due_at=due_at,
            url=url,
        )

    for webhook in webhooks:
        if webhook.wants(event) and request.tell in (None, webhook.id):
            yield to(webhook.id)
    if request.callback and any(webhook.id == CALLBACK for webhook in webhooks):
        yield to(CALLBACK, request.callback)
