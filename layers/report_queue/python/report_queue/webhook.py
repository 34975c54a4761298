"""A webhook: where a tenant wants to be told of what has ended, what of, and how patient we are with it.

    enabled ──── 410, or nothing but failures for five days ────► disabled, with the reason
       ^                                                             │
       '──────────────────────────── enable ─────────────────────────'

Shapes and rules only: what is kept where is `webhook_store`'s to know, and what is sent `delivery`'s. The webhook whose
id is `callback` has no address of its own: it is what the callbacks of single jobs are signed by and logged under.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

EVENTS: Final = ("job.completed", "job.failed", "job.cancelled", "job.expired", "batch.ended")
PING: Final = "webhook.ping"  # by hand, to one
CALLBACK: Final = "callback"
MESSAGE: Final = r"msg_[0-9a-v]{26}"  # webhook-id
MOST: Final = 10  # of a tenant, beside the callback
OVERLAP_MS: Final = 24 * 3_600_000  # after a rotation both secrets sign
PATIENCE_MS: Final = 5 * 24 * 3_600_000  # of nothing but failures, until a webhook is disabled


@dataclass(frozen=True)
class Webhook:
    """One of a tenant's webhooks. Moments are ms."""

    id: str
    tenant: str
    url: str | None  # None: the callback
    events: tuple[str, ...]  # none: all
    description: str | None
    created_at: int
    failing_since: int | None = None  # the first failure after the last success
    disabled: str | None = None  # why; None: it is enabled

    def wants(self, event: str) -> bool:
        """Whether it is told of such an event."""
        return self.disabled is None and self.url is not None and (not self.events or event in self.events)

    def after(self, *, good: bool, gone: bool = False, at: int) -> Self:
        """What becomes of it by a try; `gone`: the receiver says that there is nothing any more."""
        if self.url is None:
            return self  # the callback leads to many receivers, and one of them says nothing of the others
        if gone:
            return replace(self, disabled="The receiver answered 410: there is nothing any more.")
        if good:
            return replace(self, failing_since=None)
        since = at if self.failing_since is None else self.failing_since
        if at - since >= PATIENCE_MS and self.disabled is None:
            days = PATIENCE_MS // 86_400_000
            return replace(self, failing_since=since, disabled=f"Nothing but failures for {days} days.")
        return replace(self, failing_since=since)

    def enabled(self) -> Self:
        """It is told again, of what ends from here on."""
        return replace(self, disabled=None, failing_since=None)

    def to_fields(self) -> dict[str, Any]:
        """JSON values."""
        return {name: value for name, value in vars(self).items() if name != "tenant"}

    @classmethod
    def of(cls, fields: Mapping[str, Any], *, tenant: str) -> Self:
        """What `to_fields` gave."""
        return cls(**{**fields, "events": tuple(fields["events"])}, tenant=tenant)


@dataclass(frozen=True)
class Secrets:
    """What a webhook's messages are signed by: the newest secret, and during a rotation the one before."""

    current: str
    before: str | None = None
    until: int = 0  # ms, the end of the one before

    def at(self, now: int) -> tuple[str, ...]:
        """Those that count."""
        return (self.current, self.before) if self.before and now < self.until else (self.current,)

    def rotated(self, secret: str, *, now: int) -> Self:
        """With a new one; the one before it signs too, for a day."""
        return replace(self, current=secret, before=self.current, until=now + OVERLAP_MS)
