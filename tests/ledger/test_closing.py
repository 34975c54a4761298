"""The receipt ends a round: after it nothing of that round is open, and nothing of a later one is touched."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from report_queue.edition import Edition
from report_queue.job import State
from report_queue.ledger import Acceptance
from tests.ledger.words import ID, Crash, aws, crashing, ledger_on, meanwhile, publish, receipt, request, s3, stored


@pytest.fixture
def store() -> Iterator[Any]:
    with aws():
        yield s3()


def test_a_receipt_is_kept_as_it_was_given(store: Any) -> None:
    ledger = ledger_on(store)
    ended = receipt(request(data={"empty": [], "long": 12345678901234567}), State.COMPLETED, result=publish(ledger))
    ledger.close(ended)
    assert ledger.receipt(ID) == ended
    assert ledger.receipt("1" * 26) is None


def test_closing_takes_the_request_off_open_and_may_be_done_twice(store: Any) -> None:
    ledger = ledger_on(store)
    ledger.accept(request())
    for _ in range(2):
        ledger.close(receipt(request()))
        assert ledger.open_request(ID) is None
        assert ledger.unfinished(ID) is None


def test_a_crash_anywhere_in_closing_reads_as_before_or_after(store: Any) -> None:
    ledger = ledger_on(store)
    ledger.accept(request())
    for calls in count():
        try:
            ledger_on(crashing(store, after=calls)).close(receipt(request()))
            break
        except Crash:
            assert (ledger.unfinished(ID) is None) == (ledger.receipt(ID) is not None)
    assert calls > 2
    assert ledger.open_ids() == []


def test_a_receipt_of_an_older_round_does_not_close_a_newer_one(store: Any) -> None:
    ledger = ledger_on(store)
    ledger.accept(request())
    ledger.close(receipt(request()))
    ledger.reopen(request(round=1))
    ledger.close(receipt(request()))
    assert ledger.open_request(ID) == request(round=1)
    assert ledger.unfinished(ID)


def test_a_retry_at_the_moment_of_closing_stays_open(store: Any) -> None:
    ledger = ledger_on(store)
    ledger.accept(request())
    retried = meanwhile(store, "delete_object", "open/", lambda: ledger.reopen(request(round=1)))
    ledger_on(retried).close(receipt(request()))
    assert ledger.open_request(ID) == request(round=1)


def test_a_late_receipt_of_an_older_round_does_not_replace_a_newer_one(store: Any) -> None:
    ledger = ledger_on(store)
    newer = receipt(request(round=1), State.CANCELLED)
    ledger.close(newer)
    ledger.close(receipt(request()))
    assert ledger.receipt(ID) == newer


def test_a_newer_round_replaces_the_receipt(store: Any) -> None:
    ledger = ledger_on(store)
    ledger.close(receipt(request()))
    ledger.close(receipt(request(round=1), State.CANCELLED))
    kept = ledger.receipt(ID)
    assert kept
    assert (kept.request.round, kept.state) == (1, State.CANCELLED)


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        (State.FAILED, State.COMPLETED, State.COMPLETED),
        (State.COMPLETED, State.FAILED, State.COMPLETED),
        (State.CANCELLED, State.COMPLETED, State.CANCELLED),
        (State.FAILED, State.CANCELLED, State.FAILED),
    ],
)
def test_in_a_round_the_first_receipt_stands_but_a_report_outweighs_a_failure(
    store: Any, first: State, second: State, stands: State
) -> None:
    ledger = ledger_on(store)
    for state in (first, second):
        ledger.close(receipt(request(), state))
    kept = ledger.receipt(ID)
    assert kept
    assert kept.state is stands


def test_two_receipts_at_once_leave_the_one_that_ranks_higher(store: Any) -> None:
    ledger = ledger_on(store)
    newer = receipt(request(round=1))
    other = meanwhile(store, "put_object", "closed/", lambda: ledger.close(newer))
    ledger_on(other).close(receipt(request()))
    assert ledger.receipt(ID) == newer


def test_a_round_is_reopened_once(store: Any) -> None:
    ledger = ledger_on(store)
    ledger.close(receipt(request()))
    assert ledger.reopen(request(round=1)) is True
    assert ledger.reopen(request(round=1)) is False
    assert ledger.reopen(request(round=2)) is False  # round 1 is being worked on


def test_a_round_that_has_ended_is_not_reopened(store: Any) -> None:
    ledger = ledger_on(store)
    ledger.close(receipt(request(round=1)))
    with pytest.raises(ValueError, match="a retry is round 2"):
        ledger.reopen(request(round=1))


def test_a_stale_open_request_does_not_stand_in_a_retrys_way(store: Any) -> None:
    """A submit that repeats a finished request may die after its write: see `accept`."""
    ledger = ledger_on(store)
    ledger.close(receipt(request()))
    with pytest.raises(Crash):
        ledger_on(crashing(store, after=1)).accept(request())
    assert ledger.open_ids() == [ID]
    assert ledger.reopen(request(round=1)) is True
    assert ledger.open_request(ID) == request(round=1)


def test_of_two_retries_over_a_stale_open_request_one_opens_the_round(store: Any) -> None:
    ledger = ledger_on(store)
    ledger.close(receipt(request()))
    with pytest.raises(Crash):
        ledger_on(crashing(store, after=1)).accept(request())
    other = meanwhile(store, "put_object", "open/", lambda: ledger.reopen(request(round=1)))
    assert ledger_on(other).reopen(request(round=1)) is False


def test_only_what_has_ended_is_dropped(store: Any) -> None:
    ledger = ledger_on(store)
    assert ledger.accept(request()) is Acceptance.NEW
    assert ledger.drop(ID) is False
    assert ledger.open_ids() == [ID]


def test_a_password_is_kept_until_it_has_served(store: Any) -> None:
    ledger, locked = ledger_on(store), request(edition=Edition(password="correct horse"))
    ledger.close(receipt(locked))
    failed = ledger.receipt(ID)
    assert failed
    assert failed.request == locked  # a retry needs it
    ledger.close(receipt(locked, State.COMPLETED, result=publish(ledger)))
    completed = ledger.receipt(ID)
    assert completed
    assert completed.request == request()
    assert b"correct horse" not in stored(store, f"closed/{ID}.json")
