"""The table where errors meet HTTP: complete, unambiguous, and silent about what nobody foresaw."""

import json
from collections.abc import Iterator

import pytest

from report_queue import errors, problems
from report_queue.errors import CallerError, Fault, InvalidRequest, ReportQueueError, StoreAway


def told(error: Exception) -> dict[str, object]:
    answer = problems.answer(error, instance="/here", request_id="r-1")
    assert answer.body is not None
    body: dict[str, object] = json.loads(answer.body)
    return body


def below(error: type[Exception]) -> Iterator[type[Exception]]:
    for child in error.__subclasses__():
        yield child
        yield from below(child)


def test_every_error_that_a_caller_can_fix_has_a_row_of_the_4xx_kind() -> None:
    rows = [problems.problem_of(error.__new__(error)) for error in below(CallerError)]
    assert len(rows) >= 6
    assert all(400 <= row.status < 500 for row in rows)


def test_whatever_is_away_is_asked_again_after_a_while() -> None:
    for error in (errors.BrokerAway("redis"), errors.StoreAway("s3")):
        answer = problems.answer(error, instance="/", request_id="r")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Retry-After" not in problems.answer(errors.NotFound("x"), instance="/", request_id="r").headers


def test_no_two_rows_have_the_same_type() -> None:
    rows = [*problems.TABLE.values(), problems.UNEXPECTED]
    assert len({row.type for row in rows}) == len(rows)


def test_a_problem_has_the_members_of_rfc_9457_and_of_the_old_system() -> None:
    faults = (Fault("/data/rows/3/a~1b", "is missing"),)
    assert told(InvalidRequest("Wrong in one place.", faults)) == {
        "type": "/problems/invalid-request",
        "title": "The request is not valid",
        "status": 422,
        "detail": "Wrong in one place.",
        "instance": "/here",
        "requestId": "r-1",
        "errors": [{"pointer": "/data/rows/3/a~1b", "detail": "is missing"}],
        "success": False,
        "message": "Wrong in one place.",
        "errorMessages": [{"path": "data.rows.3.a/b", "message": "is missing"}],
    }


@pytest.mark.parametrize("error", [KeyError("sesame"), ReportQueueError("sesame"), RecursionError("sesame")])
def test_an_error_without_a_row_is_not_quoted(error: Exception) -> None:
    body = told(error)
    assert body["status"] == 500
    assert "r-1" in str(body["detail"])
    assert "sesame" not in json.dumps(body)


def test_an_error_takes_the_row_of_its_nearest_base() -> None:
    class BucketGone(StoreAway):
        pass

    assert problems.problem_of(BucketGone("gone")) is problems.TABLE[StoreAway]
