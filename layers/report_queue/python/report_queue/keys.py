"""API keys: how one is made, what is kept of it, and how a token is checked. Pure: where the secret is kept, who asks
and over which wire stand elsewhere (`functions/authorizer`).

    rq_<key id: 8 characters>_<secret: 32 or more>     all of [0-9a-v]

Kept is only the hash, in a secret of the form
{"pepper": hex, "keys": {"<key id>": {"hash": hex, "tenant": "acme", "scopes": ["submit", "read", …]}}},
where hash = HMAC-SHA-256(pepper, the whole key). A key has 160 random bits, so that a slow hash would add nothing.
A record may say when it was `created`, and when it `expires`: from that moment on the key is nobody's. Both are in ms.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

SCOPES: Final = ("submit", "read", "operate", "admin")

_KEY: Final = re.compile(r"rq_([0-9a-v]{8})_[0-9a-v]{32,128}")
_TENANT: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")  # stands in the store's keys and in the broker's index
_NOBODY: Final = "0" * 64  # no HMAC that anyone can find a key for


@dataclass(frozen=True)
class Principal:
    """Who asks: a tenant, by one of its keys, and what that key may do."""

    tenant: str
    key_id: str
    scopes: frozenset[str]


def create(
    tenant: str,
    scopes: Iterable[str],
    pepper: str,
    *,
    entropy: bytes,
    created: int | None = None,
    expires: int | None = None,
) -> tuple[str, str, dict[str, Any]]:
    """A new key of `entropy` (25 random bytes or more): the key, which nobody keeps, its id, and its record.

    Raises ValueError as `record_of` does. Without `expires` it is good until it is withdrawn.
    """
    if len(entropy) < 25:
        raise ValueError("entropy must be 25 bytes or more")
    key = f"rq_{_base32(entropy[:5])}_{_base32(entropy[5:])}"
    key_id, record = record_of(key, tenant=tenant, scopes=scopes, pepper=pepper)
    moments = {"created": created, "expires": expires}
    return key, key_id, record | {name: moment for name, moment in moments.items() if moment is not None}


def record_of(key: str, *, tenant: str, scopes: Iterable[str], pepper: str) -> tuple[str, dict[str, Any]]:
    """The id and the record of a key that exists; raises ValueError where key, tenant or scopes are not of the form."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise ValueError("a key has the form rq_<8 of 0-9a-v>_<32 or more of 0-9a-v>")
    if not _TENANT.fullmatch(tenant):
        raise ValueError("a tenant is 1 to 63 lower-case letters, digits and hyphens, and starts with no hyphen")
    granted = list(scopes)
    if unknown := sorted(set(granted) - set(SCOPES)):
        raise ValueError(f"no such scopes: {', '.join(unknown)}; there are {', '.join(SCOPES)}")
    return match[1], {"hash": _hash(key, pepper), "tenant": tenant, "scopes": granted}


def verify(token: str, secret_json: str, *, now: int) -> Principal | None:
    """Whose token this is at that moment (ms), or None: malformed, unknown or wrong look alike, and take the same time.

    Raises ValueError or KeyError when the secret itself is broken: that is no reason to let anyone in, or to say no.
    """
    secret = json.loads(secret_json)
    match = _KEY.fullmatch(token)
    if match is None:
        return None
    record = secret["keys"].get(match[1])
    kept = record["hash"] if record else _NOBODY  # an unknown id is compared too, so that time does not tell ids
    if not hmac.compare_digest(_hash(token, secret["pepper"]), kept) or not record:
        return None
    if now >= record.get("expires", now + 1):  # only who has the whole key learns that it was good once
        return None
    return Principal(tenant=record["tenant"], key_id=match[1], scopes=frozenset(record["scopes"]))


def _hash(key: str, pepper: str) -> str:
    return hmac.new(bytes.fromhex(pepper), key.encode("ascii"), hashlib.sha256).hexdigest()


def _base32(octets: bytes) -> str:
    return base64.b32hexencode(octets).decode("ascii").rstrip("=").lower()
