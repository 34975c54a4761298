"""Every permission of the topology is used: what a function does to the bucket, over its whole range, is all it may do.

`test_may` holds the other half. The calls are taken down where boto3 makes them, in a story of everything that the
function is for, the rare included; a permission that nothing here needs is either to be withdrawn or to be told here.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from io import BytesIO
from typing import Any

import boto3
import pytest
import redis
from gateway import Api, Context, keys_in_bucket
from lives import Lives
from test_batches import Works, later, submitted, wipe_batch, works  # noqa: F401 - works is a fixture
from told import DOWN, GOOD, Told, register

from cdk_app.topology import May, function
from functions.requeue_stalled import handler as requeue_stalled
from report_queue import fire, purge
from report_queue.assemble import assemble_due
from report_queue.data_ref import DataRef
from report_queue.expand import take_up
from report_queue.inputs import Inputs
from report_queue.job import State
from report_queue.ledger import Ledger
from report_queue.plans import Look
from report_queue.receipt import Receipt
from report_queue.recurrence import Interval
from report_queue.reports import report_types
from report_queue.schedule import CatchUp, Run
from report_queue.wiring import Wiring, outside, wiring
from tests.ledger.test_timetable import schedule as stored

REPORT = {"reportType": "test", "data": report_types()["test"].sample}
ROWS = {name: value for name, value in report_types()["sales"].sample.items() if name != "rows"}
VERBS = {"GetObject": "read", "HeadObject": "read", "PutObject": "write", "DeleteObject": "delete"}

Used = set[tuple[str, str]]  # (read, write or delete; prefix)


@pytest.fixture
def used(wired: Wiring) -> Callable[..., AbstractContextManager[Used]]:
    """`with used() as seen:` takes down what is done to the bucket by the wiring's client, or that ledger's."""

    @contextmanager
    def take_down(ledger: Ledger = wired.ledger) -> Iterator[Used]:
        seen: Used = set()

        def note(params: dict[str, Any], model: Any, **_: Any) -> None:
            if model.name == "ListObjectsV2":
                return  # goes with reading
            prefix = f"{params['Key'].split('/')[0]}/"
            seen.add((VERBS[model.name], prefix))
            if "IfMatch" in params:  # what replaces or deletes by an etag must be allowed to read
                seen.add(("read", prefix))

        events = ledger._bucket._client.meta.events
        events.register("provide-client-params.s3", note)
        try:
            yield seen
        finally:
            events.unregister("provide-client-params.s3", note)

    return take_down


@pytest.fixture(autouse=True)
def told(api: Api, wired: Wiring, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Somebody of the tenant wants to be told of what ends."""
    here = Told(now=wired.now_ms())
    here.wire(monkeypatch)
    register(api)
    return here


def test_submit_needs_all_that_it_may(
    used: Callable[[], AbstractContextManager[Used]], api: Api, lives: Lives, wired: Wiring
) -> None:
    key = {"idempotency-key": "one"}
    with used() as seen:
        job_id = api.submit(REPORT, headers=key).json["data"]["jobId"]
        for _ in range(2):  # the second takes the place of the first
            api.submit({**REPORT, "options": {"dedupKey": "k", "dedupMode": "replace"}})
        submitted(api)
        assert api.post("/api/v1/schedules", body={"everySeconds": 60, "report": REPORT}, headers=key).status == 201
        assert api.post("/api/v1/schedules", body={"everySeconds": 60, "report": REPORT}, headers=key).status < 300
        assert api.post("/api/v1/inputs", body={}).status == 201
        boto3.client("s3").put_object(Bucket="reports", Key="inputs/acme/rows.jsonl", Body=b"{}\n")
        api.submit({"reportType": "sales", "data": ROWS, "dataRef": {"key": "inputs/acme/rows.jsonl"}})
        api.post("/api/v1/batches", body={"reports": [REPORT]}, headers={"idempotency-key": "two"})
        api.post("/api/v1/batches", body={"reports": [REPORT]}, headers={"idempotency-key": "two"})
    lives.end(job_id)
    with used() as again:
        assert api.submit(REPORT, headers=key).json["data"]["jobId"] == job_id
    assert seen | again == _meant("submit")


def test_dashboard_needs_all_that_it_may(
    used: Callable[[], AbstractContextManager[Used]],
    api: Api,
    lives: Lives,
    works: Works,  # noqa: F811
) -> None:
    completed, failed, unclosed = lives.completed(), lives.failed(), lives.failed(receipt=False)
    batch = submitted(api, 2)
    works.complete()
    works.fail()
    waiting = lives.waiting()
    schedule = api.post("/api/v1/schedules", body={"everySeconds": 60, "report": REPORT}).json["data"]["scheduleId"]
    admin = Api(scopes="admin read operate")
    wiring().ledger.untold._known.clear()  # who wants to be told is known for a minute
    with used() as seen:
        for job_id in (completed, failed, unclosed, waiting):
            assert api.get(f"/api/jobs/{job_id}").status == 200
        assert api.get(f"/api/v1/reports/{completed}/download").status == 302
        for job_id in (failed, unclosed):
            assert api.post(f"/api/jobs/{job_id}/retry").status == 200
        assert api.post(f"/api/jobs/{waiting}/cancel").status == 200
        assert api.get(f"/api/v1/batches/{batch}").status == 200
        assert api.post(f"/api/v1/batches/{batch}/retry").status < 300
        assert api.post(f"/api/v1/schedules/{schedule}/pause").status == 200
        assert api.post(f"/api/v1/schedules/{schedule}/end").status == 200
        assert api.get("/api/usage").status == 200
        assert admin.post("/api/queue/pause").status == 200
        assert admin.post("/api/queue/resume").status == 200
        assert api.call("DELETE", f"/api/jobs/{completed}").status == 200
    assert seen == _meant("dashboard")


def test_a_worker_needs_all_that_it_may(
    used: Callable[[], AbstractContextManager[Used]],
    api: Api,
    lives: Lives,
    wired: Wiring,
    works: Works,  # noqa: F811
) -> None:
    store = boto3.client("s3")
    etag = store.put_object(Bucket="reports", Key="inputs/acme/rows.jsonl", Body=b"{}\n")["ETag"]
    lives.waiting()
    lease = lives.claim()
    with used() as seen:
        assert wired.ledger.open_request(lease.id)
        assert wired.ledger.receipt(lease.id) is None
        Inputs.beside(wired.ledger).read(DataRef("inputs/acme/rows.jsonl", etag=etag), BytesIO())
        lives.close(lease.id, State.COMPLETED, result=lives.publish(lease))
        lives.publish(lease)  # an earlier attempt's is there
    assert seen == _meant("worker")


def test_poller_needs_all_that_it_may(
    used: Callable[[], AbstractContextManager[Used]],
    api: Api,
    wired: Wiring,
    works: Works,  # noqa: F811
) -> None:
    submitted(api, 1)
    works.complete()
    now = wired.queue.now()
    late = stored("a" * 26, report=REPORT, starts_at=now, catch_up=CatchUp.ALL)
    again = Run(late.job_id_of(1), 1, now)  # its job was accepted before a crash, and has ended since
    wired.timetable.add(
        replace(late, recurrence=Interval(60, now, "UTC"), fired_through=now - 1, pending=(again,), last_run=again)
    )
    fire.accept(wired, late, again)
    request = wired.ledger.open_request(again.job_id)
    assert request
    wired.ledger.close(Receipt(request, State.FAILED, 1, now))
    wired.plans.plan(Look("acme", late.id, now))
    with used() as seen:
        assert assemble_due(wired) == 1
        fire.fire(wired)
    assert seen == _meant("poller")


def test_requeue_stalled_needs_all_that_it_may(
    used: Callable[[], AbstractContextManager[Used]], api: Api, lives: Lives, wired: Wiring, valkey: str
) -> None:
    Api(scopes="admin").post("/api/queue/pause", body={"reportType": "sales"})
    batch = submitted(api, 2)
    wipe_batch(wired, batch)
    wired.batches.pend(tenant="acme", id="0" * 26, expanded=False, at=0)  # of a batch that never came to be
    lives.fail(lives.claim(), receipt=False)
    lives.complete(lives.claim(), receipt=False)
    gone = _ended(lives, wired)
    wired.ledger.untold._known.clear()  # as above
    with redis.Redis.from_url(valkey) as client, used() as seen:
        requeue_stalled.handler({}, _Soon())
        client.flushall()
        wipe_batch(wired, batch)  # and none of its jobs was accepted before the crash
        for key in keys_in_bucket():
            if key.startswith(("open/", "closed/")):
                boto3.client("s3").delete_object(Bucket="reports", Key=key)
        requeue_stalled.handler({}, _Soon())
        purge.begin(wired.ledger, gone)  # and then its function died
        requeue_stalled.handler({}, _Soon())
        take_up(later(wired, 3_600_000), enough=lambda: False)
    assert seen == _meant("requeue_stalled")


def test_notify_needs_all_that_it_may(
    used: Callable[..., AbstractContextManager[Used]], told: Told, lives: Lives
) -> None:
    told.answer = lambda _: DOWN
    job = lives.completed()
    with used(outside().ledger) as seen:
        told.ended(job)
        told.answer = lambda _: GOOD
        told.minute()
    assert seen == _meant("notify")


def test_webhooks_needs_all_that_it_may(
    used: Callable[..., AbstractContextManager[Used]], told: Told, api: Api, lives: Lives
) -> None:
    told.ended(lives.completed())
    (hook,) = api.get("/api/v1/webhooks").json["webhooks"]
    path = f"/api/v1/webhooks/{hook['id']}"
    with used(outside().ledger) as seen:
        register(api)
        message = api.get(path).json["deliveries"][0]["id"]
        for verb in (f"deliveries/{message}/redeliver", "test", "rotate", "enable"):
            assert api.post(f"{path}/{verb}").status == 200
        assert api.delete(path).status == 200
    assert seen == _meant("webhooks")


def test_preview_needs_nothing() -> None:
    assert function("preview").may == May()  # tests/functions/test_preview.py: it works where nothing is to be had


def _ended(lives: Lives, wired: Wiring) -> Receipt:
    """A job that is completed, by its receipt."""
    receipt = wired.ledger.receipt(lives.completed())
    assert receipt
    return receipt


class _Soon(Context):
    """A context with a minute left."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def _meant(name: str) -> Used:
    may: May = function(name).may
    return (
        {("read", prefix) for prefix in may.read}
        | {("write", prefix) for prefix in may.write}
        | {("delete", prefix) for prefix in may.delete}
    )
