"""Webhooks: made, told of what ends, tried again, redelivered, whatever crashes; and each tenant's alone."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import boto3
import pytest
from gateway import Api, keys_in_bucket
from lives import Lives
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from told import DOWN, GOOD, MINUTE, URL, Sent, Told, pointers, register

from functions.requeue_stalled import handler as requeue_stalled
from report_queue.announce import announce
from report_queue.batch import RESULT_TYPE
from report_queue.deliver import try_new
from report_queue.delivery import WAITS_MS, Reply
from report_queue.job import State
from report_queue.receipt import Receipt
from report_queue.reports import report_types
from report_queue.webhook import MOST, OVERLAP_MS, PATIENCE_MS
from report_queue.wiring import Wiring
from tests.ledger.words import Context, Crash, crashing, s3

REPORT = {"reportType": "test", "data": report_types()["test"].sample}
HOOKS = "/api/v1/webhooks"


@pytest.fixture
def told(wired: Wiring, monkeypatch: pytest.MonkeyPatch) -> Told:
    here = Told(now=wired.now_ms())
    here.wire(monkeypatch)
    return here


def verified(sent: Sent, secret: str) -> bool:
    """Whether a receiver with that secret takes it, at the time at which it came."""
    checker = Webhook(secret)
    clock = lambda header: datetime.fromtimestamp(int(header), UTC)  # noqa: E731 — the clock is the test's
    checker._Webhook__verify_timestamp = clock  # type: ignore[attr-defined]
    try:
        checker.verify(sent.body, dict(sent.headers))
    except WebhookVerificationError:
        return False
    return True


# Making and looking.


def test_a_webhook_is_made_and_its_secret_is_shown_once(told: Told, api: Api, logs: StringIO) -> None:
    made = api.post(HOOKS, body={"url": URL, "events": ["job.failed"], "description": "the shop"})
    name, secret = made.json["data"]["webhookId"], made.json["data"]["secret"]
    assert (made.status, made.headers["location"]) == (201, f"{HOOKS}/{name}")
    one = api.get(f"{HOOKS}/{name}")
    assert one.json["events"] == ["job.failed"]
    assert (one.json["url"], one.json["description"], one.json["status"]) == (URL, "the shop", "enabled")
    for answer in (one, api.get(HOOKS)):
        assert secret not in answer.content.decode()
        assert "whsec_" not in answer.content.decode()
    assert secret not in logs.getvalue()
    assert [shown["id"] for shown in api.get(HOOKS).json["webhooks"]] == [name]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/url"),
        ({"url": "https://10.0.0.1/"}, "/url"),
        ({"url": 7}, "/url"),
        ({"url": URL, "events": ["job.started"]}, "/events"),
        ({"url": URL, "events": "all"}, "/events"),
        ({"url": URL, "description": "two\nlines"}, "/description"),
        ({"url": URL, "secret": "mine"}, "/secret"),
        ([URL], ""),
        ({"url": "https://no-such-name.invalid/"}, "/url"),
    ],
)
def test_what_is_wrong_with_a_webhook_is_said_with_its_place(told: Told, api: Api, body: Any, pointer: str) -> None:
    answer = api.post(HOOKS, body=body)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer)
    assert keys_in_bucket() == []


def test_a_tenant_may_have_ten_and_what_is_too_many_leaves_nothing_behind(told: Told, api: Api) -> None:
    names = [register(api)[0] for _ in range(MOST)]
    before = keys_in_bucket()
    assert api.post(HOOKS, body={"url": URL}).status == 409
    assert keys_in_bucket() == before
    assert api.delete(f"{HOOKS}/{names[0]}").status == 200
    register(api)
    assert len([key for key in keys_in_bucket() if key.startswith("signing/")]) == MOST


def test_another_tenants_webhook_is_the_same_404_as_none(told: Told, api: Api, lives: Lives) -> None:
    name, _ = register(api)
    told.ended(lives.completed())
    message = told.sent[0].id
    stranger = Api(tenant="globex")
    for method, path in (
        ("GET", f"{HOOKS}/{name}"),
        ("POST", f"{HOOKS}/{name}/rotate"),
        ("POST", f"{HOOKS}/{name}/enable"),
        ("POST", f"{HOOKS}/{name}/test"),
        ("POST", f"{HOOKS}/{name}/deliveries/{message}/redeliver"),
        ("DELETE", f"{HOOKS}/{name}"),
    ):
        theirs, none = (stranger.call(method, path.replace(name, one)) for one in (name, "0" * 26))
        assert theirs.status == none.status == 404, path
        assert {**theirs.json, "instance": ""} == {**none.json, "instance": ""}
    assert stranger.get(HOOKS).json == {"webhooks": []}
    assert stranger.submit({**REPORT, "options": {"webhook": name}}).status == 422
    assert len(told.sent) == 1


def test_looking_needs_the_scope_read_and_every_change_operate(told: Told, api: Api) -> None:
    name, _ = register(api)
    reader, submitter = Api(scopes="read"), Api(scopes="submit")
    assert reader.get(HOOKS).status == 200
    assert submitter.get(HOOKS).status == 403
    assert reader.post(HOOKS, body={"url": URL}).status == 403
    for verb in ("rotate", "enable", "test", "deliveries/msg_x/redeliver"):
        assert reader.post(f"{HOOKS}/{name}/{verb}").status == 403
    assert reader.delete(f"{HOOKS}/{name}").status == 403


# What is told.


def test_an_end_is_told_small_signed_and_without_payload_or_link(told: Told, api: Api, lives: Lives) -> None:
    _, secret = register(api)
    job = lives.waiting(tags=["monthly"])
    lives.end(job)
    assert told.ended(job) == {"delivered": 1, "failed": 0}
    (sent,) = told.sent
    assert verified(sent, secret)
    assert (sent.url, sent.headers["Content-Type"]) == (URL, "application/json")
    assert sent.json.keys() == {"type", "timestamp", "data"}
    data = sent.json["data"]
    assert (sent.json["type"], data["jobId"], data["status"]) == ("job.completed", job, "completed")
    assert (data["reportType"], data["tags"]) == ("test", ["monthly"])
    assert data["result"]["reportUrl"] == f"/api/v1/reports/{job}/download"
    assert len(sent.body) < 1_000
    for word in ("X-Amz", "Signature", str(REPORT["data"]["message"])):
        assert word not in sent.body.decode()


def _expired(wired: Wiring, lives: Lives) -> str:
    job = lives.waiting()
    request = wired.ledger.open_request(job)
    assert request
    wired.ledger.close(Receipt(request, State.FAILED, 0, wired.now_ms(), "expired", "too late"))
    return job


def _batch(wired: Wiring, lives: Lives) -> str:
    job = lives.waiting()
    request = wired.ledger.open_request(job)
    assert request
    result = {"batch": "b" * 26, "generation": 0, "jobs": 2, "result": "zip"}
    lease = lives.claim()
    made = replace(lives.publish(lease), key=f"reports/acme/{'b' * 26}.0.zip")
    assembling = replace(request, report_type=RESULT_TYPE, data=result)
    wired.ledger.close(Receipt(assembling, State.COMPLETED, 1, wired.now_ms(), result=made))
    return job


@pytest.mark.parametrize(
    ("event", "end"),
    [
        ("job.completed", lambda wired, lives: lives.completed()),
        ("job.failed", lambda wired, lives: lives.failed()),
        ("job.expired", _expired),
        ("batch.ended", _batch),
    ],
)
def test_each_kind_of_end_is_told_to_who_wants_it_and_to_nobody_else(
    event: str, end: Callable[[Wiring, Lives], str], told: Told, api: Api, wired: Wiring, lives: Lives
) -> None:
    register(api, events=[event])
    register(api, events=["job.cancelled"])
    told.ended(end(wired, lives))
    (sent,) = told.sent
    assert sent.json["type"] == event
    if event == "batch.ended":
        assert sent.json["data"]["batchId"] == "b" * 26


def test_a_cancelled_job_and_a_retried_one_are_told_once_for_each_end(told: Told, api: Api, lives: Lives) -> None:
    register(api)
    job = lives.waiting()
    api.post(f"/api/jobs/{job}/cancel")
    told.ended(job)
    api.post(f"/api/jobs/{job}/retry")
    lives.end(job)
    for _ in range(3):  # S3 tells at least once
        told.ended(job)
    assert [sent.json["type"] for sent in told.sent] == ["job.cancelled", "job.completed"]
    assert len({sent.id for sent in told.sent}) == 2


def test_a_job_may_name_its_webhook_a_callback_or_none(told: Told, api: Api, lives: Lives) -> None:
    one, _ = register(api, "https://93.184.215.14/one")
    register(api, "https://93.184.215.14/two")
    callback = "https://93.184.215.14/mine?token=t0ken"
    wish = {**REPORT, "options": {"callback": callback}}
    refused = api.submit(wish)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/options/callback")
    assert "webhooks/callback/rotate" in refused.json["errors"][0]["detail"]
    secret = api.post(f"{HOOKS}/callback/rotate").json["data"]["secret"]

    def urls(**options: Any) -> list[str]:
        told.sent.clear()
        told.ended(_ended(lives, **options))
        return sorted(sent.url.rpartition("/")[2] for sent in told.sent)

    assert urls() == ["one", "two"]
    assert urls(webhook=one) == ["one"]
    assert urls(webhook=False) == []
    assert urls(webhook=one, callback=callback) == ["mine?token=t0ken", "one"]
    assert urls(webhook=False, callback=callback) == ["mine?token=t0ken"]
    assert verified(told.sent[0], secret)
    (logged, _) = api.get(f"{HOOKS}/callback").json["deliveries"]
    assert (logged["url"], logged["status"]) == (callback, "delivered")


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"webhook": "0" * 26}, "/options/webhook"),
        ({"webhook": True}, "/options/webhook"),
        ({"webhook": "../signing"}, "/options/webhook"),
        ({"callback": "https://169.254.169.254/"}, "/options/callback"),
        ({"callback": "ftp://example.com"}, "/options/callback"),
        ({"callback": 7}, "/options/callback"),
    ],
)
def test_a_wish_to_be_told_that_cannot_be_met_is_refused_alone_and_in_a_batch(
    told: Told, api: Api, options: dict[str, Any], pointer: str
) -> None:
    api.post(f"{HOOKS}/callback/rotate")
    alone = api.submit({**REPORT, "options": options})
    assert (alone.status, alone.json["errors"][0]["pointer"]) == (422, pointer)
    batch = api.post("/api/v1/batches", body={"reports": [REPORT, {**REPORT, "options": options}]})
    assert (batch.status, batch.json["errors"][0]["pointer"]) == (422, f"/reports/1{pointer}")


def test_a_submission_that_is_repeated_finds_its_job_also_where_its_webhook_is_gone(told: Told, api: Api) -> None:
    name, _ = register(api)
    body, key = {**REPORT, "options": {"webhook": name}}, {"idempotency-key": "one"}
    first = api.submit(body, headers=key)
    api.delete(f"{HOOKS}/{name}")
    again = api.submit(body, headers=key)
    assert (again.status, again.json["data"]) == (202, first.json["data"])


def _ended(lives: Lives, **options: Any) -> str:
    job = lives.waiting(**options)
    lives.end(job)
    return job


# Trying again.


def test_a_receiver_that_fails_twice_gets_it_the_third_time_and_the_log_says_so(
    told: Told, api: Api, lives: Lives
) -> None:
    name, secret = register(api)
    answers = [DOWN, DOWN, GOOD]
    told.answer = lambda _: answers.pop(0)
    told.ended(lives.completed())
    started = told.now
    for _ in range(10):
        told.minute()
    assert [sent.at - started for sent in told.sent] == [0, MINUTE, 6 * MINUTE]  # after 5 s, and 5 minutes more
    assert len({sent.id for sent in told.sent}) == len({sent.body for sent in told.sent}) == 1
    assert all(verified(sent, secret) for sent in told.sent)
    (shown,) = api.get(f"{HOOKS}/{name}").json["deliveries"]
    assert (shown["status"], [tried["status"] for tried in shown["tries"]]) == ("delivered", [500, 500, 204])
    assert api.get(f"{HOOKS}/{name}").json["failingSince"] is None
    assert pointers() == []


def test_what_nobody_takes_is_given_up_and_can_be_redelivered_by_hand(told: Told, api: Api, lives: Lives) -> None:
    name, _ = register(api)
    told.answer = lambda _: DOWN
    told.ended(lives.completed())
    for wait in WAITS_MS:
        told.now += wait
        told.minute()
    (shown,) = api.get(f"{HOOKS}/{name}").json["deliveries"]
    assert (shown["status"], len(shown["tries"]), pointers()) == ("failed", len(WAITS_MS) + 1, [])
    path = f"{HOOKS}/{name}/deliveries/{shown['id']}/redeliver"
    again = api.post(path)
    assert (again.status, again.json["success"]) == (200, False)
    assert len(pointers()) == 1  # and from there on by the clock again
    told.answer = lambda _: GOOD
    assert api.post(path).json["data"]["delivery"]["status"] == "delivered"
    assert pointers() == []
    assert api.post(path.replace(shown["id"], f"msg_{'0' * 26}")).status == 404


def test_a_ping_is_sent_at_once_and_says_what_came_of_it(told: Told, api: Api) -> None:
    name, secret = register(api)
    assert api.post(f"{HOOKS}/{name}/test").json["success"] is True
    (sent,) = told.sent
    assert (sent.json["type"], sent.json["data"]) == ("webhook.ping", {"webhookId": name})
    assert verified(sent, secret)
    told.answer = lambda _: Reply(404, "The receiver answered 404.")
    answer = api.post(f"{HOOKS}/{name}/test")
    assert answer.json["data"]["delivery"]["tries"][0]["reason"] == "The receiver answered 404."
    api.post(f"{HOOKS}/callback/rotate")
    assert api.post(f"{HOOKS}/callback/test").status == 409


def test_after_a_rotation_both_secrets_sign_for_a_day(told: Told, api: Api, lives: Lives) -> None:
    name, old = register(api)
    rotated = api.post(f"{HOOKS}/{name}/rotate").json["data"]
    told.ended(lives.completed())
    told.now += OVERLAP_MS
    told.ended(lives.completed())
    during, after = told.sent
    assert [verified(during, secret) for secret in (old, rotated["secret"])] == [True, True]
    assert [verified(after, secret) for secret in (old, rotated["secret"])] == [False, True]


def test_a_receiver_that_is_gone_disables_its_webhook_until_somebody_enables_it(
    told: Told, api: Api, lives: Lives
) -> None:
    name, _ = register(api)
    told.answer = lambda _: Reply(410, "The receiver answered 410.")
    told.ended(lives.completed())
    shown = api.get(f"{HOOKS}/{name}").json
    assert (shown["status"], shown["deliveries"][0]["status"]) == ("disabled", "failed")
    assert "410" in shown["reason"]
    told.ended(lives.completed())
    assert len(told.sent) == 1
    assert api.post(f"{HOOKS}/{name}/test").status == 409
    assert api.post(f"{HOOKS}/{name}/enable").status == 200
    told.answer = lambda _: GOOD
    told.ended(lives.completed())
    assert len(told.sent) == 2


def test_a_webhook_that_fails_for_days_is_disabled_and_what_waits_for_it_is_given_up(
    told: Told, api: Api, lives: Lives
) -> None:
    name, _ = register(api)
    told.answer = lambda _: DOWN
    told.ended(lives.completed())
    told.now += PATIENCE_MS - 2 * MINUTE
    told.ended(lives.completed())  # it is failing, so this one waits for the minute
    assert len(told.sent) == 1
    told.minute()
    assert api.get(f"{HOOKS}/{name}").json["status"] == "enabled"
    told.minute()
    told.now += MINUTE
    told.minute()
    shown = api.get(f"{HOOKS}/{name}").json
    assert (shown["status"], shown["reason"]) == ("disabled", "Nothing but failures for 5 days.")
    for _ in range(8):
        told.now += 5 * MINUTE
        told.minute()
    assert {one["status"] for one in api.get(f"{HOOKS}/{name}").json["deliveries"]} == {"failed"}
    assert pointers() == []


def test_a_receiver_that_is_away_costs_one_try_a_minute_and_keeps_no_other_waiting(
    told: Told, api: Api, lives: Lives
) -> None:
    register(api, "https://93.184.215.14/away")
    register(api, "https://93.184.215.14/there")
    told.answer = lambda _: DOWN
    for _ in range(4):
        told.ended(lives.completed())
    told.sent.clear()
    told.answer = lambda sent: DOWN if sent.url.endswith("away") else GOOD
    told.now += 2 * MINUTE
    told.minute()
    urls = [sent.url.rpartition("/")[2] for sent in told.sent]
    assert (urls.count("away"), urls.count("there")) == (1, 4)


def test_what_is_deleted_is_told_no_more(told: Told, api: Api, lives: Lives) -> None:
    name, _ = register(api)
    told.answer = lambda _: DOWN
    told.ended(lives.completed())
    assert api.delete(f"{HOOKS}/{name}").status == 200
    for _ in range(3):
        told.minute()
    told.ended(lives.completed())
    assert len(told.sent) == 1
    assert pointers() == []
    assert not [key for key in keys_in_bucket() if key.startswith("signing/")]


# Whatever crashes.


def test_a_receipt_whose_event_was_lost_is_told_by_the_minute(told: Told, api: Api, lives: Lives) -> None:
    register(api)
    lives.completed()
    told.now += 2 * MINUTE
    assert told.minute()["late"] == 1
    told.now += 2 * MINUTE  # kept then, and tried when a try that crashed would have been
    told.minute()
    assert len(told.sent) == 1
    assert not [key for key in keys_in_bucket() if key.startswith("untold/")]
    assert told.minute()["late"] == 0


def test_a_job_of_which_nobody_wants_to_be_told_leaves_no_mark(told: Told, api: Api, lives: Lives) -> None:
    told.ended(lives.completed())
    register(Api(tenant="globex"))
    told.ended(lives.completed())
    assert not [key for key in keys_in_bucket() if key.startswith(("untold/", "due/", "deliveries/"))]


@pytest.mark.parametrize("step", range(18))
def test_a_crash_between_any_two_calls_loses_no_delivery(step: int, told: Told, api: Api, lives: Lives) -> None:
    """The end is written by one process and told by another; either may die at any call, and the event is lost too."""
    register(api, "https://93.184.215.14/one")
    register(api, "https://93.184.215.14/two")
    job = lives.completed()
    dies = told.outside(crashing(s3(), after=step))
    try:
        try_new(dies, announce(dies, job))
    except Crash:
        pass
    else:
        assert step >= 16, "a call more: the crash is to be at each"
    told.now += 2 * MINUTE
    for _ in range(3):
        told.minute()
    assert {sent.url.rpartition("/")[2] for sent in told.sent} == {"one", "two"}
    assert len({sent.id for sent in told.sent}) == 2  # by which a receiver knows what comes twice
    assert [key for key in keys_in_bucket() if key.startswith(("untold/", "due/"))] == []


@pytest.mark.parametrize("step", range(6))
def test_a_crash_while_the_end_is_written_loses_no_delivery(
    step: int, told: Told, api: Api, lives: Lives, wired: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(api)
    job = lives.completed(receipt=False)
    request = wired.ledger.open_request(job)
    (ended,) = wired.queue.find(job)
    assert request
    assert ended
    receipt = Receipt(request, State.COMPLETED, 1, ended.at, result=ended.result)
    with suppress(Crash):
        told.outside(crashing(s3(), after=step)).ledger.close(receipt)
    requeue_stalled.handler({}, Context(remaining_ms=60_000))  # puts the receipt there, where it is not
    told.now = max(told.now, wired.now_ms()) + 2 * MINUTE
    for _ in range(3):
        told.minute()
    assert [sent.json["data"]["jobId"] for sent in told.sent] == [job]
    assert not [key for key in keys_in_bucket() if key.startswith("untold/")]


def test_of_two_who_try_the_same_delivery_at_once_one_sends_it(told: Told, api: Api, lives: Lives) -> None:
    register(api)
    told.answer = lambda _: DOWN
    told.ended(lives.completed())
    told.sent.clear()

    def meanwhile(sent: Sent) -> Reply:
        if len(told.sent) == 1:
            told.look()  # another one looks while this one sends
        return GOOD

    told.answer = meanwhile
    told.minute()
    assert len(told.sent) == 1


def test_a_delivery_that_cannot_be_read_keeps_no_other_waiting(told: Told, api: Api, lives: Lives) -> None:
    register(api)
    told.answer = lambda _: DOWN
    for _ in range(2):
        told.ended(lives.completed())
    broken = next(key for key in keys_in_bucket() if key.startswith("deliveries/"))
    boto3.client("s3").put_object(Bucket="reports", Key=broken, Body=b"{}")
    told.answer = lambda _: GOOD
    told.sent.clear()
    for _ in range(3):
        told.minute()
    assert len(told.sent) == 1


def test_no_secret_no_callback_and_no_address_reaches_a_log(told: Told, api: Api, lives: Lives, logs: StringIO) -> None:
    _, secret = register(api, "https://93.184.215.14/hooks?token=planted-in-a-hook")
    api.post(f"{HOOKS}/callback/rotate")
    told.answer = lambda _: DOWN
    told.ended(_ended(lives, callback="https://93.184.215.14/?token=planted-in-a-callback"))
    told.minute()
    assert "not delivered" in logs.getvalue()
    for word in ("planted", secret, json.dumps(URL)[1:-6]):
        assert word not in logs.getvalue()
