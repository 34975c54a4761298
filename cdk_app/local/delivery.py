"""Asynchronous invocations, as EventBridge makes them: nobody waits for the answer.

An event that finds no free sandbox waits; one that got too old is dropped, because a late wake is worth nothing.
Errors are tried again as often as the rule says, after one minute and then two, as Lambda does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from cdk_app.local.pool import Throttled
from cdk_app.local.sandbox import Answer


class Invoke(Protocol):
    """Invoke a function; raises Throttled if no sandbox becomes free within so many seconds."""

    def __call__(self, function: str, event: Any, *, within_s: float | None = None) -> Awaitable[Answer]: ...


class Delivery:
    """The events that are under way."""

    def __init__(self, invoke: Invoke, *, say: Callable[[str], None], retry_after_s: float = 60.0) -> None:
        self._invoke, self._say, self._retry_after_s = invoke, say, retry_after_s
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, function: str, event: Any, *, retries: int, max_age_s: float) -> None:
        """Deliver in the background."""
        task = asyncio.create_task(self._deliver(function, event, retries=retries, max_age_s=max_age_s))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    @property
    def under_way(self) -> int:
        """How many there are."""
        return len(self._under_way)

    async def stop(self) -> None:
        """Give up what is under way."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, function: str, event: Any, *, retries: int, max_age_s: float) -> None:
        clock = asyncio.get_running_loop().time
        end = clock() + max_age_s
        for tried in range(retries + 1):
            if tried:
                await asyncio.sleep(self._retry_after_s * tried)
            if (left := end - clock()) <= 0:
                break
            try:
                answer = await self._invoke(function, event, within_s=left)
            except Throttled:
                break
            if not answer.error:
                return
            self._say(f"{function} failed: {answer.payload.decode(errors='replace')[:300]}")
        else:
            return
        self._say(f"{function}: dropped an event that waited {max_age_s:g} s")
