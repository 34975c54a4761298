"""Submitting: what is accepted is kept, queued and woken for; what is not leaves no trace."""

import base64
import json
from io import StringIO
from typing import Any

import pytest
from gateway import Api, keys_in_bucket, wakes

from report_queue.job import State
from report_queue.reports import report_types
from report_queue.request import Request, job_id
from report_queue.wiring import Wiring, wiring

SAMPLE = {"reportType": "test", "data": report_types()["test"].sample}


def nothing_happened(wired: Wiring) -> bool:
    return keys_in_bucket() == [] and set(wired.queue.counts().values()) == {0} and wakes() == 0


def test_a_request_is_accepted_with_its_id_and_where_to_look(api: Api) -> None:
    answer = api.submit(SAMPLE)
    assert answer.status == 202
    assert answer.json == {
        "statusCode": 202,
        "success": True,
        "message": "The report is queued.",
        "data": {"jobId": answer.json["data"]["jobId"]},
    }
    assert answer.headers["location"] == f"/api/jobs/{answer.json['data']['jobId']}"
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["content-type"] == "application/json"
    assert "idempotency-replayed" not in answer.headers


def test_an_accepted_request_is_in_the_ledger_in_the_queue_and_on_the_bus(api: Api, wired: Wiring) -> None:
    name = api.submit(SAMPLE).json["data"]["jobId"]
    request = wired.ledger.open_request(name)
    assert request is not None
    assert (request.tenant, request.report_type, request.data) == ("acme", "test", SAMPLE["data"])
    (job,) = wired.queue.find(name)
    assert job is not None
    assert (job.state, job.tenant, job.report_type, job.attempts) == (State.WAITING, "acme", "test", 3)
    assert job.accepted_at == request.accepted_at
    assert wakes() == 1


def test_options_reach_the_queue(api: Api, wired: Wiring) -> None:
    name = api.submit({**SAMPLE, "options": {"attempts": 7, "delaySeconds": 3_600}}).json["data"]["jobId"]
    (job,) = wired.queue.find(name)
    assert job is not None
    assert (job.state, job.attempts, job.moment) == (State.DELAYED, 7, job.accepted_at + 3_600_000)


def test_a_body_that_arrives_as_base64_is_the_same_body(api: Api) -> None:
    assert api.submit(json.dumps(SAMPLE).encode(), binary=True).status == 202


def test_each_request_without_a_key_is_a_job_of_its_own(api: Api) -> None:
    assert api.submit(SAMPLE).json["data"] != api.submit(SAMPLE).json["data"]


def test_the_same_idempotency_key_and_request_is_the_same_job(api: Api, wired: Wiring) -> None:
    first, again = (api.submit(SAMPLE, headers={"idempotency-key": "k"}) for _ in range(2))
    assert first.json["data"] == again.json["data"] == {"jobId": job_id("acme", "k")}
    assert again.status == 202
    assert again.headers["idempotency-replayed"] == "true"
    assert wired.queue.counts("acme")[State.WAITING] == 1
    assert len(keys_in_bucket()) == 1


def test_the_same_idempotency_key_of_another_tenant_is_another_job(api: Api) -> None:
    mine = api.submit(SAMPLE, headers={"idempotency-key": "k"})
    theirs = Api(tenant="bolt").submit(SAMPLE, headers={"idempotency-key": "k"})
    assert mine.json["data"] != theirs.json["data"]
    assert "idempotency-replayed" not in theirs.headers


def test_the_same_idempotency_key_with_another_request_is_refused(api: Api, wired: Wiring) -> None:
    api.submit(SAMPLE, headers={"idempotency-key": "k"})
    other = api.submit({**SAMPLE, "options": {"attempts": 9}}, headers={"idempotency-key": "k"})
    assert other.status == 422
    assert "Idempotency-Key" in other.json["detail"]
    assert wired.queue.counts("acme")[State.WAITING] == 1


def test_a_repeated_request_brings_back_a_job_that_the_broker_never_heard_of(
    api: Api, wired: Wiring, environment: Any
) -> None:
    environment(broker_url="unix:///nonexistent/socket")
    api.submit(SAMPLE, headers={"idempotency-key": "k"})
    environment()
    assert wired.queue.find(job_id("acme", "k")) == [None]
    assert api.submit(SAMPLE, headers={"idempotency-key": "k"}).headers["idempotency-replayed"] == "true"
    (job,) = wired.queue.find(job_id("acme", "k"))
    assert job is not None
    assert job.state is State.WAITING


def test_a_repeated_request_does_not_run_again_what_has_ended(api: Api, wired: Wiring, environment: Any) -> None:
    environment(broker_url="unix:///nonexistent/socket")
    name = api.submit(SAMPLE, headers={"idempotency-key": "k"}).json["data"]["jobId"]
    environment()
    api.post(f"/api/jobs/{name}/cancel")
    environment(queue="wiped")
    assert api.submit(SAMPLE, headers={"idempotency-key": "k"}).status == 202
    assert wiring().queue.find(name) == [None]


def test_without_the_broker_a_request_is_accepted_all_the_same(api: Api, broker_away: None) -> None:
    answer = api.submit(SAMPLE)
    assert answer.status == 202
    assert answer.json["message"] == "The report is accepted and will be queued."
    assert keys_in_bucket() == [f"open/{answer.json['data']['jobId']}.json"]


def test_without_the_store_nothing_is_accepted_and_nothing_is_queued(api: Api, wired: Wiring, store_away: None) -> None:
    answer = api.submit(SAMPLE)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert answer.json["type"] == "/problems/store-away"
    assert nothing_happened(wired)


def test_a_key_without_the_scope_may_not_submit(wired: Wiring) -> None:
    answer = Api(scopes="read operate").submit(SAMPLE)
    assert answer.status == 403
    assert '"submit"' in answer.json["detail"]
    assert nothing_happened(wired)


BAD = {
    "nothing": (b"", {}, 400),
    "syntax": (b'{"reportType": "test",', {}, 400),
    "not UTF-8": (b'{"reportType": "\xff"}', {}, 400),
    "NaN": (b'{"reportType": "test", "data": {"title": NaN}}', {}, 400),
    "Infinity": (b'{"reportType": "test", "data": {"title": Infinity}}', {}, 400),
    "1e999": (b'{"reportType": "test", "data": {"title": 1e999}}', {}, 400),
    "a key twice": (b'{"reportType": "test", "reportType": "test", "data": {}}', {}, 400),
    "a lone surrogate": (b'{"reportType": "test", "data": {"title": "\\ud800"}}', {}, 400),
    "5,000 digits": (b'{"reportType": "test", "data": ' + b"9" * 5_000 + b"}", {}, 400),
    "65 levels": (b'{"reportType": "test", "data": ' + b"[" * 64 + b"]" * 64 + b"}", {}, 400),
    "a depth bomb": (b"[" * 5_000_000, {}, 400),
    "too large": (b"[" * 5_000_001, {}, 413),
    "a list": (b"[]", {}, 422),
    "an unknown type": (b'{"reportType": "nope", "data": {}}', {}, 422),
    "no type": (b'{"data": {}}', {}, 422),
    "no data": (b'{"reportType": "test"}', {}, 422),
    "an unknown key": (json.dumps({**SAMPLE, "priority": 1}).encode(), {}, 422),
    "an unknown option": (json.dumps({**SAMPLE, "options": {"urgent": True}}).encode(), {}, 422),
    "an option out of range": (json.dumps({**SAMPLE, "options": {"attempts": 11}}).encode(), {}, 422),
    "data of the wrong shape": (b'{"reportType": "sales", "data": {"rows": 1}}', {}, 422),
    "an empty Idempotency-Key": (json.dumps(SAMPLE).encode(), {"idempotency-key": ""}, 400),
    "an odd Idempotency-Key": (json.dumps(SAMPLE).encode(), {"idempotency-key": "a b"}, 400),
    "a long Idempotency-Key": (json.dumps(SAMPLE).encode(), {"idempotency-key": "x" * 256}, 400),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_as_a_problem_and_leaves_no_trace(case: str, api: Api, wired: Wiring) -> None:
    body, headers, status = BAD[case]
    answer = api.submit(body, headers=headers, binary=True)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 10_000
    problem = answer.json
    assert problem["status"] == status
    assert problem["type"].startswith("/problems/")
    assert problem["instance"] == "/api/v1/reports/generate"
    assert problem["detail"] == problem["message"]
    assert problem["detail"]
    assert problem["success"] is False
    assert bool(problem["errors"]) is (status == 422)
    assert len(problem["errorMessages"]) == len(problem["errors"])
    assert nothing_happened(wired)


def test_half_a_surrogate_that_a_gateway_let_through_is_malformed(api: Api) -> None:
    assert api.submit('{"reportType": "\ud800"}').status == 400


def test_a_body_that_is_no_base64_though_it_says_so_is_malformed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    encode = base64.b64encode
    monkeypatch.setattr("gateway.base64.b64encode", lambda body: b"!" + encode(body))
    assert api.submit(json.dumps(SAMPLE).encode(), binary=True).status == 400


def test_faults_have_a_pointer_and_the_old_systems_path(api: Api) -> None:
    rows = api.submit({"reportType": "test", "data": {}, "options": {"a/b": 1}}).json
    (fault,) = [row for row in rows["errors"] if row["pointer"] == "/options/a~1b"]
    assert fault["detail"].startswith("is not an option: only attempts, priority, ")
    assert "options.a/b" in [message["path"] for message in rows["errorMessages"]]


def test_a_payload_reaches_no_log(api: Api, logs: StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    secret = "sesame-4711"
    api.submit({"reportType": "test", "data": {"title": secret, secret: [secret]}})
    api.submit({"reportType": "test", "data": {**report_types()["test"].sample, "title": secret}})
    written = logs.getvalue() + "".join(capfd.readouterr())
    assert "refused" in written
    assert secret not in written


def test_an_error_that_nobody_foresaw_is_a_problem_without_its_words(
    api: Api, wired: Wiring, monkeypatch: pytest.MonkeyPatch, logs: StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    def breaks(_: Request) -> None:
        raise RuntimeError("sesame-4711")

    monkeypatch.setattr(type(wired.ledger), "accept", lambda _, request: breaks(request))
    answer = api.submit(SAMPLE)
    assert answer.status == 500
    assert answer.json["type"] == "/problems/unexpected"
    assert "request-1" in answer.json["detail"]
    written = logs.getvalue() + "".join(capfd.readouterr())
    assert "RuntimeError" in written
    assert "request-1" in written
    assert "sesame" not in answer.content.decode() + written
