"""Trying deliveries: now, by hand, and each minute those that are due.

    due ──► claim (the one who moves its moment has it) ──► POST ──► delivered, failed, or due again later

A webhook's deliveries are tried one after the other, several webhooks' at once, and after a failure no more of that
webhook's until the next minute: a receiver that is away costs one try a minute, however much waits for it, and keeps no
other waiting.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from report_queue.announce import CLAIM_MS
from report_queue.delivery import Delivery, Outcome
from report_queue.delivery_store import Kept, Pointer
from report_queue.errors import StoreAway, whereabouts
from report_queue.signing import headers
from report_queue.webhook import Webhook
from report_queue.wiring import Outside

RESERVE_MS: Final = 25_000  # of the function's time: one try, and what is written about it
_AT_ONCE: Final = 16  # webhooks; each waits for its receiver most of the time
_PAGES: Final = 5  # of pointers that one minute reads, 1,000 each
_MINUTE_MS: Final = 50_000  # what is due within it is waited for

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tried:
    """What tries came to."""

    outcomes: Counter[Outcome]  # WAITING: it failed, and is due again
    waiting: int = 0  # deliveries that are due now or later, as far as they were read
    left: int = 0  # of these, due and not come to for want of time

    @property
    def delivered(self) -> int:
        """Tries that a receiver took."""
        return self.outcomes[Outcome.DELIVERED]

    @property
    def given_up(self) -> int:
        """Deliveries that are tried no more."""
        return self.outcomes[Outcome.FAILED]

    @property
    def failed(self) -> int:
        """Tries that came to nothing, the last ones among them."""
        return self.outcomes[Outcome.WAITING] + self.given_up


def try_new(outside: Outside, kept: Sequence[Kept]) -> Tried:
    """The first try of deliveries that we made, and so have. A webhook that is failing waits for the minute."""
    with ThreadPoolExecutor(max(1, min(_AT_ONCE, len(kept)))) as others:
        tried = others.map(lambda one: _guarded(lambda: _send(outside, one, patient=True), one.delivery.place), kept)
        return Tried(Counter(one.outcome for one in tried if one))


def try_due(outside: Outside, *, enough: Callable[[], bool]) -> Tried:
    """Try what is due, and what comes due within the minute; `enough`, asked before each, says that time is up."""
    until = outside.now_ms() + _MINUTE_MS
    outcomes: Counter[Outcome] = Counter()
    failing: set[str] = set()  # webhooks that a try of this minute failed at
    while True:
        pointers = _pointers(outside)
        now = outside.now_ms()
        due = [one for one in pointers if one.at <= now and one.webhook not in failing]
        left = _round(outside, due, outcomes, failing, enough=enough)
        later = [one.at for one in pointers if one.at > now and one.webhook not in failing]
        if left or not later or later[0] >= until or enough():
            return Tried(outcomes, waiting=len(pointers), left=left)
        outside.sleep(max(later[0] - outside.now_ms(), 1) / 1_000)


def try_again(outside: Outside, kept: Kept) -> Delivery | None:
    """Once more, by hand, whatever became of it before; None where somebody is trying it this moment."""
    mine = outside.deliveries.change(kept, kept.delivery.again(until=outside.now_ms() + CLAIM_MS))
    return _send(outside, mine) if mine else None


def try_first(outside: Outside, delivery: Delivery) -> Delivery | None:
    """A new delivery, at once: a ping."""
    mine = outside.deliveries.add(delivery)
    return _send(outside, mine) if mine else None


def _pointers(outside: Outside) -> list[Pointer]:
    found: list[Pointer] = []
    for _ in range(_PAGES):
        page = outside.deliveries.pointers(after=found[-1].key if found else "")
        found += page
        if len(page) < 1_000 or page[-1].at > outside.now_ms():
            break
    return found


def _round(
    outside: Outside,
    due: Iterable[Pointer],
    outcomes: Counter[Outcome],
    failing: set[str],
    *,
    enough: Callable[[], bool],
) -> int:
    """Try these; how many were left for want of time."""
    by_webhook: dict[str, list[Pointer]] = {}
    for pointer in due:
        by_webhook.setdefault(pointer.webhook, []).append(pointer)

    def of_one(pointers: list[Pointer]) -> tuple[list[Delivery], int]:
        tried: list[Delivery] = []
        for place, pointer in enumerate(pointers):
            if enough():
                return tried, len(pointers) - place
            after = _guarded(lambda pointer=pointer: _claim_and_send(outside, pointer), pointer.place)  # type: ignore[misc]
            tried += [after] if after else []
            if after and after.outcome is not Outcome.DELIVERED:
                break
        return tried, 0

    left = 0
    with ThreadPoolExecutor(_AT_ONCE) as others:
        for webhook, (tried, kept_waiting) in zip(by_webhook, others.map(of_one, by_webhook.values()), strict=True):
            outcomes.update(one.outcome for one in tried)
            left += kept_waiting
            if any(one.outcome is not Outcome.DELIVERED for one in tried):
                failing.add(webhook)
    return left


def _claim_and_send(outside: Outside, pointer: Pointer) -> Delivery | None:
    kept, now = outside.deliveries.get(pointer.place), outside.now_ms()
    if kept is None or kept.delivery.due_at != pointer.at:
        outside.deliveries.void(pointer)  # of a crash, or someone was quicker
        return None
    mine = outside.deliveries.change(kept, kept.delivery.claimed(until=now + CLAIM_MS))
    return _send(outside, mine) if mine else None


def _send(outside: Outside, kept: Kept, *, patient: bool = False) -> Delivery | None:
    """One try of a delivery that is ours; `patient`: none at a webhook that is failing, whose turn is the minute's."""
    delivery, at = kept.delivery, outside.now_ms()
    webhook = outside.webhooks.find(tenant=delivery.tenant, id=delivery.webhook)
    secrets = outside.webhooks.secrets(webhook) if webhook else None
    if webhook is None or secrets is None or webhook.disabled:
        why = "The webhook is disabled." if webhook and webhook.disabled else "The webhook was deleted."
        return _kept(outside, kept, delivery.given_up(why, at=at))
    if patient and webhook.failing_since is not None:
        return None
    body = delivery.body.encode()
    signed = headers(delivery.id, body, at=at, secrets=secrets.at(at))
    reply = outside.post(
        delivery.url or webhook.url or "",
        body,
        {"Content-Type": "application/json", "User-Agent": "report-queue", **signed},
    )
    took = max(0, outside.now_ms() - at)
    after = delivery.after(reply, at=at, took_ms=took, jitter=outside.jitter())
    good = reply.fault is None
    if not good or webhook.failing_since is not None:
        _tell_webhook(outside, webhook, good=good, gone=reply.status == 410, at=at)
    known = {"tenant": delivery.tenant, "webhook": delivery.webhook, "message_id": delivery.id, "status": reply.status}
    _log.info("delivered" if good else "not delivered", extra=known | {"failures": after.failures, "ms": took})
    return _kept(outside, kept, after)


def _tell_webhook(outside: Outside, webhook: Webhook, *, good: bool, gone: bool, at: int) -> None:
    after = outside.webhooks.change(webhook, lambda one: one.after(good=good, gone=gone, at=at))
    if after and after.disabled and not webhook.disabled:
        _log.warning("disabled", extra={"tenant": webhook.tenant, "webhook": webhook.id, "gone": gone})


def _kept(outside: Outside, kept: Kept, after: Delivery) -> Delivery:
    outside.deliveries.change(kept, after)  # where it was redelivered by hand meanwhile, that stands
    return after


def _guarded(attempt: Callable[[], Delivery | None], place: str) -> Delivery | None:
    """One delivery whose store is away, or that cannot be read, keeps no other waiting: it stays due."""
    try:
        return attempt()
    except StoreAway as error:
        _log.warning("delivery: %s", error)
    except (KeyError, TypeError, ValueError) as error:
        _log.error("delivery %s: it cannot be read (%s)", place, whereabouts(error))
    return None
