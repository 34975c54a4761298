"""What a caller can do with webhooks: make, look, rotate, enable, test, redeliver, delete.

The store is the truth, and nothing else is told. It knows nothing of HTTP. Every function raises StoreAway; NotFound
where there is no such webhook of this tenant.
"""

import re
from dataclasses import dataclass
from typing import Final

from report_queue import deliver, targets
from report_queue.announce import CLAIM_MS
from report_queue.delivery import Delivery
from report_queue.errors import Conflict, Fault, InvalidRequest, NotFound
from report_queue.message import text
from report_queue.options import WEBHOOK
from report_queue.request import refuse_if
from report_queue.targets import networks_of
from report_queue.webhook import CALLBACK, MESSAGE, MOST, PING, Webhook
from report_queue.webhook_body import Draft
from report_queue.wiring import Outside

SHOWN: Final = 20  # deliveries, the newest


@dataclass(frozen=True)
class Secret:
    """A webhook and its new secret, which is told this once. It belongs in no log."""

    webhook: Webhook
    secret: str
    before_until: int | None = None  # ms, until when the one before signs too


def make(outside: Outside, draft: Draft, *, tenant: str) -> Secret:
    """Keep a new webhook. Raises InvalidRequest where its name leads inside, Conflict where there are too many."""
    _refuse_inside(outside, draft.url)
    webhook = Webhook(
        id=outside.new_id(tenant, None),
        tenant=tenant,
        url=draft.url,
        events=draft.events,
        description=draft.description,
        created_at=outside.now_ms(),
    )
    secret = outside.new_secret()
    if not outside.webhooks.add(webhook, secret, most=MOST):
        raise Conflict(f"There are {MOST} webhooks, as many as there may be: delete one, or let one be told of more.")
    return Secret(webhook, secret)


def get(outside: Outside, *, tenant: str, id: str) -> Webhook:  # noqa: A002 (the word of the API)
    """One webhook."""
    known = re.fullmatch(WEBHOOK, id) or id == CALLBACK
    webhook = outside.webhooks.find(tenant=tenant, id=id) if known else None
    if webhook is None:
        raise NotFound("There is no such webhook.")
    return webhook


def recent(outside: Outside, webhook: Webhook) -> tuple[Delivery, ...]:
    """Its newest deliveries, the newest first."""
    places = outside.deliveries.places(tenant=webhook.tenant, webhook=webhook.id, limit=SHOWN)
    return tuple(kept.delivery for place in places if (kept := outside.deliveries.get(place)))


def rotate(outside: Outside, *, tenant: str, id: str) -> Secret:  # noqa: A002 (as in `get`)
    """A new secret; the one before signs too, for a day. The callback's first one comes to be by this."""
    if id == CALLBACK:
        webhook = Webhook(CALLBACK, tenant, None, (), None, created_at=outside.now_ms())
    else:
        webhook = get(outside, tenant=tenant, id=id)
    secrets = outside.webhooks.rotate(webhook, outside.new_secret(), now=outside.now_ms())
    if id == CALLBACK:
        outside.webhooks.ensure(webhook)
    return Secret(webhook, secrets.current, secrets.until if secrets.before else None)


def enable(outside: Outside, *, tenant: str, id: str) -> Webhook:  # noqa: A002 (as in `get`)
    """Have it told again of what ends from here on."""
    webhook = get(outside, tenant=tenant, id=id)
    after = outside.webhooks.change(webhook, Webhook.enabled)
    if after is None:
        raise NotFound("There is no such webhook.")
    return after


def test(outside: Outside, *, tenant: str, id: str) -> Delivery:  # noqa: A002 (as in `get`)
    """Send it a ping, now; what came of it. Raises Conflict where there is nowhere to send one, or it is disabled."""
    webhook, now = get(outside, tenant=tenant, id=id), outside.now_ms()
    _refuse_disabled(webhook)
    if webhook.url is None:
        raise Conflict("Callbacks have an address for each job and none of their own: submit a job with one.")
    delivery = Delivery(
        id=f"msg_{outside.new_id(tenant, None)}",
        tenant=tenant,
        webhook=id,
        event=PING,
        body=text(PING, now, {"webhookId": id}),
        created_at=now,
        due_at=now + CLAIM_MS,
    )
    return deliver.try_first(outside, delivery) or delivery


def redeliver(outside: Outside, *, tenant: str, id: str, delivery: str) -> Delivery:  # noqa: A002 (as in `get`)
    """Send a message once more, now, whatever became of it; what came of it. Raises Conflict as `test` does."""
    webhook = get(outside, tenant=tenant, id=id)
    _refuse_disabled(webhook)
    kept = outside.deliveries.find(tenant=tenant, webhook=id, id=delivery) if re.fullmatch(MESSAGE, delivery) else None
    if kept is None:
        raise NotFound("There is no such delivery among the newest of this webhook.")
    after = deliver.try_again(outside, kept)
    if after is None:
        raise Conflict("It is being delivered this moment: look again.")
    return after


def delete(outside: Outside, *, tenant: str, id: str) -> None:  # noqa: A002 (as in `get`)
    """Forget a webhook and its secrets. What waits for it is delivered no more."""
    outside.webhooks.remove(get(outside, tenant=tenant, id=id))


def _refuse_disabled(webhook: Webhook) -> None:
    if webhook.disabled:
        raise Conflict(f"It is disabled, so nothing is sent: POST /api/v1/webhooks/{webhook.id}/enable comes first.")


def _refuse_inside(outside: Outside, url: str) -> None:
    networks = networks_of(outside.settings.webhook_networks)
    target = targets.parse(url, networks=networks)
    try:
        outside.look_up(target)
    except targets.Refused as refused:
        refuse_if([Fault("/url", str(refused))])
    except OSError:
        raise InvalidRequest(
            "The request is wrong in one place: see errors.",
            (Fault("/url", "has a name that is not known: webhooks must be there when they are made"),),
        ) from None
