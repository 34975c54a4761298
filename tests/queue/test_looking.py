"""What people see: lists and groups are true ones, and a tenant's own."""

from typing import Any

import pytest

from queue_words import MINUTE, SECOND, T0, claim, completed, failed, listed, new_job, new_jobs, worker
from report_queue.job import State
from report_queue.queue import Queue
from report_queue.replies import Group, Where


def pages(queue: Queue, limit: int, tenant: str = "acme", **where: Any) -> list[list[str]]:
    """All pages of a list, each from where the last one ended."""
    found, after = [], None
    while True:
        page = queue.list(tenant, Where(**where), limit=limit, after=after)
        found.append([job.id for job in page.jobs])
        assert len(found) < 1_000
        after = page.after
        if after is None:
            return found


def flat(found: list[list[str]]) -> list[str]:
    return [name for page in found for name in page]


def fail_all(queue: Queue, *, now: int, **how: Any) -> None:
    """Every job that waits starts and fails for good."""
    while leases := claim(queue, 100, now=now):
        ended = [failed(lease, permanent=True, **how) for lease in leases]
        queue.leave(worker(), finished=ended, now=now)


# Lists.


def test_a_list_shows_a_tenants_jobs_newest_first_in_pages(any_queue: Queue) -> None:
    for moment in range(5):
        any_queue.enqueue(new_job(f"job-{moment}"), new_job(f"other-{moment}", tenant="other"), now=T0 + moment)
    by_offset = [listed(any_queue, state=State.WAITING, limit=5)[offset : offset + 2] for offset in (0, 2, 4)]
    assert by_offset == [["job-4", "job-3"], ["job-2", "job-1"], ["job-0"]]
    page = any_queue.list("acme", Where(state=State.WAITING), offset=2, limit=2)
    assert [job.id for job in page.jobs] == ["job-2", "job-1"]
    assert flat(pages(any_queue, 2, state=State.WAITING)) == flat(by_offset)


@pytest.mark.parametrize("state", list(State))
def test_no_page_shows_a_job_twice_or_leaves_one_out_though_all_came_at_once(any_queue: Queue, state: State) -> None:
    later = {"due_at": T0 + MINUTE} if state is State.DELAYED else {}
    jobs = [
        new_job(f"job-{number:02d}", report_type=f"type-{number % 3}", priority=number % 10, **later)
        for number in range(47)
    ]
    any_queue.enqueue(*jobs, *new_jobs(47, prefix="other", tenant="other", **later), now=T0)
    if state in (State.ACTIVE, State.COMPLETED, State.FAILED):
        leases = claim(any_queue, 94)
        if state is State.COMPLETED:
            any_queue.leave(worker(), finished=[completed(lease) for lease in leases], now=T0)
        if state is State.FAILED:
            any_queue.leave(worker(), finished=[failed(lease, permanent=True) for lease in leases], now=T0)
    if state is State.CANCELLED:
        for job in jobs:
            any_queue.cancel(job.id, now=T0)
    found = pages(any_queue, 5, state=state)
    assert sorted(flat(found)) == [job.id for job in jobs]
    assert all(len(page) == 5 for page in found[:9])
    of_type = flat(pages(any_queue, 5, state=state, report_type="type-1"))
    assert sorted(of_type) == [job.id for job in jobs if job.report_type == "type-1"]


def test_no_page_leaves_one_out_that_is_level_with_the_last_one(any_queue: Queue) -> None:
    any_queue.enqueue(
        new_job("low", priority=4), *new_jobs(1_000), now=T0
    )  # a thousand later it is level with the last
    first = any_queue.list("acme", Where(state=State.WAITING), limit=1)
    second = any_queue.list("acme", Where(state=State.WAITING), limit=1, after=first.after)
    assert {job.id for job in (*first.jobs, *second.jobs)} == {"low", "job-00999"}


def test_what_changes_between_two_pages_spoils_neither(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(10), now=T0)
    first = any_queue.list("acme", Where(state=State.WAITING), limit=4)
    any_queue.enqueue(*new_jobs(50, prefix="later"), now=T0 + 1)
    any_queue.cancel(first.jobs[-1].id, now=T0 + 1)
    second = any_queue.list("acme", Where(state=State.WAITING), limit=4, after=first.after)
    assert [job.id for job in second.jobs] == [f"job-{number:05d}" for number in (5, 4, 3, 2)]


def test_ended_jobs_are_listed_by_the_moment_of_their_end(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(3), now=T0)
    first, second, third = claim(any_queue, 3)
    for moment, lease in enumerate((second, third, first)):
        any_queue.complete(worker(), completed(lease), now=T0 + moment)
    assert listed(any_queue, state=State.COMPLETED) == ["job-00000", "job-00002", "job-00001"]


def test_jobs_are_found_by_their_tags_in_any_state(any_queue: Queue) -> None:
    any_queue.enqueue(
        new_job("a", tags=("north",), accepted_at=T0),
        new_job("b", tags=("north", "monthly"), accepted_at=T0 + 1, due_at=T0 + MINUTE),
        new_job("c", tags=("northern",), accepted_at=T0 + 2),
        new_job("d", accepted_at=T0 + 3),
        new_job("e", tags=("north",), accepted_at=T0 + 4, report_type="test"),
        now=T0 + 5,
    )
    any_queue.cancel("a", now=T0 + 5)
    assert listed(any_queue, tag="north") == ["e", "b", "a"]
    assert listed(any_queue, tag="monthly") == ["b"]
    assert listed(any_queue, tag="north", state=State.CANCELLED) == ["a"]
    assert listed(any_queue, tag="north", report_type="test") == ["e"]
    assert listed(any_queue, tag="north", since=T0 + 1, until=T0 + 3) == ["b"]
    assert pages(any_queue, 1, tag="north") == [["e"], ["b"], ["a"]]


def test_a_filter_that_few_match_finds_them_behind_many_that_do_not(any_queue: Queue) -> None:
    """A page looks at a thousand jobs at most; a short one, or an empty one, says where to go on."""
    jobs = [new_job(f"old-{number}", tags=("t",), accepted_at=T0 + number) for number in range(3)]
    any_queue.enqueue(*jobs, now=T0)
    any_queue.enqueue(*new_jobs(2_500, tags=("t",), accepted_at=T0 + SECOND), now=T0)
    for job in jobs:
        any_queue.cancel(job.id, now=T0)
    assert flat(pages(any_queue, 10, tag="t", state=State.CANCELLED)) == ["old-2", "old-1", "old-0"]
    assert len(flat(pages(any_queue, 500, tag="t"))) == 2_503


def test_failed_jobs_are_found_by_their_error(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(3), now=T0)
    leases = claim(any_queue, 3)
    ends = [failed(lease, permanent=True, reason=f"r{number // 2}") for number, lease in enumerate(leases)]
    for moment, end in enumerate(ends):
        any_queue.fail(worker(), end, now=T0 + moment)
    assert listed(any_queue, signature=ends[0].signature) == ["job-00001", "job-00000"]
    assert listed(any_queue, signature=ends[0].signature, since=T0 + 1) == ["job-00001"]
    any_queue.retry("job-00001", round=1, now=T0)
    assert listed(any_queue, signature=ends[0].signature) == ["job-00000"]


def test_jobs_are_found_by_their_batch(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(12, batch="b1"), *new_jobs(3, prefix="x", batch="b2"), new_job("alone"), now=T0)
    any_queue.cancel("job-00003", now=T0)
    assert sorted(flat(pages(any_queue, 5, batch="b1"))) == [f"job-{number:05d}" for number in range(12)]
    assert listed(any_queue, batch="b1", state=State.CANCELLED) == ["job-00003"]
    assert listed(any_queue, "other", batch="b1") == []  # another tenant's


@pytest.mark.parametrize("state", [State.WAITING, State.CANCELLED])
def test_jobs_are_found_by_when_they_entered_their_state(any_queue: Queue, state: State) -> None:
    for moment in range(10):
        any_queue.enqueue(new_job(f"job-{moment}"), now=T0 + moment)
        if state is State.CANCELLED:
            any_queue.cancel(f"job-{moment}", now=T0 + moment)
    assert listed(any_queue, state=state, since=T0 + 3, until=T0 + 5) == ["job-5", "job-4", "job-3"]
    assert listed(any_queue, state=state, since=T0 + 8) == ["job-9", "job-8"]
    assert flat(pages(any_queue, 2, state=state, until=T0 + 4)) == [f"job-{moment}" for moment in (4, 3, 2, 1, 0)]


def test_no_question_shows_another_tenants_jobs(any_queue: Queue) -> None:
    options: dict[str, Any] = {"tags": ("t",), "batch": "b"}
    for tenant in ("acme", "acme-2", "other"):
        any_queue.enqueue(new_job(f"{tenant}-failed", tenant=tenant, **options), now=T0)
    fail_all(any_queue, now=T0)
    for tenant in ("acme", "acme-2", "other"):
        any_queue.enqueue(new_job(f"{tenant}-waiting", tenant=tenant, **options), now=T0)
    for tenant in ("acme", "acme-2", "other"):
        (group,) = any_queue.groups(tenant)
        assert (group.count, group.newest) == (1, f"{tenant}-failed")
        seen = [{"state": state} for state in State]
        seen += [{"tag": "t"}, {"batch": "b"}, {"signature": group.signature}]  # type: ignore[dict-item]
        assert {name for where in seen for name in listed(any_queue, tenant, **where)} == {
            f"{tenant}-failed",
            f"{tenant}-waiting",
        }
        counts = any_queue.counts(tenant)
        assert (counts[State.FAILED], counts[State.WAITING], sum(counts.values())) == (1, 1, 2)


# Groups.


def test_failed_jobs_are_grouped_by_their_errors(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(3), now=T0)
    fail_all(any_queue, now=T0, reason="render.timeout", message="page 1 of 'a' took 3 s")
    any_queue.enqueue(*new_jobs(2, prefix="more"), now=T0 + 1)
    fail_all(any_queue, now=T0 + 1, reason="render.timeout", message="page 22 of 'b' took 14 s")
    any_queue.enqueue(new_job("typo"), now=T0 + 2)
    fail_all(any_queue, now=T0 + 2, reason="template.error", message="no such word")
    groups = {group.signature.partition("-")[0]: group for group in any_queue.groups("acme")}
    assert {reason: (group.count, group.newest) for reason, group in groups.items()} == {
        "render.timeout": (5, "more-00001"),
        "template.error": (1, "typo"),
    }
    any_queue.enqueue(new_job("late", expires_at=T0 + 3), now=T0)
    any_queue.expire(now=T0 + 3)
    assert Group("expired", 1, "late") in any_queue.groups("acme")


def test_no_more_than_a_hundred_groups_are_told(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(120), now=T0)
    ends = [failed(lease, permanent=True, reason=f"r.{lease.id}") for lease in claim(any_queue, 120)]
    any_queue.leave(worker(), finished=ends, now=T0)
    assert len(any_queue.groups("acme")) == 100
