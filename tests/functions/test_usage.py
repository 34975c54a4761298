"""Usage: counted where jobs end, kept in the store, added up by day and report type; a wipe takes little of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import boto3
import pytest
import redis
from gateway import Api
from lives import PDF, Lives

from cdk_app.topology import function
from functions.requeue_stalled import handler as requeue_stalled
from report_queue import cost, usage
from report_queue.batch import RESULT_TYPE
from report_queue.errors import InvalidRequest, StoreAway
from report_queue.job import NewJob
from report_queue.usage import Span
from report_queue.used import Sums
from report_queue.wiring import Wiring
from tests.ledger.words import Context

DAY_MS = 86_400_000
ADMIN = Api(tenant="ops", scopes="admin read")


def keep(wired: Wiring, *, later_ms: int = 0) -> int:
    return usage.keep(wired.meter, wired.usage, now_ms=wired.queue.now() + later_ms, enough=lambda: False)


def lives_of(tenant: str, wired: Wiring) -> Lives:
    """Another tenant's, by a worker of their own."""
    lives = Lives(wired, Api(tenant=tenant))
    lives.worker = replace(lives.worker, id=f"worker-of-{tenant}")
    return lives


def wipe(valkey: str) -> None:
    with redis.Redis.from_url(valkey) as client:
        client.flushall()


def completed(api: Api, **query: str) -> int:
    answer = api.get("/api/usage", query=query)
    assert answer.status == 200
    return int(answer.json["total"]["completed"])


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
    today = shown["timestamp"][:10]
    assert shown["days"] == [{"day": today, "reportType": "test", **sums}]
    assert (shown["until"], shown["complete"]) == (today, True)


def test_usage_is_of_the_callers_tenant_and_of_the_days_that_are_asked_for(api: Api, lives: Lives) -> None:
    lives.completed()
    assert completed(api) == 1
    assert completed(Api(tenant="bolt")) == 0
    assert completed(api, since="2099-01-01", until="2099-01-02") == completed(api, until="2020-01-01") == 0
    for wrong in ({"since": "yesterday"}, {"since": "2026-02-01", "until": "2026-01-01"}, {"since": "2020-01-01"}):
        assert api.get("/api/usage", query=wrong).status == 422
    assert Api(scopes="submit").get("/api/usage").status == 403


def test_a_report_is_counted_once_however_often_its_end_is_told(wired: Wiring, api: Api, lives: Lives) -> None:
    lives.waiting()
    lease = lives.claim()
    for _ in range(2):
        lives.complete(lease, receipt=False)
    assert completed(api) == 1


def test_what_assembles_a_batch_is_no_report(wired: Wiring, api: Api, lives: Lives) -> None:
    wired.queue.enqueue(
        NewJob(id="0" * 26, tenant="acme", report_type=RESULT_TYPE, accepted_at=wired.now_ms(), attempts=3)
    )
    lives.complete(lives.claim(), receipt=False)
    assert completed(api) == 0


def test_a_wipe_takes_nothing_of_what_was_kept_and_the_two_add_up(
    wired: Wiring, api: Api, lives: Lives, valkey: str
) -> None:
    lives.completed()
    assert keep(wired) == 1
    lives.completed()
    assert completed(api) == 2  # what is kept, and what was counted since: not the sum of the two
    assert keep(wired) == 0  # it was kept just now
    assert keep(wired, later_ms=700_000) == 1
    wipe(valkey)
    assert completed(api) == 2
    lives.completed()
    assert completed(api) == 3
    assert keep(wired) == 1
    wipe(valkey)
    assert completed(api) == 3


def test_usage_that_did_not_change_is_not_kept_again(wired: Wiring, lives: Lives) -> None:
    lives.completed()
    assert [keep(wired), keep(wired, later_ms=700_000)] == [1, 0]


def test_the_broker_forgets_days_only_when_they_are_kept_and_over(wired: Wiring, api: Api, lives: Lives) -> None:
    lives.completed()
    now = wired.queue.now()
    (metered,) = wired.meter.due(before=now)
    wired.meter.kept(metered, now=now + DAY_MS)  # yesterday's by then: midnight may have been just now
    assert wired.meter.of("acme") is not None
    (old,) = wired.meter.due(before=now + 2 * DAY_MS, now=now + 2 * DAY_MS)
    wired.usage.keep(old.tenant, old.epoch, old.days)
    wired.meter.kept(old, now=now + 2 * DAY_MS)
    assert wired.meter.of("acme") is None
    assert completed(api) == 1


def test_what_was_kept_of_an_earlier_life_of_the_broker_says_nothing_of_this_one(
    wired: Wiring, lives: Lives, valkey: str
) -> None:
    lives.completed()
    (metered,) = wired.meter.due(before=wired.queue.now())
    wipe(valkey)
    lives.completed()
    assert not wired.meter.kept(metered)
    assert len(list(wired.meter.due(before=wired.queue.now()))) == 1


def test_one_tenants_fault_keeps_no_other(wired: Wiring, lives: Lives, monkeypatch: pytest.MonkeyPatch) -> None:
    lives.completed()
    lives_of("bolt", wired).completed()
    real = wired.usage.keep

    def refuse(tenant: str, *rest: object) -> None:
        if tenant == "acme":
            raise StoreAway("S3: away")
        real(tenant, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(wired.usage, "keep", refuse)
    assert keep(wired) == 1
    monkeypatch.undo()
    assert keep(wired) == 1


def test_while_the_broker_is_away_what_is_kept_is_shown_and_said_to_be_less(
    wired: Wiring, api: Api, lives: Lives, environment: Callable[..., None]
) -> None:
    lives.completed()
    keep(wired)
    environment(broker_url="redis://127.0.0.1:1")
    shown = api.get("/api/usage").json
    assert (shown["total"]["completed"], shown["complete"]) == (1, False)


def test_each_minutes_round_keeps_it_and_who_runs_it_all_sees_each_tenants(
    wired: Wiring, api: Api, lives: Lives
) -> None:
    lives.completed()
    bolt = lives_of("bolt", wired)
    bolt.completed()
    bolt.failed()
    assert ADMIN.get("/api/usage/tenants").json["tenants"] == []
    assert requeue_stalled.handler({}, Context())["metered"] == 2
    shown = ADMIN.get("/api/usage/tenants").json
    ends = [(one["tenant"], one["completed"], one["failed"]) for one in shown["tenants"]]
    assert ends == [("acme", 1, 0), ("bolt", 1, 1)]
    assert (shown["total"]["completed"], shown["complete"]) == (2, True)
    assert api.get("/api/usage/tenants").status == 403


def test_more_tenants_than_are_looked_at_are_said_to_be_more(
    wired: Wiring, lives: Lives, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives.completed()
    keep(wired)
    monkeypatch.setattr("report_queue.usage_store.MOST_TENANTS", 1)
    assert ADMIN.get("/api/usage/tenants").json["complete"] is False


def test_a_month_is_an_object_and_its_epochs_add_up(wired: Wiring) -> None:
    sums = Sums(1, 2, 3, 4, 5)
    wired.usage.keep("acme", "1", {date(2026, 10, 31): {"sales": sums}, date(2026, 11, 1): {"sales": sums}})
    wired.usage.keep("acme", "1", {date(2026, 11, 1): {"sales": sums}, date(2026, 11, 2): {"test": sums}})
    wired.usage.keep("acme", "2", {date(2026, 11, 1): {"sales": sums}})
    keys = [one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket="reports", Prefix="usage/")["Contents"]]
    assert keys == ["usage/2026-10/acme.json", "usage/2026-11/acme.json"]
    found = usage.usage(wired.meter, wired.usage, "acme", Span(date(2026, 10, 31), date(2026, 11, 1)))
    assert [(row.day.isoformat(), row.report_type, row.sums) for row in found.rows] == [
        ("2026-10-31", "sales", sums),
        ("2026-11-01", "sales", Sums(2, 4, 6, 8, 10)),
    ]


def test_a_span_is_of_31_days_unless_told_and_of_400_at_most() -> None:
    today = datetime.now(UTC).date()
    usual = Span.of(None, None, today=today)
    assert (usual.last, usual.last - usual.first) == (today, timedelta(30))
    assert len(Span.of(today - timedelta(399), today, today=today).months) >= 13
    with pytest.raises(InvalidRequest):
        Span.of(today - timedelta(400), today, today=today)


def test_the_worker_that_costs_are_reckoned_with_is_the_topologys() -> None:
    assert function("worker").memory_mb == cost.WORKER_MB
