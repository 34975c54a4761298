"""The attempt is the fence: whoever lost a job can change nothing of it; and what is said twice happens once."""

from queue_words import MINUTE, SECOND, T0, claim_one, completed, failed, found, listed, new_job, worker
from report_queue.job import State, Verdict
from report_queue.queue import Queue


def test_a_worker_presumed_dead_cannot_complete(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    stale = claim_one(any_queue, by=worker("slow"))
    any_queue.requeue(now=T0 + 30 * SECOND)
    assert any_queue.complete(worker("slow"), completed(stale), now=T0 + 31 * SECOND) is Verdict.SUPERSEDED
    fresh = claim_one(any_queue, by=worker("quick"), now=T0 + 32 * SECOND)
    assert any_queue.complete(worker("slow"), completed(stale), now=T0 + 33 * SECOND) is Verdict.SUPERSEDED
    assert any_queue.fail(worker("slow"), failed(stale), now=T0 + 33 * SECOND) is Verdict.SUPERSEDED
    assert any_queue.beat(worker("slow"), [(stale, 60)], now=T0 + 33 * SECOND) == (Verdict.SUPERSEDED,)
    assert any_queue.complete(worker("quick"), completed(fresh), now=T0 + 34 * SECOND) is Verdict.COMPLETED


def test_the_same_attempt_number_of_an_earlier_life_is_no_claim(any_queue: Queue) -> None:
    """After a wipe a job starts at attempt 1 again; the worker of its first life must not end its second."""
    any_queue.enqueue(new_job("a"), now=T0)
    before = claim_one(any_queue, by=worker("before"))
    any_queue._broker.client.flushall()  # type: ignore[attr-defined]
    assert any_queue.complete(worker("before"), completed(before), now=T0) is Verdict.UNKNOWN
    any_queue.enqueue(new_job("a"), now=T0)
    claim_one(any_queue, by=worker("after"))
    assert any_queue.fail(worker("before"), failed(before), now=T0) is Verdict.SUPERSEDED


def test_ending_an_attempt_twice_gives_the_same_answer_and_one_end(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), new_job("b"), now=T0)
    first, second = any_queue.claim(worker(), call=0, free=2, now=T0).leases
    ends = [completed(first), failed(second)]
    for call in (1, 2):
        reply = any_queue.claim(worker(), call=call, free=0, finished=ends, now=T0)
        assert reply.verdicts == (Verdict.COMPLETED, Verdict.DELAYED)
    (job,) = any_queue.find("b")
    assert job
    assert job.failures == 1


def test_a_claim_whose_reply_was_lost_gives_the_same_leases_again(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), new_job("b"), now=T0)
    lost = any_queue.claim(worker(), call=7, free=1, now=T0).leases
    again = any_queue.claim(worker(), call=7, free=1, now=T0 + SECOND).leases
    assert again == lost
    (job,) = any_queue.find("a")
    assert job
    assert job.moment == T0 + SECOND + 30 * SECOND  # renewed: nobody worked on it meanwhile
    assert [lease.id for lease in any_queue.claim(worker(), call=8, free=1, now=T0).leases] == ["b"]


def test_no_repeated_claim_extends_an_attempt_beyond_five_minutes(any_queue: Queue) -> None:
    """Found by chaos: a worker whose replies were lost, one after the other, kept its jobs for as long."""
    any_queue.enqueue(new_job("a"), now=T0)
    for again in range(15):
        assert claim_one(any_queue, now=T0 + again * 20 * SECOND, call=7).attempt == 1
    assert found(any_queue).moment == T0 + 5 * MINUTE
    assert claim_one(any_queue, by=worker("w2"), now=T0 + 5 * MINUTE).attempt == 2
    assert any_queue.claim(worker(), call=7, free=1, now=T0 + 5 * MINUTE).leases == ()


def test_a_cancelled_job_takes_no_result(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    lease = claim_one(any_queue)
    any_queue.cancel("a", now=T0)
    assert any_queue.beat(worker(), [(lease, 60)], now=T0) == (Verdict.CANCELLED,)
    assert any_queue.complete(worker(), completed(lease), now=T0) is Verdict.CANCELLED
    assert any_queue.fail(worker(), failed(lease), now=T0) is Verdict.CANCELLED
    assert any_queue.counts()[State.CANCELLED] == 1


def test_a_beat_renews_the_lease_and_carries_the_progress(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    lease = claim_one(any_queue)
    assert any_queue.beat(worker(), [(lease, 60)], now=T0 + 10 * SECOND) == (Verdict.ACTIVE,)
    assert any_queue.beat(worker(), [(lease, 20)], now=T0 + 10 * SECOND) == (Verdict.ACTIVE,)
    (job,) = any_queue.find("a")
    assert job
    assert (job.progress, job.moment) == (60, T0 + 40 * SECOND)  # a progress never goes back


def test_no_beat_extends_an_attempt_beyond_five_minutes(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    lease = claim_one(any_queue)
    for beat in range(1, 31):
        verdicts = any_queue.beat(worker(), [(lease, 10)], now=T0 + beat * 10 * SECOND)
    assert verdicts == (Verdict.SUPERSEDED,)
    assert any_queue.requeue(now=T0 + 5 * MINUTE).requeued == ("a",)


def test_a_job_stands_in_one_index_and_in_its_tenants_list_only(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), new_job("b", tenant="other"), now=T0)
    any_queue.fail(worker(), failed(claim_one(any_queue)), now=T0 + 5)
    lists = {state: listed(any_queue, state=state) for state in State}
    assert lists == {state: ["a"] if state is State.DELAYED else [] for state in State}
    assert sum(any_queue.counts("acme").values()) == sum(any_queue.counts("other").values()) == 1
    assert sum(any_queue.counts().values()) == 2


def test_progress_of_an_unknown_job_is_told_apart_from_a_lost_one(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    lease = claim_one(any_queue)
    any_queue._broker.client.flushall()  # type: ignore[attr-defined]
    assert any_queue.beat(worker(), [(lease, 60)], now=T0) == (Verdict.UNKNOWN,)
    assert any_queue.workers(now=T0) == []  # a beat signs no worker on
