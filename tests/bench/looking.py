"""How long it takes to look at a large queue: `python -m tests.bench.looking [--jobs N] [--looks N]`.

Fills one queue with jobs of 20 tenants and 4 report types, a quarter each waiting, delayed, completed and failed, with
tags and 50 different errors; then prints p50 and p95, in ms, of a round trip of each way to look, for one tenant, and
for a tenant that has nearly all.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import redis

sys.path.insert(0, str(Path(__file__).parents[1]))

from brokers import settings_for, valkey_server
from report_queue.job import Completed, Failed, NewJob, State
from report_queue.queue import BATCH, Queue
from report_queue.replies import Where, Worker
from report_queue.wiring import broker, new_id, now_ms
from tests.bench.ours import RESULT

TYPES = ("sales", "inventory", "performance", "test")
CHUNK = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--looks", type=int, default=200)
    options = parser.parse_args()
    with valkey_server(appendonly="no") as url, redis.Redis.from_url(url) as server:
        settings = settings_for(url, retention_completed_count=10**6, retention_failed_count=10**6)
        queue = Queue(broker(settings), settings)
        fill(queue, options.jobs)
        counts = queue.counts()
        print(f"{server.dbsize()} keys, {', '.join(f'{counts[state]:,} {state}' for state in State)}\n")
        print(f"{'ms':<40}{'p50':>8}{'p95':>8}")
        for name, look in looks(queue):
            show(name, look, options.looks)


def fill(queue: Queue, jobs: int) -> None:
    """A quarter waits, a quarter is delayed, the rest is claimed and ends, half of it badly."""
    worker = Worker("w", pid=1, slots=CHUNK, started_at=now_ms())
    for start in range(0, jobs // 2, BATCH):
        queue.enqueue(*(new_job(number) for number in range(start, min(start + BATCH, jobs // 2))))
        print(f"\rmade {start:,}", end="", file=sys.stderr, flush=True)
    finished: list[Completed | Failed] = []
    for call in count():
        leases = queue.claim(worker, call=call, free=CHUNK, finished=finished).leases
        finished = [
            Completed(lease, RESULT)
            if number % 2
            else Failed(lease, f"error.e{(call + number) % 50}", "it went wrong", permanent=True)
            for number, lease in enumerate(leases)
        ]
        if not leases:
            break
    for start in range(0, jobs // 2, BATCH):
        new = [new_job(number) for number in range(start, min(start + BATCH, jobs // 2))]
        due_at = now_ms() + 86_400_000
        queue.enqueue(*new[::2], *(delayed(job, due_at + number) for number, job in enumerate(new[1::2])))
    print("\r", end="", file=sys.stderr)


def new_job(number: int) -> NewJob:
    tenant = "most" if number % 10 else f"tenant-{number // 10 % 20:02}"
    return NewJob(
        id=new_id(tenant, None),
        tenant=tenant,
        report_type=TYPES[number // 7 % 4],
        accepted_at=now_ms(),
        tags=(f"day-{number // 7 % 30}",),
    )


def delayed(job: NewJob, due_at: int) -> NewJob:
    return NewJob(job.id, job.tenant, job.report_type, job.accepted_at, due_at=due_at, tags=job.tags)


def looks(queue: Queue) -> list[tuple[str, Callable[[], object]]]:
    found: list[tuple[str, Callable[[], object]]] = []
    for tenant in ("tenant-03", "most"):
        waiting = queue.list(tenant, Where(State.WAITING), limit=1).jobs[0]
        failed = queue.list(tenant, Where(State.FAILED), limit=1).jobs[0]
        wheres = {str(state): Where(state) for state in (State.WAITING, State.DELAYED, State.COMPLETED, State.FAILED)}
        wheres |= {
            "failed sales": Where(State.FAILED, "sales"),
            "a tag": Where(tag="day-3"),
            "a tag, failed": Where(State.FAILED, tag="day-3"),
            "an error": Where(State.FAILED, signature=failed.signature),
            "waiting since a minute ago": Where(State.WAITING, since=now_ms() - 60_000),
        }
        found += [(f"{tenant}: {name}", lambda t=tenant, w=where: queue.list(t, w)) for name, where in wheres.items()]
        found += [
            (f"{tenant}: failed, 3,000 jobs in", lambda t=tenant: queue.list(t, Where(State.FAILED), offset=3_000)),
            (f"{tenant}: counts", lambda t=tenant: queue.counts(t)),
            (f"{tenant}: groups of errors", lambda t=tenant: queue.groups(t)),
            (f"{tenant}: one job", lambda j=waiting: queue.find(j.id)),
            (f"{tenant}: why it waits", lambda j=waiting: queue.explain(j.id)),
        ]
    found.append(("numbers of 24 h", lambda: queue.numbers(minutes=1_440)))
    found.append(("gauges", queue.gauges))
    return found


def show(name: str, look: Callable[[], object], looks: int) -> None:
    look()
    taken = []
    for _ in range(looks):
        began = time.perf_counter()
        look()
        taken.append(1000 * (time.perf_counter() - began))
    print(f"{name:<40}{statistics.median(taken):>8.2f}{statistics.quantiles(taken, n=20)[-1]:>8.2f}", flush=True)


if __name__ == "__main__":
    main()
