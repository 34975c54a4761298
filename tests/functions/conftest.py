"""What tests of the functions stand on: a real broker, moto's S3, EventBridge and Secrets Manager, and a caller."""

import logging
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import uuid4

import boto3
import pytest
from gateway import Api, keys_in_bucket
from lives import Lives
from moto import mock_aws

from cdk_app.acl import VERBS
from report_queue.broker import Broker
from report_queue.settings import Settings
from report_queue.wiring import Wiring, outside, wiring

TESTS = Path(__file__).parents[1]
FUNCTIONS = TESTS.parent / "functions"


@pytest.fixture(autouse=True)
def verbs_are_granted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A handler runs no verb in the broker that its function's access rules leave out."""
    run, refused = Broker.run, []

    def guarded(self: Broker, verb: str, /, **arguments: Any) -> Any:
        frame: FrameType | None = sys._getframe().f_back
        while frame and not frame.f_code.co_filename.startswith((str(FUNCTIONS), str(TESTS))):
            frame = frame.f_back
        if frame and frame.f_code.co_filename.startswith(str(FUNCTIONS)):  # not a test that interferes
            function = Path(frame.f_code.co_filename).parent.name
            refused.extend([f"{function} runs {verb}"] if verb not in VERBS[function] else [])
        return run(self, verb, **arguments)

    monkeypatch.setattr(Broker, "run", guarded)
    yield
    assert refused == []


@pytest.fixture(scope="module")
def region() -> Iterator[None]:
    """A region of AWS with a bucket and a bus."""
    with pytest.MonkeyPatch.context() as environ, mock_aws():
        environ.setenv("AWS_ACCESS_KEY_ID", "testing")
        environ.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environ.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        for service in ("S3", "EVENTBRIDGE", "SECRETS_MANAGER"):
            environ.delenv(f"AWS_ENDPOINT_URL_{service}", raising=False)
        boto3.client("s3").create_bucket(
            Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        boto3.client("events").create_event_bus(Name="report-queue")
        yield


@pytest.fixture
def aws(region: None) -> None:
    """The region, swept: an empty bucket, no secret, and an archive of the bus that counts wakes from none."""
    for key in keys_in_bucket():
        boto3.client("s3").delete_object(Bucket="reports", Key=key)
    secrets = boto3.client("secretsmanager")
    for secret in secrets.list_secrets()["SecretList"]:
        secrets.delete_secret(SecretId=secret["Name"], ForceDeleteWithoutRecovery=True)
    events = boto3.client("events")
    for archive in events.list_archives()["Archives"]:
        events.delete_archive(ArchiveName=archive["ArchiveName"])
    bus = events.describe_event_bus(Name="report-queue")["Arn"]
    events.create_archive(ArchiveName="wakes", EventSourceArn=bus)


@pytest.fixture
def environment(valkey: str, aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """The functions' environment, for a queue of its own; call it with settings to change some."""
    queue = f"q-{uuid4().hex[:8]}"

    def change(**changes: Any) -> None:
        settings = Settings(
            **{
                "broker_url": valkey,
                "queue": queue,
                "bucket": "reports",
                "bus": "report-queue",
                "keys_secret": "report-queue/keys",
                "webhook_networks": "127.0.0.0/8",
                "stay_ms": 0,  # no worker waits for a retry, unless a test is about that
                **changes,
            }
        )
        for name, value in settings.environment().items():
            monkeypatch.setenv(name, value)
        wiring.cache_clear()
        outside.cache_clear()

    change()
    yield change
    wiring.cache_clear()
    outside.cache_clear()


@pytest.fixture
def wired(environment: Callable[..., None]) -> Wiring:
    """The wiring that the functions use, before anything is changed."""
    return wiring()


@pytest.fixture
def api(environment: Callable[..., None]) -> Api:
    """A caller of tenant acme who may do everything."""
    return Api()


@pytest.fixture
def broker_away(environment: Callable[..., None]) -> None:
    """From here on nothing listens where the broker was."""
    environment(broker_url="unix:///nonexistent/socket")


@pytest.fixture
def store_away(environment: Callable[..., None]) -> None:
    """From here on the bucket is not to be had."""
    environment(bucket="elsewhere")


@pytest.fixture
def lives(wired: Wiring, api: Api) -> Lives:
    """Takes jobs of tenant acme to any state."""
    return Lives(wired, api)


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What the functions log, as CloudWatch would get it."""
    written = StringIO()
    for handler in logging.getLogger("test").handlers:
        monkeypatch.setattr(handler, "stream", written)
    return written
