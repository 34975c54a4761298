"""Reading: true numbers, one's own jobs only, and an answer also where the broker has forgotten."""

import re
from collections.abc import Callable

import pytest
from gateway import Api
from lives import PDF, Lives

from report_queue.job import NewJob, State
from report_queue.reports import report_types
from report_queue.request import Request, job_id
from report_queue.wiring import Wiring

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UNKNOWN = "0" * 26
Environment = Callable[..., None]


def test_stats_count_the_tenants_jobs_by_state(api: Api, lives: Lives) -> None:
    lives.completed()
    lives.failed()
    lives.active()
    lives.waiting()
    lives.waiting(delaySeconds=60)
    Api(tenant="bolt").submit({"reportType": "test", "data": report_types()["test"].sample})
    answer = api.get("/api/stats")
    assert answer.status == 200
    assert set(answer.json) == {"queue", "counts", "totalJobs", "timestamp"}
    assert answer.json["counts"] == {
        "waiting": 1,
        "active": 1,
        "completed": 1,
        "failed": 1,
        "delayed": 1,
        "cancelled": 0,
    }
    assert answer.json["totalJobs"] == 5
    assert ISO.fullmatch(answer.json["timestamp"])
    assert answer.headers["cache-control"] == "no-store"


def test_workers_are_those_that_beat(api: Api, lives: Lives) -> None:
    assert api.get("/api/workers").json | {"timestamp": None} == {"workers": [], "count": 0, "timestamp": None}
    lives.active()
    answer = api.get("/api/workers").json
    assert answer["count"] == 1
    (worker,) = answer["workers"]
    assert (worker["id"], worker["pid"], worker["slots"]) == ("worker-1", 4711, 2)
    assert 59 < worker["uptime"] < 90
    assert ISO.fullmatch(worker["timestamp"])
    assert ISO.fullmatch(answer["timestamp"])


def test_completed_jobs_are_listed_with_their_files(api: Api, lives: Lives) -> None:
    name = lives.completed()
    answer = api.get("/api/jobs/completed").json
    assert (answer["total"], answer["page"], answer["limit"]) == (1, 1, 20)
    (job,) = answer["jobs"]
    assert job["id"] == name
    assert job["name"] == "test"
    assert job["success"] is True
    assert job["reportUrl"] == f"/api/v1/reports/{name}/download"
    assert job["fileName"] == f"test-{name}.pdf"
    assert job["fileSize"] == len(PDF)
    assert ISO.fullmatch(job["processedAt"])


def test_failed_jobs_are_listed_with_their_reasons(api: Api, lives: Lives) -> None:
    name = lives.failed()
    (job,) = api.get("/api/jobs/failed").json["jobs"]
    assert (job["id"], job["name"], job["failedReason"]) == (name, "test", "line 3: no such name")
    assert (job["reason"], job["attempts"], job["maxAttempts"]) == ("template.error", 1, 3)
    assert ISO.fullmatch(job["finishedOn"])


def test_any_state_is_listed(api: Api, lives: Lives) -> None:
    by_state = {
        "active": lives.active(),
        "completed": lives.completed(),
        "failed": lives.failed(),
        "delayed": lives.waiting(delaySeconds=60),
        "waiting": lives.waiting(),
    }
    for state, name in by_state.items():
        (job,) = api.get("/api/jobs", query={"state": state}).json["jobs"]
        assert (job["id"], job["status"]) == (name, state)
    (delayed,) = api.get("/api/jobs", query={"state": "delayed"}).json["jobs"]
    assert ISO.fullmatch(delayed["dueAt"])
    assert api.get("/api/jobs").json["jobs"][0]["status"] == "waiting"


def test_lists_have_pages_newest_first(api: Api, lives: Lives) -> None:
    names = [lives.waiting() for _ in range(5)]
    pages = [api.get("/api/jobs", query={"page": str(page), "limit": "2"}).json for page in (1, 2, 3, 4)]
    assert [len(page["jobs"]) for page in pages] == [2, 2, 1, 0]
    assert {job["id"] for page in pages for job in page["jobs"]} == set(names)
    assert pages[0] | {"jobs": None, "next": None} == {"jobs": None, "total": 5, "page": 1, "limit": 2, "next": None}


@pytest.mark.parametrize("path", ["/api/jobs", "/api/jobs/completed", "/api/jobs/failed"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", "0"),
        ("page", "-1"),
        ("page", "x"),
        ("page", "1.5"),
        ("page", "9" * 30),
        ("limit", "0"),
        ("limit", "101"),
    ],
)
def test_pages_have_bounds(path: str, name: str, value: str, api: Api) -> None:
    answer = api.get(path, query={name: value})
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["pointer"] for fault in answer.json["errors"]] == [f"/query/{name}"]


def test_a_state_that_does_not_exist_is_refused_with_those_that_do(api: Api) -> None:
    answer = api.get("/api/jobs", query={"state": "stalled"})
    assert answer.status == 422
    assert "'waiting'" in answer.json["errors"][0]["detail"]


def test_a_job_is_shown_with_its_payload(api: Api, lives: Lives) -> None:
    name = lives.active()
    job = api.get(f"/api/jobs/{name}").json
    assert (job["id"], job["name"], job["status"]) == (name, "test", "active")
    assert job["jobData"] == report_types()["test"].sample
    assert (job["result"], job["attempts"], job["worker"], job["failedReason"]) == (None, 1, "worker-1", None)
    assert ISO.fullmatch(job["timestamp"])
    assert ISO.fullmatch(job["processedOn"])


def test_a_completed_job_is_shown_with_its_result(api: Api, lives: Lives) -> None:
    name = lives.completed()
    job = api.get(f"/api/jobs/{name}").json
    assert (job["status"], job["progress"]) == ("completed", 100)
    assert job["result"]["reportUrl"] == f"/api/v1/reports/{name}/download"
    assert (job["result"]["fileSize"], job["result"]["pages"], job["result"]["seconds"]) == (len(PDF), 1, 0.25)


def test_a_large_payload_is_compressed_for_who_takes_it(api: Api, lives: Lives) -> None:
    answer = api.get(f"/api/jobs/{lives.waiting()}", headers={"accept-encoding": "gzip, br"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json["jobData"] == report_types()["test"].sample


def test_a_payload_that_no_plain_answer_can_carry_is_left_out_of_it(api: Api, wired: Wiring) -> None:
    data = ["", 1] * 700_000  # 4.2 MB, and 7 MB as a string within JSON
    name = job_id("acme", "large")
    wired.ledger.accept(Request(name, "acme", "test", data, digest="d", accepted_at=1, attempts=3))
    plain = api.get(f"/api/jobs/{name}")
    assert (plain.json["status"], plain.json["jobData"]) == ("waiting", None)
    assert "gzip" in plain.json["jobDataOmitted"]
    zipped = api.get(f"/api/jobs/{name}", headers={"accept-encoding": "gzip"})
    assert zipped.json["jobData"] == data
    assert "jobDataOmitted" not in zipped.json


@pytest.mark.parametrize("state", ["waiting", "completed", "failed"])
def test_a_job_that_the_broker_forgot_is_shown_from_the_ledger(
    state: str, api: Api, lives: Lives, environment: Environment
) -> None:
    name = getattr(lives, state)()
    before = api.get(f"/api/jobs/{name}").json
    environment(queue="wiped")
    after = api.get(f"/api/jobs/{name}").json
    for same in ("id", "name", "status", "result", "jobData", "attempts", "maxAttempts", "timestamp", "failedReason"):
        assert after[same] == before[same], same
    assert after["progress"] == (100 if state == "completed" else 0)


def test_an_active_job_that_the_broker_forgot_waits_again(api: Api, lives: Lives, environment: Environment) -> None:
    name = lives.active()
    environment(queue="wiped")
    job = api.get(f"/api/jobs/{name}").json
    assert (job["status"], job["progress"], job["attempts"]) == ("waiting", 0, 0)


def test_what_the_receipt_says_outweighs_the_broker(api: Api, lives: Lives, wired: Wiring) -> None:
    name = lives.active()
    lives.close(name, State.FAILED, reason="render.timeout", message="too slow")
    assert api.get(f"/api/jobs/{name}").json["status"] == "failed"


PATHS = [
    ("GET", "/api/jobs/{}"),
    ("GET", "/api/v1/reports/{}/download"),
    ("POST", "/api/jobs/{}/retry"),
    ("POST", "/api/jobs/{}/cancel"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("in_broker", [True, False])
def test_another_tenants_job_looks_like_one_that_never_was(
    method: str, path: str, in_broker: bool, lives: Lives, environment: Environment
) -> None:
    name = lives.failed()
    if not in_broker:
        environment(queue="wiped")
    bolt = Api(tenant="bolt")
    theirs, nobodys = bolt.call(method, path.format(name)), bolt.call(method, path.format(UNKNOWN))
    assert theirs.status == nobodys.status == 404
    assert {**theirs.json, "instance": ""} == {**nobodys.json, "instance": ""}


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize(
    "odd",
    [
        "x",
        "0" * 25,
        "0" * 27,
        "Z" * 26,
        "..",
        "%2e%2e",
        "a b",
        "0" * 26 + "\n",
        "😀",
        "../open/x",
        "'\";--",
        "\x00",
        "{}",
    ],
)
def test_an_id_with_odd_characters_is_not_found(method: str, path: str, odd: str, api: Api) -> None:
    answer = api.call(method, path.format(odd))
    assert answer.status == 404
    assert answer.json["type"] == "/problems/not-found"


def test_an_odd_id_is_not_even_looked_up(api: Api, broker_away: None) -> None:
    assert api.get("/api/jobs/..").status == 404


def test_another_tenants_job_is_not_found_where_only_the_broker_knows_it(api: Api, wired: Wiring) -> None:
    name = job_id("bolt", "forgotten")
    wired.queue.enqueue(NewJob(id=name, tenant="bolt", report_type="test", accepted_at=1))
    assert api.get(f"/api/jobs/{name}").status == 404
    shown = Api(tenant="bolt").get(f"/api/jobs/{name}").json
    assert (shown["status"], shown["jobData"]) == ("waiting", None)


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("DELETE", "/api/jobs"), ("GET", "/api/jobs/")])
def test_a_route_that_is_none_is_a_problem_too(method: str, path: str, api: Api) -> None:
    answer = api.call(method, path)
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "path", ["/api/stats", "/api/workers", "/api/jobs", "/api/jobs/failed", f"/api/jobs/{UNKNOWN}", "/api/report-types"]
)
def test_reading_needs_the_scope(path: str, environment: Environment) -> None:
    assert Api(scopes="submit operate").get(path).status == 403
    assert Api(scopes="").get(path).status == 403


@pytest.mark.parametrize(
    "path",
    ["/api/stats", "/api/workers", "/api/jobs", "/api/jobs/completed", "/api/jobs/failed", f"/api/jobs/{UNKNOWN}"],
)
def test_without_the_broker_reads_say_when_to_come_back(path: str, api: Api, broker_away: None) -> None:
    answer = api.get(path)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert answer.json["type"] == "/problems/broker-away"


def test_without_the_store_a_job_cannot_be_read(api: Api, lives: Lives, store_away: None) -> None:
    answer = api.get(f"/api/jobs/{UNKNOWN}")
    assert answer.status == 503
    assert answer.json["type"] == "/problems/store-away"


def test_report_types_come_with_schema_and_sample(api: Api) -> None:
    answer = api.get("/api/report-types").json
    assert [kind["name"] for kind in answer] == list(report_types())
    for kind in answer:
        assert set(kind) == {"name", "title", "description", "schema", "sample"}
        assert kind["title"]


def test_health_is_ok_where_both_answer(api: Api) -> None:
    answer = Api(scopes="").get("/health")
    assert answer.status == 200
    assert answer.json | {"timestamp": None} == {"status": "ok", "broker": "ok", "store": "ok", "timestamp": None}
    assert ISO.fullmatch(answer.json["timestamp"])


def test_health_is_degraded_without_the_broker(api: Api, broker_away: None) -> None:
    answer = api.get("/health")
    assert (answer.status, answer.json["status"], answer.json["broker"]) == (200, "degraded", "away")


def test_health_is_unavailable_without_the_store(api: Api, store_away: None) -> None:
    answer = api.get("/health")
    assert (answer.status, answer.json["status"], answer.json["store"]) == (503, "unavailable", "away")
