"""Signatures of webhooks, as Standard Webhooks has them (standardwebhooks.com): a receiver's library checks them.

    webhook-signature: v1,<base64 of HMAC-SHA256(secret, "<webhook-id>.<webhook-timestamp>.<body>")> …

There is one for each secret that counts, so that a receiver may change to a new one in its own time. It knows nothing
of webhooks beyond this.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

_PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32


def secret_of(entropy: bytes) -> str:
    """A secret as receivers take it."""
    if len(entropy) != SECRET_BYTES:
        raise ValueError(f"entropy must be {SECRET_BYTES} bytes")
    return _PREFIX + base64.b64encode(entropy).decode()


def headers(id: str, body: bytes, *, at: int, secrets: Sequence[str]) -> dict[str, str]:  # noqa: A002 (the word of the standard)
    """The three headers of a message that is sent `at` that moment (ms)."""
    seconds = str(at // 1_000)
    signed = f"{id}.{seconds}.".encode() + body
    signatures = (hmac.new(_key(secret), signed, hashlib.sha256).digest() for secret in secrets)
    return {
        "webhook-id": id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join("v1," + base64.b64encode(one).decode() for one in signatures),
    }


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
