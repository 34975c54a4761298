"""How patient we are: when a delivery is tried again, when it is given up, and when its webhook is disabled."""

from dataclasses import replace

import pytest

from report_queue.delivery import WAITS_MS, Delivery, Outcome, Reply
from report_queue.webhook import PATIENCE_MS, Webhook

NEW = Delivery("msg_1", "acme", "w", "job.completed", "{}", created_at=0, due_at=0)
DOWN = Reply(503, "The receiver answered 503.")
DAY = 86_400_000


def test_a_delivery_is_tried_over_three_days_each_time_later_and_then_given_up() -> None:
    delivery, at, waits = NEW, 0, []
    while delivery.due_at is not None:
        delivery = delivery.after(DOWN, at=at, took_ms=0, jitter=0)
        waits.append((delivery.due_at or at) - at)
        at = delivery.due_at or at
    assert waits == [*WAITS_MS, 0]
    assert waits[:-1] == sorted(waits[:-1])
    assert (delivery.outcome, len(delivery.tries)) == (Outcome.FAILED, len(WAITS_MS) + 1)
    assert 3 * DAY < at < 4 * DAY


def test_tries_are_spread_by_a_fifth_so_that_a_receiver_that_comes_back_is_not_overrun() -> None:
    earliest, latest = (NEW.after(DOWN, at=0, took_ms=0, jitter=jitter).due_at for jitter in (-1, 1))
    assert (earliest, latest) == (4_000, 6_000)


@pytest.mark.parametrize(("asked_s", "due_s"), [(60, 60), (1, 5), (10**6, 86_400), (None, 5)])
def test_what_a_receiver_asks_for_is_heeded_up_to_a_day(asked_s: int | None, due_s: int) -> None:
    assert NEW.after(replace(DOWN, retry_after_s=asked_s), at=0, took_ms=0, jitter=0).due_at == due_s * 1_000


def test_a_receiver_that_is_gone_is_asked_no_more_and_its_webhook_is_disabled() -> None:
    assert NEW.after(Reply(410, "The receiver answered 410."), at=0, took_ms=0, jitter=0).outcome is Outcome.FAILED
    webhook = Webhook("w", "acme", "https://example.com/", (), None, 0)
    assert webhook.after(good=False, gone=True, at=0).disabled
    callback = replace(webhook, url=None)
    assert callback.after(good=False, gone=True, at=0) == callback


def test_a_webhook_that_only_fails_for_days_is_disabled_and_one_success_begins_anew() -> None:
    webhook = Webhook("w", "acme", "https://example.com/", (), None, 0)
    failing = webhook.after(good=False, at=1_000)
    assert failing.after(good=False, at=999 + PATIENCE_MS).disabled is None
    assert failing.after(good=True, at=2_000).after(good=False, at=1_000 + PATIENCE_MS).disabled is None
    disabled = failing.after(good=False, at=1_000 + PATIENCE_MS)
    assert disabled.disabled == "Nothing but failures for 5 days."
    assert not disabled.wants("job.completed")
    assert disabled.enabled() == webhook
