"""Pausing the queue and report types over HTTP: what is accepted waits, and the pause outlives a wiped broker."""

from collections.abc import Callable
from typing import Any

import pytest
from gateway import Api
from lives import Lives

from functions.requeue_stalled import handler as requeue_stalled
from report_queue.job import State
from report_queue.reports import report_types
from report_queue.wiring import Wiring, wiring


class Left:
    """Lambda's context, with time enough."""

    function_name = "test"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:test"
    aws_request_id = "1"

    def get_remaining_time_in_millis(self) -> int:
        return 100_000


@pytest.fixture
def admin(environment: Callable[..., None]) -> Api:
    return Api(tenant="ops", scopes="read admin")


def started(lives: Lives, wired: Wiring) -> list[str]:
    claimed = wired.queue.claim(lives.worker, call=wired.queue.now(), free=2)
    return [lease.id for lease in claimed.leases]


def test_while_the_queue_is_paused_jobs_are_accepted_and_wait(
    admin: Api, api: Api, lives: Lives, wired: Wiring
) -> None:
    assert admin.post("/api/queue/pause").json["data"] == {"paused": "*"}
    name = lives.waiting()
    delayed = lives.waiting(delaySeconds=1)
    assert started(lives, wired) == []
    assert wired.queue.wake() == ()
    wired.queue.promote(now=wired.queue.now() + 2_000)
    assert {job.state for job in wired.queue.find(name, delayed) if job} == {State.WAITING}
    outlook = api.get(f"/api/jobs/{name}").json["outlook"]
    assert (outlook["reasons"][0], outlook["startsAt"]) == ("paused", None)
    admin.post("/api/queue/resume")
    assert started(lives, wired) == [name, delayed]


def test_a_paused_report_type_does_not_hold_up_the_others(admin: Api, api: Api, lives: Lives, wired: Wiring) -> None:
    assert admin.post("/api/queue/pause", body={"reportType": "test"}).status == 200
    lives.waiting()
    other = api.submit({"reportType": "sales", "data": report_types()["sales"].sample}).json["data"]["jobId"]
    assert started(lives, wired) == [other]
    shown = api.get("/api/queue").json["paused"]
    assert set(shown) == {"test"}
    assert shown["test"].endswith("Z")


def test_resuming_the_queue_leaves_paused_types_paused(admin: Api, lives: Lives, wired: Wiring) -> None:
    admin.post("/api/queue/pause")
    admin.post("/api/queue/pause", body={"reportType": "test"})
    admin.post("/api/queue/resume")
    assert set(wired.controls.paused()) == {"test"}
    lives.waiting()
    assert started(lives, wired) == []


def test_a_pause_outlives_a_wiped_broker(
    admin: Api, lives: Lives, wired: Wiring, environment: Callable[..., None]
) -> None:
    admin.post("/api/queue/pause")
    environment(queue="wiped-pause")
    assert wiring().queue.numbers().paused == {}
    requeue_stalled.handler({}, Left())  # type: ignore[arg-type]
    assert set(wiring().queue.numbers().paused) == {"*"}


def test_pausing_is_kept_also_when_the_broker_is_away(
    admin: Api, wired: Wiring, environment: Callable[..., None]
) -> None:
    environment(broker_url="redis://127.0.0.1:1")
    assert admin.post("/api/queue/pause").status == 503
    assert set(wired.controls.paused()) == {"*"}


def test_pausing_twice_keeps_the_first_moment(admin: Api, wired: Wiring) -> None:
    admin.post("/api/queue/pause")
    before = wired.controls.paused()
    admin.post("/api/queue/pause")
    assert wired.controls.paused() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [({"reportType": "nothing"}, 404), ({"reportType": "A|B"}, 422), ({"type": "test"}, 422), ([], 422), (b"{", 400)],
)
def test_a_pause_of_something_unknown_is_refused(body: Any, status: int, admin: Api, wired: Wiring) -> None:
    assert admin.post("/api/queue/pause", body=body).status == status
    assert wired.controls.paused() == {}


def test_only_an_admin_pauses(api: Api) -> None:
    assert api.post("/api/queue/pause").status == 403
    assert api.post("/api/queue/resume").status == 403
