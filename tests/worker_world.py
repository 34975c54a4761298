"""A worker's world: a real broker, moto's S3 and bus, a real renderer; and the story told in a few words."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from brokers import settings_for
from report_queue.data_ref import DataRef
from report_queue.edition import USUAL, Edition
from report_queue.job import Job, NewJob, State
from report_queue.ledger import Ledger
from report_queue.queue import Queue
from report_queue.render import Renderer
from report_queue.replies import Worker
from report_queue.reports import report_types
from report_queue.request import Request, random_job_id
from report_queue.settings import Settings
from report_queue.wake import Bus
from report_queue.wiring import broker, now_ms
from report_queue.worker import Drain, Drained

LONG = {"title": "Long", "message": "x", "rows": [{"label": f"row {n}", "value": n} for n in range(1000)]}


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    """One warm renderer for all tests, as in a warm function."""
    with Renderer() as started:
        yield started


@dataclass
class World:
    """Everything around a worker."""

    settings: Settings
    queue: Queue
    ledger: Ledger
    bus: Bus
    renderer: Renderer
    s3: Any

    def accept(
        self,
        report_type: str = "test",
        data: Any = None,
        *,
        tenant: str = "acme",
        attempts: int = 3,
        data_ref: DataRef | None = None,
        edition: Edition = USUAL,
    ) -> str:
        """As `submit` does: first the ledger, then the queue."""
        job_id = random_job_id(now_ms(), os.urandom(10))
        request = Request(
            id=job_id,
            tenant=tenant,
            report_type=report_type,
            data=report_types()[report_type].sample if data is None else data,
            digest="00",
            accepted_at=now_ms(),
            attempts=attempts,
            data_ref=data_ref,
            edition=edition,
        )
        self.ledger.accept(request)
        self.queue.enqueue(NewJob(job_id, tenant, report_type, request.accepted_at, attempts=attempts))
        return job_id

    def drain(self, *, name: str = "w1", remaining_ms: int = 900_000, token: str | None = None) -> Drained:
        """One run of a worker."""
        return self.worker(name=name, remaining_ms=remaining_ms).run(token)

    def worker(self, *, name: str = "w1", remaining_ms: int = 900_000) -> Drain:
        return Drain(
            worker=Worker(id=name, pid=1, slots=self.settings.slots, started_at=now_ms()),
            queue=self.queue,
            ledger=self.ledger,
            bus=self.bus,
            renderer=self.renderer,
            settings=self.settings,
            remaining_ms=lambda: remaining_ms,
            now_ms=now_ms,
        )

    def job(self, job_id: str) -> Job:
        (job,) = self.queue.find(job_id)
        assert job, f"the broker does not know {job_id}"
        return job

    def pdf(self, job_id: str, *, tenant: str = "acme") -> bytes:
        return bytes(self.s3.get_object(Bucket="reports", Key=f"reports/{tenant}/{job_id}.pdf")["Body"].read())

    def keys(self, prefix: str = "") -> list[str]:
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket="reports", Prefix=prefix).get("Contents", [])]

    def with_settings(self, **changes: Any) -> "World":
        """The same world, in which the worker and the queue go by other settings."""
        settings = self.settings.model_copy(update=changes)
        return replace(self, settings=settings, queue=Queue(broker(settings), settings))

    def ended_well(self, job_id: str) -> bool:
        """Completed, published and closed."""
        receipt = self.ledger.receipt(job_id)
        return (
            self.job(job_id).state is State.COMPLETED
            and receipt is not None
            and receipt.state is State.COMPLETED
            and self.ledger.open_request(job_id) is None
            and self.pdf(job_id).startswith(b"%PDF-")
        )


@pytest.fixture
def world(valkey: str, renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="reports")
        events = boto3.client("events", region_name="us-east-1")
        events.create_event_bus(Name="report-queue")
        settings = settings_for(valkey)
        yield World(
            settings=settings,
            queue=Queue(broker(settings), settings),
            ledger=Ledger(s3, bucket="reports"),
            bus=Bus(events, bus="report-queue"),
            renderer=renderer,
            s3=s3,
        )
