"""DELETE of a job: what it takes, what is answered afterwards, and to whom."""

from collections.abc import Callable
from typing import Any

import pytest
from gateway import Api, keys_in_bucket
from lives import Lives
from test_batches import submitted

from report_queue.reports import report_types
from report_queue.wiring import Wiring

BODY = {"reportType": "test", "data": report_types()["test"].sample}


def delete(api: Api, name: str) -> Any:
    return api.call("DELETE", f"/api/jobs/{name}")


@pytest.mark.parametrize("receipt", [True, False])
@pytest.mark.parametrize("end", ["completed", "failed"])
def test_an_ended_jobs_documents_are_deleted_and_it_is_gone_from_lists(
    end: str, receipt: bool, api: Api, lives: Lives, wired: Wiring
) -> None:
    name = getattr(lives, end)(receipt=receipt)
    for _ in range(2):  # asked again, it stays so
        answer = delete(api, name)
        assert (answer.status, answer.json["data"]) == (200, {"jobId": name})
    assert keys_in_bucket() == [f"closed/{name}.json"]
    assert wired.queue.find(name) == [None]
    assert api.get("/api/jobs", query={"state": end}).json["jobs"] == []


def test_a_deleted_job_is_gone_for_its_tenant_and_unknown_to_others(api: Api, lives: Lives) -> None:
    name = lives.completed()
    other = Api(tenant="bolt")
    assert delete(other, name).status == 404
    assert api.get(f"/api/jobs/{name}").status == 200
    delete(api, name)
    asked = [("GET", ""), ("GET", "/receipt"), ("POST", "/retry"), ("POST", "/cancel"), ("POST", "/promote")]
    paths = [(method, f"/api/jobs/{name}{path}") for method, path in asked]
    for method, path in [*paths, ("GET", f"/api/v1/reports/{name}/download")]:
        answer = api.call(method, path)
        assert (answer.status, answer.json["type"]) == (410, "/problems/gone"), path
        assert other.call(method, path).json == other.call(method, path.replace(name, "0" * 26)).json | {
            "instance": path
        }
    assert delete(other, name).status == 404


@pytest.mark.parametrize("state", ["waiting", "active"])
def test_a_job_that_has_not_ended_is_to_be_cancelled_first(state: str, api: Api, lives: Lives) -> None:
    name = getattr(lives, state)()
    answer = delete(api, name)
    assert answer.status == 409
    assert "cancel it first" in answer.json["detail"]
    assert api.post(f"/api/jobs/{name}/cancel").status == 200
    assert delete(api, name).status == 200


def test_a_retried_job_has_not_ended(api: Api, lives: Lives) -> None:
    name = lives.failed()
    api.post(f"/api/jobs/{name}/retry")
    assert delete(api, name).status == 409


def test_a_batchs_jobs_are_not_deleted_because_the_batch_has_their_documents(api: Api, lives: Lives) -> None:
    batch = submitted(api, 1)
    (member,) = api.get(f"/api/v1/batches/{batch}").json["members"]
    lives.end(member["jobId"])
    answer = delete(api, member["jobId"])
    assert (answer.status, "batch" in answer.json["detail"]) == (409, True)
    assert api.get(f"/api/jobs/{member['jobId']}").status == 200


def test_the_same_request_does_not_make_a_deleted_job_again(api: Api, lives: Lives) -> None:
    key = {"idempotency-key": "one"}
    name = api.submit(BODY, headers=key).json["data"]["jobId"]
    lives.end(name)
    delete(api, name)
    for body in (BODY, BODY | {"options": {"priority": 9}}):
        assert api.submit(body, headers=key).status == 410
    assert keys_in_bucket() == [f"closed/{name}.json"]
    assert api.submit(BODY, headers={"idempotency-key": "two"}).status == 202


def test_a_deleted_jobs_dedup_key_is_free(api: Api, lives: Lives, wired: Wiring, monkeypatch: Any) -> None:
    first = lives.waiting(dedupKey="may")
    lives.end(first)
    delete(api, first)
    assert api.submit(BODY | {"options": {"dedupKey": "may"}}).json["data"]["jobId"] != first


def test_deleting_takes_the_scope_operate_and_a_broker(
    api: Api, lives: Lives, environment: Callable[..., None]
) -> None:
    name = lives.completed()
    assert delete(Api(scopes="submit read"), name).status == 403
    assert delete(api, "no-such-job").status == 404
    environment(broker_url="unix:///nonexistent/socket")
    assert delete(api, name).status == 503
