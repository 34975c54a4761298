"""Looking: filters and cursors, groups of errors, bulk retry, the timeline, why a job waits, and the numbers."""

from typing import Any

import pytest
from gateway import Api
from lives import Lives

from report_queue.job import State
from report_queue.replies import Shown
from report_queue.reports import report_types
from report_queue.wiring import Wiring


def ids(answer: Any) -> list[str]:
    return [job["id"] for job in answer.json["jobs"]]


def pages(api: Api, **query: str) -> list[str]:
    """Every id that following the cursor gives."""
    found: list[str] = []
    after: dict[str, str] = {}
    for _ in range(50):
        answer = api.get("/api/jobs", query=query | after)
        assert answer.status == 200, answer.json
        found += ids(answer)
        if not answer.json["next"]:
            return found
        after = {"after": answer.json["next"]}
    raise AssertionError("the cursor leads round and round")


@pytest.mark.parametrize("state", ["waiting", "delayed"])
def test_a_cursor_leads_through_all_jobs_once(state: str, api: Api, lives: Lives) -> None:
    options = {"delaySeconds": 60} if state == "delayed" else {}
    made = [lives.waiting(**options) for _ in range(7)]
    found = pages(api, state=state, limit="3")
    assert sorted(found) == sorted(made)
    assert len(found) == 7


def test_waiting_jobs_come_newest_first(api: Api, lives: Lives) -> None:
    made = [lives.waiting() for _ in range(3)]
    assert ids(api.get("/api/jobs")) == made[::-1]


def test_a_tag_finds_its_jobs_in_every_state(api: Api, lives: Lives) -> None:
    ended = lives.waiting(tags=["may"])
    lives.end(ended)
    waiting, _other = lives.waiting(tags=["may", "eu"]), lives.waiting(tags=["june"])
    assert set(pages(api, tag="may")) == {ended, waiting}
    assert pages(api, tag="may", state="completed") == [ended]
    assert pages(Api(tenant="bolt"), tag="may") == []


def test_a_type_and_a_time_narrow_the_list(api: Api, lives: Lives) -> None:
    lives.waiting()
    sales = api.submit({"reportType": "sales", "data": report_types()["sales"].sample}).json["data"]["jobId"]
    assert pages(api, type="sales") == [sales]
    assert pages(api, type="sales", since="2100-01-01T00:00:00Z") == []
    assert pages(api, type="sales", until="2020-01-01T00:00:00Z") == []
    answer = api.get("/api/jobs", query={"type": "sales"})
    assert answer.json["total"] is None


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"after": "x"}, "/query/after"),
        ({"after": "MDA"}, "/query/after"),
        ({"after": "ä"}, "/query/after"),
        ({"state": "lost"}, "/query/state"),
        ({"tag": "a|b"}, "/query/tag"),
        ({"signature": "a|b"}, "/query/signature"),
        ({"batch": "1"}, "/query/batch"),
        ({"since": "yesterday"}, "/query/since"),
        ({"since": "2026-01-01T00:00:00"}, "/query/since"),
        ({"page": "1000", "limit": "100"}, "/query/page"),
        ({"limit": "101"}, "/query/limit"),
    ],
)
def test_a_bad_filter_is_named(query: dict[str, str], pointer: str, api: Api) -> None:
    answer = api.get("/api/jobs", query=query)
    assert (answer.status, [fault["pointer"] for fault in answer.json["errors"]]) == (422, [pointer])


def test_like_failures_are_one_group(api: Api, lives: Lives, wired: Wiring) -> None:
    for message in ('line 3: no "a1"', 'line 4: no "b2"', "out of memory"):
        lives.waiting()
        lives.fail(lives.claim(), message=message)
    groups = api.get("/api/jobs/groups").json["groups"]
    assert [group["count"] for group in groups] == [2, 1]
    signature = groups[0]["signature"]
    assert groups[0]["newest"] in pages(api, signature=signature)
    assert len(pages(api, signature=signature)) == 2
    assert Api(tenant="bolt").get("/api/jobs/groups").json == {"groups": []}


def test_a_tag_and_an_error_are_both_looked_at(api: Api, lives: Lives) -> None:
    for tag, message in (("may", "out of memory"), ("may", "no such name"), ("june", "no such name")):
        lives.waiting(tags=[tag])
        lives.fail(lives.claim(), message=message)
    lives.waiting(tags=["may"])
    (june,) = pages(api, tag="june")
    signature = api.get(f"/api/jobs/{june}").json["signature"]
    (found,) = pages(api, tag="may", signature=signature)
    assert api.get(f"/api/jobs/{found}").json["failedReason"] == "no such name"


def test_a_dry_run_says_what_a_bulk_retry_would_do_and_does_nothing(api: Api, lives: Lives, wired: Wiring) -> None:
    failed = {lives.failed() for _ in range(3)}
    answer = api.post("/api/jobs/retry", body={"dryRun": True}).json["data"]
    assert (set(answer["matched"]), answer["retried"]) == (failed, [])
    assert wired.queue.counts("acme")[State.FAILED] == 3


def test_a_bulk_retry_goes_by_filters_a_page_at_a_time_and_keeps_the_history(
    api: Api, lives: Lives, wired: Wiring
) -> None:
    others = [lives.failed() for _ in range(3)]
    lives.waiting()
    memory = lives.fail(lives.claim(), message="out of memory")
    signature = api.get(f"/api/jobs/{memory}").json["signature"]
    first = api.post("/api/jobs/retry", body={"signature": signature}).json["data"]
    assert (first["retried"], first["next"]) == ([memory], None)
    page = api.post("/api/jobs/retry", body={"limit": 2}).json["data"]
    rest = api.post("/api/jobs/retry", body={"limit": 2, "after": page["next"]}).json["data"]
    assert sorted(page["retried"] + rest["retried"]) == sorted(others)
    assert wired.queue.counts("acme")[State.FAILED] == 0
    job = api.get(f"/api/jobs/{memory}").json
    assert (job["status"], job["round"]) == ("waiting", 1)
    assert [event["verb"] for event in job["timeline"]] == ["claim", "fail", "retry"]


def test_a_bulk_retry_of_cancelled_jobs(api: Api, lives: Lives) -> None:
    name = lives.waiting()
    api.post(f"/api/jobs/{name}/cancel")
    lives.failed()
    assert api.post("/api/jobs/retry", body={"state": "cancelled"}).json["data"]["retried"] == [name]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"state": "completed"}, "/state"),
        ({"limit": 201}, "/limit"),
        ({"limit": "5"}, "/limit"),
        ({"tenant": "bolt"}, "/tenant"),
        ({"after": "x"}, "/after"),
        ({"since": 3}, "/since"),
    ],
)
def test_a_bad_bulk_retry_is_named(body: dict[str, Any], pointer: str, api: Api) -> None:
    answer = api.post("/api/jobs/retry", body=body)
    assert (answer.status, [fault["pointer"] for fault in answer.json["errors"]]) == (422, [pointer])


def test_a_bulk_retry_touches_nobody_elses_jobs(api: Api, lives: Lives, wired: Wiring) -> None:
    lives.failed()
    assert Api(tenant="bolt").post("/api/jobs/retry").json["data"]["matched"] == []
    assert Api(scopes="read submit").post("/api/jobs/retry").status == 403
    assert wired.queue.counts("acme")[State.FAILED] == 1


def test_the_timeline_tells_every_arrow_with_its_moment_attempt_and_worker(api: Api, lives: Lives) -> None:
    name = lives.failed()
    claim, fail = api.get(f"/api/jobs/{name}").json["timeline"]
    assert (claim["verb"], claim["attempt"], claim["worker"]) == ("claim", 1, "worker-1")
    assert (fail["verb"], fail["reason"], fail["message"]) == ("fail", "template.error", "line 3: no such name")
    assert claim["at"] <= fail["at"]


def test_a_waiting_job_says_why_it_waits(api: Api, lives: Lives) -> None:
    lives.waiting()
    second = lives.waiting()
    outlook = api.get(f"/api/jobs/{second}").json["outlook"]
    assert outlook == {"reasons": ["behind", "no worker"], "ahead": 1, "startsAt": None}
    delayed = api.get(f"/api/jobs/{lives.waiting(delaySeconds=60)}").json
    assert delayed["outlook"]["reasons"] == ["delayed"]
    assert delayed["outlook"]["startsAt"] == delayed["dueAt"]


def test_the_numbers_of_the_queue_are_all_tenants_and_name_nobody(api: Api, lives: Lives) -> None:
    lives.completed()
    lives.failed()
    lives.waiting()
    shown = api.get("/api/queue").json
    assert shown["counts"] == {
        "waiting": 1, "delayed": 0, "active": 0, "completed": 1, "failed": 1, "cancelled": 0
    }  # fmt: skip
    assert sum(minute["completed"] for minute in shown["minutes"]) == 1
    assert sum(minute["enqueued"] for minute in shown["minutes"]) == 3
    assert shown["wait"]["count"] == 2
    assert shown["run"]["count"] == 1
    assert shown["oldestWaitingSeconds"] >= 0
    assert shown["drainSeconds"] > 0
    assert "acme" not in str(shown)


def test_workers_show_their_memory_version_and_ones_own_jobs(api: Api, lives: Lives, wired: Wiring) -> None:
    name = lives.active()
    lease = wired.queue.find(name)[0]
    assert lease is not None
    wired.queue.beat(lives.worker, [], shown=Shown(jobs=(name,), memory_mb=60))
    (mine,) = api.get("/api/workers").json["workers"]
    assert (mine["jobs"], mine["memoryMb"], mine["version"]) == ([name], 60, "")
    (other,) = Api(tenant="bolt").get("/api/workers").json["workers"]
    assert (other["jobs"], other["active"]) == ([], 1)


def test_a_key_is_told_whose_it_is_and_what_it_may_do(api: Api) -> None:
    assert api.get("/api/key").json == {
        "id": "k0000000",
        "tenant": "acme",
        "scopes": ["operate", "read", "submit"],
    }
    assert set(Api(tenant="bolt", scopes="read").get("/api/key").json["scopes"]) == {"read"}
