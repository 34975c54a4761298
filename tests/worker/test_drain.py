"""From claim to receipt: what a worker does when all goes well, and when the world around it does not."""

import hashlib
import io
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pypdf
import pytest
import redis

from report_queue import purge
from report_queue.attempt import Attempt, Slot
from report_queue.errors import BrokerAway, StoreAway
from report_queue.job import Completed, Lease, NewJob, State, Verdict
from report_queue.receipt import receipt_of
from report_queue.replies import Worker
from report_queue.result import Made
from report_queue.wake import Bus
from stacks import until
from worker_world import LONG, World


def in_background(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_worker_renders_publishes_and_closes_everything_that_waits_and_leaves(world: World) -> None:
    ids = [world.accept("test", {"title": f"Report {n}", "message": f"Number {n}"}) for n in range(5)]
    drained = world.drain()
    assert [ended.verdict for ended in drained.ended] == [Verdict.COMPLETED] * 5
    assert all(world.ended_well(job_id) for job_id in ids)
    assert world.keys("open/") == []
    assert world.queue.workers() == []
    for n, job_id in enumerate(ids):
        text = pypdf.PdfReader(io.BytesIO(world.pdf(job_id))).pages[0].extract_text()
        assert f"Number {n}" in text


def test_two_children_run_at_a_time(world: World) -> None:
    for _ in range(4):
        world.accept("test", LONG)
    seen: set[int] = set()
    thread = in_background(world.drain)
    while thread.is_alive():
        seen.add(world.queue.counts()[State.ACTIVE])
        time.sleep(0.02)
    assert max(seen) == 2


def test_the_result_says_what_was_published(world: World) -> None:
    job_id = world.accept()
    world.drain()
    result = world.job(job_id).result
    body = world.pdf(job_id)
    assert result
    assert (result.key, result.size) == (f"reports/acme/{job_id}.pdf", len(body))
    assert result.pages == len(pypdf.PdfReader(io.BytesIO(body)).pages)
    assert world.ledger.receipt(job_id).result == result


def test_a_second_attempt_takes_the_report_that_the_first_published(world: World) -> None:
    """The worker died between publishing and completing."""
    job_id = world.accept()
    died = Worker(id="died", pid=1, slots=1, started_at=0)
    world.queue.claim(died, call=0, free=1)
    published = world.ledger.publish(
        tenant="acme",
        id=job_id,
        body=io.BytesIO(b"%PDF-first"),
        made=Made(size=10, pages=1, sha256=hashlib.sha256(b"%PDF-first").hexdigest(), seconds=0.1, peak_memory_mb=1),
    )
    world.queue.requeue(now=world.queue.now() + 31_000)
    world.drain()
    assert world.job(job_id).result == published
    assert world.pdf(job_id) == b"%PDF-first"
    assert world.keys("open/") == []


def test_a_second_attempt_does_not_render_what_is_published(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = world.accept()
    world.drain()
    receipt = world.ledger.receipt(job_id)
    assert receipt
    assert receipt.result
    again = Slot(world.worker().worker, world.queue, world.ledger, world.renderer, world.settings)
    monkeypatch.setattr(world.ledger, "open_request", lambda _: receipt.request)
    monkeypatch.setattr(world.renderer, "start", None)  # would raise
    outcome = again.make(Attempt(Lease(job_id, "acme", "test", attempt=2, round=0, accepted_at=0)))
    assert isinstance(outcome, Completed)
    assert outcome.result == receipt.result


def test_a_job_that_is_cancelled_between_rendering_and_publishing_is_not_published(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = world.accept()
    render = Slot._render

    def then_cancelled(*given: Any) -> Any:
        rendered = render(*given)
        world.queue.cancel(job_id)
        return rendered

    monkeypatch.setattr(Slot, "_render", then_cancelled)
    assert world.drain().lost == 1
    assert world.keys("reports/") == []


def test_a_job_that_is_cancelled_while_it_renders_is_killed_and_publishes_nothing(world: World) -> None:
    world = world.with_settings(beat_ms=100)
    job_id = world.accept("test", LONG)
    thread = in_background(world.drain)
    until(lambda: world.job(job_id).state is State.ACTIVE, "active", seconds=30)
    assert world.queue.cancel(job_id) is Verdict.CANCELLED
    thread.join()
    assert world.job(job_id).state is State.CANCELLED
    assert world.keys("reports/") == []


def test_a_broker_that_is_wiped_while_a_report_renders_loses_nothing(world: World, valkey: str) -> None:
    job_id = world.accept("test", LONG)
    thread = in_background(world.drain)
    until(lambda: world.job(job_id).state is State.ACTIVE, "active", seconds=30)
    with redis.Redis.from_url(valkey) as client:
        client.flushall()
    thread.join()
    assert world.ledger.receipt(job_id).state is State.COMPLETED
    assert world.keys("open/") == []
    assert world.pdf(job_id).startswith(b"%PDF-")


def test_a_report_whose_job_ended_and_was_deleted_meanwhile_is_not_published(world: World) -> None:
    """The worker was presumed dead; another one ended the job, and somebody had its documents deleted."""
    job_id = world.accept("test", LONG)
    thread = in_background(world.drain)
    until(lambda: world.job(job_id).state is State.ACTIVE, "active", seconds=30)
    request = world.ledger.open_request(job_id)
    assert request
    world.queue.cancel(job_id)
    receipt = receipt_of(world.job(job_id), request)
    world.ledger.close(receipt)
    assert purge.begin(world.ledger, receipt)
    assert purge.finish(world.queue, world.ledger, job_id)
    thread.join()
    assert world.keys() == [f"closed/{job_id}.json"]
    assert world.ledger.receipt(job_id) is None


class Sent(Bus):
    """A bus that remembers."""

    def __init__(self) -> None:
        self.tokens: list[str] = []

    def wake(self, tokens: Iterable[str]) -> int:
        self.tokens += tokens
        return len(self.tokens)


def test_a_worker_whose_time_runs_out_ends_what_it_has_and_sends_for_another(world: World) -> None:
    world = world.with_settings(wake_ms=1)  # no wake but the one that we look for is still under way
    ids = [world.accept() for _ in range(3)]
    looks = iter([900_000])  # at the second look at the clock there is too little left
    drain = replace(world.worker(), remaining_ms=lambda: next(looks, world.settings.attempt_ms), bus=Sent())
    assert len(drain.run(None).ended) == 2
    assert [world.job(job_id).state for job_id in ids] == [State.COMPLETED, State.COMPLETED, State.WAITING]
    assert isinstance(drain.bus, Sent)
    assert drain.bus.tokens
    assert world.queue.workers() == []


def test_while_a_worker_winds_up_no_end_waits_for_a_neighbours(world: World) -> None:
    world = world.with_settings(wake_ms=1)
    slow, quick, waits = world.accept("test", LONG), world.accept(), world.accept()
    looks = iter([900_000])
    drain = replace(world.worker(), remaining_ms=lambda: next(looks, 0), bus=Sent())
    thread = in_background(lambda: drain.run(None))
    until(lambda: world.job(quick).state is State.COMPLETED, "completed", seconds=30)
    assert world.job(slow).state is State.ACTIVE
    sent = drain.bus
    assert isinstance(sent, Sent)
    until(lambda: bool(sent.tokens), "a wake", seconds=30)  # and others are sent for at once
    thread.join()
    assert world.ended_well(slow)
    assert world.ended_well(quick)
    assert world.job(waits).state is State.WAITING


def test_whatever_happens_to_a_beat_the_next_one_follows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = world.with_settings(beat_ms=100)
    beats: list[int] = []
    beat = world.queue.beat

    def once_broken(*given: Any, **named: Any) -> Any:
        beats.append(1)
        if len(beats) == 1:
            raise ZeroDivisionError
        return beat(*given, **named)

    monkeypatch.setattr(world.queue, "beat", once_broken)
    job_id = world.accept("test", LONG)
    world.drain()
    assert len(beats) > 2
    assert world.ended_well(job_id)


def test_an_outage_of_the_store_does_not_fail_a_job_however_long(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = world.accept(attempts=1)

    def away(*_: object) -> None:
        raise StoreAway("S3 does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(world.ledger, "open_request", away)
        for minute in range(4):
            world.queue.promote(now=world.queue.now() + minute * 60_000)
            world.drain()
            assert world.job(job_id).state is State.DELAYED
    world.queue.promote(now=world.queue.now() + 600_000)
    world.drain()
    assert world.ended_well(job_id)


def test_a_store_that_is_away_costs_time_and_not_the_job(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = world.accept()

    def away(*_: object) -> None:
        raise StoreAway("S3 does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(world.ledger, "open_request", away)
        world.drain()
    assert (world.job(job_id).state, world.job(job_id).reason) == (State.DELAYED, "store.away")
    world.queue.promote(now=world.queue.now() + 60_000)
    world.drain()
    assert world.ended_well(job_id)


def test_a_receipt_that_could_not_be_written_does_not_undo_the_report(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = world.accept()

    def close(_: object) -> None:
        raise StoreAway("S3 does not answer")

    monkeypatch.setattr(world.ledger, "close", close)
    world.drain()
    assert world.job(job_id).state is State.COMPLETED
    assert world.keys("open/") == [f"open/{job_id}.json"]  # the reconciler's to finish


def test_a_request_that_the_ledger_does_not_hold_fails_for_good(world: World) -> None:
    job_id = world.accept()
    world.s3.delete_object(Bucket="reports", Key=f"open/{job_id}.json")
    world.drain()
    assert (world.job(job_id).state, world.job(job_id).reason) == (State.FAILED, "ledger.missing")


@pytest.mark.parametrize("state", [State.COMPLETED, State.CANCELLED])
def test_a_job_that_the_ledger_has_as_ended_is_not_rendered_again(world: World, valkey: str, state: State) -> None:
    """The broker was wiped after the job's end, and someone enqueued it late."""
    job_id = world.accept()
    world.drain()
    receipt = world.ledger.receipt(job_id)
    assert receipt
    if state is State.CANCELLED:
        world.s3.delete_object(Bucket="reports", Key=f"closed/{job_id}.json")
        world.s3.delete_object(Bucket="reports", Key=f"reports/acme/{job_id}.pdf")
        world.ledger.close(replace(receipt, state=state, result=None, reason="cancelled", message=None))
    with redis.Redis.from_url(valkey) as client:
        client.flushall()
    world.queue.enqueue(NewJob(job_id, "acme", "test", receipt.request.accepted_at))
    (ended,) = world.drain().ended
    assert ended.verdict is (Verdict.COMPLETED if state is State.COMPLETED else Verdict.FAILED)
    after = world.ledger.receipt(job_id)
    assert after
    assert after.state is state
    assert len(world.keys("reports/")) == (1 if state is State.COMPLETED else 0)


def test_a_mistake_in_the_worker_is_told_without_the_payload(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = world.accept()

    def publish(**_: object) -> None:
        raise ValueError("secret payload")

    monkeypatch.setattr(world.ledger, "publish", publish)
    world.drain()
    job = world.job(job_id)
    assert (job.state, job.reason) == (State.DELAYED, "worker.error")
    assert "secret" not in (job.message or "")
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_an_idle_worker_waits_for_a_rate_rather_than_leave(world: World) -> None:
    world = world.with_settings(rate=1.0)
    ids = [world.accept() for _ in range(3)]
    assert len(world.drain().ended) == 3
    assert all(world.ended_well(job_id) for job_id in ids)
    first, _, last = sorted(world.job(job_id).started_at or 0 for job_id in ids)
    assert last - first >= 1_900  # by the broker, whose rate this is, and not by how fast we are


def test_a_broker_that_is_away_while_a_worker_waits_for_a_rate_ends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> int:
        raise BrokerAway("away")

    world = world.with_settings(rate=1.0)
    ids = [world.accept() for _ in range(2)]
    monkeypatch.setattr(world.queue, "now", away)
    world.drain()
    assert all(world.ended_well(job_id) for job_id in ids)


def test_a_worker_shows_its_jobs_its_memory_and_its_version(world: World) -> None:
    job_id = world.accept("test", LONG)
    drain = replace(world.worker(), worker=Worker("w1", pid=1, slots=2, started_at=5, version="1.2.3"))
    thread = in_background(lambda: drain.run(None))
    until(lambda: any(beat.jobs for beat in world.queue.workers()), "the worker shows its job")
    (beat,) = world.queue.workers()
    assert (beat.jobs, beat.active, beat.version, beat.started_at) == ((job_id,), 1, "1.2.3", 5)
    assert beat.memory_mb > 10
    thread.join()
