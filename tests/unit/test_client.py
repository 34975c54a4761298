"""The client: what is sent again and what is not, errors by what happens next, and where its key goes."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from scripted import LOST, Says, Scripted, scripted

from report_queue.client import (
    Away,
    Broken,
    Client,
    ClientError,
    Job,
    Late,
    NotAllowed,
    NotFound,
    NotNow,
    NotValid,
    Refused,
    TooMany,
)

KEY = "rq_0123abcd_" + "s" * 32
ID = "pe582di23vfh05nbsu1a59cjjc"
ACCEPTED = Says(202, {"data": {"jobId": ID}}, {"idempotency-replayed": "true"})
DONE = Says(200, {"data": {}})
JOB = {"id": ID, "name": "test", "status": "active", "progress": 40, "reason": None, "failedReason": None}


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the client slept, on a clock that is not the world's."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    monkeypatch.setattr("time.monotonic", lambda: sum(pauses))
    return pauses


def asking(*script: Says | str, **given: Any) -> Iterator[tuple[Scripted, Client]]:
    with scripted(*script) as server, Client(server.url, KEY, **given) as client:
        yield server, client


def test_a_submission_that_is_waited_for_has_the_job_or_its_id() -> None:
    ended = Says(200, JOB | {"status": "completed", "progress": 100})
    for server, client in asking(ended, ACCEPTED):
        submitted = client.submit("test", {}, wait=20)
        assert submitted.job
        assert (submitted.id, submitted.job.completed) == (ID, True)
        assert client.submit("test", {}).job is None
        assert [request.headers.get("prefer") for request in server.asked] == ["wait=20", None]


@pytest.mark.parametrize("status", [429, 503])
def test_whoever_is_told_to_come_back_comes_no_earlier_and_not_with_everybody_else(
    status: int, slept: list[float]
) -> None:
    busy = Says(status, {"title": "busy"}, {"retry-after": "7"})
    date = Says(status, {}, {"retry-after": format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)})
    for server, client in asking(busy, busy, date, DONE):
        client.cancel(ID)
        assert len(server.asked) == 4
    first, second, third = slept
    assert 7 <= first <= 7 * 1.25
    assert 7 <= second <= 7 * 1.25
    assert 17 <= third <= 25
    assert first != second


def test_a_submission_whose_answer_is_lost_is_sent_again_as_the_same_one(slept: list[float]) -> None:
    for server, client in asking(LOST, Says(502, {"message": "Internal Server Error"}), Says(503), ACCEPTED):
        submitted = client.submit("test", {"title": "é"}, options={"priority": 9})
        assert (submitted.id, submitted.replayed) == (ID, True)
        assert len({request.headers["idempotency-key"] for request in server.asked}) == 1
        assert len(server.asked) == 4
        sent = json.loads(server.asked[0].body)
        assert sent == {"reportType": "test", "data": {"title": "é"}, "options": {"priority": 9}}
        client.submit("test", {})
        client.submit("test", {}, idempotency_key="mine")
        keys = [request.headers["idempotency-key"] for request in server.asked[-3:]]
        assert len(set(keys)) == 3
        assert keys[-1] == "mine"


def test_a_preview_is_asked_for_again_and_its_answer_is_the_document(slept: list[float]) -> None:
    document = Says(200, b"%PDF-1.7 of a kind", {"content-disposition": "inline"})
    for server, client in asking(LOST, Says(502), Says(503), document):
        assert client.preview("test", {"title": "é"}, options={"locale": "de"}) == b"%PDF-1.7 of a kind"
        assert {request.path for request in server.asked} == {"/api/v1/reports/preview"}
        assert len(server.asked) == 4
        assert json.loads(server.asked[-1].body) == {
            "reportType": "test", "data": {"title": "é"}, "options": {"locale": "de"},
        }  # fmt: skip
    for _, client in asking(Says(413, {"detail": "A preview may take 15 s"})):
        with pytest.raises(NotValid, match="15 s"):
            client.preview("test", {})


@pytest.mark.parametrize("lost", [LOST, Says(502), Says(504)])
def test_what_may_have_been_done_already_is_not_done_twice(lost: Says | str, slept: list[float]) -> None:
    for server, client in asking(lost):
        with pytest.raises(Away):
            client.retry(ID)
        assert len(server.asked) == 1


def test_nobody_is_waited_for_longer_than_was_allowed(slept: list[float]) -> None:
    for server, client in asking(Says(429, {"detail": "too many"}, {"retry-after": "3600"})):
        with pytest.raises(TooMany, match="too many"):
            client.submit("test", {})
        assert (len(server.asked), slept) == (1, [])
    for _, client in asking(Says(503), patience=20):
        with pytest.raises(Away, match="503"):
            client.stats()
    assert 5 < sum(slept) <= 20
    with Client("http://127.0.0.1:9", KEY, patience=5) as nowhere, pytest.raises(Away, match="no answer"):
        nowhere.cancel(ID)  # nothing was sent: so this is asked again too
    assert len(slept) > 5


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, NotValid), (401, NotAllowed), (403, NotAllowed), (404, NotFound), (409, NotNow), (410, NotFound),
     (413, NotValid), (418, Refused), (422, NotValid)],
)  # fmt: skip
def test_a_problem_is_an_error_of_its_kind_with_all_that_is_wrong(status: int, kind: type[Refused]) -> None:
    problem = {"type": "urn:x", "title": "t", "detail": "wrong in 2 places", "requestId": "r-1",
               "errors": [{"pointer": "/data/a", "detail": "is missing"}, {"pointer": "", "detail": "no"}]}  # fmt: skip
    for server, client in asking(Says(status, problem), Says(status, {"message": "Forbidden"})):
        with pytest.raises(Refused) as refused:
            client.submit("test", {})
        error = refused.value
        assert type(error) is kind
        assert (error.status, error.type, error.detail, error.request_id) == (
            status,
            "urn:x",
            "wrong in 2 places",
            "r-1",
        )
        assert [(fault.pointer, fault.detail) for fault in error.errors] == [("/data/a", "is missing"), ("", "no")]
        with pytest.raises(kind, match="Forbidden"):  # the gateway's own words
            client.stats()
        assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("says", "ask"),
    [
        (Says(200, b"<html>"), lambda client: client.stats()),
        (Says(302, b"", {"location": "https://elsewhere.example"}), lambda client: client.stats()),
        (Says(200, {"id": ID}), lambda client: client.get(ID)),
        (Says(200, ["no"]), lambda client: client.cancel(ID)),
        (Says(200, {"url": None}), lambda client: client.batches.download(ID, Path("x"))),
        (Says(200, {"id": ID}), lambda client: client.batches.get(ID)),
        (Says(200, b"<html>"), lambda client: client.preview("test", {})),
    ],
)
def test_another_server_at_the_address_is_recognised(says: Says, ask: Callable[[Client], Any]) -> None:
    for _, client in asking(says):
        with pytest.raises(Broken):
            ask(client)


def test_a_mistake_of_the_server_is_told_at_once(slept: list[float]) -> None:
    for server, client in asking(Says(500, {"detail": "It is logged under the request id r-1"})):
        with pytest.raises(Away, match="500: It is logged under"):
            client.stats()
        assert (len(server.asked), slept) == (1, [])


def test_a_job_is_waited_for_less_and_less_often_and_no_longer_than_was_said(slept: list[float]) -> None:
    seen: list[Job] = []
    for _, client in asking(*[Says(200, JOB)] * 30, Says(200, JOB | {"status": "failed", "reason": "x"})):
        job = client.wait(ID, seen=seen.append)
        assert (job.state, job.completed, len(seen)) == ("failed", False, 31)
        assert slept == sorted(slept)
        assert slept[-1] == 3
    slept.clear()
    for _, client in asking(Says(200, JOB)):
        with pytest.raises(Late) as late:
            client.wait(ID, within=10)
        assert late.value.id == ID
        assert sum(slept) <= 10


@pytest.mark.parametrize("name", ["../stats", "a/b", "", "ä", "a?b", "a b"])
def test_what_can_be_no_id_is_not_asked_for(name: str) -> None:
    for server, client in asking(DONE):
        for ask in (client.get, client.cancel, client.batches.get, client.schedules.end, client.schedules.run):
            with pytest.raises(ValueError, match="an id has"):
                ask(name)
        assert server.asked == []


@pytest.mark.parametrize("key", ["rq_a\nb", "rq_ä", "rq a"])
def test_what_can_be_no_key_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(ValueError, match="has the form") as refused:
        Client("https://x.example", key)
    assert key not in str(refused.value)
    with pytest.raises(ValueError, match="begins with"):
        Client("x.example", KEY)


def test_the_key_stays_with_the_api_and_neither_key_nor_link_reaches_a_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pdf = b"%PDF-1.7 of a kind"
    (tmp_path / "rows.csv").write_bytes(b"a,b\n1,2\n")
    completed = JOB | {"status": "completed", "result": {"sha256": hashlib.sha256(pdf).hexdigest()}}
    with scripted(Says(200, pdf)) as store:
        link = {"url": f"{store.url}/doc?X-Amz-Signature=planted", "fileName": "../../test.pdf"}
        upload = {"data": {"key": "inputs/a/b/rows.csv", "url": f"{store.url}/in?X-Amz-Signature=planted"}}
        for server, client in asking(Says(200, completed), Says(200, link), Says(201, upload)):
            assert client.download(ID, tmp_path) == tmp_path / "test.pdf"  # a name is no way out of the folder
            assert client.upload(tmp_path / "rows.csv") == "inputs/a/b/rows.csv"
            assert {request.headers["authorization"] for request in server.asked} == {f"Bearer {KEY}"}
        assert (tmp_path / "test.pdf").read_bytes() == pdf
        got, put = store.asked
        assert all("authorization" not in request.headers for request in (got, put))
        assert (put.method, put.body, put.headers["content-length"]) == ("PUT", b"a,b\n1,2\n", "8")
    assert "HTTP Request" in caplog.text  # it does log
    assert "planted" not in caplog.text
    assert KEY not in caplog.text


def test_a_document_that_is_not_the_one_that_was_published_is_not_saved(tmp_path: Path) -> None:
    there = tmp_path / "test.pdf"
    there.write_bytes(b"before")
    for document in (Says(200, b"%PDF-1.7 half"), Says(403, b"<Error>expired</Error>"), LOST):
        with scripted(document) as store:
            link = {"url": f"{store.url}/doc", "fileName": "test.pdf"}
            completed = JOB | {"status": "completed", "result": {"sha256": "0" * 64}}
            for _, client in asking(Says(200, completed), Says(200, link)):
                with pytest.raises(ClientError):
                    client.download(ID, there)
        assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("test.pdf", b"before")]


def test_lists_are_followed_to_their_end_or_as_far_as_was_asked() -> None:
    page = {"jobs": [JOB] * 100, "next": "there"}
    for server, client in asking(Says(200, page), Says(200, page), Says(200, {"jobs": [JOB], "next": None})):
        assert len(list(client.jobs(state="failed", type=None))) == 201
        paths = [request.path for request in server.asked]
        assert paths[0] == "/api/jobs?state=failed&limit=100"
        assert paths[1:] == ["/api/jobs?state=failed&after=there&limit=100"] * 2
    for server, client in asking(Says(200, {"jobs": [JOB] * 3, "next": "there"})):
        assert len(list(client.jobs(limit=3))) == 3
        assert len(server.asked) == 1


def test_what_is_done_to_a_batch_goes_on_while_some_is_left() -> None:
    def some(jobs: int, left: int) -> Says:
        return Says(200, {"data": {"jobs": jobs, "left": left}})

    for server, client in asking(some(40, 20), some(20, 0)):
        assert client.batches.cancel(ID) == 60
        assert len(server.asked) == 2
    for server, client in asking(some(0, 20)):  # somebody else is at it
        assert client.batches.retry(ID) == 0
        assert len(server.asked) == 1
