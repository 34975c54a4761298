"""A job is followed by its id: through the log's lines, and through the trace that its submit began."""

import json
import logging
import os
import re
import socket
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from gateway import Api

from cdk_app.monitoring.queries import QUERIES
from functions.worker import handler as worker
from report_queue.reports import report_types
from report_queue.telemetry import logger
from report_queue.wiring import Wiring
from tests.ledger.words import Context, sample

ROOT = "1-6745b2c0-0123456789abcdef01234567"
SECRET = "what nobody but the reader may see"  # in the payload


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What the functions log, and the package below them."""
    written = StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    return written


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """X-Ray's daemon, as far as anybody can tell."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.5)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{listening.getsockname()[1]}")
        yield listening


@pytest.fixture
def invoked(monkeypatch: pytest.MonkeyPatch) -> Any:
    def as_traced(*, sampled: bool, root: str = ROOT) -> None:
        monkeypatch.setitem(os.environ, "_X_AMZN_TRACE_ID", f"Root={root};Parent=53995c3f42cd8ad8;Sampled={sampled:d}")

    return as_traced


def submit(api: Api, **options: Any) -> str:
    data = {"title": "\U00013000" if options else "plain", "message": SECRET}
    return str(api.submit({"reportType": "test", "data": data, "options": options}).json["data"]["jobId"])


def drain() -> None:
    context = Context(memory_limit_in_mb=3_008, remaining_ms=900_000)
    try:
        worker.handler(sample("worker"), context)  # type: ignore[arg-type]
    finally:
        worker.RENDERER.close()


def segments(daemon: socket.socket) -> list[Any]:
    found = []
    while True:
        try:
            found.append(json.loads(daemon.recv(65_536).partition(b"\n")[2]))
        except TimeoutError:
            return found


def test_a_job_is_followed_from_submit_to_the_worker_by_its_id_and_no_line_holds_its_payload(
    api: Api, lines: StringIO, invoked: Any
) -> None:
    assert logging.getLogger("report_queue").level <= logging.INFO
    invoked(sampled=True)
    good, bad = submit(api), submit(api, preflight="fail")
    invoked(sampled=False, root="1-00000000-000000000000000000000000")  # the worker's own
    drain()
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    of_good = [line for line in told if line.get("job") == good]
    of_bad = [line for line in told if line.get("job") == bad]
    assert [line["message"] for line in of_good] == ["accepted", "started", "completed"]
    assert [line["message"] for line in of_bad] == ["accepted", "started", "failed"]
    assert {(line["tenant"], line["report_type"], line["trace"]) for line in of_good + of_bad} == {
        ("acme", "test", ROOT)
    }
    completed, failed = of_good[2], of_bad[2]
    assert (completed["attempt"], completed["verdict"], failed["reason"]) == (1, "completed", "preflight.glyph.missing")
    assert failed["signature"].startswith("preflight.glyph.missing-")
    assert 0 < completed["seconds"] <= completed["age_seconds"]
    assert SECRET not in lines.getvalue()


def test_every_key_that_a_saved_query_asks_for_is_in_the_lines(api: Api, lines: StringIO, invoked: Any) -> None:
    invoked(sampled=False)
    submit(api)
    submit(api, preflight="fail")
    drain()
    known = {key for line in lines.getvalue().splitlines() for key in json.loads(line)}
    own = {"repair"}  # of the reconciler's lines, which test_each_repair_is_told_by_job looks at
    for query in QUERIES:
        text = re.sub(r'"[^"]*"|/[^/]*/', "", query.text)
        made = set(re.findall(r"\bas (\w+)", text)) | {"group"}
        asked = set(re.findall(r"(?<![@\w])[a-z_]+\b(?!\()", text)) - made
        words = {"fields", "filter", "sort", "limit", "stats", "parse", "by", "as", "asc", "desc", "in", "and"}
        assert asked - words - own <= known, query.name


def test_an_attempt_is_a_part_of_the_trace_of_its_submit(
    api: Api, wired: Wiring, daemon: socket.socket, invoked: Any
) -> None:
    invoked(sampled=True)
    traced = submit(api)
    request = wired.ledger.open_request(traced)
    assert request
    assert request.trace == "00-6745b2c00123456789abcdef01234567-53995c3f42cd8ad8-01"
    invoked(sampled=False)
    submit(api)
    invoked(sampled=True, root="1-ffffffff-0123456789abcdef01234567")
    drain()
    (segment,) = segments(daemon)
    assert (segment["trace_id"], segment["parent_id"], segment["fault"]) == (ROOT, "53995c3f42cd8ad8", False)
    assert segment["annotations"] == {
        "job": traced,
        "tenant": "acme",
        "report_type": "test",
        "attempt": 1,
        "verdict": "completed",
        "worker_trace": "1-ffffffff-0123456789abcdef01234567",
    }
    assert segment["start_time"] < segment["end_time"]
    receipt = wired.ledger.receipt(traced)
    assert receipt
    assert receipt.request.trace == request.trace


def test_a_batch_keeps_the_trace_for_each_of_its_jobs(api: Api, wired: Wiring, invoked: Any) -> None:
    invoked(sampled=True)
    report = {"reportType": "test", "data": report_types()["test"].sample}
    answer = api.post("/api/v1/batches", body={"reports": [report, report]})
    batch = wired.batches.find(tenant="acme", id=answer.json["data"]["batchId"])
    assert batch
    traces = [wired.ledger.open_request(name) for name in batch.member_ids]
    assert [request and (request.trace or "")[3:35] for request in traces] == [ROOT.replace("-", "")[1:]] * 2
