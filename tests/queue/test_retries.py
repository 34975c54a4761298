"""Retries: how long a job waits before one, how many it has, and that a storm of them is spread."""

import random
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace

import pytest

from queue_words import MINUTE, SECOND, T0, claim, claim_one, failed, found, new_job, new_jobs, worker
from report_queue.job import Backoff, Job, State, Verdict
from report_queue.queue import Queue


def fail_again(queue: Queue, job: Job) -> Job:
    """The job starts when it is due and fails."""
    (lease,) = claim(queue, now=job.moment)
    queue.fail(worker(), failed(lease), now=job.moment)
    return found(queue, job.id)


def waits(queue: Queue, number: int) -> list[int]:
    """How long the only job waits before each of its retries, in ms."""
    job, times = found(queue), []
    for _ in range(number):
        failed_at = job.moment
        job = fail_again(queue, job)
        times.append(job.moment - failed_at)
    return times


def test_a_fixed_backoff_stays_the_same(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", attempts=5, backoff=Backoff("fixed", 2_000, 0)), now=T0)
    assert waits(any_queue, 4) == [2_000] * 4


def test_an_exponential_backoff_doubles(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", attempts=6, backoff=Backoff("exponential", 1_000, 0)), now=T0)
    assert waits(any_queue, 5) == [1_000, 2_000, 4_000, 8_000, 16_000]


def test_a_backoff_grows_no_longer_than_its_limit(queue_with: Callable[..., Queue]) -> None:
    queue = queue_with(backoff_limit_ms=3_000)
    queue.enqueue(new_job("a", attempts=10, backoff=Backoff("exponential", 1_000, 0)), now=T0)
    assert waits(queue, 5) == [1_000, 2_000, 3_000, 3_000, 3_000]


def test_jitter_only_adds_and_no_more_than_its_share(any_queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([0, 0.5, 0.999])
    monkeypatch.setattr("report_queue.queue.random", lambda: next(drawn))
    any_queue.enqueue(new_job("a", attempts=5, backoff=Backoff("fixed", 1_000, 0.4)), now=T0)
    assert waits(any_queue, 3) == [1_000, 1_200, 1_399]


def test_a_job_without_a_backoff_of_its_own_has_the_queues(queue_with: Callable[..., Queue]) -> None:
    queue = queue_with(backoff_ms=7_000, backoff_jitter=0)
    queue.enqueue(new_job("a"), now=T0)
    assert waits(queue, 2) == [7_000, 14_000]


def test_a_job_has_as_many_attempts_as_it_asks_for(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", attempts=4, backoff=Backoff("fixed", 1_000, 0)), now=T0)
    waits(any_queue, 3)
    job = fail_again(any_queue, found(any_queue))
    assert (job.state, job.failures, job.attempt) == (State.FAILED, 4, 4)


def test_an_outage_costs_no_attempt_and_a_permanent_error_all(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", attempts=2), now=T0)
    outage = replace(failed(claim_one(any_queue)), blameless=True)
    assert any_queue.fail(worker(), outage, now=T0) is Verdict.DELAYED
    assert found(any_queue).failures == 0
    (lease,) = claim(any_queue, now=found(any_queue).moment)
    assert any_queue.fail(worker(), failed(lease, permanent=True), now=T0) is Verdict.FAILED


def test_a_retry_by_hand_keeps_the_history_and_begins_the_budgets_anew(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", attempts=1, tags=("monthly",), priority=7), now=T0)
    any_queue.fail(worker(), failed(claim_one(any_queue)), now=T0 + 1)
    any_queue.retry("a", round=1, now=T0 + 2)
    job = found(any_queue)
    assert [(event.verb, event.at) for event in job.events] == [("claim", T0), ("fail", T0 + 1), ("retry", T0 + 2)]
    assert (job.failures, job.attempt, job.round, job.priority, job.tags) == (0, 1, 1, 7, ("monthly",))
    assert (job.reason, job.message) == (None, None)
    any_queue.fail(worker(), failed(claim_one(any_queue, call=1)), now=T0 + 3)
    assert [event.verb for event in found(any_queue).events] == ["claim", "fail", "retry", "claim", "fail"]


def test_a_retried_job_is_in_no_group_of_errors(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", attempts=1), now=T0)
    any_queue.fail(worker(), failed(claim_one(any_queue)), now=T0)
    assert len(any_queue.groups("acme")) == 1
    any_queue.retry("a", round=1, now=T0)
    assert any_queue.groups("acme") == ()


@pytest.mark.parametrize("order", ["as drawn", "ascending", "descending"])
def test_a_thousand_that_fail_at_once_come_back_at_most_so_many_in_any_second(any_queue: Queue, order: str) -> None:
    any_queue.enqueue(*new_jobs(1_000), now=T0)
    leases = claim(any_queue, 1_000)
    dice = random.Random(1)
    jitters = [dice.random() for _ in leases]
    if order != "as drawn":
        jitters.sort(reverse=order == "descending")
    drawn = iter(jitters)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("report_queue.queue.random", lambda: next(drawn))
        reply = any_queue.claim(worker(), call=1, free=0, finished=[failed(lease) for lease in leases], now=T0)
    assert set(reply.verdicts) == {Verdict.DELAYED}
    due = sorted(job.moment for job in any_queue.find(*(lease.id for lease in leases)) if job)
    assert len(due) == 1_000
    assert due[0] >= T0 + 5 * SECOND
    assert max(bisect_left(due, moment + SECOND) - position for position, moment in enumerate(due)) <= 50
    assert due[-1] <= T0 + 2 * MINUTE  # and not for ever


# Who starts it.


def leaves(queue: Queue, name: str = "w1", *, call: int, now: int) -> tuple[bool, int | None]:
    """Whether a worker that holds nothing goes, and else when it asks again."""
    reply = queue.claim(worker(name), call=call, free=2, leave=True, now=now)
    assert reply.leases == ()
    return reply.left, reply.again_at


def test_a_worker_stays_for_a_retry_that_is_due_soon(queue_with: Callable[..., Queue]) -> None:
    queue = queue_with(stay_ms=15_000, backoff_ms=5_000, backoff_jitter=0)
    queue.enqueue(new_job("a"), now=T0)
    lease = claim_one(queue)
    queue.fail(worker(), failed(lease), now=T0)
    assert leaves(queue, call=1, now=T0) == (False, T0 + 5_000)
    (again,) = queue.claim(worker(), call=2, free=2, leave=True, now=T0 + 5_000).leases
    queue.fail(worker(), failed(again), now=T0 + 5_000)
    assert leaves(queue, call=3, now=T0 + 5_000) == (False, T0 + 15_000)


def test_a_worker_stays_neither_for_a_far_retry_nor_for_what_was_delayed_on_purpose(
    queue_with: Callable[..., Queue],
) -> None:
    queue = queue_with(stay_ms=15_000, backoff_ms=16_000, backoff_jitter=0)
    queue.enqueue(new_job("a"), new_job("b", due_at=T0 + 5_000), now=T0)
    queue.fail(worker(), failed(claim_one(queue)), now=T0)
    assert leaves(queue, call=1, now=T0) == (True, None)


def test_no_more_workers_stay_for_retries_than_are_wanted(queue_with: Callable[..., Queue]) -> None:
    queue = queue_with(stay_ms=15_000, backoff_ms=5_000, backoff_jitter=0)
    queue.enqueue(*new_jobs(4), now=T0)
    names = ["w1", "w2", "w3", "w4"]
    for name in names:
        queue.fail(worker(name), failed(claim_one(queue, by=worker(name))), now=T0)
    gone = [leaves(queue, name, call=1, now=T0)[0] for name in names]
    assert gone == [True, True, False, False]  # two slots each, for four retries
    assert leaves(queue, "w5", call=0, now=T0)[0]
