"""Whose turn it is: tenants share by their weights, and within a tenant priority and age decide."""

from collections import Counter
from collections.abc import Callable

from queue_words import T0, claim, completed, found, new_job, new_jobs, run_jobs, worker
from report_queue.job import Lease
from report_queue.queue import Queue
from report_queue.settings import Limits

QueueWith = Callable[..., Queue]


def tenants(leases: list[Lease]) -> list[str]:
    return [lease.tenant for lease in leases]


def names(leases: list[Lease]) -> list[str]:
    return [lease.id for lease in leases]


def test_one_job_behind_another_tenants_ten_thousand_starts_after_the_running_ones_and_one_more(
    any_queue: Queue,
) -> None:
    slots = 4
    any_queue.enqueue(*new_jobs(10_000, tenant="big"), now=T0)
    run_jobs(any_queue, 100, slots=slots)
    running = list(claim(any_queue, slots))
    any_queue.enqueue(new_job("one", tenant="small"), now=T0)
    completions = 0
    while "one" not in names(running):
        any_queue.complete(worker(), completed(running.pop(0)), now=T0)
        completions += 1
        running += claim(any_queue, 1)
    assert completions <= slots + 1


def test_weights_are_shares(queue_with: QueueWith) -> None:
    queue = queue_with(tenants={"heavy": Limits(weight=3)}, tenant=Limits(weight=1))
    queue.enqueue(*new_jobs(400, prefix="h", tenant="heavy"), *new_jobs(400, prefix="l", tenant="light"), now=T0)
    started = Counter(tenants(run_jobs(queue, 400, slots=2)))
    assert 2.7 <= started["heavy"] / started["light"] <= 3.3


def test_a_lone_tenant_gets_everything(queue_with: QueueWith) -> None:
    queue = queue_with(tenants={"light": Limits(weight=0.01)})
    queue.enqueue(*new_jobs(20, tenant="heavy"), *new_jobs(100, prefix="l", tenant="light"), now=T0)
    run_jobs(queue, 40, slots=4)  # the heavy one's are over by then
    assert tenants(list(claim(queue, 50))) == ["light"] * 50


def test_each_of_many_tenants_starts_once_before_any_starts_again(any_queue: Queue) -> None:
    for tenant in range(50):
        any_queue.enqueue(*new_jobs(3, prefix=f"t{tenant}", tenant=f"tenant-{tenant}"), now=T0)
    started = tenants(run_jobs(any_queue, 150, slots=5))
    for turn in range(3):
        assert len(set(started[turn * 50 : turn * 50 + 50])) == 50


def test_jobs_of_a_tenant_and_a_priority_start_in_the_order_in_which_they_came(any_queue: Queue) -> None:
    jobs = [
        new_job(f"{99 - number:02d}", report_type=("sales", "inventory", "test")[number % 3]) for number in range(60)
    ]
    any_queue.enqueue(*jobs[:30], now=T0)
    for job in jobs[30:]:
        any_queue.enqueue(job, now=T0)
    assert names(run_jobs(any_queue, 60, slots=4)) == [job.id for job in jobs]


def test_a_higher_priority_goes_first_within_its_tenant(any_queue: Queue) -> None:
    for priority in (5, 0, 9, 4, 8, 1, 7, 2, 6, 3):
        any_queue.enqueue(new_job(f"p{priority}", priority=priority, report_type=f"type-{priority % 2}"), now=T0)
    any_queue.enqueue(new_job("p5-later"), now=T0)
    order = names(run_jobs(any_queue, 11))
    assert order == ["p9", "p8", "p7", "p6", "p5", "p5-later", "p4", "p3", "p2", "p1", "p0"]


def test_at_most_9_000_later_jobs_of_its_tenant_go_before_one_of_the_lowest_priority(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a-low", priority=0), now=T0)
    any_queue.enqueue(*new_jobs(10_000, priority=9), now=T0)
    before = 0
    while "a-low" not in (started := names(run_jobs(any_queue, 500, slots=500))):
        before += len(started)
    assert before + started.index("a-low") == 8_999  # the 9,000th is level with it


def test_a_step_of_priority_is_a_thousand_jobs(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("four", priority=4), now=T0)
    any_queue.enqueue(*new_jobs(1_500, priority=5), now=T0)
    waits = any_queue.explain("four", now=T0)
    assert waits
    assert waits.ahead == 999
    assert found(any_queue, "four").priority == 4


def test_the_priority_of_one_tenant_delays_no_other(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(100, prefix="high", tenant="high", priority=9), now=T0)
    any_queue.enqueue(*new_jobs(100, prefix="low", tenant="low", priority=0), now=T0)
    assert Counter(tenants(run_jobs(any_queue, 40))) == {"high": 20, "low": 20}


def test_idle_time_is_no_credit(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(1, prefix="first", tenant="idle"), now=T0)
    any_queue.enqueue(*new_jobs(300, prefix="busy", tenant="busy"), now=T0)
    run_jobs(any_queue, 200)  # one of the idle one's is among them
    any_queue.enqueue(*new_jobs(100, prefix="idle", tenant="idle"), now=T0)
    assert Counter(tenants(run_jobs(any_queue, 20))) == {"busy": 10, "idle": 10}


def test_a_tenant_that_went_and_comes_back_owes_what_it_had(queue_with: QueueWith) -> None:
    queue = queue_with(tenants={"light": Limits(weight=0.1)})
    queue.enqueue(new_job("first", tenant="light"), now=T0)
    run_jobs(queue, 2)  # and finds that there is no more
    queue.enqueue(new_job("again", tenant="light"), *new_jobs(20), now=T0)
    assert names(run_jobs(queue, 20)).index("again") in (10, 11)


def test_jobs_sent_one_at_a_time_are_no_way_around_the_turns(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(100, prefix="other", tenant="other"), now=T0)
    started: list[str] = []
    for number in range(40):
        any_queue.enqueue(new_job(f"trickle-{number}", tenant="trickle"), now=T0)
        started += tenants(run_jobs(any_queue, 1))
    assert Counter(started) == {"other": 20, "trickle": 20}


def test_a_job_whose_worker_died_goes_back_to_its_place(any_queue: Queue) -> None:
    any_queue.enqueue(*new_jobs(10), now=T0)
    claim(any_queue, 3, by=worker("dead"))
    any_queue.requeue(now=T0 + 30_000)
    assert names(run_jobs(any_queue, 10, now=T0 + 30_000)) == [f"job-{number:05d}" for number in range(10)]


def test_a_place_is_kept_to_the_digit_behind_many_tenants_and_types(any_queue: Queue) -> None:
    """A place there is a number of 15 digits."""
    any_queue.enqueue(
        *(
            new_job(f"{tenant}-{kind}", tenant=f"tenant-{tenant}", report_type=f"type-{kind}", due_at=2 * T0)
            for tenant in range(100)
            for kind in range(40)
        ),
        now=T0,
    )
    order = [f"job-{99 - number}" for number in range(40)]  # their names say nothing of their order
    any_queue.enqueue(*map(new_job, order), now=T0)
    assert len(claim(any_queue, 20, by=worker("dead"))) == 20
    any_queue.requeue(now=T0 + 30_000)
    assert names(run_jobs(any_queue, 40, now=T0 + 30_000)) == order
