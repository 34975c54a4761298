"""What people see: lists, counts, workers and gauges are true ones."""

from queue_words import MINUTE, SECOND, T0, claim_one, completed, new_job, worker
from report_queue.job import State
from report_queue.queue import Queue


def test_a_list_shows_a_tenants_jobs_newest_first_in_pages(any_queue: Queue) -> None:
    for moment in range(5):
        any_queue.enqueue(new_job(f"job-{moment}"), new_job(f"other-{moment}", tenant="other"), now=T0 + moment)
    pages = [any_queue.list("acme", State.WAITING, offset=offset, limit=2) for offset in (0, 2, 4)]
    assert [[job.id for job in page] for page in pages] == [["job-4", "job-3"], ["job-2", "job-1"], ["job-0"]]


def test_a_tenant_whose_name_begins_anothers_sees_only_its_own(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a", tenant="acme"), new_job("b", tenant="acme-2"), now=T0)
    assert any_queue.counts("acme")[State.WAITING] == 1
    assert [job.id for job in any_queue.list("acme", State.WAITING)] == ["a"]


def test_workers_show_their_last_beat(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    lease = claim_one(any_queue)
    any_queue.beat(worker(), [(lease, 60)], done=4, now=T0 + 10 * SECOND)
    (seen,) = any_queue.workers(now=T0 + 11 * SECOND)
    assert (seen.id, seen.beat_at, seen.slots, seen.active, seen.finished) == ("w1", T0 + 10 * SECOND, 2, 1, 4)


def test_gauges_tell_age_and_the_next_due_moment(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    any_queue.enqueue(new_job("b", due_at=T0 + MINUTE), now=T0)
    gauges = any_queue.gauges(now=T0 + 7 * SECOND)
    assert (gauges.oldest_waiting_ms, gauges.next_due_at, gauges.workers) == (7 * SECOND, T0 + MINUTE, 0)
    assert gauges.eviction_policy == "noeviction"
    assert gauges.counts[State.DELAYED] == 1


def test_a_broker_that_is_there_answers(any_queue: Queue) -> None:
    any_queue.ping()  # raises where it does not


def test_the_clock_is_the_brokers(any_queue: Queue) -> None:
    before = any_queue.now()
    any_queue.enqueue(new_job("a"))
    (job,) = any_queue.find("a")
    assert job
    assert before <= job.at <= any_queue.now()


def test_retention_also_goes_by_number(valkey: str) -> None:
    from brokers import settings_for
    from report_queue.wiring import broker

    settings = settings_for(valkey, retention_count=2)
    queue = Queue(broker(settings), settings)
    for moment in range(4):
        queue.enqueue(new_job(f"job-{moment}"), now=T0 + moment)
        queue.complete(worker(), completed(claim_one(queue, now=T0 + moment, call=moment)), now=T0 + moment)
    assert queue.prune(now=T0 + 10) == 2
    assert [job.id for job in queue.list("acme", State.COMPLETED)] == ["job-3", "job-2"]
