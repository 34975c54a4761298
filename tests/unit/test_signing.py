"""What we sign is what a receiver's own library takes: the check is Standard Webhooks' implementation, not ours."""

import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from report_queue.signing import headers, secret_of
from report_queue.webhook import OVERLAP_MS, Secrets

BODY = '{"type":"job.completed","data":{"name":"Zoë"}}'.encode()
OLD, NEW = secret_of(b"o" * 32), secret_of(b"n" * 32)


def test_a_receiver_takes_what_its_secret_signed_and_nothing_else() -> None:
    now = _now()
    signed = headers("msg_1", BODY, at=now, secrets=[OLD])
    assert Webhook(OLD).verify(BODY, signed)["type"] == "job.completed"
    for body, changed, secret in (
        (BODY + b" ", signed, OLD),
        (BODY, signed, NEW),
        (BODY, signed | {"webhook-id": "msg_2"}, OLD),
        (BODY, signed | {"webhook-timestamp": str(now // 1_000 + 1)}, OLD),
        (BODY, headers("msg_1", BODY, at=now - 600_000, secrets=[OLD]), OLD),  # too long ago for it
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, changed)


def test_during_a_rotation_receivers_with_either_secret_take_it_and_after_it_only_the_new() -> None:
    now = _now()
    secrets = Secrets(OLD).rotated(NEW, now=now)
    for at, secret, taken in (
        (now, OLD, True),
        (now, NEW, True),
        (now + OVERLAP_MS, OLD, False),
        (now + OVERLAP_MS, NEW, True),
    ):
        signed = headers("msg_1", BODY, at=now, secrets=secrets.at(at))
        if taken:
            Webhook(secret).verify(BODY, signed)
        else:
            with pytest.raises(WebhookVerificationError):
                Webhook(secret).verify(BODY, signed)


def _now() -> int:
    """The receiver's library goes by the real clock."""
    return int(time.time() * 1_000)
