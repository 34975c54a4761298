"""What changes make of the kept keys: from a secret to the next one. Pure: no clock, no chance, no AWS.

    {"pepper": …, "keys": {id: record}}  ── added | rotated | revoked ──►  the next one

A key that has expired is remembered for a month, so that a list can tell why a caller is refused, and then forgotten.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from report_queue import keys

Secret = dict[str, Any]

MOST_BYTES: Final = 65_536  # of a secret
_MONTH_MS: Final = 30 * 86_400_000


class Refused(Exception):
    """Nothing was changed; `str(error)` says why and what to do. It never holds a key."""


@dataclass(frozen=True)
class Key:
    """A key as it is kept: without what opens. Moments are ms; `created` is None for one made by other means."""

    id: str
    tenant: str
    scopes: tuple[str, ...]
    created: int | None
    expires: int | None

    def state(self, now: int) -> str:
        """In one word."""
        if self.expires is None:
            return "active"
        return "expiring" if now < self.expires else "expired"


@dataclass(frozen=True)
class Made:
    """A new key, for once with what opens."""

    key: str
    kept: Key


def read(text: str) -> Secret:
    """A secret as it is stored; raises Refused for what is none of ours."""
    try:
        secret = json.loads(text)
        bytes.fromhex(secret["pepper"])
        secret["keys"].items()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("the secret holds no keys of a report queue: is it the one that KeysSecret names?") from None
    return dict(secret)


def written(secret: Secret) -> str:
    """A secret as it is to be stored; raises Refused where it would not fit."""
    text = json.dumps(secret, separators=(",", ":"))
    if len(text) > MOST_BYTES:
        raise Refused(
            f"{len(secret['keys'])} keys are more than a secret holds ({MOST_BYTES:,} bytes): revoke some first"
        )
    return text


def listed(secret: Secret) -> list[Key]:
    """The kept keys, by tenant and age."""
    there = [_key(key_id, record) for key_id, record in secret["keys"].items()]
    return sorted(there, key=lambda key: (key.tenant, key.created or 0, key.id))


def added(
    secret: Secret, *, tenant: str, scopes: Iterable[str], entropy: bytes, now: int, lifetime: int
) -> tuple[Secret, Made]:
    """With a new key, good for `lifetime` ms from `now` on; 0: until it is revoked. Raises Refused."""
    try:
        key, key_id, record = keys.create(
            tenant,
            scopes,
            secret["pepper"],
            entropy=entropy,
            created=now,
            expires=now + lifetime if lifetime else None,
        )
    except ValueError as error:
        raise Refused(str(error)) from None
    if key_id in secret["keys"]:
        raise Refused("by chance the new key has the id of another: try again")
    return _with(secret, key_id, record, now=now), Made(key, _key(key_id, record))


def rotated(
    secret: Secret, key_id: str, *, overlap: int, entropy: bytes, now: int, lifetime: int | None
) -> tuple[Secret, tuple[Made, Key]]:
    """With a new key of the same tenant and scopes; the old one is good for `overlap` ms more, or less if it was to be.

    `lifetime` is the new key's. None means no end, and is Refused where the old one has one. Gives the new and the old.
    """
    old = _record(secret, key_id)
    ends = old.get("expires", now + overlap)
    if ends <= now and "expires" in old:
        raise Refused(f"{key_id} expired at {moment(ends)}: create a new key instead")
    if "expires" in old and lifetime is None:
        raise Refused(f"{key_id} expires at {moment(ends)}: say when its successor does, --expires 90d or never")
    old |= {"expires": min(ends, now + overlap)}
    changed, made = added(
        _with(secret, key_id, old, now=now),
        tenant=old["tenant"],
        scopes=old["scopes"],
        entropy=entropy,
        now=now,
        lifetime=lifetime or 0,
    )
    return changed, (made, _key(key_id, old))


def revoked(secret: Secret, key_id: str) -> tuple[Secret, Key]:
    """Without that key. Raises Refused where there is none."""
    record = _record(secret, key_id)
    left = {other: kept for other, kept in secret["keys"].items() if other != key_id}
    return secret | {"keys": left}, _key(key_id, record)


def moment(ms: int) -> str:
    """A moment as people and programs read it."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _with(secret: Secret, key_id: str, record: dict[str, Any], *, now: int) -> Secret:
    remembered = {other: kept for other, kept in secret["keys"].items() if kept.get("expires", now) > now - _MONTH_MS}
    return secret | {"keys": remembered | {key_id: record}}


def _record(secret: Secret, key_id: str) -> dict[str, Any]:
    if key_id not in secret["keys"]:
        raise Refused(f"there is no key {key_id!r}: a key's id is what stands between its underscores; see list")
    return dict(secret["keys"][key_id])


def _key(key_id: str, record: dict[str, Any]) -> Key:
    return Key(key_id, record["tenant"], tuple(record["scopes"]), record.get("created"), record.get("expires"))
