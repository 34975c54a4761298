"""A job's timeline: every arrow that it took, with its moment, the attempt, the worker and why."""

import pytest

from queue_words import MINUTE, SECOND, T0, claim, claim_one, completed, failed, found, new_job, worker
from report_queue.job import Event, Verdict
from report_queue.queue import Queue


def last(queue: Queue) -> Event:
    return found(queue).events[-1]


def test_a_job_that_has_just_come_has_no_timeline(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    assert found(any_queue).events == ()


def test_a_whole_life_is_told_in_order(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", due_at=T0 + SECOND), now=T0)
    any_queue.promote(now=T0 + SECOND)
    first = claim_one(any_queue, now=T0 + 2 * SECOND)
    any_queue.fail(worker(), failed(first), now=T0 + 3 * SECOND)
    any_queue.promote_now("a", now=T0 + 4 * SECOND)
    claim_one(any_queue, by=worker("w2"), now=T0 + 5 * SECOND)
    any_queue.requeue(now=T0 + MINUTE)
    third = claim_one(any_queue, by=worker("w3"), now=T0 + MINUTE)
    any_queue.complete(worker("w3"), completed(third), now=T0 + MINUTE + 1)
    assert found(any_queue).events == (
        Event("promote", T0 + SECOND, 0, None, None, None),
        Event("claim", T0 + 2 * SECOND, 1, "w1", None, None),
        Event("fail", T0 + 3 * SECOND, 1, "w1", "render.timeout", "it took too long"),
        Event("promote", T0 + 4 * SECOND, 1, "w1", "by hand", None),
        Event("claim", T0 + 5 * SECOND, 2, "w2", None, None),
        Event("requeue", T0 + MINUTE, 2, "w2", "stalled", None),
        Event("claim", T0 + MINUTE, 3, "w3", None, None),
        Event("complete", T0 + MINUTE + 1, 3, "w3", None, None),
    )


def test_a_cancel_says_why(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    assert any_queue.cancel("a", reason="replaced", message="by a later one", now=T0 + 1) is Verdict.CANCELLED
    assert last(any_queue) == Event("cancel", T0 + 1, 0, None, "replaced", None)
    job = found(any_queue)
    assert (job.reason, job.message) == ("replaced", "by a later one")


def test_a_cancel_of_a_running_job_and_its_retry_are_told(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    claim_one(any_queue)
    any_queue.cancel("a", now=T0 + 1)
    any_queue.retry("a", round=1, now=T0 + 2)
    assert found(any_queue).events[1:] == (
        Event("cancel", T0 + 1, 1, "w1", None, None),
        Event("retry", T0 + 2, 1, "w1", None, None),
    )


def test_an_expiry_is_told(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", expires_at=T0 + 1), now=T0)
    any_queue.expire(now=T0 + 1)
    assert last(any_queue) == Event("expire", T0 + 1, 0, None, "expired", None)


def test_the_last_stall_of_too_many_is_told_too(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    for stall in range(4):
        claim(any_queue, now=T0 + stall * MINUTE)
        any_queue.requeue(now=T0 + stall * MINUTE + 30 * SECOND)
    assert [event.verb for event in found(any_queue).events] == ["claim", "requeue"] * 4


def test_the_last_fifty_are_kept(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    for moment in range(40):
        claim(any_queue, now=T0 + moment)
        any_queue.cancel("a", now=T0 + moment)
        any_queue.retry("a", round=moment + 1, now=T0 + moment)
    events = found(any_queue).events
    assert len(events) == 50
    assert [event.verb for event in events[-3:]] == ["claim", "cancel", "retry"]
    assert (events[0].at, events[-1].at) == (T0 + 23, T0 + 39)  # of 120, the first 70 are forgotten


@pytest.mark.parametrize("letter", ["é", "€", "𝄞"])
def test_a_long_message_is_cut_between_its_letters(any_queue: Queue, letter: str) -> None:
    any_queue.enqueue(new_job("a", attempts=1), now=T0)
    message = "x" + 400 * letter
    any_queue.fail(worker(), failed(claim_one(any_queue), message=message), now=T0)
    said = last(any_queue).message
    assert said
    assert message.startswith(said)
    assert 296 < len(said.encode()) <= 300
    assert found(any_queue).message == message
