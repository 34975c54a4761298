"""One guarantee for each arrow of the drawing in `report_queue.job`, in a plain broker and in cluster mode."""

from dataclasses import replace

import pytest

from queue_words import MINUTE, SECOND, T0, claim_one, completed, failed, new_job, worker
from report_queue.job import State, Verdict
from report_queue.queue import Queue
from report_queue.replies import Shown


def state_of(queue: Queue, name: str = "a") -> State | None:
    (job,) = queue.find(name)
    return job and job.state


def counted(queue: Queue) -> dict[State, int]:
    return {state: number for state, number in queue.counts().items() if number}


def test_an_enqueued_job_waits(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    assert counted(any_queue) == {State.WAITING: 1}
    (job,) = any_queue.find("a")
    assert job
    assert (job.state, job.at, job.attempt, job.progress) == (State.WAITING, T0, 0, 0)


def test_a_job_for_later_is_delayed_until_then(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", due_at=T0 + MINUTE), now=T0)
    assert state_of(any_queue) is State.DELAYED
    assert any_queue.promote(now=T0 + MINUTE - 1) == 0
    assert any_queue.promote(now=T0 + MINUTE) == 1
    assert state_of(any_queue) is State.WAITING


def test_a_job_whose_time_has_passed_waits_at_once(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", due_at=T0 - 1), now=T0)
    assert state_of(any_queue) is State.WAITING


def test_enqueueing_a_known_job_changes_nothing(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    claim_one(any_queue)
    any_queue.enqueue(new_job("a"), now=T0 + 1)
    assert counted(any_queue) == {State.ACTIVE: 1}


def test_a_claim_takes_the_longest_waiting_and_leases_it(any_queue: Queue) -> None:
    for moment, name in enumerate("abc"):
        any_queue.enqueue(new_job(name), now=T0 + moment)
    leases = any_queue.claim(worker(), call=0, free=2, now=T0 + SECOND).leases
    assert [lease.id for lease in leases] == ["a", "b"]
    job, _, waiting = any_queue.find("a", "b", "c")
    assert job
    assert waiting
    assert (job.state, job.attempt, job.worker, job.progress) == (State.ACTIVE, 1, "w1", 10)
    assert job.moment == T0 + SECOND + 30 * SECOND  # the end of its lease
    assert waiting.state is State.WAITING


def test_a_claim_promotes_what_is_due_and_requeues_what_is_over(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("due", due_at=T0 + SECOND), new_job("over"), now=T0)
    claim_one(any_queue, by=worker("dead"))
    leases = any_queue.claim(worker(), call=0, free=2, now=T0 + MINUTE).leases
    assert {lease.id: lease.attempt for lease in leases} == {"due": 1, "over": 2}


def test_a_completed_job_keeps_its_result(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    done = completed(claim_one(any_queue))
    assert any_queue.complete(worker(), done, now=T0 + SECOND) is Verdict.COMPLETED
    (job,) = any_queue.find("a")
    assert job
    assert (job.state, job.progress, job.result) == (State.COMPLETED, 100, done.result)


def test_a_claim_ends_the_last_jobs_and_takes_the_next_in_one_call(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), new_job("b"), new_job("c"), now=T0)
    first, second = any_queue.claim(worker(), call=0, free=2, now=T0).leases
    reply = any_queue.claim(worker(), call=1, free=2, finished=[completed(first), failed(second)], now=T0 + SECOND)
    assert reply.verdicts == (Verdict.COMPLETED, Verdict.DELAYED)
    assert [lease.id for lease in reply.leases] == ["c"]
    assert counted(any_queue) == {State.COMPLETED: 1, State.DELAYED: 1, State.ACTIVE: 1}


def test_a_failed_attempt_is_retried_after_a_wait_that_doubles(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    now = T0
    for call, backoff in enumerate((5 * SECOND, 10 * SECOND)):
        assert any_queue.fail(worker(), failed(claim_one(any_queue, now=now, call=call)), now=now) is Verdict.DELAYED
        (job,) = any_queue.find("a")
        assert job
        assert (job.state, job.reason, job.failures) == (State.DELAYED, "render.timeout", call + 1)
        assert backoff <= job.moment - now <= 1.5 * backoff  # 5 s or 10 s, and up to half as much at random
        now = job.moment


def test_the_third_failure_is_the_last(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    verdicts = [
        any_queue.fail(worker(), failed(claim_one(any_queue, now=now, call=now)), now=now)
        for now in (T0, T0 + MINUTE, T0 + 2 * MINUTE)
    ]
    assert verdicts == [Verdict.DELAYED, Verdict.DELAYED, Verdict.FAILED]
    assert state_of(any_queue) is State.FAILED


def test_a_permanent_error_fails_at_once(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    failure = failed(claim_one(any_queue), permanent=True, reason="template.error")
    assert any_queue.fail(worker(), failure, now=T0) is Verdict.FAILED
    (job,) = any_queue.find("a")
    assert job
    assert (job.state, job.reason, job.message, job.failures) == (State.FAILED, "template.error", failure.message, 1)


def test_an_outage_costs_the_job_no_attempt(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", attempts=1), now=T0)
    now = T0
    for outage in range(1, 5):
        failure = replace(failed(claim_one(any_queue, now=now, call=outage), reason="store.away"), blameless=True)
        assert any_queue.fail(worker(), failure, now=now) is Verdict.DELAYED
        (job,) = any_queue.find("a")
        assert job
        assert (job.failures, job.reason) == (0, "store.away")
        assert job.moment - now >= 5 * SECOND * 2 ** (outage - 1)  # it is asked less and less often
        now = job.moment
    assert any_queue.fail(worker(), failed(claim_one(any_queue, now=now, call=9)), now=now) is Verdict.FAILED


def test_a_lease_that_is_over_goes_back_to_waiting(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    claim_one(any_queue)
    assert any_queue.requeue(now=T0 + 30 * SECOND - 1).requeued == ()
    assert any_queue.requeue(now=T0 + 30 * SECOND).requeued == ("a",)
    (job,) = any_queue.find("a")
    assert job
    assert (job.state, job.stalls, job.failures, job.progress) == (State.WAITING, 1, 0, 0)


def test_stalls_have_a_budget_of_their_own(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", attempts=1), now=T0)
    for stall in range(4):
        now = T0 + stall * MINUTE
        claim_one(any_queue, now=now, call=stall)
        requeued = any_queue.requeue(now=now + 30 * SECOND)
    assert requeued.failed == ("a",)
    (job,) = any_queue.find("a")
    assert job
    assert (job.state, job.reason, job.stalls, job.failures) == (State.FAILED, "stalled", 4, 0)


def test_jobs_that_stalled_together_twice_are_not_given_out_together_again(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("poison"), new_job("neighbour"), new_job("healthy"), now=T0)
    for times, dead in enumerate((worker("dead"), worker("dead too"))):
        taken = any_queue.claim(dead, call=0, free=2, now=T0 + times * MINUTE).leases
        assert [lease.id for lease in taken] == ["poison", "neighbour"]
    now = T0 + 2 * MINUTE
    (poison,) = any_queue.claim(worker("w1"), call=0, free=2, now=now).leases
    assert any_queue.claim(worker("w1"), call=1, free=1, shown=Shown((poison.id,)), now=now).leases == ()
    second, third = any_queue.claim(worker("w2"), call=0, free=2, now=now).leases
    assert (poison.id, second.id, third.id) == ("poison", "neighbour", "healthy")


@pytest.mark.parametrize("state", [State.WAITING, State.DELAYED, State.ACTIVE])
def test_a_job_that_has_not_ended_can_be_cancelled(any_queue: Queue, state: State) -> None:
    any_queue.enqueue(new_job("a", due_at=T0 + MINUTE if state is State.DELAYED else None), now=T0)
    if state is State.ACTIVE:
        claim_one(any_queue)
    assert state_of(any_queue) is state
    assert any_queue.cancel("a", now=T0) is Verdict.CANCELLED
    assert state_of(any_queue) is State.CANCELLED
    assert any_queue.cancel("a", now=T0) is Verdict.CANCELLED  # said twice, done once
    assert counted(any_queue) == {State.CANCELLED: 1}


def test_a_job_that_a_worker_has_is_not_cancelled_where_only_an_idle_one_is_to_be(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), new_job("b"), now=T0)
    claim_one(any_queue)
    assert any_queue.cancel("a", idle=True, now=T0) is Verdict.ACTIVE
    assert state_of(any_queue) is State.ACTIVE
    assert any_queue.cancel("b", idle=True, now=T0) is Verdict.CANCELLED


def test_a_job_that_has_ended_cannot_be_cancelled(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    any_queue.complete(worker(), completed(claim_one(any_queue)), now=T0)
    assert any_queue.cancel("a", now=T0) is Verdict.COMPLETED
    assert any_queue.cancel("nobody", now=T0) is Verdict.UNKNOWN


def test_a_retry_begins_a_new_round_with_fresh_budgets_once(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    any_queue.fail(worker(), failed(claim_one(any_queue), permanent=True), now=T0)
    assert any_queue.retry("a", round=1, now=T0).verdict is State.WAITING
    lease = claim_one(any_queue, call=1)
    assert (lease.round, lease.attempt) == (1, 2)  # the fence goes on counting
    any_queue.fail(worker(), failed(lease), now=T0)
    (job,) = any_queue.find("a")
    assert job
    assert job.failures == 1
    any_queue.cancel("a", now=T0)
    assert any_queue.retry("a", round=1, now=T0).verdict is State.CANCELLED  # that round has been
    assert any_queue.retry("nobody", round=1, now=T0).verdict is Verdict.UNKNOWN


def test_a_retry_forgets_the_outages_too(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    outage = replace(failed(claim_one(any_queue)), blameless=True)
    any_queue.fail(worker(), outage, now=T0)
    any_queue.cancel("a", now=T0)
    any_queue.retry("a", round=1, now=T0)
    any_queue.fail(worker(), replace(outage, lease=claim_one(any_queue, call=1)), now=T0)
    (job,) = any_queue.find("a")
    assert job
    assert job.moment - T0 < 10 * SECOND  # the first wait again, not the second


def test_a_completed_job_is_not_retried(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    any_queue.complete(worker(), completed(claim_one(any_queue)), now=T0)
    assert any_queue.retry("a", round=1, now=T0).verdict is State.COMPLETED


def test_ended_jobs_are_forgotten_after_their_retention_and_others_never(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), new_job("b"), now=T0)
    any_queue.complete(worker(), completed(claim_one(any_queue)), now=T0)
    week = 7 * 24 * 60 * MINUTE
    assert any_queue.prune(now=T0 + week - 1) == 0
    assert any_queue.prune(now=T0 + week) == 1
    assert any_queue.find("a") == [None]
    assert any_queue.counts("acme") == any_queue.counts() == {**dict.fromkeys(State, 0), State.WAITING: 1}
