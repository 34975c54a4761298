"""Options on their way from the request to the queue, and uniqueness and caps where a submission comes in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest
from gateway import Api
from lives import Lives

from report_queue.job import Backoff, State
from report_queue.replies import Dedup
from report_queue.reports import report_types
from report_queue.wiring import Wiring, wiring


def body(**options: Any) -> dict[str, Any]:
    return {"reportType": "test", "data": report_types()["test"].sample, "options": options}


def job_id(api: Api, **options: Any) -> str:
    answer = api.submit(body(**options))
    assert answer.status == 202, answer.json
    return str(answer.json["data"]["jobId"])


@pytest.fixture
def wipe(environment: Callable[..., None]) -> Callable[[], None]:
    """The broker forgets everything: the functions go on with a queue of another name."""
    return lambda: environment(queue=f"q-{uuid4().hex[:8]}")


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")


def test_what_is_wished_of_a_job_reaches_the_queue(api: Api, wired: Wiring) -> None:
    name = job_id(api, priority=8, tags=["eu", "may"], runAt=in_an_hour(), retentionSeconds=60)
    (job,) = wired.queue.find(name)
    assert job is not None
    assert (job.state, job.priority, job.tags) == (State.DELAYED, 8, ("eu", "may"))


def test_a_wiped_broker_gets_the_same_job_back(api: Api, wired: Wiring) -> None:
    name = job_id(
        api,
        attempts=4,
        priority=2,
        tags=["eu", "may"],
        expiresAt=in_an_hour(),
        backoff={"type": "fixed", "delaySeconds": 7, "jitter": 0.5},
        retentionSeconds=60,
    )
    request = wired.ledger.open_request(name)
    assert request is not None
    assert request.backoff == Backoff("fixed", 7_000, 0.5)
    assert wired.ledger.unfinished(name) == request.new_job()


def test_a_job_that_is_too_late_fails_and_is_never_claimed(api: Api, lives: Lives, wired: Wiring) -> None:
    name = job_id(api, expiresAt=(datetime.now(UTC) - timedelta(seconds=1)).isoformat(timespec="seconds"))
    wired.queue.expire()
    job = api.get(f"/api/jobs/{name}").json
    assert (job["status"], job["reason"], job["attempt"]) == ("failed", "expired", 0)


def test_a_dedup_key_gives_the_job_that_has_it(api: Api) -> None:
    first = job_id(api, dedupKey="k")
    again = api.submit(body(dedupKey="k", priority=1)).json
    assert again["data"] == {"jobId": first, "duplicate": True}
    assert api.get("/api/jobs").json["total"] == 1


def test_another_tenants_dedup_key_is_another_key(api: Api) -> None:
    assert job_id(api, dedupKey="k") != job_id(Api(tenant="bolt"), dedupKey="k")


@pytest.mark.parametrize("ending", ["failed", "cancelled"])
def test_a_job_that_came_to_nothing_gives_its_dedup_key_up(ending: str, api: Api, lives: Lives, wired: Wiring) -> None:
    first = job_id(api, dedupKey="k")
    if ending == "failed":
        lease = lives.claim()
        lives.fail(lease)
    else:
        api.post(f"/api/jobs/{first}/cancel")
    assert job_id(api, dedupKey="k") != first


def test_a_completed_job_keeps_its_dedup_key_also_when_the_broker_has_forgotten_it(
    api: Api, lives: Lives, wired: Wiring
) -> None:
    first = job_id(api, dedupKey="k")
    lives.end(first)
    assert job_id(api, dedupKey="k") == first
    wired.queue.prune(now=wired.queue.now() + 8 * 86_400_000)
    (forgotten,) = wired.queue.find(first)
    assert forgotten is None
    # The window is over by then too.
    assert job_id(api, dedupKey="k") != first


def test_a_newer_request_replaces_one_that_waits(api: Api, wired: Wiring) -> None:
    first = job_id(api, dedupKey="k")
    second = job_id(api, dedupKey="k", dedupMode="replace")
    assert second != first
    replaced = api.get(f"/api/jobs/{first}").json
    assert (replaced["status"], replaced["reason"]) == ("cancelled", "replaced")
    receipt = wired.ledger.receipt(first)
    assert receipt is not None
    assert receipt.state is State.CANCELLED
    assert job_id(api, dedupKey="k") == second


def test_a_newer_request_does_not_replace_one_that_a_worker_has(api: Api, lives: Lives) -> None:
    first = job_id(api, dedupKey="k")
    lives.claim()
    assert job_id(api, dedupKey="k", dedupMode="replace") == first


def test_the_same_idempotency_key_gives_the_same_job_also_with_a_dedup_key(api: Api) -> None:
    sent = {"headers": {"idempotency-key": "i"}}
    first = api.submit(body(dedupKey="k"), **sent)
    again = api.submit(body(dedupKey="k"), **sent)
    assert again.json["data"] == first.json["data"]
    assert again.headers["idempotency-replayed"] == "true"


def test_a_dedup_key_that_nobody_used_in_the_end_is_free(api: Api, wired: Wiring) -> None:
    now = wired.queue.now()
    wired.queue.admit("acme", "0" * 26, dedup=Dedup("k", 3_600_000), now=now - 10_000)
    early = api.submit(body(dedupKey="k"))
    assert (early.status, early.headers["retry-after"]) == (409, "10")
    assert "send yours again" in early.json["detail"]
    wired.queue.admit("acme", "0" * 26, dedup=Dedup("k", 3_600_000), now=now - 30_000)
    assert api.submit(body(dedupKey="k")).status == 202


def test_without_the_broker_a_dedup_key_is_refused_and_nothing_is_kept(
    api: Api, environment: Callable[..., None]
) -> None:
    environment(broker_url="redis://127.0.0.1:1")
    refused = api.submit(body(dedupKey="k"))
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket="reports", Prefix="open/")
    assert api.submit(body()).status == 202


def test_a_tenant_with_enough_waiting_is_told_to_come_back(api: Api, environment: Callable[..., None]) -> None:
    environment(tenants={"acme": {"backlog": 2, "rate": 0.5}})
    first, second = api.submit(body()), api.submit(body(delaySeconds=60))
    assert [answer.headers["ratelimit"] for answer in (first, second)] == ['"backlog";r=1', '"backlog";r=0']
    assert first.headers["ratelimit-policy"] == '"backlog";q=2, "starts";q=1;w=2'
    refused = api.submit(body())
    assert (refused.status, refused.headers["retry-after"]) == (429, "30")
    assert refused.json["type"] == "/problems/too-many"
    other = Api(tenant="bolt").submit(body())
    assert (other.status, "ratelimit" in other.headers, "ratelimit-policy" in other.headers) == (202, False, False)


def test_retry_after_says_when_a_job_may_have_ended_and_when_there_may_be_room(
    api: Api, lives: Lives, environment: Callable[..., None]
) -> None:
    assert api.submit(body(delaySeconds=90)).headers["retry-after"] == "90"
    assert api.submit(body(delaySeconds=7 * 86_400)).headers["retry-after"] == "3600"
    for _ in range(10):
        lives.completed()
    waits = [int(api.submit(body()).headers["retry-after"]) for _ in range(20)]
    assert waits == sorted(waits)
    assert waits[0] < waits[-1] < 3_600
    environment(tenant={"backlog": 1})  # 21 wait or are delayed: for room, 22 of them have to end at 10 in 5 minutes
    refused = api.submit(body())
    assert (refused.status, refused.headers["retry-after"]) == (429, "660")


def test_a_replay_is_answered_however_much_waits(api: Api, environment: Callable[..., None]) -> None:
    environment(tenant={"backlog": 1})
    sent = {"headers": {"idempotency-key": "i"}}
    first = api.submit(body(), **sent)
    assert api.submit(body(), **sent).json["data"]["jobId"] == first.json["data"]["jobId"]


def test_a_cap_does_not_turn_anyone_away_while_the_broker_is(api: Api, environment: Callable[..., None]) -> None:
    environment(broker_url="redis://127.0.0.1:1", tenant={"backlog": 1})
    assert api.submit(body()).status == 202


def test_a_delayed_job_is_started_by_hand(api: Api, lives: Lives) -> None:
    name = job_id(api, delaySeconds=3_600)
    assert api.post(f"/api/jobs/{name}/promote").json["data"] == {"jobId": name, "status": "waiting"}
    assert api.post(f"/api/jobs/{name}/promote").status == 200
    assert lives.claim().id == name
    refused = api.post(f"/api/jobs/{name}/promote")
    assert (refused.status, "active" in refused.json["detail"]) == (409, True)


def test_a_delayed_job_that_the_broker_forgot_is_started_by_hand_too(
    api: Api, wired: Wiring, wipe: Callable[[], None]
) -> None:
    name = job_id(api, delaySeconds=3_600)
    wipe()
    assert api.post(f"/api/jobs/{name}/promote").status == 200
    (job,) = wiring().queue.find(name)
    assert job is not None
    assert job.state is State.WAITING


def test_nobody_starts_anothers_job_by_hand(api: Api) -> None:
    name = job_id(api, delaySeconds=3_600)
    assert Api(tenant="bolt").post(f"/api/jobs/{name}/promote").status == 404
    assert Api(scopes="read submit").post(f"/api/jobs/{name}/promote").status == 403


def test_a_password_is_in_no_answer_and_no_log(
    api: Api, wired: Wiring, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    name = job_id(api, password="correct horse")
    shown = api.get(f"/api/jobs/{name}")
    assert shown.status == 200
    request = wired.ledger.open_request(name)
    assert request
    assert request.edition.password == "correct horse"
    out, err = capfd.readouterr()
    for told in (shown.content.decode(), out, err, caplog.text):
        assert "correct horse" not in told


def test_a_report_in_another_format_is_downloaded_under_its_name(api: Api, lives: Lives) -> None:
    lives.waiting(format="csv")
    name = lives.complete(lives.claim(), ending="csv")
    answer = api.get(f"/api/v1/reports/{name}/download", headers={"accept": "application/json"})
    assert answer.json["fileName"] == f"test-{name}.csv"
    assert f"/{name}.csv?" in answer.json["url"]
    assert api.get(f"/api/jobs/{name}").json["result"]["fileName"] == f"test-{name}.csv"


def test_a_report_in_another_format_is_downloaded_before_its_receipt_is_there(api: Api, lives: Lives) -> None:
    lives.waiting(format="xlsx")
    name = lives.complete(lives.claim(), ending="xlsx", receipt=False)
    assert api.get(f"/api/v1/reports/{name}/download").status == 302
