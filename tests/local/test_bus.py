"""Events reach their function without anybody waiting, or are dropped when they are too old."""

import asyncio
import json
import time
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from cdk_app.local.delivery import Delivery
from cdk_app.local.pool import Throttled
from cdk_app.local.sandbox import Answer

EVENTS = Path(__file__).parents[2] / "events"


@pytest.fixture
def events(stub):
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return boto3.client("events", region_name="us-east-1", endpoint_url=stub.bus, **keys)


def _entry(*, source="report-queue", detail_type="wake", detail='{"token": "t"}', bus="report-queue"):
    return {"Source": source, "DetailType": detail_type, "Detail": detail, "EventBusName": bus}


def _lines(path: Path, wanted) -> list[dict]:
    """What a sink wrote, once it holds what is wanted."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        if any(wanted(line) for line in lines):
            return lines
        time.sleep(0.02)
    raise AssertionError(f"never arrived; {path} holds {lines}")


def test_an_event_that_a_rule_matches_reaches_its_function(stub, events):
    answer = events.put_events(Entries=[_entry(detail='{"token": "one"}')])
    assert answer["FailedEntryCount"] == 0
    got = _lines(stub.code / "sink" / "got", lambda event: event["detail"] == {"token": "one"})
    event = next(event for event in got if event["detail"] == {"token": "one"})
    assert event["id"] == answer["Entries"][0]["EventId"]
    assert (event["source"], event["detail-type"], event["version"]) == ("report-queue", "wake", "0")


def test_events_that_no_rule_matches_go_nowhere(stub, events):
    others = [_entry(source="other", detail='{"no": 1}'), _entry(detail_type="other", detail='{"no": 2}')]
    events.put_events(Entries=[*others, _entry(bus="default", detail='{"no": 3}'), _entry(detail='{"last": 1}')])
    got = _lines(stub.code / "sink" / "got", lambda event: event["detail"] == {"last": 1})
    assert not [event for event in got if "no" in event["detail"]]


def test_what_eventbridge_would_refuse_is_refused(events):
    answer = events.put_events(Entries=[_entry(detail="{no json")])
    assert answer["Entries"][0]["ErrorCode"] == "MalformedDetail"
    with pytest.raises(ClientError, match="less than or equal to 10"):
        events.put_events(Entries=[_entry()] * 11)


def test_a_schedule_fires_at_start(stub):
    got = _lines(stub.code / "ticked" / "got", lambda event: True)
    assert (got[0]["source"], got[0]["detail-type"]) == ("aws.events", "Scheduled Event")


def _store(stack):
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return boto3.client("s3", region_name="us-east-1", endpoint_url=stack.address["aws"], **keys)


def test_where_wakes_are_objects_each_is_told_as_s3_tells_it(start_stub):
    stack = start_stub("--wakes", "bucket")
    store = _store(stack)
    for key in ("reports/acme/a.pdf", "wakes/7"):
        store.put_object(Bucket="report-queue", Key=key, Body=b"")
    stack_events = boto3.client(
        "events",
        region_name="us-east-1",
        endpoint_url=stack.bus,
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    stack_events.put_events(Entries=[_entry(detail='{"object": {"key": "by the bus"}}')])
    store.put_object(Bucket="report-queue", Key="wakes/8", Body=b"")
    got = _lines(stack.code / "sink" / "got", lambda event: event["detail"]["object"]["key"] == "wakes/8")
    assert [event["detail"]["object"]["key"] for event in got] == ["wakes/7", "wakes/8"]
    sample = json.loads((EVENTS / "worker_object.json").read_text())
    assert got[0].keys() == sample.keys()
    assert got[0]["detail"].keys() == sample["detail"].keys()
    assert got[0]["detail"]["object"].keys() == sample["detail"]["object"].keys() - {"version-id"}
    for name in ("source", "detail-type", "resources", "version"):
        assert got[0][name] == sample[name]


def test_where_wakes_are_events_an_object_is_told_to_nobody(stub, events):
    _store(stub).put_object(Bucket="report-queue", Key="wakes/9", Body=b"")
    events.put_events(Entries=[_entry(detail='{"after": "the object"}')])
    got = _lines(stub.code / "sink" / "got", lambda event: event["detail"] == {"after": "the object"})
    assert not [event for event in got if event["source"] == "aws.s3"]


def test_a_browser_makes_no_events(stub):
    for path in ("/", "/objects"):
        answer = httpx.post(f"{stub.bus}{path}", json={}, headers={"origin": "http://evil.example"}, trust_env=False)
        assert answer.status_code == 403


def _deliver(answers, *, retries, max_age_s):
    """Deliver one event to a function that does these things in turn; returns how often it was asked, what was said."""
    asked, said, turns = [], [], iter(answers)

    async def invoke(function, event, *, within_s=None):
        asked.append(within_s)
        turn = next(turns)
        if turn is Throttled:
            await asyncio.sleep(within_s)
            raise Throttled
        return turn

    async def run():
        delivery = Delivery(invoke, say=said.append, retry_after_s=0.02)
        delivery.send("f", {}, retries=retries, max_age_s=max_age_s)
        while delivery.under_way:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(run(), 10))
    return asked, said


BAD, GOOD = Answer(b'{"errorType": "x", "errorMessage": "y"}', error=True), Answer(b"null")


def test_an_event_that_finds_no_sandbox_is_dropped_after_its_maximum_age():
    asked, said = _deliver([Throttled], retries=5, max_age_s=0.1)
    assert len(asked) == 1
    assert said == ["f: dropped an event that waited 0.1 s"]


def test_an_error_is_tried_again_as_often_as_the_rule_says():
    assert len(_deliver([BAD, BAD, GOOD], retries=2, max_age_s=60)[0]) == 3
    assert len(_deliver([BAD, BAD, BAD], retries=1, max_age_s=60)[0]) == 2
    assert len(_deliver([BAD, GOOD], retries=0, max_age_s=60)[0]) == 1


def test_no_retry_outlives_the_maximum_age():
    asked, said = _deliver([BAD] * 9, retries=8, max_age_s=0.05)
    assert len(asked) < 9
    assert said[-1] == "f: dropped an event that waited 0.05 s"
