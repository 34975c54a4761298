"""Deleting a job's documents: a crash anywhere leaves something that is finished, and nothing comes back."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from queue_words import claim_one, new_job, worker
from report_queue import purge
from report_queue.errors import BrokerAway
from report_queue.job import Failed, State, Verdict
from report_queue.ledger import Acceptance, Ledger
from report_queue.queue import Queue
from report_queue.reconcile import Repair, reconcile
from report_queue.wake import Wakes
from tests.ledger.words import (
    BUCKET,
    ID,
    Crash,
    aws,
    crashing,
    ledger_on,
    meanwhile,
    publish,
    receipt,
    request,
    s3,
    stored,
)

PLANTED = {"customer": "planted 4711"}


class Nobody:
    """A bus that nobody listens to."""

    def wake(self, tokens: tuple[str, ...]) -> None:
        """Nobody wakes."""


BUS: Wakes = Nobody()  # type: ignore[assignment]


@pytest.fixture
def store() -> Iterator[Any]:
    with aws():
        yield s3()


@pytest.fixture
def ended(store: Any) -> Ledger:
    """A job that is completed, with a payload to find; its report is there."""
    ledger = ledger_on(store)
    asked = request(data=PLANTED)
    ledger.accept(asked)
    ledger.close(receipt(asked, State.COMPLETED, result=publish(ledger, b"%PDF planted")))
    return ledger


def purged(queue: Queue, ledger: Ledger) -> bool:
    """Delete, as the desk does."""
    there = ledger.receipt(ID)
    return (there is None or purge.begin(ledger, there)) and purge.finish(queue, ledger, ID)


def everything(store: Any) -> dict[str, bytes]:
    keys = [entry["Key"] for entry in store.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    return {key: stored(store, key) for key in keys}


def only_the_tombstone(store: Any) -> bool:
    return {key: json.loads(body) for key, body in everything(store).items()} == {
        f"closed/{ID}.json": {"purged": {"tenant": "acme"}}
    }


def test_of_the_documents_a_tombstone_is_left(queue: Queue, ended: Ledger, store: Any) -> None:
    assert purged(queue, ended)
    assert only_the_tombstone(store)
    assert (ended.receipt(ID), ended.open_request(ID), ended.unfinished(ID)) == (None, None, None)
    assert ended.purged(ID) == "acme"
    assert not purge.finish(queue, ended, ID)


def test_a_crash_anywhere_reads_as_before_or_is_finished_by_the_reconciler(queue: Queue, store: Any) -> None:
    for calls in count():
        ledger = ledger_on(store)
        for key in everything(store):
            store.delete_object(Bucket=BUCKET, Key=key)
        ledger.accept(request(data=PLANTED))
        ledger.close(receipt(request(data=PLANTED), State.COMPLETED, result=publish(ledger, b"%PDF planted")))
        before = everything(store)
        try:
            purged(queue, ledger_on(crashing(store, after=calls)))
            break
        except Crash:
            if everything(store) != before:
                assert ledger.open_ids() == [ID]  # so that the reconciler sees it
                assert ledger.unfinished(ID) is None  # and brings nothing back
                assert not ledger.reopen(request(round=1))
                assert reconcile(queue, ledger, BUS).repairs == {Repair.PURGED: 1}
                assert only_the_tombstone(store)
    assert calls > 8
    assert only_the_tombstone(store)


def test_a_purge_that_the_broker_did_not_hear_of_is_finished_later(
    queue: Queue, ended: Ledger, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.enqueue(new_job(ID))
    lease = claim_one(queue, now=queue.now())
    assert queue.fail(worker(), Failed(lease, "a", "b", permanent=True)) is Verdict.FAILED
    with monkeypatch.context() as away:
        away.setattr(queue, "forget", _raises(BrokerAway("no answer")))
        with pytest.raises(BrokerAway):
            purged(queue, ended)
    assert b"planted" not in b"".join(everything(store).values())
    assert reconcile(queue, ended, BUS).repairs == {Repair.PURGED: 1}
    assert queue.find(ID) == [None]


@pytest.mark.parametrize("act", ["accept", "other", "close", "close a round", "reopen"])
def test_what_comes_late_brings_nothing_back(act: str, queue: Queue, ended: Ledger, store: Any) -> None:
    assert purged(queue, ended)
    asked = request(data=PLANTED)
    acts: dict[str, tuple[Callable[[], object], object]] = {
        "accept": (lambda: ended.accept(asked), Acceptance.GONE),
        "other": (lambda: ended.accept(request(digest="d2")), Acceptance.GONE),
        "close": (lambda: ended.close(receipt(asked, State.COMPLETED)), None),
        "close a round": (lambda: ended.close(receipt(request(round=1))), None),
        "reopen": (lambda: ended.reopen(request(round=1)), False),
    }
    late, answer = acts[act]
    assert late() == answer
    assert only_the_tombstone(store)


@pytest.mark.parametrize("operation", ["head_object", "put_object"])
def test_a_retry_and_a_purge_that_meet_do_not_both_succeed(
    operation: str, queue: Queue, ended: Ledger, store: Any
) -> None:
    """Whichever begins while the other one is at it."""
    retry = ledger_on(meanwhile(store, operation, "open/", lambda: purged(queue, ended)))
    assert not retry.reopen(request(round=1))
    assert only_the_tombstone(store)


@pytest.mark.parametrize("operation", ["head_object", "put_object"])
def test_a_purge_that_meets_a_retry_leaves_the_job_alone(
    operation: str, queue: Queue, ended: Ledger, store: Any
) -> None:
    late = ledger_on(meanwhile(store, operation, "open/", lambda: ended.reopen(request(round=1))))
    assert not purged(queue, late)
    assert ended.unfinished(ID)
    assert ended.receipt(ID)


def test_a_stale_request_does_not_stand_in_the_way(queue: Queue, ended: Ledger, store: Any) -> None:
    store.put_object(
        Bucket=BUCKET, Key=f"open/{ID}.json", Body=request().to_json(), Metadata={"round": "0", "digest": "d1"}
    )
    assert purged(queue, ended)
    assert only_the_tombstone(store)


def _raises(error: Exception) -> Callable[..., None]:
    def away(*_: object) -> None:
        raise error

    return away
