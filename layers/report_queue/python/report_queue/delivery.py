"""A delivery: one message to one receiver, its tries, and when the next one is due.

    waiting ── 2xx ──► delivered        waiting ── the last try failed, or the webhook is gone ──► failed
       ^  '── another failure: later ──┐                                                             │
       '───────────────────────────────┴──────────────────── redeliver, by hand ─────────────────────'

The schedule is Standard Webhooks' own. A message is made once, from the receipt, and is the same in each try. Its id
follows from webhook and job, so that whoever makes it again makes the same one. Shapes and rules only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Self

_S, _M, _H = 1_000, 60_000, 3_600_000
WAITS_MS: Final = (5 * _S, 5 * _M, 30 * _M, 2 * _H, 5 * _H, 10 * _H, 14 * _H, 20 * _H, 24 * _H)
_LONGEST_MS: Final = 24 * _H  # that a receiver may ask us to wait
_JITTER: Final = 0.2
_KEPT_TRIES: Final = 30  # redeliveries add to them
_END: Final = 9_999_999_999_999  # ms: later moments sort first


class Outcome(StrEnum):
    """What has become of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True)
class Reply:
    """What came of one try. `fault` says in words why it counts as none; None: the receiver has it."""

    status: int | None  # of HTTP; None: there was no answer
    fault: str | None
    retry_after_s: int | None = None  # what the receiver asks for


@dataclass(frozen=True)
class Try:
    """One try, as the log shows it."""

    at: int  # ms
    took_ms: int
    status: int | None
    fault: str | None


@dataclass(frozen=True)
class Delivery:
    """One message to one receiver. Moments are ms."""

    id: str  # webhook-id
    tenant: str
    webhook: str
    event: str
    body: str  # as it is sent, and signed
    created_at: int
    due_at: int | None  # the next try, or until when somebody else is trying; None: there is none
    url: str | None = None  # a callback's own
    outcome: Outcome = Outcome.WAITING
    failures: int = 0  # of this round of tries
    tries: tuple[Try, ...] = ()

    @property
    def place(self) -> str:
        """Its place in the store, below tenant and webhook: the newest sort first."""
        return f"{_END - self.created_at:013d}-{self.id}"

    def claimed(self, *, until: int) -> Self:
        """Somebody tries it, and nobody else does until then."""
        return replace(self, due_at=until)

    def after(self, reply: Reply, *, at: int, took_ms: int, jitter: float) -> Self:
        """What becomes of it by a try; `jitter` is from -1 to 1."""
        tried = replace(self, tries=(*self.tries, Try(at, took_ms, reply.status, reply.fault))[-_KEPT_TRIES:])
        if reply.fault is None:
            return replace(tried, outcome=Outcome.DELIVERED, due_at=None)
        if reply.status == 410 or self.failures >= len(WAITS_MS):
            return replace(tried, outcome=Outcome.FAILED, due_at=None, failures=self.failures + 1)
        wait = round(WAITS_MS[self.failures] * (1 + _JITTER * jitter))
        asked = min((reply.retry_after_s or 0) * 1_000, _LONGEST_MS)
        return replace(tried, due_at=at + took_ms + max(wait, asked), failures=self.failures + 1)

    def given_up(self, why: str, *, at: int) -> Self:
        """There is nobody to send it to any more."""
        tried = (*self.tries, Try(at, 0, None, why))[-_KEPT_TRIES:]
        return replace(self, outcome=Outcome.FAILED, due_at=None, tries=tried)

    def again(self, *, until: int) -> Self:
        """Once more, by hand: with all of its tries ahead; the first of them until then is whoever asks for it."""
        return replace(self, outcome=Outcome.WAITING, due_at=until, failures=0)

    def to_fields(self) -> dict[str, Any]:
        """JSON values."""
        return {**vars(self), "tries": [vars(one) for one in self.tries]}

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """What `to_fields` gave."""
        tries = tuple(Try(**one) for one in fields["tries"])
        return cls(**{**fields, "outcome": Outcome(fields["outcome"]), "tries": tries})
