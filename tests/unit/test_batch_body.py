"""A batch is taken whole or not at all, and everything that is wrong with it is told with its place."""

import json
from typing import Any

import pytest

from report_queue.batch import ResultKind
from report_queue.batch_body import batch_of, parse
from report_queue.edition import USUAL
from report_queue.errors import InvalidRequest, MalformedRequest, TooLarge
from report_queue.job import NewJob
from report_queue.marks import Head, request_marks
from report_queue.request import Request

GOOD = {"reportType": "test", "data": {"title": "t", "message": "m"}}
LIMIT = 5_000_000


def body(*reports: Any, **members: Any) -> bytes:
    return json.dumps({"reports": list(reports), **members}).encode()


def faults(sent: bytes) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        parse(sent, limit=LIMIT)
    return {fault.pointer: fault.message for fault in refused.value.faults}


def test_each_report_becomes_a_request_with_an_id_of_its_place() -> None:
    delayed = GOOD | {"options": {"delaySeconds": 60, "priority": 7, "attempts": 1}}
    draft = parse(body(GOOD, delayed, name="Branches", result="pdf"), limit=LIMIT)
    batch, requests = batch_of(draft, id="b" * 26, tenant="acme", accepted_at=1_000, attempts=3)
    assert (batch.name, batch.result, batch.jobs, batch.accepted_at) == ("Branches", ResultKind.PDF, 2, 1_000)
    assert tuple(request.id for request in requests) == batch.member_ids
    assert [(request.attempts, request.due_at, request.priority) for request in requests] == [
        (3, None, 5),
        (1, 61_000, 7),
    ]
    assert {(request.batch, request.tenant) for request in requests} == {("b" * 26, "acme")}


def test_ids_differ_by_place_batch_and_tenant() -> None:
    draft = parse(body(GOOD, GOOD), limit=LIMIT)
    ids = [
        request.id
        for tenant in ("acme", "other")
        for name in ("a" * 26, "b" * 26)
        for request in batch_of(draft, id=name, tenant=tenant, accepted_at=0, attempts=3)[1]
    ]
    assert len(set(ids)) == 8


def test_a_batch_is_a_zip_without_a_name_if_it_says_nothing_else() -> None:
    draft = parse(body(GOOD), limit=LIMIT)
    assert (draft.name, draft.result) == (None, ResultKind.ZIP)


def test_the_same_batch_has_the_same_digest_however_it_is_written() -> None:
    one = parse(
        b'{"reports": [{"reportType": "test", "data": {"title": "t", "message": "m"}}], "name": "n"}', limit=LIMIT
    )
    two = parse(b'{"name":"n","reports":[{"data":{"message":"m","title":"t"},"reportType":"test"}]}', limit=LIMIT)
    other = parse(body(GOOD, name="o"), limit=LIMIT)
    assert one.digest == two.digest != other.digest


def test_a_fault_anywhere_is_told_with_its_place() -> None:
    found = faults(
        body(*[GOOD] * 17, {"reportType": "test", "data": {"title": 7}}, {"reportType": "poem", "data": {}}, 5)
    )
    assert set(found) == {"/reports/17/data/title", "/reports/17/data/message", "/reports/18/reportType", "/reports/19"}


def test_of_many_faults_a_hundred_are_told() -> None:
    assert len(faults(body(*[{"reportType": "test", "data": {}}] * 200))) == 100


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "two\nlines"}, "/name"),
        ({"name": 5}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"result": "tar"}, "/result"),
        ({"result": ["zip"]}, "/result"),
        ({"colour/shade": "red"}, "/colour~1shade"),
    ],
)
def test_what_is_wrong_beside_the_reports_is_told(members: dict[str, Any], pointer: str) -> None:
    assert set(faults(body(GOOD, **members))) == {pointer}


@pytest.mark.parametrize("reports", [[], [GOOD] * 1_001, {"0": GOOD}, None])
def test_there_are_1_to_1000_reports(reports: Any) -> None:
    assert set(faults(json.dumps({"reports": reports}).encode())) == {"/reports"}
    assert len(parse(body(*[GOOD] * 1_000), limit=LIMIT).submissions) == 1_000


def test_a_report_of_a_batch_has_no_dedup_key() -> None:
    found = faults(body(GOOD, GOOD | {"options": {"dedupKey": "one", "dedupMode": "drop"}}))
    assert set(found) == {"/reports/1/options/dedupKey", "/reports/1/options/dedupMode"}


def test_a_body_that_is_none_is_refused() -> None:
    with pytest.raises(MalformedRequest):
        parse(b"{", limit=LIMIT)
    with pytest.raises(TooLarge):
        parse(body(GOOD), limit=10)
    assert set(faults(b"[]")) == {""}


def test_what_the_queue_must_know_of_a_job_has_its_batch_in_request_and_marks() -> None:
    draft = parse(body(GOOD), limit=LIMIT)
    (request,) = batch_of(draft, id="b" * 26, tenant="acme", accepted_at=0, attempts=3)[1]
    assert isinstance(request.new_job(), NewJob)
    assert request.new_job().batch == "b" * 26
    assert Head("", 0, request_marks(request)).new_job(request.id) == request.new_job()
    assert Request.from_json(request.to_json()) == request


@pytest.mark.parametrize(
    "option", [{"format": "csv"}, {"variant": "pdf/ua-1"}, {"attachments": ["json"]}, {"password": "p"}]
)
def test_what_merging_would_lose_is_for_a_zip(option: dict[str, Any]) -> None:
    (name,) = option
    special = GOOD | {"options": option}
    assert "ask for a zip" in faults(body(GOOD, special, result="pdf"))[f"/reports/1/options/{name}"]
    assert parse(body(GOOD, special), limit=LIMIT).submissions[1].options.edition != USUAL


def test_a_plain_pdf_may_be_asked_for_where_pdfs_are_merged() -> None:
    plain = GOOD | {"options": {"format": "pdf", "attachments": []}}
    assert parse(body(plain, result="pdf"), limit=LIMIT)
