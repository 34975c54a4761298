"""A submission whose rows are in the bucket: what is refused, with what words, and what is kept of it."""

import json
from typing import Any

import pytest

from report_queue.data_ref import DataRef, is_key, lists_of
from report_queue.errors import InvalidRequest
from report_queue.reports import report_types
from report_queue.request import Request, Submission, parse

KEY = "inputs/acme/0000000000000000000000000a/sales.jsonl"
SAMPLE: dict[str, Any] = {**report_types()["sales"].sample}
REST = {name: value for name, value in SAMPLE.items() if name != "rows"}


def submission(data: Any = REST, ref: Any = None, report_type: str = "sales") -> Submission:
    body = {"reportType": report_type, "data": data, "dataRef": {"key": KEY} if ref is None else ref}
    return parse(json.dumps(body).encode(), limit=1_000_000)


def faults(*given: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        submission(*given)
    return {fault.pointer: fault.message for fault in caught.value.faults}


def test_a_reference_stands_for_the_list_that_the_schema_asks_for() -> None:
    parsed = submission()
    assert parsed.data == REST
    assert parsed.data_ref == DataRef(KEY, "rows")


def test_any_list_of_objects_may_be_named() -> None:
    assert lists_of(report_types()["performance"]) == ["kpis", "timelines", "rows"]
    ref = {"key": "inputs/acme/lines.csv", "member": "lines"}
    invoice = {name: value for name, value in report_types()["invoice"].sample.items() if name != "lines"}
    assert submission(invoice, ref, "invoice").data_ref == DataRef("inputs/acme/lines.csv", "lines")


@pytest.mark.parametrize(
    ("ref", "pointer", "said"),
    [
        ("inputs/acme/a.csv", "/dataRef", "must be an object with key"),
        ({}, "/dataRef/key", "is missing"),
        ({"key": 7}, "/dataRef/key", "must be a key"),
        ({"key": "reports/acme/x.csv"}, "/dataRef/key", "must be a key"),
        ({"key": "inputs/acme/../bolt/x.csv"}, "/dataRef/key", "must be a key"),
        ({"key": "inputs/acme/a..csv"}, "/dataRef/key", "must be a key"),
        ({"key": "inputs/acme/x.xlsx"}, "/dataRef/key", "one of the endings .jsonl, .ndjson, .csv"),
        ({"key": "inputs/acme/.csv"}, "/dataRef/key", "must be a key"),
        ({"key": "inputs/acme//x.csv"}, "/dataRef/key", "must be a key"),
        ({"key": "inputs/acme/x.csv\n"}, "/dataRef/key", "must be a key"),
        ({"key": "inputs/x.csv"}, "/dataRef/key", "must be a key"),
        ({"key": KEY, "etag": "x"}, "/dataRef/etag", "is not known here: only key and member are"),
        ({"key": KEY, "member": "columns"}, "/dataRef/member", "is no list of objects of sales: one of plan, rows"),
        ({"key": KEY, "member": ["rows"]}, "/dataRef/member", "is no list of objects"),
    ],
)
def test_a_reference_that_leads_nowhere_is_a_fault_at_its_place(ref: Any, pointer: str, said: str) -> None:
    found = faults(REST, ref)
    assert said in found[pointer]
    assert set(found) <= {pointer, "/data/rows"}


def test_rows_given_twice_are_a_fault() -> None:
    assert "give the one or the other" in faults(SAMPLE)["/data/rows"]


def test_what_is_wrong_beside_the_rows_is_still_said() -> None:
    wrong = {**REST, "currency": "euro", "odd": 1}
    del wrong["company"]
    assert set(faults(wrong)) == {"/data/currency", "/data/odd", "/data/company"}


def test_a_reference_does_not_stand_for_another_list() -> None:
    assert faults(REST, {"key": KEY, "member": "plan"}) == {
        "/data/plan": "stands beside dataRef, which brings it: give the one or the other",
        "/data/rows": "is missing",
    }


def test_without_a_reference_the_rows_are_missing() -> None:
    body = json.dumps({"reportType": "sales", "data": REST}).encode()
    with pytest.raises(InvalidRequest) as caught:
        parse(body, limit=1_000_000)
    assert [fault.pointer for fault in caught.value.faults] == ["/data/rows"]


def test_a_keys_last_part_says_how_rows_are_written() -> None:
    kinds = {ending: DataRef(f"inputs/acme/x.{ending}").kind for ending in ("jsonl", "ndjson", "csv")}
    assert kinds == {"jsonl": "jsonl", "ndjson": "jsonl", "csv": "csv"}
    assert is_key("inputs/acme/2026/may/x.y-z_1.csv")


def test_the_digest_covers_which_object_and_not_what_it_is_like() -> None:
    plain = submission()
    assert submission(REST, {"key": KEY, "member": "rows"}).digest == plain.digest
    assert submission(REST, {"key": KEY.replace("0a", "0b")}).digest != plain.digest
    body = json.dumps({"reportType": "sales", "data": SAMPLE}).encode()
    assert parse(body, limit=1_000_000).digest != plain.digest


def test_a_request_of_before_references_is_read_as_one_without() -> None:
    request = Request.of(submission(), id="i", tenant="acme", accepted_at=1, attempts=3)
    fields = json.loads(request.to_json())
    assert fields.pop("dataRef") == {"key": KEY, "member": "rows"}
    assert Request.from_fields(fields).data_ref is None
