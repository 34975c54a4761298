"""What has ended is kept for a time and in a number, by its state and by its own wish; what lives is kept for good."""

from collections.abc import Callable
from typing import Any

import pytest

from queue_words import MINUTE, SECOND, T0, claim, completed, failed, new_job, new_jobs, run_jobs, worker
from report_queue.job import State
from report_queue.queue import Queue
from report_queue.replies import Dedup
from report_queue.settings import Limits

QueueWith = Callable[..., Queue]
ENDS = [State.COMPLETED, State.FAILED, State.CANCELLED]


def end(queue: Queue, name: str, state: State, *, now: int = T0, **options: Any) -> None:
    queue.enqueue(new_job(name, **options), now=now)
    if state is State.CANCELLED:
        queue.cancel(name, now=now)
        return
    (lease,) = claim(queue, now=now)
    if state is State.COMPLETED:
        queue.complete(worker(), completed(lease), now=now)
    else:
        queue.fail(worker(), failed(lease, permanent=True), now=now)


def known(queue: Queue, *names: str) -> list[str]:
    return [job.id for job in queue.find(*names) if job]


@pytest.mark.parametrize("state", ENDS)
def test_each_state_has_an_age_of_its_own(queue_with: QueueWith, state: State) -> None:
    queue = queue_with(**{f"retention_{state}_ms": 10 * SECOND})
    for each in ENDS:
        end(queue, each, each)
    assert queue.prune(now=T0 + 10 * SECOND - 1) == 0
    assert queue.prune(now=T0 + 10 * SECOND) == 1
    assert known(queue, *ENDS) == [each for each in ENDS if each is not state]


@pytest.mark.parametrize("state", ENDS)
def test_each_state_has_a_number_of_its_own_and_the_newest_are_kept(queue_with: QueueWith, state: State) -> None:
    queue = queue_with(**{f"retention_{state}_count": 2})
    for moment in range(4):
        for each in ENDS:
            end(queue, f"{each}-{moment}", each, now=T0 + moment)
    assert queue.prune(now=T0 + SECOND) == 2
    assert known(queue, *(f"{state}-{moment}" for moment in range(4))) == [f"{state}-2", f"{state}-3"]
    assert sum(queue.counts().values()) == 10


def test_a_job_may_be_kept_for_as_long_as_it_asks(queue_with: QueueWith) -> None:
    queue = queue_with(retention_completed_ms=MINUTE)
    end(queue, "short", State.COMPLETED, retention_ms=SECOND)
    end(queue, "usual", State.COMPLETED)
    end(queue, "long", State.COMPLETED, retention_ms=10 * MINUTE)
    kept = []
    for now in (T0 + SECOND, T0 + MINUTE, T0 + 10 * MINUTE):
        queue.prune(now=now)
        kept.append(known(queue, "short", "usual", "long"))
    assert kept == [["usual", "long"], ["long"], []]


def test_pruning_is_bounded_work(queue_with: QueueWith) -> None:
    queue = queue_with(retention_completed_ms=SECOND)
    queue.enqueue(*new_jobs(25), now=T0)
    run_jobs(queue, 25, slots=25)
    assert [queue.prune(limit=10, now=T0 + MINUTE) for _ in range(4)] == [10, 10, 5, 0]


def test_what_lives_is_never_pruned(queue_with: QueueWith) -> None:
    queue = queue_with(**{f"retention_{state}_{kind}": 1 for state in ENDS for kind in ("ms", "count")})
    queue.enqueue(new_job("waiting"), new_job("delayed", due_at=T0 + MINUTE), now=T0)
    claim(queue)
    queue.enqueue(new_job("next"), now=T0)
    assert queue.prune(now=2 * T0) == 0
    assert known(queue, "waiting", "delayed", "next") == ["waiting", "delayed", "next"]


def test_a_forgotten_job_leaves_nothing_behind(any_queue: Queue) -> None:
    for each in ENDS:
        end(any_queue, each, each, tags=("monthly", "north"), batch="batch-1")
    assert any_queue.prune(now=2 * T0) == 3
    client: Any = any_queue._broker.client
    left = {key.rpartition(":")[2] for key in any_queue._broker.keys if client.exists(key)}
    # None of them grows with jobs: a batch stays until the poller has looked at it, usage is of tenants, by day.
    assert left <= {"tenants", "turns", "meters", "stats", "usage", "wakes", "batches"}


def test_no_key_has_an_end_of_its_own(queue_with: QueueWith) -> None:
    queue = queue_with(tenants={"slow": Limits(rate=0.1, backlog=5)})
    for each in ENDS:
        end(queue, each, each, tags=("monthly",), batch="batch-1", expires_at=T0 + MINUTE)
    queue.admit("slow", "s", dedup=Dedup("key", MINUTE), now=T0)
    queue.enqueue(*new_jobs(3, prefix="slow", tenant="slow"), new_job("later", due_at=T0 + MINUTE), now=T0)
    queue.enqueue(*new_jobs(3), new_job("soon", expires_at=T0 + MINUTE), now=T0)
    claim(queue, 3)
    queue.pause({"test": T0}, now=T0)
    queue.prune(now=T0)
    client: Any = queue._broker.client
    ends = {key.rpartition(":")[2]: client.pttl(key) for key in queue._broker.keys if client.exists(key)}
    assert len(ends) >= 18
    assert set(ends.values()) == {-1}
