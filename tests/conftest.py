"""What many tests need: real brokers (plain and cluster mode), and a fresh queue each."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from brokers import settings_for, valkey_server
from report_queue.queue import Queue
from report_queue.wiring import broker


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """URL of a plain broker."""
    with valkey_server() as url:
        yield url


@pytest.fixture(scope="session")
def valkey_cluster() -> Iterator[str]:
    """URL of a broker in cluster mode."""
    with valkey_server(cluster=True) as url:
        yield url


@pytest.fixture
def queue(valkey: str) -> Queue:
    """A fresh queue in the plain broker."""
    settings = settings_for(valkey)
    return Queue(broker(settings), settings)


@pytest.fixture(params=["plain", "cluster"])
def queue_with(request: pytest.FixtureRequest) -> Callable[..., Queue]:
    """Makes a fresh queue with the settings given; once in a plain broker and once in one in cluster mode."""
    url = request.getfixturevalue("valkey" if request.param == "plain" else "valkey_cluster")

    def make(**changes: Any) -> Queue:
        settings = settings_for(url, broker_cluster=request.param == "cluster", **changes)
        return Queue(broker(settings), settings)

    return make


@pytest.fixture
def any_queue(queue_with: Callable[..., Queue]) -> Queue:
    """A fresh queue with the usual settings, once in a plain broker and once in one in cluster mode."""
    return queue_with()
