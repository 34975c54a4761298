"""Waking and leaving: as many workers as the backlog wants and the cap allows, and no job falls between two of them."""

from brokers import settings_for
from queue_words import SECOND, T0, claim_one, completed, new_job, worker
from report_queue.job import Verdict
from report_queue.queue import Queue
from report_queue.wiring import broker


def test_the_first_job_asks_for_one_worker_and_the_second_for_none_more(any_queue: Queue) -> None:
    assert len(any_queue.enqueue(new_job("a"), now=T0).wakes) == 1
    assert any_queue.enqueue(new_job("b"), now=T0).wakes == ()  # the worker on its way has two slots
    assert len(any_queue.enqueue(new_job("c"), now=T0).wakes) == 1


def test_wakes_are_bounded_by_the_worker_cap(any_queue: Queue) -> None:
    jobs = [new_job(f"job-{number}") for number in range(100)]
    assert len(any_queue.enqueue(*jobs, now=T0).wakes) == 5
    assert any_queue.wake(now=T0) == ()


def test_who_comes_beyond_the_cap_is_sent_home(any_queue: Queue) -> None:
    any_queue.enqueue(*(new_job(f"job-{number}") for number in range(20)), now=T0)
    for number in range(5):
        assert any_queue.claim(worker(f"w{number}"), call=0, free=1, leave=True, now=T0).leases
    sixth = any_queue.claim(worker("w6"), call=0, free=1, leave=True, now=T0)  # its wake was delivered twice
    assert (sixth.leases, sixth.left) == ((), True)
    assert len(any_queue.workers(now=T0)) == 5
    assert any_queue.claim(worker("w1"), call=1, free=1, leave=True, now=T0).leases  # who is signed on goes on


def test_a_wake_that_nobody_answers_is_forgotten(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    assert any_queue.wake(now=T0 + 20 * SECOND - 1) == ()
    assert len(any_queue.wake(now=T0 + 20 * SECOND)) == 1


def test_a_worker_that_came_for_its_token_counts_once(any_queue: Queue) -> None:
    jobs = [new_job(f"job-{number}") for number in range(4)]
    tokens = any_queue.enqueue(*jobs, now=T0).wakes
    assert len(tokens) == 2
    any_queue.claim(worker(), call=0, free=2, token=tokens[0], now=T0)
    assert any_queue.wake(now=T0) == ()  # one lives, one is on its way


def test_a_worker_that_finds_nothing_leaves_in_the_same_step(any_queue: Queue) -> None:
    (token,) = any_queue.enqueue(new_job("a"), now=T0).wakes
    (lease,) = any_queue.claim(worker(), call=0, free=1, token=token, now=T0).leases
    assert len(any_queue.workers(now=T0)) == 1
    assert any_queue.claim(worker(), call=1, free=1, finished=[completed(lease)], leave=True, now=T0).left
    assert any_queue.workers(now=T0) == []
    assert len(any_queue.enqueue(new_job("b"), now=T0).wakes) == 1


def test_a_worker_does_not_leave_while_a_job_waits(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    reply = any_queue.claim(worker(), call=0, free=1, leave=True, now=T0)
    assert [lease.id for lease in reply.leases] == ["a"]
    assert not reply.left


def test_a_worker_that_asks_for_nothing_does_not_leave_while_a_job_waits(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    assert not any_queue.claim(worker(), call=0, free=0, leave=True, now=T0).left


def test_nobody_is_woken_for_jobs_that_are_active(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    claim_one(any_queue)
    assert any_queue.wake(now=T0 + 29 * SECOND) == ()
    assert any_queue.wake(now=T0 + 31 * SECOND) == ()  # nor when its worker is silent: nothing waits to be claimed yet


def test_a_worker_whose_time_is_over_asks_for_others_in_its_place(any_queue: Queue) -> None:
    (token,) = any_queue.enqueue(new_job("a"), new_job("b"), now=T0).wakes
    (lease,) = any_queue.claim(worker(), call=0, free=1, token=token, now=T0).leases
    left = any_queue.leave(worker(), finished=[completed(lease)], now=T0)
    assert left.verdicts == (Verdict.COMPLETED,)
    assert len(left.wakes) == 1
    assert any_queue.workers(now=T0) == []


def test_a_silent_worker_counts_for_no_wake(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    claim_one(any_queue)
    any_queue.enqueue(new_job("b"), now=T0 + SECOND)
    later = T0 + 31 * SECOND
    assert any_queue.workers(now=later) == []
    assert len(any_queue.wake(now=later)) == 1


def test_two_queues_in_one_broker_do_not_touch(valkey: str) -> None:
    here, there = (Queue(broker(settings), settings) for settings in (settings_for(valkey), settings_for(valkey)))
    here.enqueue(new_job("a"), now=T0)
    assert there.find("a") == [None]
    assert there.claim(worker(), call=0, free=1, now=T0).leases == ()
    assert sum(there.counts().values()) == 0
    assert here.cancel("a", now=T0) == "cancelled"
