"""When a job starts: due moments, the order of equal ones, by hand, and moments that are too late."""

import random

from queue_words import (
    MINUTE,
    SECOND,
    T0,
    claim,
    claim_one,
    completed,
    failed,
    found,
    new_job,
    new_jobs,
    run_jobs,
    worker,
)
from report_queue.job import State, Verdict
from report_queue.queue import Queue


def names(queue: Queue, number: int, *, now: int) -> list[str]:
    return [lease.id for lease in run_jobs(queue, number, now=now)]


def test_delayed_jobs_start_in_the_order_of_their_due_moments(any_queue: Queue) -> None:
    moments = list(range(1, 101))
    random.Random(1).shuffle(moments)
    any_queue.enqueue(*(new_job(f"m{moment}", due_at=T0 + moment) for moment in moments), now=T0)
    assert names(any_queue, 100, now=T0 + MINUTE) == [f"m{moment}" for moment in range(1, 101)]


def test_those_of_the_same_moment_start_in_the_order_in_which_they_came(any_queue: Queue) -> None:
    jobs = [new_job(f"{1_000 - number}", due_at=T0 + SECOND) for number in range(500)]
    any_queue.enqueue(*jobs[:250], now=T0)
    any_queue.enqueue(*jobs[250:], now=T0 + 1)
    assert any_queue.promote(limit=500, now=T0 + SECOND - 1) == 0
    assert any_queue.promote(limit=500, now=T0 + SECOND) == 500
    assert names(any_queue, 500, now=T0 + SECOND) == [job.id for job in jobs]


def test_more_of_the_same_moment_than_have_a_place_there_are_due_in_order_a_little_later(any_queue: Queue) -> None:
    order = [f"job-{9_999 - number}" for number in range(2_500)]  # their names say nothing of it
    any_queue.enqueue(*(new_job(name, due_at=T0 + SECOND) for name in order), now=T0)
    while any_queue.promote(limit=1_000, now=T0 + SECOND + 5):
        pass
    started = [lease.id for lease in run_jobs(any_queue, 2_500, slots=500, now=T0 + SECOND + 5)]
    assert started == order


def test_a_job_knows_its_due_moment_to_the_millisecond(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", due_at=T0 + 12_345), new_job("b", due_at=T0 + 12_345), now=T0)
    assert found(any_queue, "a").moment == found(any_queue, "b").moment == T0 + 12_345


def test_a_delayed_job_starts_at_once_where_someone_says_so(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", due_at=T0 + MINUTE), new_job("b", due_at=T0 + MINUTE), now=T0)
    assert any_queue.promote_now("a", now=T0 + 1) is State.WAITING
    assert any_queue.promote_now("a", now=T0 + 1) is State.WAITING  # said twice, done once
    assert [lease.id for lease in claim(any_queue, 2, now=T0 + 1)] == ["a"]
    assert any_queue.promote_now("a", now=T0 + 1) is State.ACTIVE
    assert any_queue.promote_now("nobody", now=T0 + 1) is Verdict.UNKNOWN


def test_a_retry_that_is_coming_can_be_had_at_once(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    any_queue.fail(worker(), failed(claim_one(any_queue)), now=T0)
    assert any_queue.promote_now("a", now=T0) is State.WAITING
    assert claim_one(any_queue, call=1).attempt == 2


def test_a_job_that_has_not_started_by_its_moment_fails_as_expired(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", expires_at=T0 + SECOND), now=T0)
    any_queue.enqueue(new_job("b", expires_at=T0 + SECOND, due_at=T0 + MINUTE), new_job("c"), now=T0)
    assert any_queue.expire(now=T0 + SECOND - 1) == ()
    assert set(any_queue.expire(now=T0 + SECOND)) == {"a", "b"}
    assert any_queue.expire(now=T0 + SECOND) == ()
    for name in ("a", "b"):
        job = found(any_queue, name)
        assert (job.state, job.reason, job.attempt) == (State.FAILED, "expired", 0)
    assert found(any_queue, "c").state is State.WAITING


def test_a_claim_starts_nothing_that_is_too_late(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(350, expires_at=T0 + SECOND), now=T0)  # more than a claim's own expiry has time for
    any_queue.enqueue(new_job("last"), now=T0)
    started = [lease.id for _ in range(4) for lease in claim(any_queue, 2, now=T0 + SECOND)]
    assert started == ["last"]
    assert any_queue.counts()[State.FAILED] == 350


def test_any_claim_also_expires_what_is_too_late(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", expires_at=T0 + SECOND, due_at=T0 + MINUTE), now=T0)
    assert claim(any_queue, now=T0 + SECOND) == ()
    assert found(any_queue).state is State.FAILED


def test_what_has_started_does_not_expire(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", expires_at=T0 + SECOND), now=T0)
    lease = claim_one(any_queue, now=T0 + SECOND - 1)
    assert found(any_queue).expires_at is None
    assert any_queue.expire(now=T0 + MINUTE) == ()
    any_queue.requeue(now=T0 + MINUTE)
    assert any_queue.expire(now=T0 + MINUTE) == ()  # nor when its worker died: it was in time
    lease = claim_one(any_queue, now=T0 + MINUTE, call=1)
    assert any_queue.complete(worker(), completed(lease), now=T0 + MINUTE) is Verdict.COMPLETED


def test_expiry_is_bounded_work(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(30, expires_at=T0 + SECOND), now=T0)
    assert [len(any_queue.expire(limit=20, now=T0 + MINUTE)) for _ in range(3)] == [20, 10, 0]


def test_an_expired_job_can_be_retried_and_does_not_expire_again(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", expires_at=T0 + SECOND), now=T0)
    any_queue.expire(now=T0 + SECOND)
    any_queue.retry("a", round=1, now=T0 + SECOND)
    assert any_queue.expire(now=T0 + MINUTE) == ()
    assert claim_one(any_queue, now=T0 + MINUTE).id == "a"
