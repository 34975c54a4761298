"""A preview: the document is the answer, as a job's report would be, and there is nothing that it could touch."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any, Self

import pypdf
import pytest
from gateway import PREVIEW, Answer, Api, Context
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.preview import handler as preview
from report_queue.edition import CONTENT_TYPES, Edition
from report_queue.errors import PermanentFailure, TransientFailure
from report_queue.preview import MOST_BYTES
from report_queue.render import RenderJob
from report_queue.reports import report_types
from report_queue.result import Made
from report_queue.settings import Settings

TEST = {"reportType": "test", "data": report_types()["test"].sample}
NO_FONT_HAS = "\N{CUNEIFORM SIGN A}"
BEGINS = {"pdf": b"%PDF-", "html": b"<!doctype html>", "csv": b"\xef\xbb\xbf", "xlsx": b"PK"}
LAMBDA_ANSWERS_WITH = 6_291_556  # bytes, at most


@dataclass
class Stub:
    """A renderer that writes what it was told, or fails as it was told."""

    writes: bytes = b"%PDF-"
    fails: Exception | None = None
    jobs: list[RenderJob] = field(default_factory=list)

    def start(self, job: RenderJob, output: Any) -> Self:
        self.jobs.append(job)
        output.write(self.writes)
        return self

    def wait(self, **_: Any) -> Made:
        if self.fails:
            raise self.fails
        return Made(size=len(self.writes), pages=1, sha256="", seconds=0.1, peak_memory_mb=60)


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """The function's environment: no broker, no bucket, no secret and nobody to be. Call it to change some of it."""

    def change(**changes: Any) -> None:
        there_is = {"broker_url": "unix:///nonexistent", "bucket": "none", "bus": "none", "keys_secret": "none"}
        for name, value in Settings(**there_is | changes).environment().items():
            monkeypatch.setenv(name, value)

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    change()
    return change


@pytest.fixture
def ask(nowhere: Callable[..., None]) -> Callable[..., Answer]:
    """Asks for a preview; every answer is held against the OpenAPI document."""
    return lambda body=TEST, **given: Api(scopes=given.pop("scopes", "submit")).post(PREVIEW, body=body, **given)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Stands in for the renderer."""
    stub = Stub()
    monkeypatch.setattr(preview, "RENDERER", stub)
    return stub


def wishing(**options: Any) -> dict[str, Any]:
    return TEST | {"options": options}


def pointers(answer: Answer) -> list[str]:
    assert answer.status == 422, answer
    return [fault["pointer"] for fault in answer.json["errors"]]


@pytest.mark.parametrize("kind", report_types())
def test_each_report_type_is_answered_with_the_document_itself(kind: str, ask: Callable[..., Answer]) -> None:
    sample = report_types()[kind].sample
    shown = ask({"reportType": kind, "data": sample})
    assert (shown.status, shown.headers["content-type"]) == (200, "application/pdf")
    text = "".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(shown.content)).pages)
    assert sample.get("title", sample.get("number")) in text
    assert shown.headers["content-disposition"] == f'inline; filename="{kind}-preview.pdf"'
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "report-warnings" not in shown.headers


@pytest.mark.parametrize("wished", [name for name in CONTENT_TYPES if name != "pdf"])
def test_a_format_is_answered_as_what_it_is(wished: str, ask: Callable[..., Answer]) -> None:
    shown = ask(wishing(format=wished))
    assert (shown.status, shown.headers["content-type"]) == (200, CONTENT_TYPES[wished])
    assert shown.content.startswith(BEGINS[wished])
    assert shown.headers["content-disposition"] == f'inline; filename="test-preview.{wished}"'
    # A page of this origin could read the key that our own page keeps.
    assert shown.headers.get("content-security-policy") == ("sandbox" if wished == "html" else None)


def test_what_the_preflight_finds_is_told_or_fails_it_as_the_options_say(ask: Callable[..., Answer]) -> None:
    odd = wishing() | {"data": TEST["data"] | {"message": NO_FONT_HAS}}
    shown = ask(odd)
    assert (shown.status, shown.headers["report-warnings"]) == (200, "glyph.missing")
    failed = ask(odd | {"options": {"preflight": "fail"}})
    assert (failed.status, failed.json["type"]) == (422, "/problems/render-failed")
    assert failed.json["reason"] == "preflight.glyph.missing"


def test_what_takes_too_long_is_stopped_and_is_to_be_submitted(
    ask: Callable[..., Answer], nowhere: Callable[..., None]
) -> None:
    nowhere(preview_ms=50)
    late = ask({"reportType": "sales", "data": report_types()["sales"].sample})
    assert (late.status, late.json["type"]) == (413, "/problems/too-large")
    assert "submit it to the queue instead, with POST /api/v1/reports/generate" in late.json["detail"]
    nowhere()
    assert ask().status == 200  # and the next one is not kept by it


@pytest.mark.parametrize("kind", [PermanentFailure, TransientFailure])
def test_a_deadline_is_one_whoever_is_to_blame(
    kind: type[PermanentFailure | TransientFailure], stub: Stub, ask: Callable[..., Answer]
) -> None:
    stub.fails = kind("rendering took longer than 15 s and was stopped", reason="render.timeout")
    assert (ask().status, ask().json["detail"][:26]) == (413, "A preview may take 15 s, a")


def test_a_template_at_fault_is_told_as_a_failed_job_would_be(stub: Stub, ask: Callable[..., Answer]) -> None:
    told = "sales: template.html, line 58: `<td>{{ row.custommer }}</td>`: data.rows[0].custommer is missing"
    stub.fails = PermanentFailure(told, reason="template.error", place=("template.html", 58))
    failed = ask()
    assert (failed.status, failed.json["type"]) == (422, "/problems/render-failed")
    assert (failed.json["detail"], failed.json["reason"]) == (told, "template.error")


def test_a_child_that_crashes_may_be_asked_for_again_and_is_counted_as_what_nobody_meant(
    stub: Stub, ask: Callable[..., Answer], capsys: pytest.CaptureFixture[str]
) -> None:
    stub.fails = TransientFailure("the renderer's child was ended by SIGABRT", reason="render.crashed:SIGABRT")
    crashed = ask()
    assert (crashed.status, crashed.json["type"]) == (503, "/problems/render-interrupted")
    assert (crashed.json["reason"], crashed.headers["retry-after"]) == ("render.crashed:SIGABRT", "5")
    assert "ended by SIGABRT: ask again, or submit it to the queue instead" in crashed.json["detail"]
    counted = capsys.readouterr().out
    assert ('"Unexpected"' in counted, "Away" in counted) == (True, False)


def test_the_largest_document_fits_into_an_answer_and_a_larger_one_is_to_be_submitted(
    stub: Stub, ask: Callable[..., Answer], nowhere: Callable[..., None]
) -> None:
    stub.writes = b"\xff" * MOST_BYTES
    event = {"body": json.dumps(TEST), "headers": {}, "rawPath": PREVIEW, "requestContext": {
        "authorizer": {"lambda": {"tenant": "acme", "keyId": "k", "scopes": "submit"}},
        "http": {"method": "POST", "path": PREVIEW}, "requestId": "r", "stage": "$default"}}  # fmt: skip
    whole = preview.handler(event, Context())  # type: ignore[arg-type]
    assert whole["isBase64Encoded"] is True
    assert MOST_BYTES < len(json.dumps(whole)) < LAMBDA_ANSWERS_WITH
    stub.writes += b"\xff"
    larger = ask()
    assert (larger.status, larger.json["type"]) == (413, "/problems/too-large")
    assert "submit it to the queue instead" in larger.json["detail"]


def test_a_body_is_smaller_than_that_of_a_job(stub: Stub, ask: Callable[..., Answer]) -> None:
    limits = Settings.model_fields
    assert limits["preview_bytes"].default < limits["body_bytes"].default
    body = json.dumps(TEST)
    assert ask(body + " " * (limits["preview_bytes"].default - len(body.encode()))).status == 200
    larger = ask(body + " " * limits["preview_bytes"].default)
    assert (larger.status, larger.json["type"]) == (413, "/problems/too-large")
    assert "submit it to the queue instead" in larger.json["detail"]
    assert len(stub.jobs) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("delaySeconds", 60),
        ("runAt", "2099-01-01T00:00:00Z"),
        ("expiresAt", "2099-01-01T00:00:00Z"),
        ("dedupKey", "k"),
        ("webhook", "0" * 26),
        ("callback", "https://example.com/hook"),
    ],
)
def test_what_only_a_job_can_have_is_refused_by_name(
    name: str, value: Any, stub: Stub, ask: Callable[..., Answer]
) -> None:
    assert pointers(ask(wishing(**{name: value}))) == [f"/options/{name}"]
    assert stub.jobs == []


def test_rows_in_the_bucket_are_not_looked_for(stub: Stub, ask: Callable[..., Answer]) -> None:
    named = {"reportType": "test", "data": {"title": "x", "message": "x"}, "dataRef": {"key": "inputs/acme/x/y.jsonl"}}
    assert pointers(ask(named)) == ["/dataRef"]
    assert stub.jobs == []


def test_all_that_is_wrong_is_told_at_once(ask: Callable[..., Answer]) -> None:
    wrong = {"reportType": "test", "data": {"title": 7}, "options": {"runAt": "soon", "priority": 10, "batch": "b"}}
    assert sorted(pointers(ask(wrong))) == [
        "/data/message", "/data/title", "/options/batch", "/options/priority", "/options/runAt", "/options/runAt",
    ]  # fmt: skip


def test_what_does_not_change_what_is_seen_is_taken_and_plays_no_part(stub: Stub, ask: Callable[..., Answer]) -> None:
    before = time.time() * 1000 - 1
    kept = {"priority": 9, "tags": ["a"], "metadata": {"a": "b"}, "attempts": 1, "retentionSeconds": 60}
    backoff = {"type": "fixed", "delaySeconds": 1}
    assert ask(wishing(**kept, backoff=backoff, webhook=False, delaySeconds=0)).status == 200
    assert ask(wishing(locale="de", timezone="Asia/Kolkata", variant="pdf/ua-1", password="p")).status == 200
    plain, changed = stub.jobs
    assert replace(plain, created_at=0) == RenderJob(
        job_id="preview", report_type="test", data=TEST["data"], created_at=0, memory_mb=1_024, cpu_seconds=15
    )
    assert before < plain.created_at < time.time() * 1000 + 1  # dated now
    assert changed.edition == Edition(locale="de", time_zone="Asia/Kolkata", variant="pdf/ua-1", password="p")


@pytest.mark.parametrize(
    ("scopes", "body", "status", "word"),
    [
        ("read operate admin", TEST, 403, "forbidden"),
        ("", TEST, 403, "forbidden"),
        ("submit", "{", 400, "malformed-request"),
        ("submit", None, 400, "malformed-request"),
        ("submit", b"\xff\xfe", 400, "malformed-request"),
        ("submit", [], 422, "invalid-request"),
        ("submit", {"reportType": "sales/../test", "data": {}}, 422, "invalid-request"),
        ("submit", TEST | {"options": []}, 422, "invalid-request"),
    ],
)
def test_who_and_what_is_not_let_in_is_told_why(
    scopes: str, body: Any, status: int, word: str, stub: Stub, ask: Callable[..., Answer]
) -> None:
    refused = ask(body, scopes=scopes, binary=isinstance(body, bytes))
    assert (refused.status, refused.json["type"]) == (status, f"/problems/{word}")
    assert stub.jobs == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
ENVELOPES = st.fixed_dictionaries({"reportType": st.just("test"), "data": JSON, "options": JSON, "dataRef": JSON})


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(body=JSON | ENVELOPES)
def test_no_body_is_a_mistake_of_ours(body: Any, stub: Stub, ask: Callable[..., Answer]) -> None:
    assert ask(json.dumps(body)).status in (200, 422)
