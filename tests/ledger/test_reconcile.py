"""Whatever was lost between ledger and broker, by a wipe or by a crash between two writes, reconciling brings back."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import boto3
import pytest
import redis

from queue_words import claim_one, new_job, worker
from report_queue import reconcile as reconcile_module
from report_queue.errors import StoreAway
from report_queue.job import Completed, Failed, Job, State, Verdict
from report_queue.ledger import Acceptance, Ledger
from report_queue.queue import Queue
from report_queue.receipt import receipt_of
from report_queue.reconcile import Reconciled, Recovered, Repair, drift, reconcile, recover
from report_queue.result import Result
from report_queue.wake import Bus
from tests.ledger.words import (
    BUCKET,
    BUS,
    DUMMY,
    ID,
    T0,
    Crash,
    Watched,
    aws,
    crashing,
    ledger_on,
    meanwhile,
    publish,
    request,
    s3,
)

OTHER = "1" * 26
THIRD = "2" * 26


@dataclass
class Stack:
    """A ledger, a queue, and a bus that remembers whom it woke."""

    queue: Queue
    broker_url: str
    store: Any
    ledger: Ledger
    bus: Bus
    woken: list[str] = field(default_factory=list)

    def reconcile(self, **options: Any) -> Reconciled:
        return reconcile(self.queue, self.ledger, self.bus, **options)

    def flushall(self) -> None:
        with redis.Redis.from_url(self.broker_url) as client:
            client.flushall()

    def accept(self, job_id: str = ID) -> None:
        """Accept and enqueue, as submit does."""
        self.ledger.accept(request(job_id))
        new = self.ledger.unfinished(job_id)
        assert new
        self.queue.enqueue(new)

    def job(self, job_id: str = ID) -> Job:
        (job,) = self.queue.find(job_id)
        assert job, f"the broker does not know {job_id}"
        return job

    def complete(self, job_id: str = ID) -> Result:
        """Claim, publish and complete, but for the receipt."""
        lease = claim_one(self.queue, now=self.queue.now(), call=next(_calls))
        assert lease.id == job_id
        result = publish(self.ledger, job_id=job_id)
        assert self.queue.complete(worker(), Completed(lease, result)) is Verdict.COMPLETED
        return result

    def fail(self) -> None:
        """Claim and fail for good, but for the receipt."""
        lease = claim_one(self.queue, now=self.queue.now(), call=next(_calls))
        failed = Failed(lease, "template.error", "line 3", permanent=True)
        assert self.queue.fail(worker(), failed) is Verdict.FAILED

    def close(self, job_id: str = ID) -> None:
        """The receipt, as the worker writes it."""
        opened = self.ledger.open_request(job_id)
        assert opened
        self.ledger.close(receipt_of(self.job(job_id), opened))


_calls = count(1)


@pytest.fixture
def stack(queue: Queue, valkey: str) -> Iterator[Stack]:
    with aws():
        woken: list[str] = []

        def remember(name: str, given: dict[str, Any]) -> None:
            woken.extend(entry["Detail"] for entry in given["Entries"])

        store = s3()
        bus = Bus(Watched(boto3.client("events", **DUMMY), remember), bus=BUS)
        yield Stack(queue, valkey, store, ledger_on(store), bus, woken)


def test_after_a_wipe_exactly_the_open_jobs_are_enqueued_again(stack: Stack) -> None:
    for job_id in (ID, OTHER, THIRD):
        stack.accept(job_id)
    stack.complete(ID)
    stack.close(ID)
    stack.flushall()
    done = stack.reconcile()
    assert done == Reconciled(Counter({Repair.ENQUEUED: 2}), finished=True)
    assert [job and job.state for job in stack.queue.find(ID, OTHER, THIRD)] == [None, State.WAITING, State.WAITING]
    assert stack.woken


def test_a_job_that_is_on_its_way_is_left_alone(stack: Stack) -> None:
    stack.accept(ID)
    claim_one(stack.queue, now=stack.queue.now(), call=next(_calls))
    stack.accept(OTHER)
    assert stack.reconcile() == Reconciled(Counter(), finished=True)
    assert stack.job(ID).state is State.ACTIVE
    assert stack.job(OTHER).state is State.WAITING
    assert not stack.woken


def test_a_delayed_job_comes_back_with_its_due_moment(stack: Stack) -> None:
    due_at = stack.queue.now() + 3_600_000
    stack.ledger.accept(request(due_at=due_at))
    stack.reconcile()
    assert (stack.job().state, stack.job().moment) == (State.DELAYED, due_at)


def test_a_submit_that_dies_anywhere_loses_nothing_that_it_accepted(stack: Stack) -> None:
    for calls in count():
        job_id = f"{calls:026d}"
        try:
            assert ledger_on(crashing(stack.store, after=calls)).accept(request(job_id)) is Acceptance.NEW
        except Crash:
            accepted = stack.ledger.open_request(job_id) is not None
            stack.reconcile()
            assert (stack.queue.find(job_id) != [None]) == accepted
            continue
        break
    assert calls >= 2
    stack.reconcile()
    assert stack.job(job_id).state is State.WAITING


@pytest.mark.parametrize("ending", [Stack.complete, Stack.fail])
def test_a_worker_that_dies_anywhere_in_closing_is_finished_by_the_reconciler(stack: Stack, ending: Any) -> None:
    for calls in count():
        job_id = f"{calls:026d}"
        stack.accept(job_id)
        ending(stack, *([job_id] if ending is Stack.complete else []))
        job, opened = stack.job(job_id), stack.ledger.open_request(job_id)
        assert opened
        try:
            ledger_on(crashing(stack.store, after=calls)).close(receipt_of(job, opened))
            break
        except Crash:
            stack.reconcile()
            assert stack.ledger.receipt(job_id) == receipt_of(job, opened)
            assert stack.ledger.open_ids() == []
    assert calls > 2


def test_the_receipt_says_what_the_broker_recorded(stack: Stack) -> None:
    stack.accept(ID)
    result = stack.complete(ID)
    stack.accept(OTHER)
    stack.fail()
    stack.reconcile()
    completed, failed = stack.ledger.receipt(ID), stack.ledger.receipt(OTHER)
    assert completed
    assert failed
    assert (completed.state, completed.attempt, completed.result) == (State.COMPLETED, 1, result)
    assert completed.finished_at == stack.job(ID).at
    assert (failed.state, failed.reason, failed.message) == (State.FAILED, "template.error", "line 3")


def test_a_half_closed_job_is_finished_though_the_broker_was_wiped(stack: Stack) -> None:
    stack.accept()
    stack.complete()
    opened = stack.ledger.open_request(ID)
    assert opened
    looked_for_webhooks_and_kept = 2
    with pytest.raises(Crash):
        ledger_on(crashing(stack.store, after=looked_for_webhooks_and_kept)).close(receipt_of(stack.job(), opened))
    stack.flushall()
    assert stack.reconcile().repairs == Counter({Repair.DROPPED: 1})
    assert stack.queue.find(ID) == [None]
    assert stack.ledger.open_ids() == []


def test_a_retrys_round_survives_a_wipe(stack: Stack) -> None:
    stack.accept()
    stack.fail()
    stack.close()
    stack.ledger.reopen(request(round=1))
    stack.queue.retry(ID, round=1)
    stack.flushall()
    stack.reconcile()
    assert (stack.job().state, stack.job().round) == (State.WAITING, 1)


def test_a_retry_that_the_broker_never_heard_of_is_retried(stack: Stack) -> None:
    stack.accept()
    stack.fail()
    stack.close()
    stack.ledger.reopen(request(round=1))
    assert stack.reconcile().repairs == Counter({Repair.RETRIED: 1})
    assert (stack.job().state, stack.job().round) == (State.WAITING, 1)
    assert stack.reconcile().repairs == Counter()


def test_a_retry_at_the_moment_of_closing_is_not_closed_with_the_round_before(stack: Stack) -> None:
    stack.accept()
    stack.fail()

    def retry() -> None:
        stack.close()
        stack.ledger.reopen(request(round=1))

    looks = Stack(stack.queue, "", None, ledger_on(meanwhile(stack.store, "get_object", "open/", retry)), stack.bus)
    looks.reconcile()
    assert stack.ledger.open_request(ID) == request(round=1)
    assert stack.ledger.unfinished(ID)


def test_an_open_request_left_behind_by_a_repeated_submit_is_not_run_again(stack: Stack) -> None:
    stack.accept()
    stack.fail()
    stack.close()
    with pytest.raises(Crash):
        ledger_on(crashing(stack.store, after=1)).accept(request(accepted_at=T0 + 9))
    assert stack.reconcile().repairs == Counter({Repair.DROPPED: 1})
    assert stack.job().state is State.FAILED
    assert stack.ledger.open_ids() == []


def test_completed_is_not_believed_without_the_report(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    stack.accept()
    result = stack.complete()
    stack.store.delete_object(Bucket=BUCKET, Key=result.key)
    done = stack.reconcile()
    assert (done.repairs, done.repaired) == (Counter({Repair.UNRESOLVED: 1}), 0)
    assert stack.ledger.open_request(ID)
    assert stack.ledger.receipt(ID) is None
    assert f"job {ID}: the broker has it as completed, but its report is not in the store" in caplog.text
    stack.flushall()
    assert stack.reconcile().repairs == Counter({Repair.ENQUEUED: 1})


def test_a_foreign_object_stops_none_of_the_others(stack: Stack) -> None:
    stack.store.put_object(Bucket=BUCKET, Key="open/0.json", Body=b"\x00")
    stack.store.put_object(Bucket=BUCKET, Key="open/notes", Body=b"\x00")
    stack.ledger.accept(request())
    assert stack.reconcile() == Reconciled(Counter({Repair.UNRESOLVED: 1, Repair.ENQUEUED: 1}), finished=True)


def test_every_page_is_walked(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile_module, "_PAGE", 2)
    for number in range(5):
        stack.ledger.accept(request(f"{number:026d}"))
    assert stack.reconcile() == Reconciled(Counter({Repair.ENQUEUED: 5}), finished=True)


def test_it_stops_at_its_limit_and_says_so(stack: Stack) -> None:
    for number in range(3):
        stack.ledger.accept(request(f"{number:026d}"))
    assert stack.reconcile(limit=2) == Reconciled(Counter({Repair.ENQUEUED: 2}), finished=False)
    assert stack.reconcile(enough=lambda: True) == Reconciled(Counter(), finished=False)
    assert stack.reconcile() == Reconciled(Counter({Repair.ENQUEUED: 1}), finished=True)


def test_each_repair_is_told_by_job(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    stack.ledger.accept(request())
    with caplog.at_level(logging.WARNING, "report_queue.reconcile"):
        stack.reconcile()
    assert f"job {ID}: enqueued" in caplog.messages


def test_a_job_that_stalled_too_often_gets_its_receipt_and_others_a_worker(stack: Stack) -> None:
    stack.accept(ID)
    far = stack.queue.now() - 3_600_000
    for _ in range(4):  # the settings' stall budget is 3
        claim_one(stack.queue, now=far, call=next(_calls))
        recovered = recover(stack.queue, stack.ledger, stack.bus, remaining_ms=lambda: 100_000)
    assert (recovered.stalled, recovered.failed) == (1, 1)
    kept = stack.ledger.receipt(ID)
    assert kept
    assert (kept.state, kept.reason) == (State.FAILED, "stalled")
    assert stack.ledger.open_ids() == []


def test_recovery_wakes_workers_for_what_it_requeued_though_the_store_is_away(stack: Stack) -> None:
    an_hour_ago = stack.queue.now() - 3_600_000
    stack.queue.enqueue(new_job(ID), now=an_hour_ago)
    claim_one(stack.queue, now=an_hour_ago, call=next(_calls))
    away = Ledger(stack.store, bucket="another-bucket")
    with pytest.raises(StoreAway):
        recover(stack.queue, away, stack.bus, remaining_ms=lambda: 100_000)
    assert stack.job().state is State.WAITING
    assert stack.woken


def test_a_job_that_stalled_too_often_gets_its_receipt_before_the_long_walk(stack: Stack) -> None:
    stack.accept(ID)
    for _ in range(4):
        claim_one(stack.queue, now=stack.queue.now() - 3_600_000, call=next(_calls))
        recover(stack.queue, stack.ledger, stack.bus, remaining_ms=lambda: 0)
    assert stack.ledger.receipt(ID)


def test_recovery_leaves_in_time(stack: Stack) -> None:
    stack.ledger.accept(request())
    recovered = recover(stack.queue, stack.ledger, stack.bus, remaining_ms=lambda: 10_000)
    assert not recovered.reconciled.finished
    assert stack.queue.find(ID) == [None]


@pytest.mark.parametrize(
    ("left_open", "between", "by"),
    [(5, (5, 5), 0), (5, (4, 6), 0), (7, (4, 5), 2), (3, (4, 5), -1), (5, (0, 4), 1), (0, (0, 0), 0)],
)
def test_the_books_differ_by_what_comings_and_goings_do_not_explain(
    left_open: int, between: tuple[int, int], by: int
) -> None:
    assert drift(left_open, between) == by


def test_after_recovery_the_books_agree_and_without_it_the_difference_is_told(stack: Stack) -> None:
    for job_id in (ID, OTHER, THIRD):
        stack.accept(job_id)
    assert recovered(stack).drift == 0
    stack.flushall()
    assert recovered(stack).drift == 0  # it has brought them back
    stack.complete(ID)
    stack.close(ID)
    assert recovered(stack).drift == 0
    stack.store.delete_object(Bucket=BUCKET, Key=f"open/{OTHER}.json")
    assert recovered(stack).drift == -1  # the broker has one that the ledger does not know
    assert recovered(stack, remaining_ms=0).drift is None  # it had no time to look


def test_a_job_that_is_closed_by_the_way_is_no_difference(stack: Stack) -> None:
    stack.accept(ID)
    stack.complete(ID)  # and the worker dies before the receipt
    found = recovered(stack)
    assert (found.reconciled.repairs[Repair.CLOSED], found.drift) == (1, 0)


def test_a_job_that_cannot_be_put_right_is_a_difference(stack: Stack) -> None:
    stack.accept(ID)
    stack.store.put_object(Bucket=BUCKET, Key=f"open/{OTHER}.json", Body=b"{}")
    found = recovered(stack)
    assert (found.reconciled.repairs[Repair.UNRESOLVED], found.drift) == (1, 1)


def recovered(stack: Stack, *, remaining_ms: int = 100_000) -> Recovered:
    return recover(stack.queue, stack.ledger, stack.bus, remaining_ms=lambda: remaining_ms)
