"""RQ's side of the benchmark: its defaults and its fast ways, enqueue_many and, for the drain, SimpleWorker, which does
not fork a process for each job. A job may be tried again: without that RQ gives a lost one to nobody."""

import os
import sys
import time
from typing import Any

from redis import Redis
from rq import Queue, Retry, SimpleWorker, Worker
from side import go, measured, say, side, text

sys.modules.setdefault("with_rq", sys.modules["__main__"])  # jobs name their function by its module
_ended = [0, 0.0]


def noop(text: str = "") -> None:
    _ended[0] += 1
    _ended[1] = time.time()


def report(pid: int) -> None:
    """The first worker holds it until it is killed; the next says so."""
    if os.getppid() == pid:
        say(held=True, pids=[os.getpid(), pid])
        time.sleep(3600)
    say(taken=time.time())


def enqueue(path: str, queue: str, jobs: int, payload: int) -> dict[str, Any]:
    producer = Queue(queue, connection=Redis(unix_socket_path=path))
    words = text(payload)
    for _ in range(100):
        producer.enqueue("with_rq.noop", words)
    began = time.time()
    for _ in range(jobs):
        producer.enqueue("with_rq.noop", words)
    return measured(jobs, began)


def bulk(path: str, queue: str, jobs: int, payload: int, chunk: int) -> dict[str, Any]:
    producer = Queue(queue, connection=Redis(unix_socket_path=path))
    words = text(payload)
    began = time.time()
    for start in range(0, jobs, chunk):
        number = min(chunk, jobs - start)
        producer.enqueue_many([Queue.prepare_data("with_rq.noop", (words,)) for _ in range(number)])
    return measured(jobs, began)


def drain(path: str, queue: str, concurrency: int) -> dict[str, Any]:
    worker = SimpleWorker([queue], connection=Redis(unix_socket_path=path))
    began = go()
    worker.work(burst=True, logging_level="WARNING")
    return measured(_ended[0], began, _ended[1])


def hold(path: str, queue: str) -> dict[str, Any]:
    connection = Redis(unix_socket_path=path)
    Queue(queue, connection=connection).enqueue("with_rq.report", os.getpid(), retry=Retry(max=3))
    Worker([queue], connection=connection).work(logging_level="ERROR")
    return {}


def wait(path: str, queue: str) -> dict[str, Any]:
    say(ready=True)
    Worker([queue], connection=Redis(unix_socket_path=path)).work(logging_level="ERROR")
    return {}


side(enqueue=enqueue, bulk=bulk, drain=drain, hold=hold, wait=wait)
