"""What a tenant's reports come to, by day and report type, from what the broker remembers."""

import pytest
from gateway import Api
from lives import PDF, Lives

from cdk_app.topology import function
from report_queue import cost, usage
from report_queue.wiring import Wiring


def test_usage_is_counted_by_day_and_report_type(api: Api, lives: Lives) -> None:
    for _ in range(2):
        lives.completed()
    lives.failed()
    lives.waiting()
    shown = api.get("/api/usage").json
    sums = {
        "completed": 2,
        "failed": 1,
        "pages": 2,
        "bytes": 2 * len(PDF),
        "renderSeconds": 0.5,
        "costUsd": round(2 * cost.of_report(worker_seconds=0.25, memory_mb=3_008), 6),
    }
    assert shown["total"] == sums
    assert [{**day, "day": ""} for day in shown["days"]] == [{"day": "", "reportType": "test", **sums}]
    assert shown["timestamp"].startswith(shown["days"][0]["day"])
    assert shown["complete"] is True


def test_usage_is_of_the_callers_tenant_and_of_the_time_that_is_asked_for(api: Api, lives: Lives) -> None:
    lives.completed()
    assert Api(tenant="bolt").get("/api/usage").json["total"]["completed"] == 0
    assert api.get("/api/usage", query={"since": "2099-01-01T00:00:00Z"}).json["days"] == []
    assert api.get("/api/usage", query={"until": "2020-01-01T00:00:00Z"}).json["days"] == []
    assert api.get("/api/usage", query={"since": "yesterday"}).status == 422
    assert Api(scopes="submit").get("/api/usage").status == 403


def test_more_jobs_than_are_looked_at_are_said_to_be_more(
    lives: Lives, wired: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        lives.completed()
    monkeypatch.setattr(usage, "BATCH", 2)
    assert usage.usage(wired.queue, "acme", since=None, until=None).whole
    monkeypatch.setattr(usage, "MOST_PAGES", 1)
    used = usage.usage(wired.queue, "acme", since=None, until=None)
    assert (used.whole, used.rows[0].completed) == (False, 2)


def test_the_worker_that_costs_are_reckoned_with_is_the_topologys() -> None:
    assert function("worker").memory_mb == cost.WORKER_MB
