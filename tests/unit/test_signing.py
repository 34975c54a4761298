"""What we sign is what a receiver's own library takes: the check is Standard Webhooks' implementation, not ours."""

import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from report_queue.signing import headers, secret_of
from report_queue.webhook import OVERLAP_MS, Secrets

NOW = int(time.time() * 1_000)
BODY = '{"type":"job.completed","data":{"name":"Zoë"}}'.encode()
OLD, NEW = secret_of(b"o" * 32), secret_of(b"n" * 32)


def test_a_receiver_takes_what_its_secret_signed_and_nothing_else() -> None:
    signed = headers("msg_1", BODY, at=NOW, secrets=[OLD])
    assert Webhook(OLD).verify(BODY, signed)["type"] == "job.completed"
    for body, changed, secret in (
        (BODY + b" ", signed, OLD),
        (BODY, signed, NEW),
        (BODY, signed | {"webhook-id": "msg_2"}, OLD),
        (BODY, signed | {"webhook-timestamp": str(NOW // 1_000 + 1)}, OLD),
        (BODY, headers("msg_1", BODY, at=NOW - 600_000, secrets=[OLD]), OLD),  # too long ago for it
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, changed)


def test_during_a_rotation_receivers_with_either_secret_take_it_and_after_it_only_the_new() -> None:
    secrets = Secrets(OLD).rotated(NEW, now=NOW)
    for at, secret, taken in (
        (NOW, OLD, True),
        (NOW, NEW, True),
        (NOW + OVERLAP_MS, OLD, False),
        (NOW + OVERLAP_MS, NEW, True),
    ):
        signed = headers("msg_1", BODY, at=NOW, secrets=secrets.at(at))
        if taken:
            Webhook(secret).verify(BODY, signed)
        else:
            with pytest.raises(WebhookVerificationError):
                Webhook(secret).verify(BODY, signed)
