"""arq's side of the benchmark: its defaults, but for 50 jobs at a time as BullMQ has; it has no bulk verb, so many
enqueues are in flight at once."""

import asyncio
import os
import time
from typing import Any

from arq import create_pool
from arq.connections import RedisSettings
from arq.worker import Worker, func
from side import go, measured, say, side, text

_ended = [0, 0.0]


async def noop(ctx: Any, text: str = "") -> None:
    _ended[0] += 1
    _ended[1] = time.time()


async def report(ctx: Any) -> None:
    say(held=True, pids=[os.getpid()])
    await asyncio.sleep(3600)


async def take(ctx: Any) -> None:
    say(taken=time.time())
    os._exit(0)


async def enqueue(path: str, queue: str, jobs: int, payload: int, inflight: int = 1) -> dict[str, Any]:
    producer = await create_pool(RedisSettings(unix_socket_path=path), default_queue_name=queue)
    words = text(payload)
    for _ in range(100):
        await producer.enqueue_job("noop", words)
    began = time.time()
    for start in range(0, jobs, inflight):
        number = min(inflight, jobs - start)
        if number == 1:
            await producer.enqueue_job("noop", words)
        else:
            await asyncio.gather(*(producer.enqueue_job("noop", words) for _ in range(number)))
    return measured(jobs, began)


async def bulk(path: str, queue: str, jobs: int, payload: int, chunk: int) -> dict[str, Any]:
    return await enqueue(path, queue, jobs, payload, min(chunk, 50))  # each enqueue in flight takes a connection


def worker_of(path: str, queue: str, function: Any, **words: Any) -> Worker:
    return Worker([function], queue_name=queue, redis_settings=RedisSettings(unix_socket_path=path), **words)


async def drain(path: str, queue: str, concurrency: int) -> dict[str, Any]:
    worker = worker_of(path, queue, noop, burst=True, max_jobs=concurrency)
    began = go()
    await worker.async_run()
    return measured(_ended[0], began, _ended[1])


async def hold(path: str, queue: str) -> dict[str, Any]:
    producer = await create_pool(RedisSettings(unix_socket_path=path), default_queue_name=queue)
    await producer.enqueue_job("report")
    await worker_of(path, queue, func(report, name="report")).async_run()
    return {}


async def wait(path: str, queue: str) -> dict[str, Any]:
    worker = worker_of(path, queue, func(take, name="report"))
    say(ready=True)
    await worker.async_run()
    return {}


side(enqueue=enqueue, bulk=bulk, drain=drain, hold=hold, wait=wait)
