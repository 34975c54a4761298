"""How HTTP shows webhooks. Pure: from what is known to JSON values; moments as everywhere (see `views`).

A secret is in the answers that make one, and in no other.
"""

from collections.abc import Sequence
from typing import Any

from report_queue.delivery import Delivery
from report_queue.views import moment
from report_queue.webhook import EVENTS, Webhook
from report_queue.webhook_desk import Secret


def summary(webhook: Webhook) -> dict[str, Any]:
    """A webhook in a list."""
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events or EVENTS),
        "description": webhook.description,
        "status": "disabled" if webhook.disabled else "enabled",
        "reason": webhook.disabled,
        "failingSince": moment(webhook.failing_since),
        "timestamp": moment(webhook.created_at),
    }


def detail(webhook: Webhook, deliveries: Sequence[Delivery]) -> dict[str, Any]:
    """GET /api/v1/webhooks/{id}"""
    return summary(webhook) | {"deliveries": [delivery(one) for one in deliveries]}


def delivery(one: Delivery) -> dict[str, Any]:
    """A delivery with its tries; of a callback also where it goes."""
    return {
        "id": one.id,
        "event": one.event,
        "status": one.outcome.value,
        "url": one.url,
        "timestamp": moment(one.created_at),
        "dueAt": moment(one.due_at),
        "tries": [
            {"at": moment(tried.at), "seconds": tried.took_ms / 1_000, "status": tried.status, "reason": tried.fault}
            for tried in one.tries
        ],
    }


def made(secret: Secret) -> dict[str, Any]:
    """POST /api/v1/webhooks"""
    return {
        "success": True,
        "message": "The webhook is kept. Its secret is shown this once.",
        "data": {"webhookId": secret.webhook.id, "secret": secret.secret},
    }


def rotated(secret: Secret) -> dict[str, Any]:
    """POST /api/v1/webhooks/{id}/rotate"""
    return {
        "success": True,
        "message": "There is a new secret, which is shown this once. The one before signs too, until then."
        if secret.before_until
        else "There is a secret, which is shown this once.",
        "data": {
            "webhookId": secret.webhook.id,
            "secret": secret.secret,
            "beforeUntil": moment(secret.before_until),
        },
    }


def tried(webhook: str, one: Delivery) -> dict[str, Any]:
    """POST /api/v1/webhooks/{id}/test and redeliver"""
    good = one.outcome.value == "delivered"
    return {
        "success": good,
        "message": "The receiver has it." if good else "The receiver did not take it: see tries.",
        "data": {"webhookId": webhook, "delivery": delivery(one)},
    }


def acted(webhook: str, message: str) -> dict[str, Any]:
    """POST /api/v1/webhooks/{id}/enable, and DELETE"""
    return {"success": True, "message": message, "data": {"webhookId": webhook}}
