"""Why a job waits: how many are before it, its tenant's share, and what holds it back."""

from collections.abc import Callable

from queue_words import (
    MINUTE,
    SECOND,
    T0,
    claim,
    new_job,
    new_jobs,
)
from report_queue.queue import Queue
from report_queue.settings import Limits

QueueWith = Callable[..., Queue]


def test_a_waiting_job_knows_how_many_of_its_tenant_are_before_it_and_its_share(queue_with: QueueWith) -> None:
    queue = queue_with(tenants={"heavy": Limits(weight=3)})
    queue.enqueue(*new_jobs(5), *new_jobs(7, prefix="t", report_type="test"), now=T0)
    queue.enqueue(new_job("mine"), new_job("behind"), now=T0)
    queue.enqueue(*new_jobs(9, prefix="heavy", tenant="heavy"), now=T0)
    claim(queue, 1)
    waits = queue.explain("mine", now=T0)
    assert waits
    assert (waits.ahead, waits.share, waits.waiting, waits.active, waits.workers) == (11, 0.25, 22, 1, 1)
    assert (waits.paused_since, waits.limited, waits.again_at) == (None, None, None)
    other = queue.explain("heavy-00008", now=T0)
    assert other
    assert (other.ahead, other.share) == (8, 0.75)


def test_a_waiting_job_knows_what_holds_it_back(queue_with: QueueWith) -> None:
    queue = queue_with(tenants={"few": Limits(concurrency=1), "slow": Limits(rate=0.5)})
    for tenant in ("few", "slow", "acme"):
        queue.enqueue(*new_jobs(4, prefix=tenant, tenant=tenant), now=T0)
    claim(queue, 5)
    few, slow = queue.explain("few-00001", now=T0), queue.explain("slow-00001", now=T0)
    assert few
    assert slow
    assert (few.limited, few.share) == ("concurrency", 0.5)  # when its turn comes, beside one other
    assert (slow.limited, slow.again_at) == ("rate", T0 + 2 * SECOND)
    queue.enqueue(new_job("sale"), new_job("test", report_type="test"), now=T0)
    queue.pause({"test": T0 - SECOND}, now=T0)
    paused, free = queue.explain("test", now=T0), queue.explain("sale", now=T0)
    assert paused
    assert free
    assert (paused.paused_since, free.paused_since) == (T0 - SECOND, None)
    queue.pause({"*": T0}, now=T0)
    all_paused = queue.explain("sale", now=T0)
    assert all_paused
    assert all_paused.paused_since == T0


def test_who_enqueues_is_told_in_the_same_step_why_the_job_waits(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(5), now=T0)
    told = any_queue.enqueue(new_job("mine"), explain="mine", now=T0)
    assert told.waits == any_queue.explain("mine", now=T0)
    assert told.waits
    assert (told.waits.ahead, told.waits.waiting) == (5, 6)
    assert any_queue.enqueue(new_job("late", due_at=T0 + MINUTE), explain="late", now=T0).waits is None
    assert any_queue.enqueue(new_job("another"), now=T0).waits is None


def test_only_a_waiting_job_is_explained(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", due_at=T0 + MINUTE), new_job("b"), now=T0)
    claim(any_queue)
    assert any_queue.explain("a", now=T0) is any_queue.explain("b", now=T0) is None
    assert any_queue.explain("nobody", now=T0) is None
