"""What is a caller's secret stays where it was put: a key, a payload, a password and an Idempotency-Key are in no log,
not in the broker and in no error, whatever becomes of the job."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import boto3
import pytest
import redis
from gateway import PREVIEW, Api
from test_authorizer import authorize

from functions.authorizer.handler import _secret
from functions.poller import handler as poller
from functions.preview import handler as preview
from functions.requeue_stalled import handler as requeue_stalled
from functions.worker import handler as worker
from report_queue import keys, telemetry
from report_queue.render import Renderer
from report_queue.reports import report_types
from tests.ledger.words import Context, sample

PAYLOAD, PASSWORD, ONCE = "planted-payload-7f3a", "planted-password-9c1e", "planted-idempotency-5b2d"
PEPPER = "ab" * 32
KEY, KEY_ID, RECORD = keys.create("acme", keys.SCOPES, PEPPER, entropy=b"planted in this test, yes")
OPENS = KEY.rpartition("_")[2]
PLANTED = (PAYLOAD, PASSWORD, ONCE, OPENS)
NO_FONT_HAS = "\N{CUNEIFORM SIGN A}"


@pytest.fixture
def asked(api: Api) -> Iterator[Api]:
    """A caller with the planted key, which the authorizer knows."""
    _secret.cache_clear()
    secret = {"pepper": PEPPER, "keys": {KEY_ID: RECORD}}
    boto3.client("secretsmanager").create_secret(Name="report-queue/keys", SecretString=json.dumps(secret))
    granted = authorize({"authorization": f"Bearer {KEY}"})["context"]
    yield Api(scopes=granted["scopes"], headers={"authorization": f"Bearer {KEY}"})
    _secret.cache_clear()


@pytest.fixture
def told(logs: StringIO, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """All that is written while everything is logged: by the functions' loggers, and to stdout and stderr by anything
    that they start."""
    loggers = (telemetry.logger._logger, logging.getLogger("report_queue"))
    levels = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.DEBUG)
    with Renderer() as renderer:
        monkeypatch.setattr(worker, "RENDERER", renderer)
        monkeypatch.setattr(preview, "RENDERER", renderer)
        yield lambda: logs.getvalue() + "".join(capfd.readouterr())
    for one, level in zip(loggers, levels, strict=True):
        one.setLevel(level)


def test_what_is_planted_is_found_nowhere_but_in_the_store(asked: Api, told: Any, valkey: str) -> None:
    data = report_types()["test"].sample | {"message": PAYLOAD}
    bad = {"title": PAYLOAD, "message": PAYLOAD, "rows": [{"label": PAYLOAD, "value": PAYLOAD}], "locale": PAYLOAD}
    once = {"idempotency-key": ONCE}
    fit = {"reportType": "test", "data": data, "options": {"password": PASSWORD, "metadata": {"note": PAYLOAD}}}
    glyphs = {"reportType": "test", "data": data | {"message": PAYLOAD + NO_FONT_HAS}, "options": {"preflight": "fail"}}
    key = asked.post("/api/v1/inputs", body={"name": "rows.jsonl"}).json["data"]["key"]
    boto3.client("s3").put_object(Bucket="reports", Key=key, Body=json.dumps({"label": PAYLOAD, "value": PAYLOAD}))
    rows = {"reportType": "test", "data": {"title": "x", "message": PAYLOAD}, "dataRef": {"key": key}}
    errors = [
        asked.submit({"reportType": "test", "data": bad}),
        asked.submit({"reportType": PAYLOAD, "data": PAYLOAD}),
        asked.submit(f'{{"reportType": "test", "data": "{PAYLOAD}'),
        asked.submit(fit | {"options": {"password": PASSWORD * 20, "locale": PASSWORD, "runAt": PASSWORD}}),
        asked.submit(fit, headers={"idempotency-key": f"{ONCE} \n"}),
        asked.get("/api/jobs", query={"state": PAYLOAD, "limit": PAYLOAD, "after": PAYLOAD}),
        asked.post("/api/jobs/retry", body={"signature": PAYLOAD, "limit": PAYLOAD}),
        asked.post(PREVIEW, body={"reportType": "test", "data": bad, "options": {"dedupKey": PAYLOAD}}),
        asked.post(PREVIEW, body=glyphs),
    ]
    assert asked.post(PREVIEW, body=fit | {"options": {"password": PASSWORD}}).status == 200
    ids = [
        answer.json["data"]["jobId"]
        for answer in (asked.submit(fit, headers=once), asked.submit(glyphs), asked.submit(rows))
    ]
    errors.append(asked.submit(rows, headers=once))  # the key of another request
    assert {answer.status for answer in errors} <= {400, 422}

    worker.handler(sample("worker"), Context(memory_limit_in_mb=3_008, remaining_ms=900_000))  # type: ignore[arg-type]
    for function in (poller, requeue_stalled):
        function.handler({}, Context(remaining_ms=60_000))  # type: ignore[arg-type]
    jobs = [asked.get(f"/api/jobs/{job}").json for job in ids]
    assert [job["status"] for job in jobs] == ["completed", "failed", "failed"]
    shown = [asked.get(path) for path in ("/api/jobs/failed", "/api/jobs/groups", "/api/workers", "/api/stats")]
    reasons = [{name: job[name] for name in ("reason", "failedReason", "timeline", "signature")} for job in jobs]

    log = told()
    assert '"accepted"' in log
    assert '"shown"' in log
    assert "Completed" in log
    places = {
        "log": log,
        "errors": "".join(answer.content.decode() + str(answer.headers) for answer in errors),
        "lists": "".join(answer.content.decode() for answer in shown),
        "reasons": json.dumps(reasons),
        "broker": _everything(valkey),
    }
    assert ids[0] in places["broker"]
    found = [(word, place) for place, text in places.items() for word in PLANTED if word in text]
    assert found == []
    assert PASSWORD not in json.dumps(jobs)
    there = boto3.client("s3").get_object(Bucket="reports", Key=f"closed/{ids[1]}.json")["Body"].read().decode()
    assert PAYLOAD in there  # where it belongs


def _everything(valkey: str) -> str:
    """Every key of the broker with all that it holds."""
    looks = {
        "string": lambda client, key: client.get(key),
        "hash": lambda client, key: client.hgetall(key),
        "zset": lambda client, key: client.zrange(key, 0, -1, withscores=True),
        "set": lambda client, key: client.smembers(key),
        "list": lambda client, key: client.lrange(key, 0, -1),
        "stream": lambda client, key: client.xrange(key),
    }
    with redis.Redis.from_url(valkey, decode_responses=True, encoding_errors="replace") as client:
        return "\n".join(f"{key} {looks[client.type(key)](client, key)}" for key in client.scan_iter())
