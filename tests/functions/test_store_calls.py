"""How often one report asks the store: what `report_queue.cost` and `cdk_app.costs` multiply by S3's prices."""

from collections import Counter

import pytest
from botocore.client import BaseClient
from gateway import Api

from cdk_app.costs import USE
from functions.notify import handler as notify
from functions.worker import handler as worker
from report_queue import cost
from report_queue.reports import report_types
from tests.ledger.words import Context, sample

_PUTS = {"PutObject", "ListObjectsV2"}
_GETS = {"GetObject", "HeadObject"}
_BY_THE_LINK = 1  # the caller's own, which no client of ours makes


def test_one_report_asks_the_store_as_often_as_its_costs_say(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[str] = Counter()
    call = BaseClient._make_api_call

    def counted(client: BaseClient, operation: str, words: dict[str, object]) -> object:
        if client.meta.service_model.service_name == "s3":
            calls[operation] += 1
        return call(client, operation, words)

    def asked(operations: set[str]) -> int:
        return sum(calls[operation] for operation in operations)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    job = api.submit({"reportType": "test", "data": report_types()["test"].sample}).json["data"]["jobId"]
    to_make = asked(_GETS)
    api.get(f"/api/jobs/{job}")
    before = asked(_GETS)
    worker.handler(sample("worker"), Context(memory_limit_in_mb=3_008, remaining_ms=900_000))  # type: ignore[arg-type]
    ended = sample("notify_ended")
    ended["detail"]["object"]["key"] = f"closed/{job}.json"  # S3 tells of the receipt; the tenant has no webhook
    notify.handler(ended, Context(remaining_ms=120_000))  # type: ignore[arg-type]
    to_make += asked(_GETS) - before
    api.get(f"/api/jobs/{job}")
    assert api.get(f"/api/v1/reports/{job}/download").status == 302
    assert asked(_PUTS) == cost.PUTS
    assert to_make == cost.GETS
    assert asked(_GETS) + _BY_THE_LINK == USE.gets
    assert calls.keys() <= _PUTS | _GETS | {"DeleteObject"}
