"""What dashboard and alarms look at is what the functions write: same namespace, name, dimensions and unit.

One run of all functions on a real broker, a real renderer and moto, in which everything happens once that is counted;
the lines in the embedded metric format that it prints are read as CloudWatch would.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from gateway import Api
from lives import Lives

from cdk_app.monitoring import dashboard
from cdk_app.monitoring.alarms import alarms
from cdk_app.monitoring.lines import Line, Search
from deployments import ENVIRONMENT, names
from functions.authorizer import handler as authorizer
from functions.notify import handler as notify
from functions.poller import handler as poller
from functions.requeue_stalled import handler as requeue_stalled
from functions.worker import handler as worker
from queue_words import MINUTE
from report_queue import desk, keys
from report_queue.measures import MEASURES, QUEUE
from report_queue.reports import report_types
from report_queue.telemetry import metrics
from report_queue.wiring import Wiring, wiring
from tests.ledger.words import Context, sample

NAMES = names(namespace="ReportQueue")
POWERTOOLS_OWN = {"ColdStart"}
Key = tuple[str, tuple[tuple[str, str], ...], str]  # name, dimensions, unit


@dataclass
class Written:
    """What a run wrote."""

    keys: set[Key] = field(default_factory=set)
    values: dict[str, list[float]] = field(default_factory=dict)

    def read(self, printed: str) -> None:
        for line in (json.loads(text) for text in printed.splitlines() if text.startswith('{"_aws"')):
            for directive in line["_aws"]["CloudWatchMetrics"]:
                assert directive["Namespace"] == "ReportQueue"
                for metric in directive["Metrics"]:
                    self.values.setdefault(metric["Name"], []).extend(line[metric["Name"]])
                    for shape in directive["Dimensions"]:
                        dimensions = tuple((name, line[name]) for name in shape)
                        self.keys.add((metric["Name"], dimensions, metric["Unit"]))


@contextmanager
def as_function(name: str) -> Iterator[None]:
    """As in the Lambda of that name."""
    before, metrics.provider.service = metrics.provider.service, name
    try:
        yield
    finally:
        metrics.provider.service = before


class Run:
    """All functions, as Lambda would call them."""

    def __init__(self, environment: Callable[..., None], wired: Wiring) -> None:
        self.environment, self.wired, self.api, self.lives = environment, wired, Api(), Lives(wired, Api())

    def everything(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Everything that is counted, once at least."""
        with as_function("submit"):
            self._submits()
        with as_function("dashboard"):
            assert self.api.post(f"/api/jobs/{self.lives.waiting(delaySeconds=600)}/cancel").status == 200
            assert self.api.get("/api/jobs/none").status == 404
        with as_function("authorizer"):
            self._asks_for_keys()
        self._drain()
        self._ticks()
        self._goes_wrong(monkeypatch)

    def _submits(self) -> None:
        again = {"idempotency-key": "once"}
        for _ in range(2):
            assert self._submit("test", headers=again).status == 202
        for _ in range(2):
            assert self._submit("test", options={"dedupKey": "d"}).status == 202
        for name in report_types():
            assert self._submit(name).status == 202
        unreadable = {"title": "\U00013000", "message": "a hieroglyph, which no font here has"}
        for name in report_types():
            if name == "test":
                assert self._submit(name, data=unreadable, options={"preflight": "fail"}).status == 202
        report = {"reportType": "test", "data": report_types()["test"].sample, "options": {"delaySeconds": 600}}
        answer = self.api.post("/api/v1/batches", body={"reports": [report]})
        assert answer.status == 202
        # Its result is asked for while its job has not ended: that attempt is made again later.
        batch = self.wired.batches.find(tenant="acme", id=answer.json["data"]["batchId"])
        assert batch
        desk.keep(self.wired, batch.result_request(0, accepted_at=self.wired.now_ms()))

    def _submit(self, name: str, *, data: Any = None, options: Any = None, **given: Any) -> Any:
        sent = {"reportType": name, "data": data or report_types()[name].sample, "options": options or {}}
        return self.api.submit(sent, **given)

    def _asks_for_keys(self) -> None:
        pepper = "ab" * 32
        kept = {"SecretString": json.dumps({"pepper": pepper, "keys": {}})}
        boto3.client("secretsmanager").create_secret(Name="report-queue/keys", **kept)
        authorizer._secret.cache_clear()
        key, *_ = keys.create("acme", ["read"], pepper, entropy=bytes(range(25)))
        event = {"headers": {"authorization": f"Bearer {key}"}, "requestContext": {"requestId": "r"}}
        assert authorizer.handler(event, Context()) == {"isAuthorized": False}  # type: ignore[arg-type]
        authorizer._secret.cache_clear()

    def _drain(self) -> None:
        context = Context(memory_limit_in_mb=3_008, remaining_ms=900_000)
        with as_function("worker"):
            ended = worker.handler(sample("worker"), context)["ended"]  # type: ignore[arg-type]
        assert ended == 4 + len(report_types())  # and the two that are submitted twice, the unreadable one, the result

    def _ticks(self) -> None:
        past = self.wired.queue.now() - 10 * MINUTE
        self.lives.waiting()
        self.wired.queue.claim(self.lives.worker, call=99, free=1, now=past)  # and dies
        with as_function("requeue_stalled"):
            requeue_stalled.handler(sample("requeue_stalled"), Context(remaining_ms=100_000))  # type: ignore[arg-type]
        with as_function("poller"):
            poller.handler(sample("poller"), Context(remaining_ms=6_000))  # type: ignore[arg-type]
        with as_function("notify"):
            notify.handler(sample("notify"), Context(remaining_ms=100_000))  # type: ignore[arg-type]

    def _goes_wrong(self, monkeypatch: pytest.MonkeyPatch) -> None:
        functions = {
            "dashboard": lambda: self.api.get("/api/jobs/" + "0" * 26),
            "submit": lambda: self._submit("test", options={"dedupKey": "other"}),
        }
        for name, ask in functions.items():
            with as_function(name):
                self.environment(broker_url="unix:///nonexistent/socket")
                assert ask().status == 503
                self.environment(bucket="elsewhere")
                assert ask().status == 503
                self.environment()
                with monkeypatch.context() as broken:
                    broken.setattr(type(wiring().queue), "find", None)
                    broken.setattr(type(wiring().queue), "admit", None)
                    assert ask().status == 500
                assert self.api.get("/no/such").status == self.api.submit({}).status - 18 == 404


@pytest.fixture
def written(
    environment: Callable[..., None],
    wired: Wiring,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Written:
    capsys.readouterr()
    found = Written()
    try:
        Run(environment, wired).everything(monkeypatch)
    finally:
        worker.RENDERER.close()
    found.read(capsys.readouterr().out)
    return found


def looked_at() -> tuple[set[Key], list[Search]]:
    """All of ours that dashboard and alarms name."""
    drawn = [one for row in dashboard.rows(NAMES, ENVIRONMENT) for graph in row.graphs for one in graph.lines]
    lines: list[Line] = [line for one in drawn for line in one.lines]
    lines += [line for alarm in alarms(NAMES, ENVIRONMENT) for line in alarm.watches.lines]
    ours = {
        (line.name, tuple(line.dimensions.items()), line.unit) for line in lines if line.namespace == NAMES.namespace
    }
    return ours, [one for one in drawn if isinstance(one, Search)]


def test_a_run_writes_all_that_dashboard_and_alarms_look_at_and_nothing_that_has_no_measure(written: Written) -> None:
    ours, searches = looked_at()
    by_type = {key for key in ours if key[0] == "FailedReports" and dict(key[1]).get("report_type") != "test"}
    assert len(ours) > 60
    assert sorted(ours - by_type - written.keys) == []  # one type has failed, which stands for the others

    # A search finds what has its dimensions.
    assert {search.measure.name for search in searches} == {"Failed", "Retried"}
    for search in searches:
        schema = re.search(r"\{ReportQueue,(.*?)\}", search.expression)
        assert schema
        shape = tuple(schema[1].split(","))
        assert any(
            name == search.measure.name and tuple(dict(dimensions)) == shape for name, dimensions, _ in written.keys
        )

    # Every measure is written, as it says of itself, and nothing else is.
    assert written.values.keys() - POWERTOOLS_OWN == MEASURES.keys()
    for name, dimensions, unit in written.keys:
        if name not in POWERTOOLS_OWN:
            measure, shape = MEASURES[name], tuple(dict(dimensions))
            assert (unit, shape in measure.dimensions) == (measure.unit, True)
            assert measure.of_function == (dict(dimensions)["service"] != QUEUE)
    shapes = {(name, tuple(dict(dimensions))) for name, dimensions, _ in written.keys}
    assert {(name, shape) for name, measure in MEASURES.items() for shape in measure.dimensions} <= shapes

    # The books of this run, and values that mean something.
    assert sum(written.values["Completed"]) == 2 + len(report_types())
    assert (sum(written.values["Failed"]), sum(written.values["Retried"])) == (1, 1)
    assert (sum(written.values["Replayed"]), sum(written.values["Duplicates"])) == (1, 1)
    assert sum(written.values["Stalled"]) == 1
    assert 0 < min(written.values["StartSeconds"]) <= max(written.values["EndToEndSeconds"]) < 300
    assert all(0.00001 < cost < 0.01 for cost in written.values["ReportCost"])
    assert all(memory > 10 for memory in written.values["PeakMemory"])

    # A dimension has few values: no job, no tenant.
    values = {value for _, dimensions, _ in written.keys for _, value in dimensions}
    assert not any(re.fullmatch(r"[0-9a-v]{26}|acme", value) for value in values)
