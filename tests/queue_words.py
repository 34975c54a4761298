"""Words that the queue's tests are written in."""

from typing import Any

from report_queue.job import Completed, Failed, Lease, NewJob, Result
from report_queue.queue import Queue
from report_queue.replies import Worker

T0 = 1_800_000_000_000  # ms; the queue's tests bring their own time
SECOND = 1_000
MINUTE = 60 * SECOND


def new_job(
    name: str, *, tenant: str = "acme", report_type: str = "sales", accepted_at: int = T0, **options: Any
) -> NewJob:
    return NewJob(id=name, tenant=tenant, report_type=report_type, accepted_at=accepted_at, **options)


def worker(name: str = "w1", *, slots: int = 2) -> Worker:
    return Worker(id=name, pid=1, slots=slots, started_at=T0)


def claim_one(queue: Queue, *, by: Worker | None = None, now: int = T0, call: int = 0) -> Lease:
    (lease,) = queue.claim(by or worker(), call=call, free=1, now=now).leases
    return lease


def completed(lease: Lease) -> Completed:
    return Completed(lease, Result("reports/acme/x.pdf", 1, 1, "00", 0.1, 60))


def failed(lease: Lease, *, permanent: bool = False, reason: str = "render.timeout") -> Failed:
    return Failed(lease, reason, "it took too long", permanent=permanent)
