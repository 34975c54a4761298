"""How it goes: counters by the minute, how long jobs wait and run, the workers, and the gauges."""

from collections.abc import Callable

from queue_words import (
    MINUTE,
    SECOND,
    T0,
    claim,
    claim_one,
    completed,
    failed,
    new_job,
    new_jobs,
    run_jobs,
    worker,
)
from report_queue.job import State
from report_queue.queue import Queue
from report_queue.replies import Requeued, Shown
from report_queue.settings import Limits

QueueWith = Callable[..., Queue]


def test_the_minutes_tell_what_happened_in_each(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(4), new_job("x", expires_at=T0 + MINUTE), new_job("y"), now=T0)
    any_queue.cancel("y", now=T0)
    first, second, _ = claim(any_queue, 3)
    any_queue.complete(worker(), completed(first), now=T0 + MINUTE)
    any_queue.fail(worker(), failed(second), now=T0 + MINUTE)
    any_queue.requeue(now=T0 + MINUTE)
    any_queue.expire(now=T0 + MINUTE)
    (lease,) = claim(any_queue, 1, now=T0 + 2 * MINUTE - 1)
    any_queue.fail(worker(), failed(lease, permanent=True), now=T0 + 2 * MINUTE)
    rows = any_queue.numbers(now=T0 + 10 * MINUTE).minutes
    assert [
        (
            (row.at - T0) // MINUTE,
            *(row.enqueued, row.started, row.completed, row.failed, row.retried, row.cancelled, row.stalled),
            row.expired,
        )
        for row in rows
    ] == [(0, 6, 3, 0, 0, 0, 1, 0, 0), (1, 0, 1, 1, 0, 1, 0, 1, 1), (2, 0, 0, 0, 1, 0, 0, 0, 0)]
    assert len(any_queue.numbers(minutes=9, now=T0 + 10 * MINUTE).minutes) == 1


def test_the_counters_of_a_day_ago_make_room(any_queue: Queue) -> None:
    day = 24 * 60 * MINUTE
    any_queue.enqueue(*new_jobs(5), now=T0)
    assert [row.enqueued for row in any_queue.numbers(now=T0 + day).minutes] == []
    any_queue.enqueue(*new_jobs(2, prefix="next"), now=T0 + day)
    assert [row.enqueued for row in any_queue.numbers(now=T0 + day).minutes] == [2]


def test_waits_and_runs_are_known_by_their_middle_and_their_slowest(any_queue: Queue) -> None:
    for number in range(100):
        slow = number >= 90
        any_queue.enqueue(new_job(f"job-{number}"), now=T0)
        (lease,) = claim(any_queue, now=T0 + (8_000 if slow else 1_000))
        any_queue.complete(worker(), completed(lease), now=T0 + (20_000 if slow else 1_500))
    numbers = any_queue.numbers(now=T0 + MINUTE)
    wait, run = numbers.wait, numbers.run
    assert (wait.count, wait.mean_ms, run.count, run.mean_ms) == (100, 1_700, 100, 1_650)
    quarter = 2**0.25  # exact to a quarter of a doubling
    for seen, true in [(wait.p50_ms, 1_000), (wait.p95_ms, 8_000), (run.p50_ms, 500), (run.p95_ms, 12_000)]:
        assert seen
        assert true / quarter <= seen <= true * quarter
    for hours in (3, 24):
        empty = any_queue.numbers(now=T0 + hours * 60 * MINUTE).wait
        assert (empty.count, empty.mean_ms, empty.p50_ms, empty.p95_ms) == (0, None, None, None)


# Workers and gauges.


def test_workers_show_their_last_beat(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    lease = claim_one(any_queue)
    shown = Shown(jobs=("a",), done=4, memory_mb=123)
    any_queue.beat(worker(), [(lease, 60)], shown=shown, now=T0 + 10 * SECOND)
    (seen,) = any_queue.workers(now=T0 + 11 * SECOND)
    assert (seen.id, seen.started_at, seen.beat_at, seen.slots) == ("w1", T0, T0 + 10 * SECOND, 2)
    assert (seen.active, seen.jobs, seen.finished, seen.memory_mb) == (1, ("a",), 4, 123)


def test_gauges_tell_age_and_the_next_due_moment(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    any_queue.enqueue(new_job("b", due_at=T0 + MINUTE), now=T0)
    gauges = any_queue.gauges(now=T0 + 7 * SECOND)
    assert (gauges.oldest_waiting_ms, gauges.next_due_at, gauges.workers) == (7 * SECOND, T0 + MINUTE, 0)
    assert gauges.eviction_policy == "noeviction"
    assert gauges.counts[State.DELAYED] == 1


def test_gauges_of_an_empty_queue_are_empty(any_queue: Queue) -> None:
    gauges = any_queue.gauges(now=T0)
    assert (gauges.oldest_waiting_ms, gauges.next_due_at, gauges.recent.run_ms) == (None, None, None)
    assert set(gauges.counts.values()) == {0}


def test_the_next_due_moment_may_be_an_expiry(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", due_at=T0 + MINUTE), new_job("b", expires_at=T0 + SECOND), now=T0)
    assert any_queue.gauges(now=T0).next_due_at == T0 + SECOND


def test_gauges_see_what_limits_hold_back(queue_with: QueueWith) -> None:
    queue = queue_with(tenant=Limits(concurrency=1))
    queue.enqueue(*new_jobs(2), now=T0)
    claim(queue, 2)
    assert queue.gauges(now=T0 + 9 * SECOND).oldest_waiting_ms == 9 * SECOND


def test_gauges_tell_the_pace_of_late(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(30), now=T0)
    run_jobs(any_queue, 30, slots=10)
    recent = any_queue.gauges(now=T0 + 4 * MINUTE).recent
    assert (recent.ended, recent.run_ms) == (30, 0)
    assert 5 * MINUTE <= recent.over_ms < 6 * MINUTE
    assert any_queue.gauges(now=T0 + 6 * MINUTE).recent.ended == 0


def test_a_broker_that_is_there_answers(any_queue: Queue) -> None:
    any_queue.ping()  # raises where it does not


def test_the_clock_is_the_brokers(any_queue: Queue) -> None:
    before = any_queue.now()
    any_queue.enqueue(new_job("a"))
    (job,) = any_queue.find("a")
    assert job
    assert before <= job.at <= any_queue.now()


def test_a_claim_tells_what_it_met_by_the_way(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), new_job("b", expires_at=T0 + SECOND), new_job("c"), now=T0)
    claim_one(any_queue, by=worker("dies"))
    found = any_queue.claim(worker(), call=1, free=0, now=T0 + MINUTE)
    assert found.over == Requeued(("a",), ())
    assert found.expired == ("b",)
    again = any_queue.claim(worker(), call=2, free=0, now=T0 + MINUTE)
    assert (again.over, again.expired) == (None, ())


def test_a_claim_tells_whose_stalls_are_spent(queue_with: QueueWith) -> None:
    queue = queue_with(stalls=0)
    queue.enqueue(new_job("a"), now=T0)
    claim_one(queue, by=worker("dies"))
    assert queue.claim(worker(), call=1, free=1, now=T0 + MINUTE).over == Requeued((), ("a",))


def test_the_broker_tells_how_much_memory_it_uses(any_queue: Queue) -> None:
    used = any_queue.gauges().memory_bytes
    assert used
    assert 100_000 < used < 10**10
