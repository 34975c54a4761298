"""SAQ's side of the benchmark: its defaults, but for 50 jobs at a time as BullMQ has; it has no bulk verb, so many
enqueues are in flight at once. A job may have three attempts: with SAQ's default of one nobody takes it over."""

import asyncio
import logging
import os
import time
from typing import Any

from redis.asyncio import Redis
from saq import Worker
from saq.queue.redis import RedisQueue
from side import go, measured, say, side, text

logging.disable(logging.WARNING)
_ended = [0, 0.0]


async def noop(ctx: Any, *, text: str = "") -> None:
    _ended[0] += 1
    _ended[1] = time.time()


async def report(ctx: Any) -> None:
    say(held=True, pids=[os.getpid()])
    await asyncio.sleep(3600)


async def take(ctx: Any) -> None:
    say(taken=time.time())
    os._exit(0)


def queue_of(path: str, name: str) -> RedisQueue:
    return RedisQueue(Redis(unix_socket_path=path), name=name)  # its from_url knows no socket


async def enqueue(path: str, queue: str, jobs: int, payload: int, inflight: int = 1) -> dict[str, Any]:
    producer = queue_of(path, queue)
    words = {"text": text(payload)} if payload else {}
    for _ in range(100):
        await producer.enqueue("noop", **words)
    began = time.time()
    for start in range(0, jobs, inflight):
        number = min(inflight, jobs - start)
        if number == 1:
            await producer.enqueue("noop", **words)
        else:
            await asyncio.gather(*(producer.enqueue("noop", **words) for _ in range(number)))
    return measured(jobs, began)


async def bulk(path: str, queue: str, jobs: int, payload: int, chunk: int) -> dict[str, Any]:
    return await enqueue(path, queue, jobs, payload, chunk)


async def drain(path: str, queue: str, concurrency: int) -> dict[str, Any]:
    consumer = queue_of(path, queue)
    worker = Worker(consumer, [noop], concurrency=concurrency, burst=True, dequeue_timeout=1)
    began = go()
    await worker.start()
    return measured(_ended[0], began, _ended[1])


async def hold(path: str, queue: str) -> dict[str, Any]:
    own = queue_of(path, queue)
    await own.enqueue("report", retries=3)
    await Worker(own, [("report", report)]).start()
    return {}


async def wait(path: str, queue: str) -> dict[str, Any]:
    worker = Worker(queue_of(path, queue), [("report", take)])
    say(ready=True)
    await worker.start()
    return {}


side(enqueue=enqueue, bulk=bulk, drain=drain, hold=hold, wait=wait)
