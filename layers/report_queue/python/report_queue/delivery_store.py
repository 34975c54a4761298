"""The deliveries in S3, and when which is due: the minute reads only what is.

    deliveries/<tenant>/<webhook>/<place>.json     the delivery: message, tries, when the next one is due
    due/<moment, ms>/<tenant>/<webhook>/<place>    a pointer to it, in the order of time

A pointer says nothing but its key, and where the delivery says otherwise it is void. So a pointer is always there
before the delivery that is due then, and goes after it: a crash in between leaves a void one, and no delivery without.
Whoever changes a delivery's moment first has it: that is how of two only one tries. It knows nothing of HTTP. Every
method raises `StoreAway` where S3 does not answer or refuses.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from report_queue.bucket import Bucket
from report_queue.delivery import Delivery

_JSON: Final = "application/json"
_POINTER: Final = re.compile(r"due/(\d{13})/((?:[a-z0-9][a-z0-9-]{0,62})/(?:[0-9a-v]{26}|callback)/\d{13}-\w+)")


@dataclass(frozen=True)
class Pointer:
    """Where a delivery is that may be due."""

    at: int  # ms
    place: str  # tenant, webhook and place

    @property
    def webhook(self) -> str:
        """Whose it is: tenant and webhook."""
        return self.place.rpartition("/")[0]

    @property
    def key(self) -> str:
        """Its own."""
        return f"due/{self.at:013d}/{self.place}"


@dataclass(frozen=True)
class Kept:
    """A delivery as it was read, and the version that this was."""

    delivery: Delivery
    etag: str


class DeliveryStore:
    """The deliveries of all tenants in one bucket."""

    def __init__(self, s3_client: Any, *, bucket: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._bucket = Bucket(s3_client, bucket, sleep)

    def add(self, delivery: Delivery) -> Kept | None:
        """Keep a new delivery; None where it is there already, whatever has become of it."""
        self._point(delivery)
        etag = self._bucket.put(_key(_place(delivery)), _json(delivery), content_type=_JSON, marks={})
        return Kept(delivery, etag) if etag else None

    def get(self, place: str) -> Kept | None:
        """The delivery at a place (tenant/webhook/place); None where there is none."""
        found = self._bucket.read(_key(place))
        return Kept(Delivery.of(json.loads(found[0])), found[1]) if found else None

    def find(self, *, tenant: str, webhook: str, id: str, among: int = 1_000) -> Kept | None:  # noqa: A002 (the word of the API)
        """A webhook's delivery by its id, among its newest; None where there is none."""
        for place in self.places(tenant=tenant, webhook=webhook, limit=among):
            if place.endswith(f"-{id}"):
                return self.get(place)
        return None

    def places(self, *, tenant: str, webhook: str, limit: int) -> list[str]:
        """Where a webhook's newest deliveries are, the newest first."""
        keys = self._bucket.page(f"deliveries/{tenant}/{webhook}/", after="", limit=limit)
        return [key.removeprefix("deliveries/").removesuffix(".json") for key in keys]

    def change(self, kept: Kept, changed: Delivery) -> Kept | None:
        """Keep what became of a delivery; None where someone else was quicker."""
        before = kept.delivery.due_at
        if changed.due_at is not None and changed.due_at != before:
            self._point(changed)
        key = _key(_place(changed))
        etag = self._bucket.put(key, _json(changed), content_type=_JSON, marks={}, replaces=kept.etag)
        if etag is None:
            return None
        if before is not None and before != changed.due_at:
            self.void(Pointer(before, _place(changed)))
        return Kept(changed, etag)

    def pointers(self, *, after: str = "", limit: int = 1_000) -> list[Pointer]:
        """One page of what is due, the earliest first; empty at the end."""
        keys = self._bucket.page("due/", after=after, limit=limit)
        return [Pointer(int(match[1]), match[2]) for match in map(_POINTER.fullmatch, keys) if match]

    def void(self, pointer: Pointer) -> None:
        """The pointer says nothing any more."""
        self._bucket.remove(pointer.key)

    def _point(self, delivery: Delivery) -> None:
        assert delivery.due_at is not None, "a delivery that is not due has no pointer"
        self._bucket.put(Pointer(delivery.due_at, _place(delivery)).key, b"", content_type="text/plain", marks={})


def _place(delivery: Delivery) -> str:
    return f"{delivery.tenant}/{delivery.webhook}/{delivery.place}"


def _key(place: str) -> str:
    return f"deliveries/{place}.json"


def _json(delivery: Delivery) -> bytes:
    return json.dumps(delivery.to_fields(), ensure_ascii=False).encode()
