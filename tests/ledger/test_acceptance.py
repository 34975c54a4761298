"""The write to `open/` is the acceptance: once, for one request, and whatever else happens around it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from report_queue.job import NewJob, State
from report_queue.ledger import Acceptance
from tests.ledger.words import BUCKET, ID, T0, Crash, Watched, aws, crashing, ledger_on, meanwhile, receipt, request, s3


@pytest.fixture
def store() -> Iterator[Any]:
    with aws():
        yield s3()


def test_acceptance_is_the_write_to_the_ledger(store: Any) -> None:
    dies_after_the_write = ledger_on(crashing(store, after=1))
    with pytest.raises(Crash):
        dies_after_the_write.accept(request())
    assert ledger_on(store).open_request(ID) == request()
    assert ledger_on(store).unfinished(ID)


def test_a_request_is_kept_as_it_came(store: Any) -> None:
    odd = request(
        data={"empty": [], "long": 12345678901234567, "small": 1e-7, "text": "Ünïcödé \u2028 \\"}, due_at=T0 + 5
    )
    ledger_on(store).accept(odd)
    assert ledger_on(store).open_request(ID) == odd


def test_the_same_request_again_is_a_replay_and_another_one_a_conflict(store: Any) -> None:
    ledger = ledger_on(store)
    assert ledger.accept(request()) is Acceptance.NEW
    assert ledger.accept(request(accepted_at=T0 + 9)) is Acceptance.REPLAY
    assert ledger.accept(request(digest="d2", data="other")) is Acceptance.CONFLICT
    assert ledger.open_request(ID) == request()


@pytest.mark.parametrize(("digest", "answer"), [("d1", Acceptance.REPLAY), ("d2", Acceptance.CONFLICT)])
def test_a_request_that_has_ended_is_not_accepted_again(store: Any, digest: str, answer: Acceptance) -> None:
    ledger = ledger_on(store)
    ledger.accept(request())
    ledger.close(receipt(request()))
    assert ledger.accept(request(digest=digest, accepted_at=T0 + 9)) is answer
    assert ledger.open_ids() == []


def test_a_request_in_its_second_round_is_still_the_same_request(store: Any) -> None:
    ledger = ledger_on(store)
    ledger.close(receipt(request()))
    ledger.reopen(request(round=1))
    assert ledger.accept(request(accepted_at=T0 + 9)) is Acceptance.REPLAY
    assert ledger.open_request(ID) == request(round=1)


def test_our_own_write_whose_answer_was_lost_is_new(store: Any) -> None:
    """The client asks twice then, and the second answer is 412."""
    twice = meanwhile(
        store,
        "put_object",
        "open/",
        lambda: ledger_on(store).accept(request()),
    )
    assert ledger_on(twice).accept(request()) is Acceptance.NEW


def test_a_job_that_ends_while_its_request_is_sent_again_stays_ended(store: Any) -> None:
    ledger = ledger_on(store)
    ledger.accept(request())
    ends = meanwhile(store, "put_object", "open/", lambda: ledger.close(receipt(request(), State.CANCELLED)))
    assert ledger_on(ends).accept(request(accepted_at=T0 + 9)) is Acceptance.REPLAY
    assert ledger.open_ids() == []
    ledger.reopen(request(round=1))
    ends = meanwhile(store, "head_object", "open/", lambda: ledger.close(receipt(request(round=1), State.CANCELLED)))
    assert ledger_on(ends).accept(request(accepted_at=T0 + 9)) is Acceptance.REPLAY
    assert ledger.open_ids() == []


def test_taking_a_late_acceptance_back_never_takes_a_retry_with_it(store: Any) -> None:
    ledger = ledger_on(store)
    ledger.close(receipt(request()))
    retried = meanwhile(store, "delete_object", "open/", lambda: ledger.reopen(request(round=1)))
    assert ledger_on(retried).accept(request(accepted_at=T0 + 9)) is Acceptance.REPLAY
    assert ledger.open_request(ID) == request(round=1)


def test_a_write_that_meets_another_is_made_again(store: Any) -> None:
    answers = iter(["ConditionalRequestConflict", "OperationAborted"])

    def hook(name: str, given: dict[str, Any]) -> None:
        if name == "put_object" and (code := next(answers, None)):
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "PutObject")

    assert ledger_on(Watched(store, hook)).accept(request()) is Acceptance.NEW
    assert ledger_on(store).open_ids() == [ID]


def test_what_the_queue_must_know_costs_no_payload(store: Any) -> None:
    watched = Watched(store)
    ledger_on(store).accept(request(due_at=T0 + 5))
    assert ledger_on(watched).unfinished(ID) == NewJob(ID, "acme", "sales", T0, attempts=3, round=0, due_at=T0 + 5)
    assert set(watched.calls) == {"head_object"}


def test_open_ids_come_in_order_and_in_pages(store: Any) -> None:
    ledger = ledger_on(store)
    ids = [f"{number:026d}" for number in range(5)]
    for job_id in reversed(ids):
        ledger.accept(replace(request(), id=job_id))
    assert ledger.open_ids(limit=2) == ids[:2]
    assert ledger.open_ids(after=ids[1], limit=2) == ids[2:4]
    assert ledger.open_ids(after=ids[4]) == []


def test_an_object_is_json_to_whoever_looks_at_it(store: Any) -> None:
    ledger_on(store).accept(request())
    assert store.head_object(Bucket=BUCKET, Key=f"open/{ID}.json")["ContentType"] == "application/json"
