"""The webhooks in S3, and apart from them what they are signed by: whoever may see the one need not see the other.

    webhooks/<tenant>.json         all of a tenant's webhooks; in the marks how many, so that a HEAD tells whether any
    signing/<tenant>/<id>.json     the secrets of one

A webhook's secret is there before it is, and goes after it. Every write is conditional on what was read. It knows
nothing of deliveries. Every method raises `StoreAway` where S3 does not answer or refuses.
"""

import json
import time
from collections.abc import Callable
from typing import Any, Final

from report_queue.bucket import Bucket
from report_queue.webhook import CALLBACK, Secrets, Webhook

_JSON: Final = "application/json"
_LOOKS: Final = 5  # as often as we look again where someone else was quicker; each time they got somewhere

Change = Callable[[tuple[Webhook, ...]], tuple[Webhook, ...]]


class WebhookStore:
    """The webhooks of all tenants in one bucket."""

    def __init__(self, s3_client: Any, *, bucket: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._bucket = Bucket(s3_client, bucket, sleep)

    def all(self, tenant: str) -> tuple[Webhook, ...]:
        """A tenant's webhooks, in the order of their making."""
        return self._read(tenant)[0]

    def find(self, *, tenant: str, id: str) -> Webhook | None:  # noqa: A002 (the word of the API)
        """One of them; None where there is none."""
        return next((one for one in self.all(tenant) if one.id == id), None)

    def add(self, webhook: Webhook, secret: str, *, most: int) -> bool:
        """Keep a new webhook with its secret; False where the tenant has as many as it may."""
        self._put(_signing(webhook.tenant, webhook.id), Secrets(secret), replaces=None)

        def with_it(there: tuple[Webhook, ...]) -> tuple[Webhook, ...]:
            full = sum(one.id != CALLBACK for one in there) >= most
            return there if full or webhook.id in {one.id for one in there} else (*there, webhook)

        if webhook in self._change(webhook.tenant, with_it):
            return True
        self._forget(_signing(webhook.tenant, webhook.id))
        return False

    def ensure(self, webhook: Webhook) -> None:
        """Keep a webhook that has its secret, where there is none of that id."""
        self._change(
            webhook.tenant,
            lambda there: there if webhook.id in {one.id for one in there} else (*there, webhook),
        )

    def change(self, webhook: Webhook, by: Callable[[Webhook], Webhook]) -> Webhook | None:
        """Change a webhook, however often others do at the same time; None where it is gone."""
        after = self._change(
            webhook.tenant, lambda there: tuple(by(one) if one.id == webhook.id else one for one in there)
        )
        return next((one for one in after if one.id == webhook.id), None)

    def remove(self, webhook: Webhook) -> None:
        """Forget a webhook, and then its secrets."""
        self._change(webhook.tenant, lambda there: tuple(one for one in there if one.id != webhook.id))
        self._forget(_signing(webhook.tenant, webhook.id))

    def secrets(self, webhook: Webhook) -> Secrets | None:
        """What its messages are signed by; None where it was removed just now."""
        body = self._bucket.get(_signing(webhook.tenant, webhook.id))
        return Secrets(**json.loads(body)) if body else None

    def rotate(self, webhook: Webhook, secret: str, *, now: int) -> Secrets:
        """A new secret; the one before signs too, for a day."""
        key = _signing(webhook.tenant, webhook.id)
        for _ in range(_LOOKS):
            found = self._bucket.read(key)
            after = Secrets(**json.loads(found[0])).rotated(secret, now=now) if found else Secrets(secret)
            if self._put(key, after, replaces=found[1] if found else None):
                return after
        raise self._bucket.unsteady("rotate", key)

    def _read(self, tenant: str) -> tuple[tuple[Webhook, ...], str | None]:
        found = self._bucket.read(_key(tenant))
        if found is None:
            return (), None
        return tuple(Webhook.of(fields, tenant=tenant) for fields in json.loads(found[0])["webhooks"]), found[1]

    def _change(self, tenant: str, by: Change) -> tuple[Webhook, ...]:
        for _ in range(_LOOKS):
            there, etag = self._read(tenant)
            after = by(there)
            if after == there:
                return after
            body = json.dumps({"webhooks": [one.to_fields() for one in after]}, ensure_ascii=False).encode()
            marks = {"webhooks": str(len(after))}
            if self._bucket.put(_key(tenant), body, content_type=_JSON, marks=marks, replaces=etag):
                return after
        raise self._bucket.unsteady("change", _key(tenant))

    def _put(self, key: str, secrets: Secrets, *, replaces: str | None) -> bool:
        body = json.dumps(vars(secrets)).encode()
        return self._bucket.put(key, body, content_type=_JSON, marks={}, replaces=replaces) is not None

    def _forget(self, key: str) -> None:
        there = self._bucket.head(key)
        if there:
            self._bucket.delete(key, etag=there.etag)


def _key(tenant: str) -> str:
    return f"webhooks/{tenant}.json"


def _signing(tenant: str, id: str) -> str:  # noqa: A002 (the word of the API)
    return f"signing/{tenant}/{id}.json"
