"""A wake is an event with a token: nothing of the job, and no failure that anyone has to handle."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from cdk_app.topology import WAKE_DETAIL_TYPE, WAKE_SOURCE
from report_queue.wake import Bus
from tests.ledger.words import BUS, DUMMY, Watched, aws


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
