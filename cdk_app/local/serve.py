"""Serve an ASGI application inside this event loop, on a socket of 127.0.0.1 that is already open."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import uvicorn

from cdk_app.local.errors import StackError


class _Server(uvicorn.Server):
    """Leaves the signals to the supervisor."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(port: int) -> socket.socket:
    """Open the socket; 0 is any free port. Raises StackError where the port is taken."""
    try:
        return socket.create_server(("127.0.0.1", port), backlog=256)
    except (OSError, OverflowError) as error:
        raise StackError(
            f"cannot listen on port {port} ({error}); choose another with --port, 0 takes a free one"
        ) from error


@asynccontextmanager
async def serving(app: Any, sock: socket.socket) -> AsyncIterator[str]:
    """Serve until left; yields the URL."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # nobody stands before us, so nobody may say who the caller is
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task
        sock.close()
