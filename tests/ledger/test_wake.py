"""A wake is an event with a token: nothing of the job, and no failure that anyone has to handle."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from cdk_app.topology import WAKE_DETAIL_TYPE, WAKE_PREFIX, WAKE_SOURCE
from report_queue.settings import Settings
from report_queue.wake import PREFIX, Bus, WakeObjects, token_of
from report_queue.wiring import _wakes
from tests.ledger.words import BUCKET, BUS, DUMMY, Watched, aws


@pytest.fixture
def sent() -> list[list[dict[str, str]]]:
    return []


@pytest.fixture
def bus(sent: list[list[dict[str, str]]]) -> Iterator[Bus]:
    with aws():
        client = boto3.client("events", **DUMMY)
        yield Bus(Watched(client, lambda _, given: sent.append(given["Entries"])), bus=BUS)


def test_an_event_carries_its_token_and_nothing_else(bus: Bus, sent: list[list[dict[str, str]]]) -> None:
    assert bus.wake(["7"]) == 1
    ((entry,),) = sent
    assert json.loads(entry.pop("Detail")) == {"token": "7"}
    assert entry == {"EventBusName": BUS, "Source": WAKE_SOURCE, "DetailType": WAKE_DETAIL_TYPE}


def test_many_wakes_go_ten_at_a_time_and_none_goes_for_nothing(bus: Bus, sent: list[list[dict[str, str]]]) -> None:
    assert bus.wake(str(number) for number in range(23)) == 23
    assert [len(entries) for entries in sent] == [10, 10, 3]
    assert bus.wake(()) == 0
    assert len(sent) == 3


def test_a_bus_that_is_away_stops_nobody_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    client: Any = boto3.client("events", **DUMMY)
    with Stubber(client) as stub:
        stub.add_client_error("put_events", "InternalFailure", http_status_code=500)
        assert Bus(client, bus=BUS).wake(str(number) for number in range(23)) == 0
    assert "23 of 23 wakes were not taken" in caplog.text


def test_only_the_events_that_the_bus_took_count(caplog: pytest.LogCaptureFixture) -> None:
    client: Any = boto3.client("events", **DUMMY)
    with Stubber(client) as stub:
        refused = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
        stub.add_response("put_events", {"FailedEntryCount": 1, "Entries": [{"EventId": "e"}, refused]})
        assert Bus(client, bus=BUS).wake(["1", "2"]) == 1
    assert "1 of 2 wakes were not taken" in caplog.text


EVENTS = Path(__file__).parents[2] / "events"


def test_an_object_is_empty_and_named_by_its_token() -> None:
    with aws():
        client = boto3.client("s3", **DUMMY)
        assert WakeObjects(client, bucket=BUCKET).wake(iter(["7", "8"])) == 2
        assert WakeObjects(client, bucket=BUCKET).wake(["7"]) == 1  # a broker that was wiped counts anew
        found = client.list_objects_v2(Bucket=BUCKET)["Contents"]
        assert [(one["Key"], one["Size"]) for one in found] == [(f"{PREFIX}7", 0), (f"{PREFIX}8", 0)]
    assert PREFIX == WAKE_PREFIX


def test_a_bucket_that_is_away_stops_nobody_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    client: Any = boto3.client("s3", **DUMMY)
    with Stubber(client) as stub:
        stub.add_response("put_object", {})
        stub.add_client_error("put_object", "InternalError", http_status_code=500)
        assert WakeObjects(client, bucket=BUCKET).wake(["1", "2", "3"]) == 1
    assert "2 of 3 wakes were not taken by the bucket" in caplog.text


@pytest.mark.parametrize("name", ["worker", "worker_object"])
def test_either_event_brings_its_token(name: str) -> None:
    assert token_of(json.loads((EVENTS / f"{name}.json").read_text())) == "1"


def test_any_other_event_brings_none() -> None:
    other = {"detail": {"object": {"key": "reports/acme/7.pdf"}}}
    assert [token_of(event) for event in ({}, {"detail": {}}, other)] == [None, None, None]


def test_the_setting_says_which_way() -> None:
    given: Any = {"broker_url": "redis://x", "bucket": "reports", "keys_secret": "k"}
    with aws(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        assert isinstance(_wakes(Settings(**given, bus="b"), None), Bus)
        assert isinstance(_wakes(Settings(**given, wake_by="bucket"), None), WakeObjects)
