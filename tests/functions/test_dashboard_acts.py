"""Acting: download, retry and cancel, each in every state, and when broker or ledger lag behind."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from gateway import Api, keys_in_bucket, wakes
from lives import Lives

from report_queue.job import Completed, Job, State
from report_queue.queue import Queue
from report_queue.wiring import Wiring, wiring

Environment = Callable[..., None]


def state_of(api: Api, name: str) -> str:
    return str(api.get(f"/api/jobs/{name}").json["status"])


# Download.


def test_a_completed_report_is_a_redirect_to_a_fresh_link(api: Api, lives: Lives) -> None:
    name = lives.completed()
    answer = api.get(f"/api/v1/reports/{name}/download")
    assert (answer.status, answer.content, answer.headers["cache-control"]) == (302, b"", "no-store")
    link = urlsplit(answer.headers["location"])
    assert link.path.endswith(f"/reports/acme/{name}.pdf")
    query = parse_qs(link.query)
    assert query["response-content-disposition"][0].startswith(f'attachment; filename="test-{name}.pdf"')
    assert query["response-content-type"] == ["application/pdf"]


def test_a_page_gets_the_links_as_json(api: Api, lives: Lives) -> None:
    name = lives.completed()
    answer = api.get(f"/api/v1/reports/{name}/download", headers={"accept": "application/json"})
    assert answer.status == 200
    assert (answer.json["fileName"], answer.json["expiresIn"]) == (f"test-{name}.pdf", 300)
    assert "response-content-disposition=attachment" in answer.json["url"]
    assert "response-content-disposition=inline" in answer.json["viewUrl"]


def test_a_report_is_downloaded_without_the_broker(api: Api, lives: Lives, environment: Environment) -> None:
    name = lives.completed()
    environment(broker_url="unix:///nonexistent/socket")
    assert api.get(f"/api/v1/reports/{name}/download").status == 302


def test_a_report_is_downloaded_before_its_receipt_is_there(api: Api, lives: Lives) -> None:
    assert api.get(f"/api/v1/reports/{lives.completed(receipt=False)}/download").status == 302


@pytest.mark.parametrize(
    ("state", "options", "again"),
    [
        ("waiting", {}, "1"),
        ("waiting", {"delaySeconds": 90}, "90"),
        ("active", {}, "1"),
        ("failed", {}, None),  # it does not come by itself
    ],
)
def test_a_report_that_is_not_there_is_a_conflict_and_says_when_it_may_be(
    state: str, options: dict[str, int], again: str | None, api: Api, lives: Lives
) -> None:
    answer = api.get(f"/api/v1/reports/{getattr(lives, state)(**options)}/download")
    assert (answer.status, answer.headers.get("retry-after")) == (409, again)
    assert answer.json["type"] == "/problems/conflict"


def test_a_download_needs_the_store(api: Api, lives: Lives, environment: Environment) -> None:
    name = lives.completed()
    environment(bucket="elsewhere")
    assert api.get(f"/api/v1/reports/{name}/download").status == 503


# Retry.


def test_a_failed_job_goes_another_round(api: Api, lives: Lives, wired: Wiring) -> None:
    name = lives.failed()
    before = wakes()
    answer = api.post(f"/api/jobs/{name}/retry")
    assert answer.status == 200
    assert answer.json == {
        "success": True,
        "message": "The job is queued again.",
        "data": {"jobId": name, "status": "waiting"},
    }
    (job,) = wired.queue.find(name)
    request = wired.ledger.open_request(name)
    assert job is not None
    assert request is not None
    assert (job.state, job.round, request.round) == (State.WAITING, 1, 1)
    assert wakes() >= before
    assert lives.claim().id == name


def test_a_cancelled_job_goes_another_round(api: Api, lives: Lives) -> None:
    name = lives.waiting(delaySeconds=3_600)
    api.post(f"/api/jobs/{name}/cancel")
    assert api.post(f"/api/jobs/{name}/retry").status == 200
    assert lives.claim().id == name


@pytest.mark.parametrize("state", ["waiting", "active", "completed"])
def test_other_jobs_are_not_retried(state: str, api: Api, lives: Lives) -> None:
    name = getattr(lives, state)()
    answer = api.post(f"/api/jobs/{name}/retry")
    assert answer.status == 409
    assert state in answer.json["detail"]
    assert state_of(api, name) == state


def test_a_retry_does_not_wait_for_the_workers_receipt(api: Api, lives: Lives, wired: Wiring) -> None:
    name = lives.failed(receipt=False)
    assert api.post(f"/api/jobs/{name}/retry").status == 200
    receipt, request = wired.ledger.receipt(name), wired.ledger.open_request(name)
    assert receipt is not None
    assert request is not None
    assert (receipt.state, receipt.reason, receipt.request.round, request.round) == (
        State.FAILED,
        "template.error",
        0,
        1,
    )


def test_a_retry_that_the_broker_did_not_hear_of_is_finished_by_asking_again(
    api: Api, lives: Lives, wired: Wiring
) -> None:
    name = lives.failed()
    receipt = wired.ledger.receipt(name)
    assert receipt is not None
    wired.ledger.reopen(replace(receipt.request, round=1))
    assert state_of(api, name) == "waiting"
    assert api.post(f"/api/jobs/{name}/retry").status == 200
    (job,) = wired.queue.find(name)
    assert job is not None
    assert (job.state, job.round) == (State.WAITING, 1)


def test_a_job_that_the_broker_forgot_is_retried_from_the_ledger(
    api: Api, lives: Lives, environment: Environment
) -> None:
    name = lives.failed()
    environment(queue="wiped-retry")
    assert api.post(f"/api/jobs/{name}/retry").status == 200
    (job,) = wiring().queue.find(name)
    assert job is not None
    assert (job.state, job.round) == (State.WAITING, 1)


def test_a_retry_does_not_wait_for_the_moment_that_the_first_round_was_due(
    api: Api, lives: Lives, environment: Environment
) -> None:
    name = lives.waiting(delaySeconds=3_600)
    api.post(f"/api/jobs/{name}/cancel")
    environment(queue="wiped-delay")
    assert api.post(f"/api/jobs/{name}/retry").status == 200
    (job,) = wiring().queue.find(name)
    assert job is not None
    assert job.state is State.WAITING


def test_two_retries_are_one_round(api: Api, lives: Lives, wired: Wiring) -> None:
    name = lives.failed()
    assert api.post(f"/api/jobs/{name}/retry").status == 200
    assert api.post(f"/api/jobs/{name}/retry").status == 409
    (job,) = wired.queue.find(name)
    assert job is not None
    assert job.round == 1


# Cancel.


@pytest.mark.parametrize("state", ["waiting", "active"])
def test_a_job_that_has_not_ended_is_cancelled_in_broker_and_ledger(
    state: str, api: Api, lives: Lives, wired: Wiring
) -> None:
    name = getattr(lives, state)()
    answer = api.post(f"/api/jobs/{name}/cancel")
    assert answer.status == 200
    assert answer.json["data"] == {"jobId": name, "status": "cancelled"}
    (job,) = wired.queue.find(name)
    receipt = wired.ledger.receipt(name)
    assert job is not None
    assert receipt is not None
    assert (job.state, receipt.state) == (State.CANCELLED, State.CANCELLED)
    assert keys_in_bucket() == [f"closed/{name}.json"]


def test_cancelling_twice_is_cancelling(api: Api, lives: Lives) -> None:
    name = lives.waiting()
    assert [api.post(f"/api/jobs/{name}/cancel").status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("receipt", [True, False])
@pytest.mark.parametrize("state", ["completed", "failed"])
def test_a_job_that_has_ended_is_not_cancelled(state: str, receipt: bool, api: Api, lives: Lives) -> None:
    name = getattr(lives, state)(receipt=receipt)
    answer = api.post(f"/api/jobs/{name}/cancel")
    assert answer.status == 409
    assert state in answer.json["detail"]
    assert state_of(api, name) == state


def test_a_worker_that_completes_while_we_look_is_first(
    api: Api, lives: Lives, wired: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives.waiting()
    lease = lives.claim()
    look = Queue.find

    def look_and_complete(queue: Queue, *ids: str) -> list[Job | None]:
        seen = look(queue, *ids)
        wired.queue.complete(lives.worker, Completed(lease, lives.publish(lease)))
        return seen

    monkeypatch.setattr(Queue, "find", look_and_complete)
    answer = api.post(f"/api/jobs/{lease.id}/cancel")
    assert answer.status == 409
    assert "completed" in answer.json["detail"]
    assert f"closed/{lease.id}.json" not in keys_in_bucket()


def test_cancelling_a_job_that_the_broker_forgot_also_stops_an_enqueue_that_is_on_its_way(
    api: Api, lives: Lives, environment: Environment
) -> None:
    name = lives.waiting()
    environment(queue="wiped-cancel")
    wired = wiring()
    on_its_way = wired.ledger.unfinished(name)
    assert on_its_way is not None
    assert api.post(f"/api/jobs/{name}/cancel").status == 200
    wired.queue.enqueue(on_its_way)
    (job,) = wired.queue.find(name)
    assert job is not None
    assert job.state is State.CANCELLED
    assert keys_in_bucket() == [f"closed/{name}.json"]


def test_a_cancel_that_the_ledger_did_not_hear_of_is_finished_by_asking_again(
    api: Api, lives: Lives, wired: Wiring
) -> None:
    name = lives.waiting()
    wired.queue.cancel(name)
    assert api.post(f"/api/jobs/{name}/cancel").status == 200
    assert keys_in_bucket() == [f"closed/{name}.json"]


def test_a_retry_that_the_broker_did_not_hear_of_can_be_cancelled(api: Api, lives: Lives, wired: Wiring) -> None:
    name = lives.failed()
    receipt = wired.ledger.receipt(name)
    assert receipt is not None
    wired.ledger.reopen(replace(receipt.request, round=1))
    assert api.post(f"/api/jobs/{name}/cancel").status == 200
    assert state_of(api, name) == "cancelled"


# Both.


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_acting_needs_the_scope(verb: str, lives: Lives) -> None:
    name = lives.failed()
    answer = Api(scopes="submit read").post(f"/api/jobs/{name}/{verb}")
    assert answer.status == 403
    assert '"operate"' in answer.json["detail"]


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_acting_needs_the_broker(verb: str, api: Api, lives: Lives, environment: Environment) -> None:
    name = lives.failed()
    before = keys_in_bucket()
    environment(broker_url="unix:///nonexistent/socket")
    answer = api.post(f"/api/jobs/{name}/{verb}")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert keys_in_bucket() == before
