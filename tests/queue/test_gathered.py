"""A script gathers what it writes and makes it at once: what it looks at in between is as if each write were made."""

from queue_words import T0, claim, completed, found, listed, new_job, new_jobs, worker
from report_queue.job import State, Verdict
from report_queue.queue import Queue

LATER = T0 + 31_000  # the leases of T0 are over


def test_what_a_worker_ended_in_the_same_call_is_not_stalled(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(3), now=T0)
    leases = claim(any_queue, 3)
    ended = [completed(lease) for lease in leases]
    claimed = any_queue.claim(worker(), call=1, free=2, finished=ended, now=LATER)
    assert claimed.verdicts == (Verdict.COMPLETED,) * 3
    assert claimed.leases == ()
    assert [found(any_queue, lease.id).stalls for lease in leases] == [0, 0, 0]


def test_a_job_that_stands_twice_in_one_call_is_one_job(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), new_job("b"), new_job("a"), now=T0)
    assert [lease.id for lease in claim(any_queue, 5)] == ["a", "b"]
    assert any_queue.numbers(now=T0).minutes[-1].enqueued == 2


def test_an_end_that_stands_twice_in_one_call_is_one_end(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    (lease,) = claim(any_queue)
    claimed = any_queue.claim(worker(), call=1, free=0, finished=[completed(lease), completed(lease)], now=T0)
    assert claimed.verdicts == (Verdict.COMPLETED, Verdict.COMPLETED)
    assert any_queue.numbers(now=T0).minutes[-1].completed == 1
    assert [event.verb for event in found(any_queue, "a").events] == ["claim", "complete"]


def test_a_claim_for_many_takes_them_from_the_tenant_that_has_them(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(2, prefix="few", tenant="few"), *new_jobs(20, prefix="many", tenant="many"), now=T0)
    started = [lease.id for lease in claim(any_queue, 12)]
    assert len(set(started)) == 12
    assert [name for name in started if name.startswith("many")] == [f"many-{number:05d}" for number in range(10)]
    assert len(claim(any_queue, 30)) == 10


def test_a_claim_for_many_finds_the_tenants_behind_those_that_have_nothing(any_queue: Queue) -> None:
    for number in range(5):
        name = f"empty-{number}"
        any_queue.enqueue(new_job(name, tenant=name), now=T0)
        any_queue.cancel(name, now=T0)
    any_queue.enqueue(*new_jobs(3, tenant="full"), now=T0)
    assert len(claim(any_queue, 2)) == 2


def test_a_requeued_job_is_claimed_again_in_the_same_call(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), new_job("b"), now=T0)
    claim(any_queue, 2, by=worker("dead"))
    leases = claim(any_queue, 2, by=worker("alive"), now=LATER)
    assert [(lease.id, lease.attempt) for lease in leases] == [("a", 2), ("b", 2)]
    assert listed(any_queue, state=State.ACTIVE) == ["b", "a"]
    assert any_queue.counts()[State.WAITING] == 0
