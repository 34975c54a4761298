"""Words that the ledger's tests are written in: a store, requests, reports, and clients that fail on purpose."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws

from report_queue.edition import Format
from report_queue.job import State
from report_queue.ledger import Ledger, Receipt
from report_queue.request import Request
from report_queue.result import Made, Result

EVENTS = Path(__file__).parents[2] / "events"
BUCKET = "reports"
BUS = "report-queue"
ID = "0" * 25 + "a"
T0 = 1_800_000_000_000  # ms
DUMMY = {"region_name": "eu-central-1", "aws_access_key_id": "none", "aws_secret_access_key": "none"}


class Crash(BaseException):
    """The process ends here: nothing catches it, as nothing catches a kill."""


class Watched:
    """A boto3 client that tells `hook` of each call before it is made; `calls` has their names."""

    def __init__(self, client: Any, hook: Callable[[str, dict[str, Any]], None] = lambda *_: None) -> None:
        self._client = client
        self._hook = hook
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **given: Any) -> Any:
            self._hook(name, given)
            self.calls.append(name)
            return getattr(self._client, name)(*args, **given)

        return call


def crashing(client: Any, *, after: int) -> Watched:
    """A client whose process dies when so many calls have been made."""

    def hook(name: str, given: dict[str, Any]) -> None:
        if len(watched.calls) == after:
            raise Crash

    watched = Watched(client, hook)
    return watched


def meanwhile(client: Any, operation: str, key: str, act: Callable[[], object]) -> Watched:
    """A client before whose first such call on such a key someone else acts."""
    acted = False

    def hook(name: str, given: dict[str, Any]) -> None:
        nonlocal acted
        if not acted and name == operation and given.get("Key", "").startswith(key):
            acted = True
            act()

    return Watched(client, hook)


@contextmanager
def aws() -> Iterator[None]:
    """S3 with the bucket, and EventBridge with the bus, in this process."""
    with mock_aws():
        boto3.client("s3", **DUMMY).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        boto3.client("events", **DUMMY).create_event_bus(Name=BUS)
        yield


def s3() -> Any:
    return boto3.client("s3", **DUMMY)


def ledger_on(client: Any) -> Ledger:
    return Ledger(client, bucket=BUCKET, sleep=lambda _: None)


def request(job_id: str = ID, **changes: Any) -> Request:
    given = {"tenant": "acme", "report_type": "sales", "data": {"rows": []}, "digest": "d1", "accepted_at": T0}
    return Request(**{"id": job_id, "attempts": 3, **given, **changes})


def receipt(of: Request, state: State = State.FAILED, *, result: Result | None = None, reason: str = "a") -> Receipt:
    failed = state is State.FAILED
    return Receipt(of, state, 1, T0 + 1, reason if failed else None, "it broke" if failed else None, result)


def publish(
    ledger: Ledger,
    body: bytes = b"%PDF first",
    *,
    job_id: str = ID,
    pages: int = 1,
    ending: Format = "pdf",
    **more: Any,
) -> Result:
    return ledger.publish(
        tenant="acme",
        id=job_id,
        ending=ending,
        body=io.BytesIO(body),
        made=Made(
            size=len(body),
            pages=pages,
            sha256=hashlib.sha256(body).hexdigest(),
            seconds=0.25,
            peak_memory_mb=61,
            **more,
        ),
    )


def stored(client: Any, key: str) -> bytes:
    return bytes(client.get_object(Bucket=BUCKET, Key=key)["Body"].read())


@dataclass
class Context:
    """What Lambda tells a function of its invocation."""

    function_name: str = "function"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:111122223333:function:function"
    aws_request_id: str = "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa"
    remaining_ms: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def sample(name: str) -> dict[str, Any]:
    """A sample event."""
    return dict(json.loads((EVENTS / f"{name}.json").read_text("utf-8")))


def metrics(printed: str) -> dict[str, float]:
    """The metrics that a function printed of its work, by name, added up; without what Powertools adds of its own."""
    told: dict[str, float] = {}
    for line in (json.loads(line) for line in printed.splitlines() if line.startswith('{"_aws"')):
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            told[metric["Name"]] = told.get(metric["Name"], 0) + sum(line[metric["Name"]])
    told.pop("ColdStart", None)
    return told
