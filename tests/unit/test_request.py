"""Parsing a submission: what is refused, with what words, and that equal requests are equal."""

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from report_queue import views
from report_queue.data_ref import DataRef
from report_queue.edition import Edition
from report_queue.errors import Fault, InvalidRequest, MalformedRequest, TooLarge
from report_queue.job import Backoff
from report_queue.options import Options
from report_queue.reports import ReportType, report_types
from report_queue.request import (
    ID_PATTERN,
    Request,
    Submission,
    idempotency_key,
    job_id,
    parse,
    random_job_id,
)

LIMIT = 5_000_000
SCHEMA = {
    "title": "Sums",
    "type": "object",
    "required": ["title", "rows"],
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string", "maxLength": 20},
        "day": {"type": "string", "format": "date"},
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["amount"],
                "properties": {"amount": {"type": "number"}, "a/b~c": {"type": "string"}},
            },
        },
    },
}
TYPES = {"sums": ReportType(name="sums", folder=Path(), schema=SCHEMA, sample={})}
DATA = {"title": "May", "day": "2026-05-31", "rows": [{"amount": 1.5}, {"amount": 2}]}


def submission(body: bytes | dict[str, Any], *, limit: int = LIMIT) -> Submission:
    return parse(body if isinstance(body, bytes) else json.dumps(body).encode(), limit=limit, types=TYPES)


def faults(body: bytes | dict[str, Any]) -> tuple[Fault, ...]:
    with pytest.raises(InvalidRequest) as caught:
        submission(body)
    return caught.value.faults


def test_a_good_body_becomes_a_submission() -> None:
    parsed = submission({"reportType": "sums", "data": DATA, "options": {"attempts": 5, "delaySeconds": 60}})
    assert (parsed.report_type, parsed.data, parsed.options) == ("sums", DATA, Options(attempts=5, delay_seconds=60))
    assert re.fullmatch(r"[0-9a-f]{64}", parsed.digest)


def test_without_options_the_deployment_decides() -> None:
    parsed = submission({"reportType": "sums", "data": DATA})
    assert parsed.options == Options()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON: expecting value at line 1, column 1"),
        (b'{\n  "reportType": sums}', "line 2, column 17"),
        (b'{"reportType": "sums",}', "not JSON"),
        (b"{'reportType': 1}", "not JSON"),
        (b'{"a": 1} {"b": 2}', "extra data"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8: byte 7"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": [-Infinity]}', "-Infinity is not JSON"),
        (b'{"a": 1e999}', "64-bit float"),
        (b'{"a": -1e999}', "64-bit float"),
        (b'{"a": {"b": 1, "c": 2, "b": 3}}', 'The key "b" is given twice'),
        (b'{"a": "\\ud800"}', "\\ud800, half of a surrogate pair"),
        (b'{"\\udfff": 1}', "\\udfff, half of a surrogate pair"),
        (b'{"a": ["\\udc00\\ud83d"]}', "half of a surrogate pair"),
        (b'{"a": ' + b"9" * 301 + b"}", "more than 300 digits"),
        (b'{"a": -' + b"9" * 5_000 + b"}", "more than 300 digits"),
        (b'{"a": ' + b"[" * 64 + b"]" * 64 + b"}", "deeper than 64"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "deeper than 64"),
        (b"[" * 100_000 + b"]" * 100_000, "deeper than 64"),
        (b"[" * LIMIT, "deeper than 64"),
        (b'{"a":' * (LIMIT // 5), "deeper than 64"),
    ],
    ids=itertools.count(),
)
def test_what_is_not_json_that_everyone_reads_alike_is_malformed(body: bytes, says: str) -> None:
    with pytest.raises(MalformedRequest) as caught:
        submission(body)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 300


def test_the_words_about_a_key_given_twice_stay_short() -> None:
    key = b'"' + b"k" * 100_000 + b'": 1'
    with pytest.raises(MalformedRequest) as caught:
        submission(b"{" + key + b"," + key + b"}")
    assert len(str(caught.value)) < 200


def test_a_surrogate_pair_is_one_character_and_fine() -> None:
    assert submission(b'{"reportType": "sums", "data": {"title": "\\ud83d\\ude00", "rows": []}}').data["title"] == "😀"


def test_sixty_four_levels_and_three_hundred_digits_are_fine() -> None:
    deep = b'{"reportType": "other", "data": ' + b"[" * 63 + b"9" * 300 + b"]" * 63 + b"}"
    types = {"other": ReportType(name="other", folder=Path(), schema={"title": "Any"}, sample={})}
    assert parse(deep, limit=LIMIT, types=types).report_type == "other"


def test_a_body_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(TooLarge, match=r"101 bytes, the limit is 100"):
        submission(b"x" * 101, limit=100)


@pytest.mark.parametrize("body", [b"[]", b'"sums"', b"null", b"1", b"true"])
def test_a_body_that_is_no_object_is_invalid(body: bytes) -> None:
    assert [fault.pointer for fault in faults(body)] == [""]


def test_an_unknown_report_type_is_answered_with_the_known_ones() -> None:
    (fault,) = faults({"reportType": "sales-x", "data": {}})
    assert fault == Fault("/reportType", "is not a report type: one of sums")


@pytest.mark.parametrize("name", [None, 1, ["sums"], {"sums": 1}, True])
def test_a_report_type_that_is_no_string_is_invalid(name: Any) -> None:
    assert [fault.pointer for fault in faults({"reportType": name, "data": {}})] == ["/reportType"]


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        (None, "/options"),
        ([], "/options"),
        ("fast", "/options"),
        ({"urgent": True}, "/options/urgent"),
        ({"a/b~c": 1}, "/options/a~1b~0c"),
        ({"attempts": 0}, "/options/attempts"),
        ({"attempts": 11}, "/options/attempts"),
        ({"attempts": "3"}, "/options/attempts"),
        ({"attempts": True}, "/options/attempts"),
        ({"attempts": 1.5}, "/options/attempts"),
        ({"attempts": None}, "/options/attempts"),
        ({"delaySeconds": -1}, "/options/delaySeconds"),
        ({"delaySeconds": 604_801}, "/options/delaySeconds"),
        ({"delaySeconds": 10**299}, "/options/delaySeconds"),
    ],
)
def test_options_have_names_types_and_ranges(options: Any, pointer: str) -> None:
    assert [fault.pointer for fault in faults({"reportType": "sums", "data": DATA, "options": options})] == [pointer]


def test_all_faults_are_listed_each_with_its_place() -> None:
    body = {
        "reportType": "sums",
        "extra": 1,
        "options": {"attempts": 0},
        "data": {
            "title": "x" * 21,
            "day": "2026-13-01",
            "odd": 1,
            "rows": [{"amount": 1}, {"amount": "1"}, {}, {"amount": 1, "a/b~c": 2}],
        },
    }
    found = {fault.pointer: fault.message for fault in faults(body)}
    assert found == {
        "/extra": "is not known here: only reportType, data, dataRef and options are",
        "/options/attempts": "must be an integer from 1 to 10",
        "/data/title": "is longer than 20 characters",
        "/data/day": 'is not a "date"',
        "/data/odd": "is not known here",
        "/data/rows/1/amount": 'is not of type "number"',
        "/data/rows/2/amount": "is missing",
        "/data/rows/3/a~1b~0c": 'is not of type "string"',
    }


def test_everything_missing_is_said_at_once() -> None:
    assert {fault.pointer for fault in faults(b"{}")} == {"/reportType", "/data"}


def test_at_most_a_hundred_faults_are_listed_and_no_value_is_echoed() -> None:
    rows = [{"amount": "y" * 2_000} for _ in range(500)]
    with pytest.raises(InvalidRequest, match="more than 100 places") as caught:
        submission({"reportType": "sums", "data": {"title": "t", "rows": rows}})
    assert len(caught.value.faults) == 100
    assert not any("yy" in fault.message for fault in caught.value.faults)


def test_a_fault_far_down_a_list_is_found() -> None:
    rows = [{"amount": 1}] * 20_000
    for place in (99, 100, 9_999, 10_001, 19_999):
        bad = [*rows[:place], {"amount": "1"}, *rows[place + 1 :]]
        (fault,) = faults({"reportType": "sums", "data": {"title": "t", "rows": bad}})
        assert fault.pointer == f"/data/rows/{place}/amount"


def test_five_megabytes_of_faults_take_no_more_than_their_first_hundred() -> None:
    body = b'{"reportType": "sums", "data": {"rows": [' + b"{}," * 1_600_000 + b"{}]}}"
    found = faults(body)
    assert len(found) == 100
    assert found[0].pointer.startswith("/data/")


def test_a_huge_key_does_not_come_back_whole() -> None:
    (fault,) = faults({"reportType": "sums", "data": {**DATA, "k" * 100_000: 1}})
    assert len(fault.pointer) < 250


def test_the_same_request_has_the_same_digest_however_it_is_written() -> None:
    one = submission(b'{"reportType":"sums","data":{"title":"\\u00e4","rows":[{"amount":1.50}]}}')
    two = submission(
        '{"options": {"delaySeconds": 0}, "data": {"rows": [{"amount": 15e-1}], "title": "ä"},'
        ' "reportType": "sums"}'.encode()
    )
    assert one.digest == two.digest


@pytest.mark.parametrize(
    "other",
    [
        {"reportType": "sums", "data": {**DATA, "title": "June"}},
        {"reportType": "sums", "data": {**DATA, "rows": DATA["rows"][::-1]}},
        {"reportType": "sums", "data": DATA, "options": {"attempts": 3}},
        {"reportType": "sums", "data": DATA, "options": {"delaySeconds": 1}},
    ],
)
def test_another_request_has_another_digest(other: dict[str, Any]) -> None:
    assert submission(other).digest != submission({"reportType": "sums", "data": DATA}).digest


@pytest.mark.parametrize("value", ["a", "!" * 255, "6f1c-42_~", None])
def test_a_good_idempotency_key_is_taken_as_it_is(value: str | None) -> None:
    assert idempotency_key(value) == value


@pytest.mark.parametrize("value", ["", "x" * 256, "a b", "tab\t", "ä", "line\n", "\x00", "\x7f"])
def test_a_bad_idempotency_key_is_malformed(value: str) -> None:
    with pytest.raises(MalformedRequest, match="visible ASCII"):
        idempotency_key(value)


def test_an_idempotency_key_gives_one_id_per_tenant() -> None:
    assert job_id("acme", "k") == job_id("acme", "k")
    assert len({job_id("acme", "k"), job_id("acme", "l"), job_id("bolt", "k"), job_id("acmek", "")}) == 4
    assert re.fullmatch(ID_PATTERN, job_id("acme", "k"))


def test_random_ids_sort_by_their_moment() -> None:
    ids = [random_job_id(now, bytes([255 - n]) * 10) for n, now in enumerate([0, 1, 1_700_000_000_000, 2**48 - 1])]
    assert ids == sorted(ids)
    assert all(re.fullmatch(ID_PATTERN, name) for name in ids)


def test_a_delay_counts_from_acceptance() -> None:
    parsed = submission({"reportType": "sums", "data": DATA, "options": {"delaySeconds": 60}})
    assert Request.of(parsed, id="i", tenant="t", accepted_at=1_000, attempts=3).due_at == 61_000
    at_once = submission({"reportType": "sums", "data": DATA})
    assert Request.of(at_once, id="i", tenant="t", accepted_at=1_000, attempts=3).due_at is None


@pytest.mark.parametrize(("options", "attempts"), [({}, 3), ({"attempts": 7}, 7)])
def test_the_default_of_attempts_is_for_requests_that_name_none(options: dict[str, int], attempts: int) -> None:
    parsed = submission({"reportType": "sums", "data": DATA, "options": options})
    assert Request.of(parsed, id="i", tenant="t", accepted_at=0, attempts=3).attempts == attempts


def test_a_request_survives_the_ledger() -> None:
    data = {"title": "ä😀", "empty": [], "none": {}, "long": 12345678901234567, "float": 0.1, "big": 10**299}
    request = Request(
        id=job_id("acme", "k"),
        tenant="acme",
        report_type="sums",
        data=data,
        digest="d" * 64,
        accepted_at=1_700_000_000_000,
        attempts=3,
        round=2,
        due_at=1_700_000_060_000,
        priority=9,
        expires_at=1_700_000_090_000,
        backoff=Backoff("fixed", 1_000, 0.25),
        retention_ms=60_000,
        tags=("may", "eu"),
        metadata={"invoice": "ä 4711"},
        batch=job_id("acme", "b"),
        edition=Edition(
            locale="fr-CH",
            time_zone="Europe/Zurich",
            preflight="fail",
            format="pdf",
            variant="pdf/ua-1",
            attachments=("csv", "json"),
            password="correct horse",
        ),
        trace="00-6745b2c00123456789abcdef01234567-53995c3f42cd8ad8-01",
        data_ref=DataRef("inputs/acme/rows.csv", "rows", etag='"e"', size=7),
        tell="wh_1",
        callback="https://example.com/told",
    )
    assert Request.from_json(request.to_json()) == request
    assert set(json.loads(request.to_json())) == {
        "id",
        "tenant",
        "reportType",
        "data",
        "digest",
        "acceptedAt",
        "attempts",
        "round",
        "dueAt",
        "priority",
        "expiresAt",
        "backoff",
        "retentionMs",
        "tags",
        "metadata",
        "batch",
        "edition",
        "dataRef",
        "tell",
        "callback",
        "trace",
    }


def real(envelope: dict[str, Any]) -> Submission:
    """Of the report types that there are."""
    return parse(json.dumps(envelope).encode(), limit=LIMIT)


def invoice(**changes: Any) -> dict[str, Any]:
    sample = report_types()["invoice"].sample
    return {"reportType": "invoice", "data": sample | changes, "options": {"attachments": ["factur-x"]}}


def test_an_invoice_with_all_that_factur_x_needs_is_taken() -> None:
    assert real(invoice()).options.edition.attachments == ("factur-x",)


def test_what_factur_x_needs_beyond_the_schema_is_told_with_its_place() -> None:
    sample = report_types()["invoice"].sample
    seller = {name: value for name, value in sample["seller"].items() if name not in ("country", "vatId")}
    line = sample["lines"][0] | {"unitPrice": -1}
    envelope = invoice(seller=seller, lines=[line], currency="KWD")
    with pytest.raises(InvalidRequest) as refused:
        real(envelope)
    pointers = {fault.pointer for fault in refused.value.faults}
    assert pointers == {"/data/seller/country", "/data/seller/vatId", "/data/lines/0/unitPrice", "/data/currency"}
    assert real({"reportType": "invoice", "data": envelope["data"]})  # as an invoice, it is a good one


def test_factur_x_is_for_invoices() -> None:
    sample = report_types()["sales"].sample
    with pytest.raises(InvalidRequest) as refused:
        real({"reportType": "sales", "data": sample, "options": {"attachments": ["factur-x"]}})
    (fault,) = refused.value.faults
    assert fault.pointer == "/options/attachments"
    assert "sales is no invoice" in fault.message


def test_another_password_is_another_request() -> None:
    body = {"reportType": "test", "data": report_types()["test"].sample}
    one, other = (real(body | {"options": {"password": word}}) for word in "ab")
    assert one.digest != other.digest


def test_the_options_that_a_job_shows_make_the_same_request_once_more() -> None:
    options = {
        "attempts": 4,
        "priority": 2,
        "runAt": "2026-11-24T06:30:00+01:00",
        "expiresAt": "2026-11-25T06:30:00Z",
        "backoff": {"type": "exponential", "delaySeconds": 7, "jitter": 0.5},
        "retentionSeconds": 60,
        "tags": ["eu", "may"],
        "metadata": {"order": "17"},
        "locale": "fr-CH",
        "timezone": "Europe/Zurich",
        "preflight": "fail",
        "variant": "pdf/ua-1",
        "attachments": ["csv", "json"],
        "password": "open sesame",
        "webhook": False,
        "callback": "https://example.com/told",
    }
    body = {"reportType": "test", "data": report_types()["test"].sample}
    ours = {"id": "", "tenant": "acme", "accepted_at": 0, "attempts": 3}
    asked = Request.of(real(body | {"options": options}), **ours)
    shown = json.loads(json.dumps(views.wishes(asked)))
    assert set(options) - set(shown) == {"password"}
    again = Request.of(real(body | {"options": shown}), **ours)
    assert replace(again, digest=asked.digest) == replace(asked, edition=asked.edition.without_password())
    assert views.wishes(Request.of(real(body), **ours)) == {"attempts": 3}
    assert views.wishes(replace(asked, tell="0" * 26))["webhook"] == "0" * 26
