"""The sandboxes of one function, as Lambda keeps them.

A pool grows as invocations overlap, up to its limit; beyond it they wait. A sandbox whose runtime died, timed out or
was given up is ended and replaced. Knows when sandboxes start and end, not how.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from cdk_app.local.sandbox import Answer, InitError, Sandbox, lost


class Throttled(Exception):
    """No sandbox became free in time."""


class Pool:
    """The sandboxes of one function; `start` makes one and `end` ends one."""

    def __init__(
        self, *, start: Callable[[], Awaitable[Sandbox]], end: Callable[[Sandbox], Awaitable[None]], limit: int
    ) -> None:
        self._start, self._end = start, end
        self._free = asyncio.Semaphore(limit)
        self._idle: list[Sandbox] = []

    async def warm(self) -> None:
        """Have one ready; raises InitError."""
        async with self._free:
            self._idle.append(await self._start())

    async def invoke(self, event: Any, *, within_s: float | None = None) -> Answer:
        """Invoke once; raises Throttled if no sandbox becomes free within so many seconds."""
        try:
            async with asyncio.timeout(within_s):
                await self._free.acquire()
        except TimeoutError:
            raise Throttled from None
        try:
            return await self._invoke(event)
        finally:
            self._free.release()

    async def _invoke(self, event: Any) -> Answer:
        try:
            sandbox = await self._take()
        except InitError as error:
            return error.answer
        answer = lost("the invocation was given up")
        try:
            answer = await sandbox.invoke(event)
        except httpx.ConnectError:
            answer = lost("the sandbox is gone")
        finally:  # also when this is cancelled: the runtime may still be at it, so the sandbox is not used again
            if answer.lost:
                await self._end(sandbox)
            else:
                self._idle.append(sandbox)
        return answer

    async def _take(self) -> Sandbox:
        while self._idle:
            sandbox = self._idle.pop()  # the one used last, as Lambda does
            if sandbox.alive:
                return sandbox
            await self._end(sandbox)
        return await self._start()
