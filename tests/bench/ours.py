"""Our side of the benchmark, with the words of the peers' sides: `Queue` on a client as the functions have it.

Nothing is left out for speed: ids are made, wakes are granted, results have the shape of real ones.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import redis

sys.path.insert(0, str(Path(__file__).parents[1]))

from brokers import settings_for
from report_queue.job import Completed, Lease, NewJob
from report_queue.queue import Queue
from report_queue.replies import Shown, Worker
from report_queue.result import Result
from report_queue.wiring import broker, new_id, now_ms
from tests.bench.peers.side import go, measured, say, side

RESULT = Result(
    key="reports/acme/0chg4a2d8kq1v5m7e9r3t6w0.pdf",
    size=48_213,
    pages=3,
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    seconds=0.214,
    peak_memory_mb=61,
)


def queue_of(path: str, name: str) -> Queue:
    settings = settings_for(f"unix://{path}", queue=name)
    return Queue(broker(settings), settings)


def new_jobs(tenants: int) -> Iterator[NewJob]:
    for number in count():
        tenant = "acme" if tenants == 1 else f"tenant-{number % tenants:04}"
        yield NewJob(id=new_id(tenant, None), tenant=tenant, report_type="sales", accepted_at=now_ms())


def enqueue(path: str, queue: str, jobs: int, inflight: int = 1, **_: Any) -> dict[str, Any]:
    """One by one; or that many at once, each on a thread of its own."""
    producer, source = queue_of(path, queue), new_jobs(1)
    for job in islice(source, 100):
        producer.enqueue(job)
    began = time.time()

    def add(number: int) -> None:
        for job in islice(new_jobs(1), number):
            producer.enqueue(job)

    threads = [threading.Thread(target=add, args=(jobs // inflight,)) for _ in range(inflight)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return measured(jobs // inflight * inflight, began)


def bulk(path: str, queue: str, jobs: int, chunk: int, tenants: int = 1, **_: Any) -> dict[str, Any]:
    producer, source = queue_of(path, queue), new_jobs(tenants)
    producer.enqueue(next(source))
    began = time.time()
    for start in range(1, jobs, chunk):
        producer.enqueue(*islice(source, min(chunk, jobs - start)))
    return measured(jobs - 1, began)


def drain(path: str, queue: str, free: int, threads: int = 1) -> dict[str, Any]:
    """No-op jobs, `free` a round trip: each call ends the last ones and takes the next. One thread is one worker."""
    ended = [0] * threads
    workers = [(queue_of(path, queue), worker_of(number)) for number in range(threads)]
    for mine, _ in workers:
        mine.ping()

    def work(number: int) -> None:
        mine, worker = workers[number]
        leases: tuple[Lease, ...] = ()
        for call in count():
            finished = [Completed(lease, RESULT) for lease in leases]
            claimed = mine.claim(
                worker, call=call, free=free, shown=Shown(done=ended[number]), finished=finished, leave=True
            )
            ended[number] += len(finished)
            leases = claimed.leases
            if claimed.left:
                return

    running = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    began = go()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return measured(sum(ended), began)


def worker_of(number: int = 0) -> Worker:
    return Worker(id=f"{os.getpid()}-{number}", pid=os.getpid(), slots=2, started_at=now_ms())


def claim(path: str, queues: list[str], rounds: int, calls: int) -> dict[str, Any]:
    """A worker's own round trip, in turns on each queue: end the last job and take the next one."""
    watch = redis.Redis(unix_socket_path=path)
    sizes: list[dict[str, list[list[float]]]] = [{"trips": [], "server": []} for _ in queues]
    sides = [(queue_of(path, queue), count(), Worker("bench", os.getpid(), 2, now_ms())) for queue in queues]
    held: list[list[Completed]] = [[] for _ in queues]
    for round_number in range(rounds + 1):  # the first one warms
        for position, (mine, call, worker) in enumerate(sides):
            trips = []
            watch.slowlog_reset()
            watch.config_set("slowlog-log-slower-than", 0)
            for _ in range(calls):
                began = time.perf_counter()
                claimed = mine.claim(worker, call=next(call), free=1, finished=held[position])
                trips.append((time.perf_counter() - began) * 1e6)
                held[position] = [Completed(lease, RESULT) for lease in claimed.leases]
            watch.config_set("slowlog-log-slower-than", -1)
            log = watch.slowlog_get(-1)
            if round_number:
                sizes[position]["trips"].append(trips)
                scripts = [entry for entry in log if entry["command"].lower().startswith(b"evalsha")]
                sizes[position]["server"].append([float(entry["duration"]) for entry in scripts])
            mine.enqueue(*islice(new_jobs(1), calls))
    return {"sizes": sizes}


def hold(path: str, queue: str) -> dict[str, Any]:
    """A worker with a job in hand. It beats when it is told to, and is killed right after: so it takes longest."""
    mine, worker = queue_of(path, queue), worker_of()
    mine.enqueue(next(new_jobs(1)))
    claimed = mine.claim(worker, call=0, free=2)
    say(held=True, pids=[os.getpid()])
    sys.stdin.readline()
    mine.beat(worker, [(lease, 10) for lease in claimed.leases])
    say(beaten=True)
    time.sleep(3600)
    return {}


def wait(path: str, queue: str) -> dict[str, Any]:
    """A worker with a slot free, which asks as often as one does."""
    mine, worker = queue_of(path, queue), worker_of()
    say(ready=True)
    for call in count():
        if mine.claim(worker, call=call, free=1).leases:
            break
        time.sleep(0.25)
    return {"taken": time.time()}


if __name__ == "__main__":
    side(enqueue=enqueue, bulk=bulk, drain=drain, claim=claim, hold=hold, wait=wait)
