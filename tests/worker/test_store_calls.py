"""How often one report asks the store: what `cdk_app.costs` multiplies by S3's prices."""

from collections import Counter

import pytest

from cdk_app.costs import USE
from worker_world import World

_PUTS = {"PutObject", "ListObjectsV2"}
_GETS = {"GetObject", "HeadObject"}
_DOWNLOAD = 2  # the dashboard looks whether it is there, and the caller takes it by the link


def test_one_report_asks_the_store_as_often_as_its_costs_say(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.client import BaseClient

    calls: Counter[str] = Counter()
    call = BaseClient._make_api_call

    def counted(client: BaseClient, operation: str, words: dict[str, object]) -> object:
        if client.meta.service_model.service_name == "s3":
            calls[operation] += 1
        return call(client, operation, words)

    world.drain()
    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    world.accept("sales")
    world.drain()
    assert sum(calls[operation] for operation in _PUTS) == USE.puts
    assert sum(calls[operation] for operation in _GETS) + _DOWNLOAD == USE.gets
    assert calls.keys() <= _PUTS | _GETS | {"DeleteObject"}
