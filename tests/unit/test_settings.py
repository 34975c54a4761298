"""The settings: what is written is what is read, and what does not go together is refused by name."""

import pytest
from pydantic import ValidationError

from report_queue.settings import Limits, Settings

ADDRESSES = {"broker_url": "rediss://cache", "bucket": "reports", "keys_secret": "report-queue/keys"}


def test_what_the_stacks_write_the_functions_read() -> None:
    settings = Settings(
        **ADDRESSES,
        broker_auth="iam",
        broker_user="prod-submit",
        broker_name="prod-queue",
        broker_serverless=True,
        wake_by="bucket",
        tenants={"acme": Limits(weight=3)},
    )
    assert Settings.read(settings.environment()) == settings


def test_a_function_differs_from_another_by_its_user() -> None:
    settings = Settings(**ADDRESSES, bus="wakes").model_copy(update={"broker_user": "prod-worker"})
    assert settings.environment()["REPORT_QUEUE_BROKER_USER"] == "prod-worker"


def test_a_bus_is_needed_where_wakes_are_its_events_and_only_there() -> None:
    with pytest.raises(ValidationError, match="bus: wake_by is bus, which needs one"):
        Settings(**ADDRESSES)
    assert Settings(**ADDRESSES, wake_by="bucket").bus == ""


@pytest.mark.parametrize(("name", "value"), [("broker_auth", "password"), ("wake_by", "pigeon")])
def test_a_way_that_there_is_not_is_refused_by_the_variables_name(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(**ADDRESSES, bus="wakes", **{name: value})
