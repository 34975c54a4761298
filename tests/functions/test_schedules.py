"""Schedules over HTTP: made, looked at, paused, resumed, run now and ended, by whom they belong to."""

from dataclasses import replace
from typing import Any

import boto3
import pytest
from gateway import Answer, Api, keys_in_bucket
from lives import Lives

from report_queue import schedules_desk
from report_queue.errors import Conflict
from report_queue.fire import fire
from report_queue.plans import Look
from report_queue.recurrence import Interval
from report_queue.reports import report_types
from report_queue.schedule import Run
from report_queue.wiring import Wiring
from tests.ledger.test_timetable import schedule as stored

REPORT = {"reportType": "test", "data": report_types()["test"].sample}
NIGHTLY = {"name": "Every night", "cron": "30 2 * * *", "timeZone": "Europe/Berlin", "report": REPORT}
NOBODY = "0" * 26
ACTS = ("pause", "resume", "run", "end")


def make(api: Api, *, key: str | None = None, **changes: Any) -> Answer:
    body = {name: value for name, value in (NIGHTLY | changes).items() if value is not ...}
    return api.post("/api/v1/schedules", body=body, headers={"idempotency-key": key} if key else {})


def made(api: Api, **changes: Any) -> str:
    answer = make(api, **changes)
    assert answer.status == 201
    return str(answer.json["data"]["scheduleId"])


def act(api: Api, name: str, verb: str, **given: Any) -> Answer:
    return api.post(f"/api/v1/schedules/{name}/{verb}", **given)


def shown(api: Api, name: str) -> Any:
    answer = api.get(f"/api/v1/schedules/{name}")
    assert answer.status == 200
    return answer.json


# Making.


def test_a_schedule_is_kept_and_planned(api: Api, wired: Wiring) -> None:
    answer = make(api)
    name = answer.json["data"]["scheduleId"]
    assert (answer.status, answer.headers["location"]) == (201, f"/api/v1/schedules/{name}")
    assert keys_in_bucket() == [f"schedules/acme/{name}.json"]
    kept = wired.timetable.get(tenant="acme", id=name)
    assert kept
    assert wired.plans.due().next_at == kept.schedule.next_runs(1, after=0)[0]


def test_it_is_shown_with_its_next_five_runs_and_its_report(api: Api) -> None:
    one = shown(api, made(api))
    assert (one["name"], one["cron"], one["everySeconds"], one["timeZone"]) == (
        *("Every night", "30 2 * * *", None),
        "Europe/Berlin",
    )
    assert (one["status"], one["overlap"], one["catchUp"]) == ("running", "skip", "one")
    assert (one["report"], one["reportType"], one["lastRun"], one["failedReason"]) == (REPORT, "test", None, None)
    assert len(one["nextRuns"]) == 5
    assert all(run.endswith("Z") for run in one["nextRuns"])
    assert one["nextRuns"] == sorted(one["nextRuns"])


def test_the_same_idempotency_key_and_schedule_are_one_schedule(api: Api) -> None:
    first, second = make(api, key="one"), make(api, key="one")
    assert first.json["data"] == second.json["data"]
    assert (second.status, second.headers["idempotency-replayed"]) == (201, "true")
    assert "idempotency-replayed" not in first.headers
    assert len(keys_in_bucket()) == 1


def test_a_key_of_another_schedule_is_refused(api: Api) -> None:
    make(api, key="one")
    assert make(api, key="one", name="other").status == 422


def test_a_reports_key_is_not_a_schedules(api: Api) -> None:
    job = api.submit(REPORT, headers={"idempotency-key": "one"}).json["data"]["jobId"]
    assert make(api, key="one").json["data"]["scheduleId"] != job


def test_everything_that_is_wrong_is_told_and_nothing_is_kept(api: Api) -> None:
    answer = make(api, cron="0 25 * * *", timeZone="Europe/Atlantis", report={"reportType": "test", "data": {}})
    assert answer.status == 422
    pointers = {fault["pointer"] for fault in answer.json["errors"]}
    assert pointers == {"/cron", "/timeZone", "/report/data/title", "/report/data/message"}
    assert keys_in_bucket() == []


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"webhook": "0" * 26}, "/report/options/webhook"),
        ({"callback": "https://169.254.169.254/"}, "/report/options/callback"),
        ({"callback": "https://93.184.215.14/hook"}, "/report/options/callback"),  # it has no secret yet
    ],
)
def test_a_report_whose_end_could_not_be_told_is_refused_with_its_schedule(
    api: Api, options: dict[str, str], pointer: str
) -> None:
    answer = make(api, report={**REPORT, "options": options})
    assert (answer.status, [fault["pointer"] for fault in answer.json["errors"]]) == (422, [pointer])
    assert keys_in_bucket() == []


def test_a_schedule_is_replayed_whose_webhook_has_gone_since(api: Api) -> None:
    hook = api.post("/api/v1/webhooks", body={"url": "https://93.184.215.14/hook"}).json["data"]["webhookId"]
    told = {**REPORT, "options": {"webhook": hook}}
    assert make(api, key="one", report=told).status == 201
    assert api.delete(f"/api/v1/webhooks/{hook}").status == 200
    again = make(api, key="one", report=told)
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
    assert make(api, key="two", report=told).status == 422


@pytest.mark.parametrize(("body", "status"), [("{", 400), ("[]", 422), (" " * 250_001, 413), (None, 400)])
def test_a_body_that_is_none_is_refused(api: Api, body: str | None, status: int) -> None:
    assert api.post("/api/v1/schedules", body=body).status == status


def test_a_schedule_is_made_while_the_broker_is_away(api: Api, broker_away: None) -> None:
    assert shown(api, made(api))["status"] == "running"


def test_nothing_is_made_while_the_store_is_away(api: Api, store_away: None) -> None:
    assert make(api).status == 503


# Looking.


def test_schedules_are_listed_in_pages(api: Api) -> None:
    names = sorted(made(api, name=str(number)) for number in range(5))
    seen: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    for _ in range(3):
        page = api.get("/api/v1/schedules", query=query).json
        seen += [one["id"] for one in page["schedules"]]
        assert all("report" not in one for one in page["schedules"])
        query = {"limit": "2", "after": page["after"] or ""}
    assert seen == names
    assert page["after"] is None


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"after": "../x"}, {"after": ""}])
def test_a_page_that_is_none_is_refused(api: Api, query: dict[str, str]) -> None:
    assert api.get("/api/v1/schedules", query=query).status == 422


def test_a_schedule_that_cannot_be_read_hides_no_other_and_can_be_ended(api: Api) -> None:
    broken, good = "0" * 25 + "1", made(api)
    boto3.client("s3").put_object(Bucket="reports", Key=f"schedules/acme/{broken}.json", Body=b"{}")
    assert [one["id"] for one in api.get("/api/v1/schedules").json["schedules"]] == [good]
    for answer in (api.get(f"/api/v1/schedules/{broken}"), act(api, broken, "pause"), act(api, broken, "run")):
        assert (answer.status, answer.json["type"]) == (409, "/problems/conflict")
    assert act(api, broken, "end").status == 200
    assert act(api, broken, "end").status == 404


def test_another_tenants_schedule_is_none(api: Api) -> None:
    name, other = made(api), Api(tenant="other")
    assert other.get(f"/api/v1/schedules/{name}").status == 404
    assert other.get("/api/v1/schedules").json == {"schedules": [], "after": None}
    assert {act(other, name, verb).status for verb in ACTS} == {404}
    assert shown(api, name)["status"] == "running"


@pytest.mark.parametrize("name", [NOBODY, "x", "..", "0" * 27])
def test_a_schedule_that_never_was_is_not_found(api: Api, name: str) -> None:
    assert api.get(f"/api/v1/schedules/{name}").status == 404
    assert {act(api, name, verb).status for verb in ACTS} == {404}


def test_each_route_wants_its_scope(api: Api) -> None:
    name = made(api)
    for scopes, allowed in (("submit", {"make"}), ("read", {"list", "get"}), ("operate", set(ACTS))):
        caller = Api(scopes=scopes)
        statuses = {
            "make": make(caller, key="again").status,
            "list": caller.get("/api/v1/schedules").status,
            "get": caller.get(f"/api/v1/schedules/{name}").status,
            **{verb: act(caller, name, verb).status for verb in ACTS},
        }
        assert {what for what, status in statuses.items() if status != 403} == allowed


# Acting.


def test_a_paused_schedule_has_no_next_run_until_it_is_resumed(api: Api) -> None:
    name = made(api)
    for _ in range(2):
        answer = act(api, name, "pause")
        assert (answer.status, answer.json["data"]["status"]) == (200, "paused")
    assert (shown(api, name)["status"], shown(api, name)["nextRuns"]) == ("paused", [])
    for _ in range(2):
        answer = act(api, name, "resume")
        assert (answer.status, answer.json["data"]["status"]) == (200, "running")
        assert len(answer.json["data"]["nextRuns"]) == 5


def test_a_resume_that_is_asked_for_twice_drops_no_occurrence(api: Api, wired: Wiring) -> None:
    hour_ago = wired.now_ms() - 3_600_000
    late = stored(NOBODY, recurrence=Interval(7200, hour_ago, "UTC"), starts_at=hour_ago, fired_through=hour_ago - 1)
    wired.timetable.add(late)
    act(api, NOBODY, "resume")  # it is not paused
    kept = wired.timetable.get(tenant="acme", id=NOBODY)
    assert kept
    assert kept.schedule == late


def test_it_runs_now_whether_it_is_paused_or_not(api: Api) -> None:
    name = made(api, overlap="queue")
    act(api, name, "pause")
    answer = act(api, name, "run")
    job = answer.json["data"]["jobId"]
    assert (answer.status, answer.headers["location"]) == (202, f"/api/jobs/{job}")
    assert api.get(f"/api/jobs/{job}").json["jobData"] == REPORT["data"]
    one = shown(api, name)
    assert (one["lastRun"]["jobId"], one["fired"], one["status"]) == (job, 1, "paused")
    assert act(api, name, "run").json["data"]["jobId"] != job


def test_running_now_keeps_to_the_overlap_policy(api: Api, lives: Lives) -> None:
    name = made(api)
    job = act(api, name, "run").json["data"]["jobId"]
    again = act(api, name, "run")
    assert (again.status, again.json["type"]) == (409, "/problems/conflict")
    lives.end(job)
    assert act(api, name, "run").status == 202


def test_running_now_with_the_same_key_is_one_job(api: Api) -> None:
    name = made(api)
    key = {"idempotency-key": "now"}
    jobs = {act(api, name, "run", headers=key).json["data"]["jobId"] for _ in range(2)}
    assert len(jobs) == 1
    assert shown(api, name)["fired"] == 1


def test_of_two_who_ask_to_run_it_at_once_one_is_refused(wired: Wiring, api: Api) -> None:
    name = made(api)
    theirs: list[str] = []
    change = wired.timetable.change

    def meanwhile(**given: Any) -> Any:
        by = given["by"]

        def after_theirs(one: Any) -> Any:
            changed = by(one)
            if not theirs:
                theirs.append(act(api, name, "run").json["data"]["jobId"])
            return changed

        return change(**given | {"by": after_theirs})

    mine = replace(wired, timetable=_Changing(wired.timetable, meanwhile))  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        schedules_desk.run(mine, tenant="acme", id=name, idempotency_key=None)
    assert shown(api, name)["lastRun"]["jobId"] == theirs[0]


class _Changing:
    """A timetable whose changes go through a hook."""

    def __init__(self, real: Any, change: Any) -> None:
        self._real, self.change = real, change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_a_run_that_is_pending_counts_as_one_that_has_not_ended(api: Api, wired: Wiring) -> None:
    wired.timetable.add(stored(NOBODY, report=REPORT, pending=(Run("j" * 26, 1, 1),)))
    assert act(api, NOBODY, "run").status == 409


def test_running_a_report_that_is_not_valid_any_more_is_refused(api: Api, wired: Wiring) -> None:
    wired.timetable.add(stored(NOBODY, report={"reportType": "poem", "data": {}}))
    assert act(api, NOBODY, "run").status == 422
    assert shown(api, NOBODY)["lastRun"] is None


def test_an_ended_schedule_is_gone_and_its_jobs_go_on(api: Api, wired: Wiring) -> None:
    name = made(api, overlap="queue")
    job = act(api, name, "run").json["data"]["jobId"]
    assert act(api, name, "end").status == 200
    assert api.get(f"/api/v1/schedules/{name}").status == 404
    assert act(api, name, "end").status == 404
    assert wired.plans.due().next_at is None
    assert api.get(f"/api/jobs/{job}").json["status"] == "waiting"


def test_a_schedule_is_paused_and_ended_while_the_broker_is_away(api: Api, broker_away: None) -> None:
    name = made(api)
    assert act(api, name, "pause").status == 200
    assert act(api, name, "end").status == 200


def test_what_is_over_is_said_to_be(api: Api, wired: Wiring) -> None:
    wired.timetable.add(stored(NOBODY, report=REPORT, starts_at=0, created_at=0, fired_through=2, ends_at=1))
    assert (shown(api, NOBODY)["status"], shown(api, NOBODY)["nextRuns"]) == ("over", [])


def test_what_the_poller_fired_is_shown(api: Api, wired: Wiring) -> None:
    now = wired.queue.now()
    wired.timetable.add(
        stored(NOBODY, report=REPORT, recurrence=Interval(3600, now, "UTC"), starts_at=now, fired_through=now - 1)
    )
    wired.plans.plan(Look("acme", NOBODY, now))
    fire(wired)
    one = shown(api, NOBODY)
    assert one["fired"] == 1
    assert api.get(f"/api/jobs/{one['lastRun']['jobId']}").json["name"] == "test"


def test_a_password_of_a_schedule_is_not_shown(api: Api, wired: Wiring) -> None:
    name = made(api, report=REPORT | {"options": {"password": "correct horse", "locale": "de"}})
    assert shown(api, name)["report"]["options"] == {"password": "********", "locale": "de"}
    kept = wired.timetable.get(tenant="acme", id=name)
    assert kept
    assert kept.schedule.report["options"]["password"] == "correct horse"
