"""A process that must be there as long as the stack is: started again whenever it ends by itself.

What AWS does for its services, we do for what stands in for them. Knows neither what it runs nor why it ended.
"""

import asyncio
from collections.abc import Awaitable, Callable

from cdk_app.local.errors import StackError
from cdk_app.local.processes import Processes

_PAUSE_S = 1.0


class Kept:
    """`start` starts the process and gives it; it is called again after each end that nobody asked for."""

    def __init__(
        self,
        start: Callable[[], Awaitable[asyncio.subprocess.Process]],
        *,
        name: str,
        processes: Processes,
        say: Callable[[str], None],
    ) -> None:
        self._start, self._name, self._processes, self._say = start, name, processes, say
        self._watch: asyncio.Task[None] | None = None
        self.process: asyncio.subprocess.Process

    async def begin(self) -> None:
        """Start it for the first time; raises what `start` raises."""
        self.process = await self._start()
        self._watch = asyncio.create_task(self._keep())

    async def end(self, *, grace_s: float = 0) -> None:
        """End it for good."""
        if self._watch:
            self._watch.cancel()
        await self._processes.end(self.process, grace_s=grace_s)

    async def _keep(self) -> None:
        while True:
            await self.process.wait()
            self._say(f"ended     {self._name}, by itself; it is started again")
            await asyncio.sleep(_PAUSE_S)
            try:
                self.process = await self._start()
            except StackError as error:
                self._say(f"error: {error}")
