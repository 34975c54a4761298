"""What each function does to the bucket is what the topology allows it: moto lets everybody do all, IAM does not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import redis
from botocore.exceptions import ClientError
from gateway import Api
from lives import Lives

from cdk_app.topology import May, function
from report_queue.errors import StoreAway
from report_queue.fire import Came, accept, fire, replan
from report_queue.job import State
from report_queue.plans import Look
from report_queue.receipt import Receipt
from report_queue.reconcile import Repair, recover
from report_queue.recurrence import Interval
from report_queue.schedule import CatchUp, Overlap, Run
from report_queue.wiring import Wiring
from tests.ledger.test_timetable import schedule as stored

NEEDS = {
    "get_object": "read",
    "head_object": "read",
    "put_object": "write",
    "delete_object": "delete",
}


class Guarded:
    """An S3 client that refuses, as IAM would, what `may` does not name."""

    def __init__(self, client: Any, may: May) -> None:
        self._client, self._may = client, may

    def __getattr__(self, operation: str) -> Any:
        real = getattr(self._client, operation)

        def guarded(*names: str, **given: Any) -> Any:
            if operation == "list_objects_v2":
                allowed = bool(self._may.read)  # ListBucket goes with it
            elif operation == "generate_presigned_url":
                needed = getattr(self._may, NEEDS[names[0]])
                allowed = given["Params"]["Key"].startswith(needed)
            else:
                allowed = given["Key"].startswith(getattr(self._may, NEEDS[operation]))
                if operation == "delete_object" or "IfMatch" in given:
                    allowed = allowed and given["Key"].startswith(self._may.read)
            if not allowed:
                denied = {"Error": {"Code": "403", "Message": "Forbidden"}}
                raise ClientError(denied, operation)
            return real(*names, **given)

        return guarded


@pytest.fixture
def acting(wired: Wiring) -> Callable[[str], Any]:
    """`with acting("submit"):` ledger and timetable are allowed what that function is allowed."""

    @contextmanager
    def act(name: str) -> Iterator[None]:
        buckets = (wired.ledger._bucket, wired.timetable._bucket)
        free = buckets[0]._client
        for bucket in buckets:
            bucket._client = Guarded(free, function(name).may)
        try:
            yield
        finally:
            for bucket in buckets:
                bucket._client = free

    return act


def test_the_guard_refuses(acting: Callable[[str], Any], api: Api, lives: Lives) -> None:
    with acting("authorizer"):
        assert api.submit({"reportType": "test", "data": {"title": "t", "message": "m"}}).status == 503


def test_submit_may_do_what_it_does(acting: Callable[[str], Any], api: Api, lives: Lives) -> None:
    body = {"reportType": "test", "data": {"title": "t", "message": "m"}}
    key = {"idempotency-key": "one"}
    with acting("submit"):
        job_id = api.submit(body, headers=key).json["data"]["jobId"]
        assert api.submit(body, headers=key).status == 202
        assert api.submit({**body, "data": {"title": "other", "message": "m"}}, headers=key).status == 422
    lives.end(job_id)
    with acting("submit"):
        assert api.submit(body, headers=key).json["data"]["jobId"] == job_id


def test_dashboard_may_do_what_it_does(acting: Callable[[str], Any], api: Api, lives: Lives) -> None:
    completed, failed, unclosed, waiting = (
        lives.completed(),
        lives.failed(),
        lives.failed(receipt=False),
        lives.waiting(),
    )
    with acting("dashboard"):
        for job_id in (completed, failed, unclosed, waiting):
            assert api.get(f"/api/jobs/{job_id}").status == 200
        assert api.get(f"/api/v1/reports/{completed}/download").status == 302
        assert api.get(f"/api/v1/reports/{waiting}/download").status == 409
        for job_id in (failed, unclosed):
            assert api.post(f"/api/jobs/{job_id}/retry").status == 200
        assert api.post(f"/api/jobs/{waiting}/cancel").status == 200
        assert api.get("/health").status == 200
        assert api.get("/").status == 200


def test_schedules_may_be_made_acted_on_and_fired(acting: Callable[[str], Any], wired: Wiring, api: Api) -> None:
    report = {"reportType": "test", "data": {"title": "t", "message": "m"}}
    body = {"everySeconds": 60, "report": report, "overlap": "queue"}
    with acting("submit"):
        names = [
            api.post("/api/v1/schedules", body=body, headers={"idempotency-key": key}).json["data"]["scheduleId"]
            for key in ("one", "one", "two")
        ]
    with acting("dashboard"):
        assert len(api.get("/api/v1/schedules").json["schedules"]) == 2
        assert api.get(f"/api/v1/schedules/{names[0]}").status == 200
        for verb, status in (("pause", 200), ("resume", 200), ("run", 202)):
            assert api.post(f"/api/v1/schedules/{names[0]}/{verb}").status == status
        assert api.post(f"/api/v1/schedules/{names[2]}/end").status == 200
    with acting("requeue_stalled"):
        wired.plans.plan(Look("acme", names[0]))
        assert replan(wired) == 1
    now = wired.queue.now()
    for overlap, catch_up in ((Overlap.SKIP, CatchUp.ONE), (Overlap.QUEUE, CatchUp.ALL)):
        late = stored(f"{overlap:0<26}", report=report, overlap=overlap, catch_up=catch_up, starts_at=now)
        again = Run(late.job_id_of(1), 1, now)  # its job was accepted before a crash, and has ended since
        wired.timetable.add(
            replace(late, recurrence=Interval(60, now, "UTC"), fired_through=now - 1, pending=(again,), last_run=again)
        )
        accept(wired, late, again)
        request = wired.ledger.open_request(again.job_id)
        assert request
        wired.ledger.close(Receipt(request, State.FAILED, 1, now))
        wired.plans.plan(Look("acme", late.id, now))
    with acting("poller"):
        assert fire(wired).came == {Came.FIRED: 4}
    assert wired.ledger.unfinished(again.job_id) is None


def test_a_worker_may_do_what_it_does(acting: Callable[[str], Any], wired: Wiring, lives: Lives) -> None:
    lives.waiting()
    with acting("worker"):
        lease = lives.claim()
        assert wired.ledger.open_request(lease.id)
        assert wired.ledger.receipt(lease.id) is None
        assert wired.ledger.published(tenant=lease.tenant, id=lease.id) is None
        result = lives.publish(lease)
        assert lives.publish(lease) == result
        lives.close(lease.id, State.COMPLETED, result=result)
        assert wired.ledger.open_request(lease.id) is None


def test_requeue_stalled_may_do_what_it_does(
    acting: Callable[[str], Any], wired: Wiring, lives: Lives, valkey: str
) -> None:
    def recovered() -> dict[Repair, int]:
        with acting("requeue_stalled"):
            return dict(recover(wired.queue, wired.ledger, wired.bus, remaining_ms=lambda: 100_000).reconciled.repairs)

    lives.completed(receipt=False)
    lives.failed(receipt=False)
    assert recovered() == {Repair.CLOSED: 2}
    lives.waiting()
    with redis.Redis.from_url(valkey) as client:
        client.flushall()
    assert recovered() == {Repair.ENQUEUED: 1}


def test_one_job_whose_store_is_away_does_not_keep_the_others_from_being_put_right(
    wired: Wiring, lives: Lives, valkey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives.failed(receipt=False)
    lost = lives.waiting()
    with redis.Redis.from_url(valkey) as client:
        client.hdel(wired.queue._broker.keys[6], lost)

    def away(_: object) -> None:
        raise StoreAway("S3 does not answer")

    monkeypatch.setattr(wired.ledger, "close", away)
    reconciled = recover(wired.queue, wired.ledger, wired.bus, remaining_ms=lambda: 100_000).reconciled
    assert dict(reconciled.repairs) == {Repair.ENQUEUED: 1, Repair.UNRESOLVED: 1}
