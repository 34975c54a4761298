"""A dedup key is one job's of its tenant for a window of time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from queue_words import MINUTE, T0, claim, completed, key_of, new_job, worker
from report_queue.job import State
from report_queue.queue import Queue
from report_queue.replies import Dedup
from report_queue.settings import Limits

KEY = Dedup("monthly", window_ms=MINUTE)


def holder(queue: Queue, name: str, *, tenant: str = "acme", dedup: Dedup = KEY, now: int = T0) -> str | None:
    return queue.admit(tenant, name, dedup=dedup, now=now).holder


def test_who_comes_second_hears_who_has_the_key_and_how_far_it_is(any_queue: Queue) -> None:
    assert holder(any_queue, "a") is None
    assert any_queue.admit("acme", "b", dedup=KEY, now=T0).holder_state is None  # accepted, and not enqueued yet
    any_queue.enqueue(new_job("a"), now=T0)
    admitted = any_queue.admit("acme", "b", dedup=KEY, now=T0)
    assert (admitted.holder, admitted.holder_state, admitted.full) == ("a", State.WAITING, False)
    for lease in claim(any_queue):
        any_queue.complete(worker(), completed(lease), now=T0)
    assert any_queue.admit("acme", "b", dedup=KEY, now=T0).holder_state is State.COMPLETED


def test_the_key_is_free_again_when_its_window_is_over(any_queue: Queue) -> None:
    holder(any_queue, "a")
    assert holder(any_queue, "b", now=T0 + MINUTE - 1) == "a"
    assert holder(any_queue, "b", now=T0 + MINUTE) is None
    assert holder(any_queue, "c", now=T0 + MINUTE) == "b"


def test_asking_again_for_the_same_job_is_no_conflict(any_queue: Queue) -> None:
    assert holder(any_queue, "a") is None
    assert holder(any_queue, "a") is None
    any_queue.enqueue(new_job("a"), now=T0)
    assert holder(any_queue, "a") is None


def test_a_known_job_takes_no_key_from_another(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    holder(any_queue, "b")
    assert holder(any_queue, "a") is None  # let in, for it is in
    assert holder(any_queue, "c") == "b"


def test_a_job_takes_the_key_from_the_one_that_it_replaces_and_from_no_other(any_queue: Queue) -> None:
    holder(any_queue, "a")
    assert holder(any_queue, "b", dedup=replace(KEY, instead_of="x")) == "a"
    assert holder(any_queue, "b", dedup=replace(KEY, instead_of="a")) is None
    assert holder(any_queue, "c") == "b"


def test_tenants_and_keys_are_apart(any_queue: Queue) -> None:
    holder(any_queue, "a")
    assert holder(any_queue, "b", tenant="other") is None
    assert holder(any_queue, "c", dedup=replace(KEY, key="yearly")) is None
    assert holder(any_queue, "d") == "a"


def test_a_tenant_that_is_full_takes_no_key(queue_with: Callable[..., Queue]) -> None:
    queue = queue_with(tenant=Limits(backlog=1))
    queue.enqueue(new_job("a"), now=T0)
    assert queue.admit("acme", "b", dedup=KEY, now=T0).full
    queue.cancel("a", now=T0)
    assert holder(queue, "c") is None


def test_pruning_forgets_the_windows_that_are_over(any_queue: Queue) -> None:
    client: Any = any_queue._broker.client
    dedups, windows = key_of(any_queue, "dedups"), key_of(any_queue, "windows")
    holder(any_queue, "a")
    holder(any_queue, "b", dedup=Dedup("yearly", window_ms=2 * MINUTE))
    any_queue.prune(now=T0 + MINUTE)
    assert client.hkeys(dedups) == client.zrange(windows, 0, -1) == ["acme|yearly"]
