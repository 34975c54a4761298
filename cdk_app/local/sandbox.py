"""Functions as Lambda runs them: behind the real Runtime Interface Emulator, one process a sandbox.

A sandbox serves one invocation at a time: the emulator does not survive two. It enforces the function's timeout, and it
sets no error header: an error is told by the shape of the answer. How many sandboxes there are is the pool's affair.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cdk_app.local.processes import Processes, descendants, free_port, tethered
from cdk_app.local.runtime import HANDLER, WARM_UP
from cdk_app.topology import Function

_TRIES = 3  # a port that was free may be taken when the emulator binds it
_SLACK_S = 10.0  # the emulator ends an invocation at the function's timeout; after this we stop believing in it


@dataclass(frozen=True)
class Answer:
    """What an invocation returned. `error`: the function raised, died or timed out, and payload says how."""

    payload: bytes
    error: bool = False
    lost: bool = False  # the runtime is gone: died or timed out


class InitError(Exception):
    """The function cannot even be imported; holds the answer that says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.payload.decode(errors="replace"))
        self.answer = answer


class EmulatorGone(InitError):
    """It ended while it started: the port of its runtime API was taken meanwhile, most likely."""


class Sandbox:
    """One emulator and the runtime below it."""

    def __init__(self, process: asyncio.subprocess.Process, *, port: int, timeout_s: float, client: httpx.AsyncClient):
        self.process = process
        self._url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        self._timeout_s = timeout_s
        self._client = client

    @property
    def alive(self) -> bool:
        """Whether the emulator runs and has a runtime."""
        return self.process.returncode is None and bool(descendants(self.process.pid))

    async def warm_up(self) -> None:
        """Start the runtime and import the function; raises InitError, EmulatorGone or ConnectError."""
        while True:
            try:
                answer = await self.invoke(WARM_UP)
            except httpx.ConnectError:
                if self.process.returncode is not None:
                    raise
                await asyncio.sleep(0.01)
            else:
                break
        if answer.lost and await self._ends_within(1):
            raise EmulatorGone(answer)
        if answer.error:
            raise InitError(answer)

    async def _ends_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), seconds)
        return self.process.returncode is not None

    async def invoke(self, event: Any) -> Answer:
        """One invocation."""
        try:
            response = await self._client.post(self._url, json=event, timeout=self._timeout_s + _SLACK_S)
        except httpx.ConnectError:
            raise
        except httpx.HTTPError as error:
            return lost(f"the sandbox broke: {type(error).__name__}")
        if response.status_code != httpx.codes.OK:
            return Answer(response.content, error=True, lost=True)
        if response.content.startswith(b"Task timed out after "):
            return lost(response.text)
        return Answer(response.content, error=_is_error(response.content))


def lost(message: str) -> Answer:
    payload = json.dumps({"errorType": "Sandbox.Lost", "errorMessage": message})
    return Answer(payload.encode(), error=True, lost=True)


def _is_error(payload: bytes) -> bool:
    """Whether this is the error object of the runtime client."""
    if not payload.startswith(b'{"error'):
        return False
    with suppress(ValueError):
        keys = set(json.loads(payload))
        return {"errorMessage", "errorType"} <= keys <= {"errorMessage", "errorType", "requestId", "stackTrace"}
    return False


@dataclass(frozen=True)
class Sandboxes:
    """Makes the sandboxes of one function: the emulator, the folder of the code, the environment, the log."""

    function: Function
    emulator: Path
    folder: Path
    environment: Mapping[str, str]
    log: Path
    processes: Processes
    client: httpx.AsyncClient

    async def start(self) -> Sandbox:
        """A new one, warm; raises InitError where the function cannot be imported."""
        for remaining in reversed(range(_TRIES)):
            sandbox = await self._spawn()
            try:
                await sandbox.warm_up()
            except BaseException as error:
                await self.end(sandbox)
                if not (isinstance(error, httpx.ConnectError | EmulatorGone) and remaining):
                    raise
            else:
                break
        return sandbox

    async def end(self, sandbox: Sandbox) -> None:
        await self.processes.end(sandbox.process)

    async def _spawn(self) -> Sandbox:
        port = free_port()
        process = await self.processes.start(
            str(self.emulator),
            *("--log-level", "warning"),
            *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
            *tethered(None, sys.executable, "-m", "awslambdaric", HANDLER),
            log=self.log,
            env=self.environment,
            cwd=self.folder,
        )
        return Sandbox(process, port=port, timeout_s=self.function.timeout_s, client=self.client)
