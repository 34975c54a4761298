"""Words that the queue's tests are written in."""

import itertools
from typing import Any

from report_queue.job import Completed, Failed, Job, Lease, NewJob
from report_queue.queue import Queue
from report_queue.replies import Where, Worker
from report_queue.result import Result

T0 = 1_800_000_000_000  # ms; the queue's tests bring their own time
SECOND = 1_000
MINUTE = 60 * SECOND

_calls = itertools.count(1_000)


def new_job(
    name: str, *, tenant: str = "acme", report_type: str = "sales", accepted_at: int = T0, **options: Any
) -> NewJob:
    return NewJob(id=name, tenant=tenant, report_type=report_type, accepted_at=accepted_at, **options)


def new_jobs(number: int, *, prefix: str = "job", **options: Any) -> list[NewJob]:
    """So many alike; their names sort in the order in which they are given."""
    return [new_job(f"{prefix}-{position:05d}", **options) for position in range(number)]


def worker(name: str = "w1", *, slots: int = 2) -> Worker:
    return Worker(id=name, pid=1, slots=slots, started_at=T0)


def claim(queue: Queue, free: int = 1, *, by: Worker | None = None, now: int = T0) -> tuple[Lease, ...]:
    """Up to so many leases, in a call of their own."""
    return queue.claim(by or worker(), call=next(_calls), free=free, now=now).leases


def claim_one(queue: Queue, *, by: Worker | None = None, now: int = T0, call: int = 0) -> Lease:
    (lease,) = queue.claim(by or worker(), call=call, free=1, now=now).leases
    return lease


def run_jobs(queue: Queue, number: int, *, slots: int = 1, now: int = T0) -> list[Lease]:
    """So many jobs start and complete, `slots` at a time; in the order of their starts."""
    started: list[Lease] = []
    running: tuple[Lease, ...] = ()
    while len(started) < number:
        ended = [completed(lease) for lease in running]
        free = min(slots, number - len(started))
        running = queue.claim(worker(), call=next(_calls), free=free, finished=ended, now=now).leases
        if not running:
            break
        started += running
    queue.claim(worker(), call=next(_calls), free=0, finished=[completed(lease) for lease in running], now=now)
    return started


def found(queue: Queue, name: str = "a") -> Job:
    """A job that the queue knows."""
    (job,) = queue.find(name)
    assert job
    return job


def listed(queue: Queue, tenant: str = "acme", *, limit: int = 100, **where: Any) -> list[str]:
    """The ids that a list shows on one page."""
    return [job.id for job in queue.list(tenant, Where(**where), limit=limit).jobs]


def key_of(queue: Queue, name: str) -> str:
    """The whole name of one of the broker's keys."""
    return next(key for key in queue._broker.keys if key.endswith(f":{name}"))


def completed(lease: Lease) -> Completed:
    return Completed(lease, Result(1, 1, "00", 0.1, 60, key="reports/acme/x.pdf"))


def failed(
    lease: Lease, *, permanent: bool = False, reason: str = "render.timeout", message: str = "it took too long"
) -> Failed:
    return Failed(lease, reason, message, permanent=permanent)
