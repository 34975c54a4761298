"""A pause holds back what would start, of one report type or of all; nothing else, and nothing is lost."""

from queue_words import MINUTE, SECOND, T0, claim, completed, found, new_job, new_jobs, worker
from report_queue.job import State, Verdict
from report_queue.queue import Queue


def test_while_all_is_paused_nothing_starts_and_nobody_is_woken(any_queue: Queue) -> None:
    any_queue.pause({"*": T0}, now=T0)
    assert any_queue.enqueue(*new_jobs(10), now=T0).wakes == ()
    assert claim(any_queue, 5) == ()
    assert any_queue.wake(now=T0 + MINUTE) == ()
    assert any_queue.claim(worker("w2"), call=0, free=1, leave=True, now=T0).left


def test_a_paused_type_stays_and_others_of_the_same_tenant_start(any_queue: Queue) -> None:
    any_queue.pause({"sales": T0}, now=T0)
    any_queue.enqueue(*new_jobs(5), *new_jobs(5, prefix="test", report_type="test"), now=T0)
    assert {lease.report_type for lease in claim(any_queue, 10)} == {"test"}
    assert any_queue.counts()[State.WAITING] == 5


def test_nobody_is_woken_for_a_paused_type(any_queue: Queue) -> None:
    any_queue.pause({"sales": T0}, now=T0)
    assert any_queue.enqueue(*new_jobs(10), now=T0).wakes == ()
    assert len(any_queue.enqueue(new_job("a", report_type="test"), now=T0).wakes) == 1


def test_who_finds_only_a_paused_type_leaves(any_queue: Queue) -> None:
    any_queue.pause({"sales": T0}, now=T0)
    any_queue.enqueue(*new_jobs(10), now=T0)
    assert any_queue.claim(worker(), call=0, free=1, leave=True, now=T0).left


def test_delayed_jobs_that_fall_due_in_a_pause_wait(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", due_at=T0 + SECOND), now=T0)
    any_queue.pause({"*": T0}, now=T0)
    assert claim(any_queue, now=T0 + SECOND) == ()
    assert found(any_queue).state is State.WAITING


def test_what_is_active_goes_on_in_a_pause(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    (lease,) = claim(any_queue)
    any_queue.pause({"*": T0}, now=T0)
    assert any_queue.beat(worker(), [(lease, 60)], now=T0) == (Verdict.ACTIVE,)
    assert any_queue.complete(worker(), completed(lease), now=T0) is Verdict.COMPLETED


def test_a_type_that_is_not_paused_starts_at_once_though_its_tenant_was_held_back(any_queue: Queue) -> None:
    any_queue.pause({"sales": T0}, now=T0)
    any_queue.enqueue(new_job("a"), now=T0)
    assert claim(any_queue) == ()  # from here on the tenant is looked at now and then
    any_queue.leave(worker(), now=T0)
    assert len(any_queue.enqueue(new_job("b", report_type="test"), now=T0).wakes) == 1
    assert [lease.id for lease in claim(any_queue, 2)] == ["b"]


def test_after_a_pause_of_all_the_jobs_start_in_their_order(any_queue: Queue) -> None:
    any_queue.pause({"*": T0}, now=T0)
    any_queue.enqueue(*new_jobs(6), now=T0)
    claim(any_queue)
    any_queue.leave(worker(), now=T0)
    assert len(any_queue.pause({}, now=T0 + 1)) == 3  # workers of two slots each
    assert [lease.id for lease in claim(any_queue, 6, now=T0 + 1)] == [f"job-{number:05d}" for number in range(6)]


def test_after_a_pause_of_a_type_its_jobs_start_at_once(any_queue: Queue) -> None:
    any_queue.pause({"sales": T0, "test": T0}, now=T0)
    any_queue.enqueue(*new_jobs(2), *new_jobs(2, prefix="test", report_type="test"), now=T0)
    assert claim(any_queue, 4) == ()
    any_queue.leave(worker(), now=T0)
    assert len(any_queue.pause({"test": T0}, now=T0 + 1)) == 1
    assert {lease.report_type for lease in claim(any_queue, 4, now=T0 + 1)} == {"sales"}


def test_a_pause_is_no_credit(any_queue: Queue) -> None:
    any_queue.pause({"sales": T0}, now=T0)
    any_queue.enqueue(*new_jobs(100), *new_jobs(200, prefix="test", tenant="other", report_type="test"), now=T0)
    assert len(claim(any_queue, 100)) == 100
    any_queue.pause({}, now=T0 + 1)
    tenants = [lease.tenant for lease in claim(any_queue, 10, now=T0 + 1)]
    assert 4 <= tenants.count("acme") <= 6
