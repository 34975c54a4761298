"""What a run needs around its workers: a broker that can be killed, a store that fails, a proxy that loses replies."""

import multiprocessing
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any, Final

import redis
from botocore.exceptions import ClientError

from report_queue.ledger import Ledger
from report_queue.queue import Queue
from report_queue.settings import Settings
from tests.brokers import LastingBroker, lasting_broker, settings_for
from tests.lossy_proxy import LossyProxy, lossy_proxy

from .front import serve
from .history import History
from .pair import Pair, pair
from .worker import BUCKET, queue_at, store_client

_CLAIM: Final = re.compile(rb'"worker": "([^"]+)", "call": (\d+)')


@dataclass
class World:
    """All of it."""

    folder: Path
    forks: ForkServerContext
    history: History
    settings: Settings
    proxied: Settings  # the same, by way of the proxy
    broker: LastingBroker | Pair
    proxy: LossyProxy
    store: str  # URL
    client: Any  # of the store
    front: Any  # a pipe to it
    queue: Queue
    by_proxy: Queue  # the same
    ledger: Ledger
    eye: "redis.Redis"

    def read(self, key: str) -> bytes | None:
        """An object, past the code under test."""
        try:
            return bytes(self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        except ClientError:
            return None


@contextmanager
def world(*, moto: bool, replicated: bool = False, **changes: Any) -> Iterator[World]:
    """Everything up; it ends with the block."""
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["tests.chaos.worker", "tests.chaos.front"])
    with ExitStack() as stack:
        folder = Path(name := stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-", dir="/tmp")))
        lasting: LastingBroker | Pair = stack.enter_context(pair() if replicated else lasting_broker())
        history = History(folder, "run")

        class Hearing(LossyProxy):
            def hears(self, call: bytes) -> None:
                if found := _CLAIM.search(call):
                    history.add("heard", worker=found[1].decode(), call=int(found[2]))

        ours, theirs = forks.Pipe()
        front = forks.Process(target=serve, args=(folder, theirs, moto))
        front.start()
        stack.callback(front.join)
        stack.callback(ours.send, None)
        port = ours.recv()
        store = f"http://127.0.0.1:{port}"
        client = store_client(store, real=moto)
        if moto:
            client.create_bucket(Bucket=BUCKET)
        settings = settings_for(lasting.url, queue="chaos", **changes)
        proxied = settings.model_copy(update={"broker_url": f"unix://{name}/proxy"})
        target = lasting.url.removeprefix("unix://")
        with lossy_proxy(target, f"{name}/proxy", kind=Hearing) as proxy:
            yield World(
                folder=folder,
                forks=forks,
                history=history,
                settings=settings,
                proxied=proxied,
                broker=lasting,
                proxy=proxy,
                store=store,
                client=client,
                front=ours,
                queue=queue_at(settings),
                by_proxy=queue_at(proxied),
                ledger=Ledger(client, bucket=BUCKET),
                eye=redis.Redis.from_url(lasting.url, decode_responses=True),
            )
