"""A broker and its replica behind one address, which leads to whichever is the primary, as a managed service has it.

Replication is asynchronous, as it is there: the primary answers before its replica knows. Between the two stands a
proxy that can be a black hole, which says nothing to either: then the primary is killed, and the replica takes its
place without the newest writes.

Debian's Redis 7.0 plays both, so this is also the promise on another engine.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import redis

from cdk_app.local.processes import free_port
from tests.brokers import started
from tests.lossy_proxy import Address, LossyProxy, lossy_proxy

_PATIENCE_S: Final = 10


class _Link(LossyProxy):
    """What a replica hears of its primary, until it is dark."""

    dark = False

    def passes(self, octets: bytes) -> bytes:
        return b"" if self.dark else octets


class _Server:
    """One Redis; a replica of whoever is reached by that address."""

    def __init__(self, program: Path, replica_of: tuple[str, int] | None = None) -> None:
        self._folder = tempfile.mkdtemp(prefix="rq-", dir="/tmp")
        follow = {"replicaof": f"{replica_of[0]} {replica_of[1]}"} if replica_of else {}
        config = {"repl-diskless-sync-delay": "0", **follow}
        self.process, self.url = started(self._folder, cluster=False, config=config, program=str(program))
        self.address = self.url.removeprefix("unix://")
        self.client: Any = redis.Redis.from_url(self.url, decode_responses=True)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self._folder)


class Pair:
    """Use it from the main thread: its servers end with the thread that started them."""

    def __init__(self, program: Path, address: str) -> None:
        self._program = program
        self.url = f"unix://{address}"
        self._primary = _Server(program)
        self._stack = ExitStack()
        self._door = self._stack.enter_context(lossy_proxy(self._primary.address, address))
        self._follow()

    def _follow(self) -> None:
        """A replica that has all that its primary has."""
        where: Address = ("127.0.0.1", free_port())
        self._link = self._stack.enter_context(lossy_proxy(self._primary.address, where, kind=_Link))
        self._replica = _Server(self._program, where)
        self._wait(lambda: self._replica.client.info("replication")["master_link_status"] == "up")

    def fail_over(self, *, missing: int) -> int:
        """The primary is gone, and its replica takes its place without at least so many of the newest writes: changes
        that the primary had made and, most of them, answered. Gives how many it was."""
        self._wait(lambda: self._replica.client.info("replication")["master_link_status"] == "up")
        self._link.dark = True
        before = self._writes()
        self._wait(lambda: self._writes() >= before + missing)
        self._replica.client.replicaof("NO", "ONE")
        missed = self._writes() - before
        self._primary.end()
        self._primary = self._replica
        self._door.target = self._primary.address
        self._follow()
        return missed

    def _writes(self) -> int:
        return int(self._primary.client.info("persistence")["rdb_changes_since_last_save"])

    def _wait(self, until: Any) -> None:
        began = time.monotonic()
        while not until():
            assert time.monotonic() - began < _PATIENCE_S, "the pair does not come to it"
            time.sleep(0.01)

    def end(self) -> None:
        self._stack.close()
        self._primary.end()
        self._replica.end()


@contextmanager
def pair() -> Iterator[Pair]:
    """One that ends with the block. Raises FileNotFoundError without Debian's redis-tools."""
    program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if not program:
        raise FileNotFoundError("no Redis: install the package redis-tools, which has the server's program")
    with tempfile.TemporaryDirectory(prefix="rq-", dir="/tmp") as folder:
        server = Path(folder, "redis-server")
        server.symlink_to(program)
        both = Pair(server, f"{folder}/door")
        try:
            yield both
        finally:
            both.end()
