"""Rows that do not fit into a request: a link to upload them, and requests that name them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from gateway import Answer, Api, keys_in_bucket
from test_may import acting  # noqa: F401 - a fixture

from report_queue.job import State
from report_queue.reports import report_types
from report_queue.wiring import Wiring

REST = {name: value for name, value in report_types()["sales"].sample.items() if name != "rows"}
ROWS = b'{"date": "2026-01-01", "customer": "a", "product": "b", "region": "c", "quantity": 1, "unitPrice": 2}\n'


def put(key: str, body: bytes = ROWS) -> str:
    return str(boto3.client("s3").put_object(Bucket="reports", Key=key, Body=body)["ETag"])


def body(key: str, **more: Any) -> dict[str, Any]:
    return {"reportType": "sales", "data": REST, "dataRef": {"key": key}, **more}


def faults(answer: Answer) -> dict[str, str]:
    assert answer.status == 422
    return {fault["pointer"]: fault["detail"] for fault in answer.json["errors"]}


def jobs(wired: Wiring) -> int:
    return wired.queue.counts()[State.WAITING]


# The link.


def test_a_link_leads_to_a_fresh_key_of_the_tenant(api: Api) -> None:
    first, second = (api.post("/api/v1/inputs", body={"name": "may.csv"}) for _ in range(2))
    assert (first.status, first.headers["cache-control"]) == (201, "no-store")
    told = first.json["data"]
    assert set(told) == {"key", "method", "url", "expiresAt", "maxBytes"}
    assert (told["method"], told["maxBytes"]) == ("PUT", 1_000_000_000)
    prefix, tenant, name, file = told["key"].split("/")
    assert (prefix, tenant, len(name), file) == ("inputs", "acme", 26, "may.csv")
    assert told["key"] != second.json["data"]["key"]
    link = urlsplit(told["url"])
    assert link.path.endswith(told["key"])
    assert parse_qs(link.query)["X-Amz-Expires"] == ["3600"]
    left = datetime.fromisoformat(told["expiresAt"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


@pytest.mark.parametrize("sent", [None, "", "{}"])
def test_a_name_may_be_left_out(api: Api, sent: Any) -> None:
    assert api.post("/api/v1/inputs", body=sent).json["data"]["key"].endswith("/rows.jsonl")


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"name": "../x.csv"}, "/name"),
        ({"name": "a/b.csv"}, "/name"),
        ({"name": "a..csv"}, "/name"),
        ({"name": "x.xlsx"}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": 7}, "/name"),
        ({"name": "x" * 100 + ".csv"}, "/name"),
        ({"file": "x.csv"}, "/file"),
        ([], ""),
    ],
)
def test_a_name_that_is_none_is_a_fault(api: Api, sent: Any, pointer: str) -> None:
    assert pointer in faults(api.post("/api/v1/inputs", body=sent))


def test_a_link_is_for_those_who_may_submit(environment: Any) -> None:
    assert Api(scopes="read operate").post("/api/v1/inputs").status == 403


def test_neither_link_nor_key_is_logged(api: Api, logs: StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    told = api.post("/api/v1/inputs").json["data"]
    put(told["key"])
    assert api.submit(body(told["key"])).status == 202
    written = logs.getvalue() + capsys.readouterr().out
    assert "upload link made" in written
    for secret in (told["key"], told["url"], "X-Amz-Signature"):
        assert secret not in written


# The request.


def test_an_accepted_request_says_which_object_and_in_what_state(api: Api, wired: Wiring) -> None:
    key = api.post("/api/v1/inputs").json["data"]["key"]
    etag = put(key)
    name = api.submit(body(key)).json["data"]["jobId"]
    request = wired.ledger.open_request(name)
    assert request
    assert request.data == REST
    told = {"key": key, "member": "rows", "etag": etag, "size": len(ROWS)}
    assert request.data_ref
    assert request.data_ref.to_fields() == told
    assert api.get(f"/api/jobs/{name}").json["dataRef"] == told


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("inputs/acme/a/none.csv", "names no object that is there: upload it"),
        ("inputs/acme/a/empty.csv", "names an object that is empty"),
        ("inputs/acme/a/large.csv", "names an object of 6 bytes, the limit is 5"),
        ("inputs/bolt/a/theirs.csv", "must begin with inputs/acme/"),
        ("inputs/bolt/a/none.csv", "must begin with inputs/acme/"),
        ("inputs/acme-2/a/theirs.csv", "must begin with inputs/acme/"),
    ],
)
def test_an_object_that_cannot_be_used_is_a_fault_and_nothing_happens(
    api: Api, environment: Callable[..., None], wired: Wiring, key: str, said: str
) -> None:
    environment(input_bytes=5)
    put("inputs/acme/a/empty.csv", b"")
    for large in ("inputs/acme/a/large.csv", "inputs/bolt/a/theirs.csv", "inputs/acme-2/a/theirs.csv"):
        put(large, b"123456")
    assert said in faults(api.submit(body(key)))["/dataRef/key"]
    assert jobs(wired) == 0
    assert not [key for key in keys_in_bucket() if not key.startswith("inputs/")]


def test_a_repeated_request_finds_its_job_also_where_the_object_has_changed_or_gone(api: Api, wired: Wiring) -> None:
    key, once = "inputs/acme/a/rows.jsonl", {"idempotency-key": "once"}
    put(key)
    first = api.submit(body(key), headers=once).json["data"]
    put(key, ROWS * 2)
    changed = api.submit(body(key), headers=once)
    boto3.client("s3").delete_object(Bucket="reports", Key=key)
    gone = api.submit(body(key), headers=once)
    for answer in (changed, gone):
        assert (answer.status, answer.json["data"]) == (202, first)
        assert answer.headers["idempotency-replayed"] == "true"
    other = api.submit(body("inputs/acme/a/other.jsonl"), headers=once)
    assert other.status == 422
    assert jobs(wired) == 1
    request = wired.ledger.open_request(first["jobId"])
    assert request
    assert request.data_ref
    assert request.data_ref.size == len(ROWS)


@pytest.mark.parametrize(
    ("options", "option"), [({"runAt": "2099-01-01T00:00:00Z"}, "runAt"), ({"delaySeconds": 604_800}, "delaySeconds")]
)
def test_a_job_that_is_due_when_its_rows_are_gone_is_a_fault(
    api: Api, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], option: str
) -> None:
    key = "inputs/acme/a/rows.jsonl"
    put(key)
    assert api.submit(body(key, options={"delaySeconds": 604_800})).status == 202
    monkeypatch.setattr("report_queue.inputs_desk.INPUT_DAYS", 6)
    assert "kept, 6 days" in faults(api.submit(body(key, options=options)))[f"/options/{option}"]


def test_a_faulty_object_takes_no_dedup_key(api: Api) -> None:
    key, options = "inputs/acme/a/rows.jsonl", {"dedupKey": "d"}
    assert api.submit(body(key, options=options)).status == 422
    put(key)
    assert "duplicate" not in api.submit(body(key, options=options)).json["data"]


def test_with_the_store_away_nothing_is_accepted(api: Api, store_away: None) -> None:
    assert api.submit(body("inputs/acme/a/rows.jsonl")).status == 503


# Batches and schedules.


def test_the_reports_of_a_batch_may_have_rows_in_the_bucket(api: Api, wired: Wiring) -> None:
    key, once = "inputs/acme/a/rows.jsonl", {"idempotency-key": "once"}
    etag = put(key)
    sample = {"reportType": "test", "data": report_types()["test"].sample}
    sent = {"reports": [body(key), sample, body(key)]}
    batch_id = api.post("/api/v1/batches", body=sent, headers=once).json["data"]["batchId"]
    boto3.client("s3").delete_object(Bucket="reports", Key=key)
    assert api.post("/api/v1/batches", body=sent, headers=once).headers["idempotency-replayed"] == "true"
    batch = wired.batches.find(tenant="acme", id=batch_id)
    assert batch
    requests = [wired.ledger.open_request(name) for name in batch.member_ids]
    assert [request and request.data_ref and request.data_ref.etag for request in requests] == [etag, None, etag]


def test_a_batch_with_an_object_that_cannot_be_used_is_refused_whole(api: Api) -> None:
    put("inputs/acme/a/rows.jsonl")
    sent = {"reports": [body("inputs/acme/a/rows.jsonl"), body("inputs/acme/b.csv"), body("inputs/bolt/c.csv")]}
    found = faults(api.post("/api/v1/batches", body=sent))
    assert set(found) == {"/reports/1/dataRef/key", "/reports/2/dataRef/key"}
    assert keys_in_bucket() == ["inputs/acme/a/rows.jsonl"]


def test_a_schedule_has_no_rows_in_the_bucket(api: Api) -> None:
    put("inputs/acme/a/rows.jsonl")
    sent = {"everySeconds": 60, "report": body("inputs/acme/a/rows.jsonl")}
    assert "not for schedules" in faults(api.post("/api/v1/schedules", body=sent))["/report/dataRef"]


# What it may.


def test_submit_may_look_at_objects_and_give_links(
    acting: Callable[[str], AbstractContextManager[None]],  # noqa: F811 - the fixture
    api: Api,
) -> None:
    key = "inputs/acme/a/rows.jsonl"
    put(key)
    with acting("submit"):
        assert api.post("/api/v1/inputs").status == 201
        assert api.submit(body(key)).status == 202
