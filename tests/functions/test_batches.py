"""Batches over HTTP: accepted whole, expanded whatever crashes, looked at, retried, cancelled and downloaded."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import boto3
import gateway
import pytest
import redis
from gateway import Answer, Api, keys_in_bucket
from lives import Lives

from cdk_app.topology import function
from functions.poller import handler as poller
from functions.requeue_stalled import handler as requeue_stalled
from report_queue import batch_desk, desk
from report_queue.assemble import assemble_due
from report_queue.assembly import Assembly
from report_queue.batch import RESULT_TYPE, Batch
from report_queue.errors import BrokerAway, StoreAway
from report_queue.expand import take_up
from report_queue.job import Completed, State
from report_queue.reconcile import Repair, reconcile
from report_queue.reports import report_types
from report_queue.wiring import Wiring, wiring
from tests.functions.test_may import Guarded
from tests.ledger.words import Context as Ticking
from tests.ledger.words import Crash, Watched, crashing, sample

REPORT = {"reportType": "test", "data": report_types()["test"].sample}
BROKEN = {"reportType": "test", "data": {"title": 7}}
NOBODY = "0" * 26
LATER_MS = 60_000


def submit(api: Api, jobs: int = 3, *, key: str | None = None, **members: Any) -> Answer:
    body = {"reports": [REPORT] * jobs, **members}
    return api.post("/api/v1/batches", body=body, headers={"idempotency-key": key} if key else {})


def submitted(api: Api, jobs: int = 3, **members: Any) -> str:
    answer = submit(api, jobs, **members)
    assert answer.status == 202
    return str(answer.json["data"]["batchId"])


def shown(api: Api, name: str) -> Any:
    answer = api.get(f"/api/v1/batches/{name}")
    assert answer.status == 200
    return answer.json


def act(api: Api, name: str, verb: str) -> Answer:
    return api.post(f"/api/v1/batches/{name}/{verb}")


def batch_of(wired: Wiring, name: str) -> Batch:
    batch = wired.batches.find(tenant="acme", id=name)
    assert batch
    return batch


def open_ids(wired: Wiring) -> set[str]:
    return set(wired.ledger.open_ids())


def states(wired: Wiring, name: str) -> list[State | None]:
    return [job and job.state for job in wired.queue.find(*batch_of(wired, name).member_ids)]


def later(wired: Wiring, by: int = LATER_MS) -> Wiring:
    """The same, when its clock has gone on."""
    return replace(wired, now_ms=lambda: wired.now_ms() + by)


def wipe_batch(wired: Wiring, name: str) -> None:
    """As after a crash in the middle: not all of it is known to be there, and the broker does not look at it."""
    wired.batches.pend(tenant="acme", id=name, expanded=False, at=0)
    wired.batch_facet.close(name)


def kept() -> set[str]:
    """The ids of the batches that the store has."""
    return {key[-31:-5] for key in keys_in_bucket() if re.fullmatch(r"batches/acme/\w{26}\.json", key)}


def wipe(valkey: str) -> None:
    with redis.Redis.from_url(valkey) as client:
        client.flushall()


class NoSteps:
    """An attempt that is never lost."""

    def reached(self, percent: int) -> None: ...
    def started(self, child: object) -> None: ...
    def raise_if_lost(self) -> None: ...


class Works:
    """A worker that ends jobs as it is told, without rendering."""

    def __init__(self, wired: Wiring, lives: Lives) -> None:
        self._wired = wired
        self._lives = lives
        self.claim = lives.claim

    def complete(self) -> str:
        lease = self.claim()
        return self._lives.complete(lease, pdf=b"%PDF-" + lease.id.encode())

    def fail(self) -> str:
        return self._lives.fail(self.claim(), message="line 3")

    def assemble(self, *, receipt: bool = True) -> Any:
        """The worker takes the job that assembles, and does; its request's data."""
        lease = self.claim()
        request = self._wired.ledger.open_request(lease.id)
        assert request
        assert request.report_type == RESULT_TYPE
        assembly = Assembly(request, self._wired.ledger, self._wired.batch_results, self._wired.settings)
        result = assembly.make(NoSteps(), still_ours=lambda: None)
        self._wired.queue.complete(self._lives.worker, Completed(lease, result))
        if receipt:
            self._lives.close(lease.id, State.COMPLETED, attempt=lease.attempt, result=result)
        return request.data


@pytest.fixture
def works(wired: Wiring, lives: Lives) -> Works:
    return Works(wired, lives)


# Accepting.


def test_a_batch_is_kept_whole_and_all_of_its_jobs_are_queued(api: Api, wired: Wiring) -> None:
    answer = submit(api, 3, name="Käse & Wein", result="pdf")
    name = answer.json["data"]["batchId"]
    assert (answer.status, answer.headers["location"]) == (202, f"/api/v1/batches/{name}")
    assert (answer.json["statusCode"], answer.json["success"], answer.json["data"]["jobs"]) == (202, True, 3)
    batch = batch_of(wired, name)
    assert (batch.name, batch.result.value, batch.jobs) == ("Käse & Wein", "pdf", 3)
    assert open_ids(wired) == set(batch.member_ids)
    jobs = wired.queue.find(*batch.member_ids)
    assert [job and (job.state, job.batch) for job in jobs] == [(State.WAITING, name)] * 3
    assert gateway.wakes() > 0


def test_the_batches_are_listed_newest_first_with_how_far_they_are(api: Api, works: Works) -> None:
    assert api.get("/api/v1/batches").json == {"batches": [], "after": None}
    names = [submitted(api, jobs, name=f"no. {jobs}") for jobs in (1, 2, 3)]
    submit(api, 1, key="z"), submit(api, 1, key="z")  # sent again, it is in the list once
    listed = api.get("/api/v1/batches").json["batches"]
    assert [one["name"] for one in listed] == [None, "no. 3", "no. 2", "no. 1"]
    assert {one["id"] for one in listed} >= set(names)
    assert listed[1]["counts"] == {**dict.fromkeys(map(str, State), 0), "waiting": 3}
    works.complete()
    assert api.get("/api/v1/batches").json["batches"][3]["counts"]["completed"] == 1
    assert Api(tenant="bolt").get("/api/v1/batches").json["batches"] == []


def test_the_list_of_batches_goes_on_where_its_page_ended(api: Api) -> None:
    names = [submitted(api, 1) for _ in range(3)]
    first = api.get("/api/v1/batches", query={"limit": "2"})
    assert [one["id"] for one in first.json["batches"]] == names[:0:-1]
    after = first.json["after"]
    assert f"after={after}" in first.headers["link"]
    last = api.get("/api/v1/batches", query={"limit": "2", "after": after})
    assert ([one["id"] for one in last.json["batches"]], last.json["after"]) == (names[:1], None)
    assert api.get("/api/v1/batches", query={"after": "nowhere"}).status == 422


def test_a_batch_that_was_never_accepted_is_not_listed(api: Api, wired: Wiring) -> None:
    there = batch_of(wired, submitted(api, 1))
    wired.batches.point(tenant="acme", id=NOBODY, at=there.accepted_at - 1)  # a crash before the batch
    wired.batches.point(tenant="acme", id=there.id, at=there.accepted_at - 1)  # and one before it was sent again
    assert [one["id"] for one in api.get("/api/v1/batches").json["batches"]] == [there.id]


def test_the_list_of_batches_says_nothing_of_jobs_that_the_broker_does_not_know(
    api: Api, valkey: str, environment: Callable[..., None]
) -> None:
    submitted(api, 2)
    wipe(valkey)
    assert [one["counts"] for one in api.get("/api/v1/batches").json["batches"]] == [None]
    environment(broker_url="redis://127.0.0.1:1")
    assert [one["counts"] for one in api.get("/api/v1/batches").json["batches"]] == [None]


def test_a_batch_is_told_when_to_come_back_and_how_much_room_is_left(
    api: Api, environment: Callable[..., None]
) -> None:
    assert submit(api, 2).headers["retry-after"] == "30"  # the one before it waits as well, and nothing has ended yet
    late = {**REPORT, "options": {"delaySeconds": 90}}
    answer = api.post("/api/v1/batches", body={"reports": [late, REPORT]})
    assert answer.headers["retry-after"] == "90"
    environment(tenant={"backlog": 10})
    assert submit(api, 3).headers["ratelimit"] == '"backlog";r=3'


def test_a_batch_in_which_anything_is_wrong_leaves_nothing(api: Api) -> None:
    answer = api.post("/api/v1/batches", body={"reports": [REPORT, BROKEN]})
    assert answer.status == 422
    assert {fault["pointer"] for fault in answer.json["errors"]} == {"/reports/1/data/title", "/reports/1/data/message"}
    assert keys_in_bucket() == []


@pytest.mark.parametrize(("body", "status"), [("{", 400), ("[]", 422), (None, 400), ({"reports": []}, 422)])
def test_a_body_that_is_no_batch_is_refused(api: Api, body: Any, status: int) -> None:
    assert api.post("/api/v1/batches", body=body).status == status


def test_a_body_over_the_limit_is_refused(environment: Callable[..., None], api: Api) -> None:
    environment(body_bytes=100)
    assert submit(api).status == 413


def test_the_same_key_and_batch_are_one_batch(api: Api, wired: Wiring) -> None:
    first, second = submit(api, key="one"), submit(api, key="one")
    assert first.json["data"] == second.json["data"]
    assert (second.status, second.headers["idempotency-replayed"]) == (202, "true")
    assert "idempotency-replayed" not in first.headers
    assert len(open_ids(wired)) == 3


def test_a_key_of_another_batch_is_refused(api: Api) -> None:
    submit(api, key="one")
    assert submit(api, key="one", name="other").status == 422


def test_a_reports_key_is_not_a_batchs(api: Api) -> None:
    job = api.submit(REPORT, headers={"idempotency-key": "one"}).json["data"]["jobId"]
    assert submit(api, key="one").json["data"]["batchId"] != job


def test_a_batch_beyond_the_tenants_backlog_is_refused_whole(environment: Callable[..., None], api: Api) -> None:
    environment(tenant={"backlog": 4})
    assert submit(api, 3).status == 202
    assert submit(api, 2).status == 429
    assert len(kept()) == 1


def test_nothing_is_accepted_while_the_store_is_away(api: Api, store_away: None) -> None:
    assert submit(api).status == 503


def test_a_batch_is_accepted_while_the_broker_is_away(api: Api, wired: Wiring, broker_away: None) -> None:
    name = submitted(api)
    assert open_ids(wired) == set(batch_of(wired, name).member_ids)


# Crashes between acceptance and the last job.


def calls_of_a_submission(wired: Wiring, api: Api) -> int:
    watched = Watched(wired.ledger._bucket._client)
    wired.ledger._bucket._client, real = watched, wired.ledger._bucket._client
    submitted(api)
    wired.ledger._bucket._client = real
    return len(watched.calls)


def test_wherever_a_submission_crashes_its_batch_is_nowhere_or_becomes_whole(
    wired: Wiring, api: Api, monkeypatch: pytest.MonkeyPatch, valkey: str
) -> None:
    monkeypatch.setattr("report_queue.expand._WRITERS", 1)
    real = wired.ledger._bucket._client
    accepted = 0
    for after in range(calls_of_a_submission(wired, api)):
        before = kept()
        wired.ledger._bucket._client = crashing(real, after=after)
        with pytest.raises(Crash):
            submit(api)
        wired.ledger._bucket._client = real
        take_up(later(wired), enough=lambda: False)
        new = kept() - before
        assert {one["id"] for one in api.get("/api/v1/batches", query={"limit": "100"}).json["batches"]} == kept()
        for name in new:
            assert states(wired, name) == [State.WAITING] * 3
            assert set(batch_of(wired, name).member_ids) <= open_ids(wired)
            pending = wired.batches.pending(tenant="acme", id=name)
            assert pending
            assert pending.expanded
        accepted += len(new)
    assert accepted >= 6  # what crashed after the acceptance


def test_a_batch_is_left_to_its_writer_for_a_while(wired: Wiring, api: Api, broker_away: None) -> None:
    name = submitted(api)
    wired.batches.pend(tenant="acme", id=name, expanded=False, at=wired.now_ms())
    assert take_up(wired, enough=lambda: False) == 0
    assert take_up(later(wired), enough=lambda: False) == 1


def test_a_batch_that_is_half_expanded_goes_on_where_it_stopped(
    wired: Wiring, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("report_queue.expand._GROUP", 2)
    asked: list[int] = []

    def impatient() -> Callable[[], bool]:
        return lambda: bool(asked) or bool(asked.append(1))

    monkeypatch.setattr(batch_desk, "_patience", impatient)
    name = submitted(api, 5)
    assert states(wired, name) == [State.WAITING] * 2 + [None] * 3
    watched = Watched(wired.ledger._bucket._client)
    wired.ledger._bucket._client = watched
    assert take_up(later(wired), enough=lambda: False) == 1
    assert states(wired, name) == [State.WAITING] * 5
    assert watched.calls.count("put_object") == 3 + 1  # the jobs that were wanting, and that none is


def test_sending_a_batch_again_finishes_what_a_crash_left(wired: Wiring, api: Api) -> None:
    real = wired.ledger._bucket._client
    wired.ledger._bucket._client = crashing(real, after=6)
    with pytest.raises(Crash):
        submit(api, key="one")
    wired.ledger._bucket._client = real
    answer = submit(api, key="one")
    assert answer.headers["idempotency-replayed"] == "true"
    assert states(wired, answer.json["data"]["batchId"]) == [State.WAITING] * 3


def test_what_was_pending_and_never_became_a_batch_is_forgotten_when_it_is_old(wired: Wiring) -> None:
    wired.batches.pend(tenant="acme", id=NOBODY, expanded=False, at=wired.now_ms())
    take_up(later(wired), enough=lambda: False)
    assert len(keys_in_bucket()) == 1
    take_up(later(wired, 1_000_000), enough=lambda: False)
    assert keys_in_bucket() == []
    assemble_due(wired)
    assert list(wired.batch_facet.ended()) == []


def test_expanding_again_works_on_no_job_twice(wired: Wiring, api: Api, works: Works, valkey: str) -> None:
    name = submitted(api, 2)
    done = works.complete()
    wipe(valkey)
    wired.batches.pend(tenant="acme", id=name, expanded=False, at=0)
    assert take_up(wired, enough=lambda: False) == 1
    batch = batch_of(wired, name)
    assert open_ids(wired) == set(batch.member_ids) - {done}
    assert states(wired, name).count(State.WAITING) == 1
    assert wired.queue.find(done) == [None]


def test_a_batch_that_cannot_be_read_keeps_no_other_from_being_expanded(wired: Wiring, api: Api) -> None:
    boto3.client("s3").put_object(Bucket="reports", Key=f"pending/acme/{NOBODY}.json", Body=b"{}")
    name = submitted(api)
    wired.batches.pend(tenant="acme", id=name, expanded=False, at=0)
    assert take_up(wired, enough=lambda: False) == 1


def test_requeue_stalled_takes_up_batches_and_the_poller_has_them_assembled(
    wired: Wiring, api: Api, works: Works
) -> None:
    name = submitted(api, 1)
    wipe_batch(wired, name)
    requeue_stalled.handler(sample("requeue_stalled"), Ticking(remaining_ms=100_000))  # type: ignore[arg-type]
    works.complete()
    poller.handler(sample("poller"), Ticking(remaining_ms=9_000))  # type: ignore[arg-type]
    assert open_ids(wired) == {batch_of(wired, name).result_id(0)}


def test_with_no_time_left_batches_are_left_alone(wired: Wiring, api: Api, works: Works) -> None:
    name = submitted(api, 1)
    works.complete()
    wired.batches.pend(tenant="acme", id=name, expanded=False, at=0)
    requeue_stalled.handler(sample("requeue_stalled"), Ticking(remaining_ms=1_000))  # type: ignore[arg-type]
    pending = wired.batches.pending(tenant="acme", id=name)
    assert pending
    assert not pending.expanded
    wired.batches.pend(tenant="acme", id=name, expanded=True, at=0)
    poller.handler(sample("poller"), Ticking(remaining_ms=1_000))  # type: ignore[arg-type]
    assert open_ids(wired) == set()


# Looking.


def test_a_batch_shows_how_far_each_of_its_jobs_is(api: Api, works: Works) -> None:
    name = submitted(api, 4, name="Branches")
    done, failed = works.complete(), works.fail()
    held = works.claim().id
    one = shown(api, name)
    assert (one["id"], one["name"], one["jobs"], one["result"], one["status"]) == (
        name,
        "Branches",
        4,
        "zip",
        "running",
    )
    assert one["counts"] == {"waiting": 1, "delayed": 0, "active": 1, "completed": 1, "failed": 1, "cancelled": 0}
    assert one["progress"] == pytest.approx((1 + 1 + 0.1) / 4, abs=1e-4)
    by_id = {member["jobId"]: member for member in one["members"]}
    assert [by_id[job]["status"] for job in (done, failed, held)] == ["completed", "failed", "active"]
    assert [member["n"] for member in one["members"]] == [0, 1, 2, 3]
    assert one["failed"] == [by_id[failed] | {"reason": "template.error", "failedReason": "line 3"}]
    assert one["resultUrl"] is None


def test_a_batch_whose_broker_was_wiped_is_counted_from_the_ledger(api: Api, works: Works, valkey: str) -> None:
    name = submitted(api, 3)
    works.complete()
    works.fail()
    before = shown(api, name)
    wipe(valkey)
    after = shown(api, name)
    assert after["counts"] == before["counts"]
    assert after["failed"] == before["failed"]
    assert after["members"] == before["members"]


@pytest.mark.parametrize("name", [NOBODY, "x", "..", "0" * 27])
def test_a_batch_that_never_was_is_not_found(api: Api, name: str) -> None:
    assert {api.get(f"/api/v1/batches/{name}{end}").status for end in ("", "/download")} == {404}
    assert {act(api, name, verb).status for verb in ("retry", "cancel")} == {404}


def test_another_tenants_batch_is_none(api: Api) -> None:
    name, other = submitted(api), Api(tenant="other")
    assert other.get(f"/api/v1/batches/{name}").status == 404
    assert {act(other, name, verb).status for verb in ("retry", "cancel")} == {404}
    assert shown(api, name)["counts"]["waiting"] == 3


def test_each_route_of_batches_wants_its_scope(api: Api) -> None:
    name = submitted(api)
    for scopes, allowed in (("submit", {"submit"}), ("read", {"get", "download"}), ("operate", {"retry", "cancel"})):
        caller = Api(scopes=scopes)
        statuses = {
            "submit": submit(caller).status,
            "get": caller.get(f"/api/v1/batches/{name}").status,
            "download": caller.get(f"/api/v1/batches/{name}/download").status,
            **{verb: act(caller, name, verb).status for verb in ("retry", "cancel")},
        }
        assert {what for what, status in statuses.items() if status != 403} == allowed


# Acting.


def test_cancelling_a_batch_ends_what_has_not_ended(api: Api, wired: Wiring, works: Works) -> None:
    name = submitted(api, 4)
    works.complete()
    works.claim()
    answer = act(api, name, "cancel")
    assert (answer.status, answer.json["data"]) == (200, {"batchId": name, "jobs": 3, "left": 0})
    assert shown(api, name)["counts"]["cancelled"] == 3
    assert open_ids(wired) == set()
    assert act(api, name, "cancel").json["data"]["jobs"] == 0


def test_cancelling_a_batch_that_is_not_whole_yet_leaves_no_job_to_come(
    api: Api, wired: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience = batch_desk._patience
    monkeypatch.setattr(batch_desk, "_patience", lambda: lambda: True)
    name = submitted(api, 3)
    assert states(wired, name) == [None] * 3
    refused = act(api, name, "cancel")
    assert (refused.status, refused.headers["retry-after"]) == (409, "60")
    monkeypatch.setattr(batch_desk, "_patience", patience)
    assert act(api, name, "cancel").json["data"]["jobs"] == 3
    take_up(later(wired), enough=lambda: False)
    assert states(wired, name) == [State.CANCELLED] * 3


def test_retrying_a_batch_starts_what_failed_or_was_cancelled(api: Api, wired: Wiring, works: Works) -> None:
    name = submitted(api, 4)
    works.complete()
    works.fail()
    works.fail()
    act(api, name, "cancel")
    answer = act(api, name, "retry")
    assert (answer.status, answer.json["data"]) == (200, {"batchId": name, "jobs": 3, "left": 0})
    counts = shown(api, name)["counts"]
    assert (counts["waiting"], counts["completed"]) == (3, 1)
    assert act(api, name, "retry").json["data"]["jobs"] == 0


def test_something_is_to_be_done_for_a_batch_before_a_job_of_it_is_retried_and_afterwards(
    api: Api, wired: Wiring, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a poller settles meanwhile that looked before."""
    name = submitted(api, 1)
    works.fail()
    assemble_due(wired)
    assert wired.batches.pending(tenant="acme", id=name) is None
    retry = desk.retry

    def settled_meanwhile(*given: Any, **named: Any) -> None:
        pending = wired.batches.pending(tenant="acme", id=name)
        assert pending
        wired.batches.settle(pending, tenant="acme", id=name)
        retry(*given, **named)

    monkeypatch.setattr(desk, "retry", settled_meanwhile)
    assert act(api, name, "retry").json["data"]["jobs"] == 1
    pending = wired.batches.pending(tenant="acme", id=name)
    assert pending
    assert pending.expanded


def test_what_a_caller_has_no_patience_for_is_left_for_the_next_time(
    api: Api, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = submitted(api, 3)
    monkeypatch.setattr(batch_desk, "_patience", lambda: lambda: True)
    answer = act(api, name, "cancel")
    assert answer.json["data"] == {"batchId": name, "jobs": 0, "left": 3}
    assert "ask again" in answer.json["message"]


# The result.


def test_a_batch_that_has_not_ended_is_not_assembled(wired: Wiring, api: Api, works: Works) -> None:
    submitted(api, 2)
    works.complete()
    assert assemble_due(wired) == 0


def test_a_batch_that_has_ended_gets_one_job_that_assembles_it(wired: Wiring, api: Api, works: Works) -> None:
    name = submitted(api, 2)
    works.complete()
    works.fail()
    assert [assemble_due(wired), assemble_due(wired)] == [1, 0]
    batch = batch_of(wired, name)
    request = wired.ledger.open_request(batch.result_id(0))
    assert request
    assert (request.report_type, request.data) == (
        RESULT_TYPE,
        {"batch": name, "generation": 0, "jobs": 2, "result": "zip"},
    )
    assert wired.batches.pending(tenant="acme", id=name) is None
    assert list(wired.batch_facet.ended()) == []
    one = shown(api, name)
    assert (one["status"], one["resultUrl"], one["assembly"]["status"]) == ("running", None, "waiting")
    assert api.get(f"/api/v1/batches/{name}/download").status == 409


def test_no_caller_can_ask_for_the_job_that_assembles(api: Api) -> None:
    data = {"batch": NOBODY, "generation": 0, "jobs": 1, "result": "zip"}
    assert api.submit({"reportType": RESULT_TYPE, "data": data}).status == 422


@pytest.mark.parametrize("crash", ["settle", "close"])
def test_a_poller_that_crashes_while_it_assembles_is_made_up_for_by_the_next(
    wired: Wiring, api: Api, works: Works, monkeypatch: pytest.MonkeyPatch, crash: str
) -> None:
    name = submitted(api, 1)
    works.complete()
    with monkeypatch.context() as patched:

        def dies(*_: Any, **__: Any) -> Any:
            raise Crash

        patched.setattr(wired.batches if crash == "settle" else wired.batch_facet, crash, dies)
        with pytest.raises(Crash):
            assemble_due(wired)
    assert assemble_due(wired) == 0  # the job is there
    assert wired.batches.pending(tenant="acme", id=name) is None
    assert list(wired.batch_facet.ended()) == []
    assert open_ids(wired) == {batch_of(wired, name).result_id(0)}


def test_a_wiped_broker_is_told_of_the_batches_that_are_not_assembled(
    wired: Wiring, api: Api, works: Works, valkey: str
) -> None:
    name = submitted(api, 2)
    works.complete()
    wipe(valkey)
    assert assemble_due(wired) == 0
    assert take_up(later(wired), enough=lambda: False) == 0
    assert list(wired.batch_facet.ended()) == [("acme", name)]  # as far as the broker knows
    assert assemble_due(wired) == 0  # the ledger knows better
    reconcile(wired.queue, wired.ledger, wired.bus)
    assert list(wired.batch_facet.ended()) == []
    works.complete()
    assert assemble_due(wired) == 1


def test_a_retry_that_comes_while_a_batch_is_assembled_is_not_forgotten(
    wired: Wiring, api: Api, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = submitted(api, 2)
    works.complete()
    works.fail()
    keep = desk.keep

    def retried_meanwhile(*given: Any) -> Any:
        monkeypatch.setattr(desk, "keep", keep)
        act(api, name, "retry")
        return keep(*given)

    monkeypatch.setattr(desk, "keep", retried_meanwhile)
    assert assemble_due(wired) == 1
    assert wired.batches.pending(tenant="acme", id=name)
    works.complete()  # the retried one, which was queued first
    assert assemble_due(wired) == 1
    assert wired.ledger.open_request(batch_of(wired, name).result_id(1))


def test_a_batch_whose_store_is_away_keeps_no_other_from_being_assembled(
    wired: Wiring, api: Api, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = submitted(api, 1)
    submitted(api, 1)
    works.complete()
    works.complete()
    find = wired.batches.find

    def found(*, tenant: str, id: str) -> Any:  # noqa: A002 (the word of the API)
        if id == away:
            raise StoreAway("S3 does not answer")
        return find(tenant=tenant, id=id)

    monkeypatch.setattr(wired.batches, "find", found)
    assert assemble_due(wired) == 1


def test_looking_for_batches_wants_the_broker(api: Api, wired: Wiring, broker_away: None) -> None:
    name = submitted(api)
    assert api.get(f"/api/v1/batches/{name}").status == 503
    with pytest.raises(BrokerAway):
        assemble_due(wiring())


def content(answer: Answer) -> bytes:
    """What a link leads to."""
    key = answer.json["url"].partition("?")[0].partition("/reports/")[2]
    return bytes(boto3.client("s3").get_object(Bucket="reports", Key=f"reports/{key}")["Body"].read())


def download(api: Api, name: str) -> Answer:
    return api.get(f"/api/v1/batches/{name}/download", headers={"accept": "application/json"})


def manifest_in(body: bytes) -> Any:
    return json.loads(zipfile.ZipFile(io.BytesIO(body)).read("manifest.json"))


def test_the_result_is_downloaded_when_it_is_there(wired: Wiring, api: Api, works: Works) -> None:
    name = submitted(api, 2)
    done, failed = works.complete(), works.fail()
    early = download(api, name)
    assert (early.status, early.headers["retry-after"]) == (409, "1")
    assemble_due(wired)
    assert download(api, name).status == 409
    works.assemble()
    answer = download(api, name)
    assert (answer.status, answer.json["fileName"], answer.json["expiresIn"]) == (200, f"batch-{name}.zip", 300)
    assert manifest_in(content(answer))["counts"] == {"completed": 1, "failed": 1, "cancelled": 0}
    redirect = api.get(f"/api/v1/batches/{name}/download")
    assert redirect.status == 302
    assert f"reports/acme/{name}.000000.zip" in redirect.headers["location"]
    one = shown(api, name)
    assert (one["status"], one["progress"], one["assembly"]) == ("ended", 1, None)
    assert one["resultUrl"] == f"/api/v1/batches/{name}/download"
    assert {member["jobId"]: member["status"] for member in one["members"]} == {done: "completed", failed: "failed"}


def test_retrying_what_failed_gives_a_new_generation_of_the_result(wired: Wiring, api: Api, works: Works) -> None:
    name = submitted(api, 3)
    works.complete()
    works.fail()
    works.fail()
    assemble_due(wired)
    works.assemble()
    assert act(api, name, "retry").json["data"]["jobs"] == 2
    assert download(api, name).status == 409  # not of these jobs
    works.complete()
    works.complete()
    assert download(api, name).status == 409
    assert assemble_due(wired) == 1
    assert works.assemble()["generation"] == 2
    manifest = manifest_in(content(download(api, name)))
    assert (manifest["generation"], manifest["counts"]["completed"]) == (2, 3)
    assert len([key for key in keys_in_bucket() if key.endswith(".zip")]) == 2


def test_a_batch_that_the_broker_forgot_is_shown_by_its_manifest(
    wired: Wiring, api: Api, works: Works, valkey: str
) -> None:
    name = submitted(api, 3)
    works.complete()
    works.fail()
    act(api, name, "cancel")
    assemble_due(wired)
    works.assemble()
    before = shown(api, name)
    wipe(valkey)
    watched = Watched(wired.ledger._bucket._client)
    wired.ledger._bucket._client = watched
    assert shown(api, name) == before
    assert len(watched.calls) < 6  # whatever the number of jobs
    assert download(api, name).status == 200


def test_an_assembly_that_failed_is_told_and_tried_again(wired: Wiring, api: Api, works: Works) -> None:
    name = submitted(api, 1)
    works.complete()
    assemble_due(wired)
    works.fail()
    one = shown(api, name)
    assert (one["status"], one["assembly"]["status"], one["assembly"]["failedReason"]) == ("ended", "failed", "line 3")
    answer = download(api, name)
    assert (answer.status, "retry" in answer.json["detail"]) == (409, True)
    assert act(api, name, "retry").status == 200
    works.assemble()
    assert download(api, name).status == 200


def test_each_function_may_do_what_it_does_for_batches(wired: Wiring, api: Api, works: Works) -> None:
    ledger = wired.ledger._bucket
    free = ledger._client

    @contextmanager
    def acting(name: str) -> Iterator[None]:
        ledger._client = Guarded(free, function(name).may)
        try:
            yield
        finally:
            ledger._client = free

    with acting("authorizer"):
        assert submit(api).status == 503
    with acting("submit"):
        name = submit(api, 3, key="one").json["data"]["batchId"]
        assert submit(api, 3, key="one").status == 202
        wired.batches.pend(tenant="acme", id=name, expanded=False, at=0)
        assert submit(api, 3, key="one").status == 202
    wired.batches.pend(tenant="acme", id=name, expanded=False, at=0)
    with acting("requeue_stalled"):
        assert take_up(wired, enough=lambda: False) == 1
        wired.batches.pend(tenant="acme", id=NOBODY, expanded=False, at=0)
        take_up(wired, enough=lambda: False)
        assert wired.batches.pending(tenant="acme", id=NOBODY) is None
    with acting("worker"):
        works.complete()
        works.fail()
    with acting("dashboard"):
        assert shown(api, name)["counts"]["waiting"] == 1
        assert act(api, name, "cancel").json["data"]["jobs"] == 1
    with acting("poller"):
        assert assemble_due(wired) == 1
    with acting("worker"):
        works.assemble()
    with acting("dashboard"):
        assert download(api, name).status == 200
        assert act(api, name, "retry").json["data"]["jobs"] == 2


def test_a_job_that_is_retried_alone_gives_a_new_generation_too(wired: Wiring, api: Api, works: Works) -> None:
    name = submitted(api, 1)
    job_id = works.fail()
    assemble_due(wired)
    works.assemble()
    assert api.post(f"/api/jobs/{job_id}/retry").status == 200
    assert works.complete() == job_id
    assert assemble_due(wired) == 1
    works.assemble()
    assert manifest_in(content(download(api, name)))["counts"]["completed"] == 1


def test_the_job_that_assembles_leads_to_the_batchs_download(wired: Wiring, api: Api, works: Works) -> None:
    name = submitted(api, 1)
    works.complete()
    assemble_due(wired)
    works.assemble()
    job_id = batch_of(wired, name).result_id(0)
    result = api.get(f"/api/jobs/{job_id}").json["result"]
    assert (result["reportUrl"], result["fileName"]) == (f"/api/v1/batches/{name}/download", f"batch-{name}.zip")
    assert api.get(f"/api/v1/reports/{job_id}/download").status == 409


def test_an_assembly_whose_worker_died_before_the_receipt_is_closed(wired: Wiring, api: Api, works: Works) -> None:
    name = submitted(api, 1)
    works.complete()
    assemble_due(wired)
    works.assemble(receipt=False)
    assert reconcile(wired.queue, wired.ledger, wired.bus).repairs == {Repair.CLOSED: 1}
    assert wired.ledger.receipt(batch_of(wired, name).result_id(0))
