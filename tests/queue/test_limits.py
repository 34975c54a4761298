"""What holds jobs back: rates, concurrency, and a cap on the backlog; and nobody else pays for it."""

from collections.abc import Callable

import pytest

from queue_words import MINUTE, SECOND, T0, claim, completed, failed, new_job, new_jobs, worker
from report_queue.job import State
from report_queue.queue import Queue
from report_queue.replies import Admitted
from report_queue.settings import Limits

QueueWith = Callable[..., Queue]


def acme(**limits: float) -> dict[str, Limits]:
    return {"acme": Limits(**limits)}


def starts(queue: Queue, now: int) -> int:
    return len(claim(queue, 20, now=now))


# Rates.


def test_a_rate_lets_a_seconds_worth_start_at_once_and_then_one_at_a_time(queue_with: QueueWith) -> None:
    queue = queue_with(tenants=acme(rate=4))
    queue.enqueue(*new_jobs(50), now=T0)
    assert [starts(queue, T0 + moment) for moment in (0, 249, 250, 499, 500)] == [4, 0, 1, 0, 1]


def test_a_rate_holds_over_time(queue_with: QueueWith) -> None:
    queue = queue_with(tenants=acme(rate=4))
    queue.enqueue(*new_jobs(100), now=T0)
    assert sum(starts(queue, T0 + moment) for moment in range(0, 10 * SECOND + 1, 50)) == 4 + 10 * 4


def test_a_rate_saves_no_more_than_a_seconds_worth_while_nothing_starts(queue_with: QueueWith) -> None:
    queue = queue_with(tenants=acme(rate=4), rate=10)
    queue.enqueue(*new_jobs(50), *new_jobs(50, prefix="other", tenant="other"), now=T0)
    starts(queue, T0)
    leases = claim(queue, 20, now=T0 + MINUTE)
    assert len(leases) == 10
    assert sum(lease.tenant == "acme" for lease in leases) == 4


def test_a_rate_may_be_less_than_one_in_a_second(queue_with: QueueWith) -> None:
    queue = queue_with(tenants=acme(rate=0.1))
    queue.enqueue(*new_jobs(5), now=T0)
    assert [starts(queue, T0 + moment) for moment in (0, 9_999, 10_000, 19_999, 20_000)] == [1, 0, 1, 0, 1]


def test_the_rate_of_all_holds_across_tenants(queue_with: QueueWith) -> None:
    queue = queue_with(rate=5)
    queue.enqueue(*new_jobs(20), *new_jobs(20, prefix="other", tenant="other"), now=T0)
    assert [starts(queue, T0 + moment) for moment in (0, 199, 200, 400)] == [5, 0, 1, 1]


@pytest.mark.parametrize("limits", [{"rate": 5}, {"tenant": Limits(rate=5)}], ids=["of all", "of the tenant"])
def test_a_claim_says_when_the_rate_lets_the_next_one_start(queue_with: QueueWith, limits: dict[str, object]) -> None:
    queue = queue_with(**limits)
    queue.enqueue(*new_jobs(20), now=T0)
    reply = queue.claim(worker(), call=0, free=6, now=T0)
    assert (len(reply.leases), reply.again_at) == (5, T0 + 200)
    reply = queue.claim(worker(), call=1, free=1, leave=True, now=T0 + 199)
    assert (reply.leases, reply.left, reply.again_at) == ((), False, T0 + 200)  # for so short a time it stays
    assert len(claim(queue, now=T0 + 200)) == 1


def test_for_a_far_moment_nobody_stays(queue_with: QueueWith) -> None:
    queue = queue_with(tenants=acme(rate=0.1))
    queue.enqueue(*new_jobs(5), now=T0)
    assert len(claim(queue)) == 1
    reply = queue.claim(worker("w2"), call=0, free=1, leave=True, now=T0)
    assert (reply.leases, reply.left, reply.again_at) == ((), True, None)


# Concurrency.


def test_no_more_than_the_concurrency_of_a_tenant_is_active(queue_with: QueueWith) -> None:
    queue = queue_with(tenants=acme(concurrency=2))
    queue.enqueue(*new_jobs(10), now=T0)
    first = claim(queue, 5)
    assert len(first) == 2
    assert claim(queue, 5, by=worker("w2")) == ()
    reply = queue.claim(worker(), call=1, free=5, finished=[completed(first[0])], now=T0)
    assert len(reply.leases) == 1
    assert queue.counts("acme")[State.ACTIVE] == 2


@pytest.mark.parametrize("end", ["complete", "fail", "cancel", "requeue"])
def test_a_limited_tenant_comes_back_when_a_job_of_its_ends(queue_with: QueueWith, end: str) -> None:
    queue = queue_with(tenants=acme(concurrency=1))
    queue.enqueue(*new_jobs(3), now=T0)
    (lease,) = claim(queue, 2)
    assert claim(queue, 2, by=worker("w2")) == ()
    now = T0 + 1
    if end == "complete":
        queue.complete(worker(), completed(lease), now=now)
    elif end == "fail":
        queue.fail(worker(), failed(lease), now=now)
    elif end == "cancel":
        queue.cancel(lease.id, now=now)
    else:
        now = T0 + 30 * SECOND
        queue.requeue(now=now)
    assert len(claim(queue, 2, by=worker("w2"), now=now)) == 1


def test_limited_jobs_cost_other_tenants_nothing(queue_with: QueueWith) -> None:
    queue = queue_with(tenants={"acme": Limits(concurrency=1), "slow": Limits(rate=1)})
    for tenant in ("acme", "slow"):
        queue.enqueue(*new_jobs(1_000, prefix=tenant, tenant=tenant), now=T0)
    queue.enqueue(*new_jobs(10, prefix="other", tenant="other"), now=T0)
    leases = claim(queue, 12)
    assert sorted(lease.tenant for lease in leases) == ["acme", *["other"] * 10, "slow"]
    assert queue.counts("acme")[State.WAITING] == 999  # they wait, and nothing else


def test_more_tenants_than_a_claim_looks_at_are_limited_and_the_last_still_starts(queue_with: QueueWith) -> None:
    queue = queue_with(tenant=Limits(concurrency=1))
    for tenant in range(120):
        queue.enqueue(*new_jobs(2, prefix=f"t{tenant}", tenant=f"tenant-{tenant:03d}"), now=T0)
    assert len(claim(queue, 120)) == 120
    queue.enqueue(new_job("late", tenant="late"), now=T0)
    assert [lease.id for lease in (*claim(queue), *claim(queue))] == ["late"]


def test_time_under_a_limit_is_no_credit(queue_with: QueueWith) -> None:
    queue = queue_with(tenants=acme(concurrency=1))
    queue.enqueue(*new_jobs(100), *new_jobs(200, prefix="other", tenant="other"), now=T0)
    (held, *_) = [lease for lease in claim(queue, 2) if lease.tenant == "acme"]
    claim(queue, 100, by=worker("w2"))
    queue.complete(worker(), completed(held), now=T0)
    started = [lease.tenant for lease in (*claim(queue), *claim(queue))]
    assert sorted(started) == ["acme", "other"]


# Wakes.


def test_nobody_is_woken_for_jobs_beyond_the_concurrency(queue_with: QueueWith) -> None:
    queue = queue_with(tenants=acme(concurrency=1))
    wakes = queue.enqueue(*new_jobs(100), now=T0).wakes
    assert len(wakes) == 1
    queue.claim(worker(), call=0, free=1, token=wakes[0], now=T0)
    assert queue.wake(now=T0) == ()
    assert queue.enqueue(*new_jobs(100, prefix="more"), now=T0).wakes == ()


def test_nobody_is_woken_for_what_a_rate_holds_back_until_its_moment(queue_with: QueueWith) -> None:
    queue = queue_with(tenants=acme(rate=0.01))
    queue.enqueue(*new_jobs(10), now=T0)
    for lease in claim(queue, 2):
        queue.complete(worker(), completed(lease), now=T0)
    assert claim(queue) == ()
    queue.leave(worker(), now=T0)
    assert queue.wake(now=T0 + 99 * SECOND) == ()
    assert len(queue.wake(now=T0 + 100 * SECOND)) == 5


def test_who_finds_only_limited_jobs_leaves(queue_with: QueueWith) -> None:
    queue = queue_with(tenants=acme(concurrency=1))
    queue.enqueue(*new_jobs(10), now=T0)
    claim(queue)
    assert queue.claim(worker("w2"), call=0, free=1, leave=True, now=T0).left


def test_a_tenant_is_seen_behind_more_than_a_hundred_that_have_nothing_more(queue_with: QueueWith) -> None:
    """Those stand in line until their turn comes; a wake must not depend on that."""
    queue = queue_with(tenants={"limited": Limits(concurrency=1)})
    queue.enqueue(*new_jobs(2, prefix="limited", tenant="limited"), now=T0)
    queue.enqueue(*(new_job(f"t{number}", tenant=f"tenant-{number:03d}") for number in range(150)), now=T0)
    leases = claim(queue, 151)
    assert len(leases) == 151
    queue.leave(worker(), finished=[completed(lease) for lease in leases if lease.tenant != "limited"], now=T0)
    late = T0 + 21 * SECOND  # the wakes of the beginning are forgotten
    assert queue.enqueue(new_job("last", tenant="tenant-149"), now=late).wakes


# The cap on a backlog.


def test_a_full_backlog_lets_nothing_more_in(queue_with: QueueWith) -> None:
    queue = queue_with(tenants=acme(backlog=3))
    queue.enqueue(new_job("a"), new_job("b", due_at=T0 + MINUTE), now=T0)
    assert queue.admit("acme", "c", now=T0) == Admitted(full=False, backlog=2, holder=None, holder_state=None)
    assert queue.admit("acme", "c", jobs=2, now=T0) == Admitted(full=True, backlog=2, holder=None, holder_state=None)
    queue.enqueue(new_job("c"), now=T0)
    assert queue.admit("acme", "d", now=T0).full
    assert not queue.admit("other", "d", now=T0).full


def test_active_and_ended_jobs_are_no_backlog(queue_with: QueueWith) -> None:
    queue = queue_with(tenants=acme(backlog=1))
    queue.enqueue(new_job("a"), now=T0)
    assert queue.admit("acme", "b", now=T0).full
    (lease,) = claim(queue)
    assert not queue.admit("acme", "b", now=T0).full
    queue.complete(worker(), completed(lease), now=T0)
    assert not queue.admit("acme", "b", now=T0).full


def test_a_known_job_is_let_in_however_full_it_is(queue_with: QueueWith) -> None:
    queue = queue_with(tenants=acme(backlog=1))
    queue.enqueue(new_job("a"), now=T0)
    assert not queue.admit("acme", "a", now=T0).full  # its submit is repeated


def test_without_a_cap_all_are_let_in(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(1_000), now=T0)
    assert not any_queue.admit("acme", "more", jobs=1_000, now=T0).full
