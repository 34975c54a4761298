"""The dashboard: rows that are read from top to bottom, from what users feel down to what it costs.

A row is a line of text, which says what it is for and leads to the runbook, and the graphs below it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cdk_app.environments import Environment
from cdk_app.monitoring.lines import (
    Drawn,
    Line,
    Names,
    Search,
    Sum,
    fields,
    of_api,
    of_aws,
    of_broker,
    of_functions,
    ours,
    total,
)
from report_queue import measures as m
from report_queue.reports import report_types

WIDTH: Final = 24
_TEXT, _GRAPH = 2, 6  # heights
_TITLE: Final = "Report queue"


@dataclass(frozen=True)
class Graph:
    """What is drawn together. `axis` is the unit that people read."""

    title: str
    lines: Sequence[Drawn]
    axis: str
    width: int = 6
    stacked: bool = False
    mark: float | None = None  # a line across: what is meant


@dataclass(frozen=True)
class Row:
    """One question."""

    title: str
    text: str
    graphs: tuple[Graph, ...]
    sections: tuple[str, ...]  # of the runbook


def rows(names: Names, environment: Environment) -> tuple[Row, ...]:
    """All rows of a deployment."""
    return (
        _users(names),
        _queue(names, environment),
        _rendering(names),
        _functions(names),
        _broker(names),
        _api(names),
        _money(names),
    )


def body(
    names: Names, environment: Environment, *, region: str, alarm_arns: Sequence[str] = (), runbook: str = ""
) -> dict[str, Any]:
    """The dashboard as CloudWatch reads it; `runbook` is where RUNBOOK.md is read."""
    widgets: list[dict[str, Any]] = [
        _widget("text", 0, 0, WIDTH, _TEXT, {"markdown": _head(environment, runbook)}),
        _widget("alarm", 0, _TEXT, WIDTH, 4, {"title": "Alarms", "alarms": list(alarm_arns)}),
    ]
    y = _TEXT + 4
    for row in rows(names, environment):
        links = " · ".join(f"[{section}]({runbook}#{section})" for section in row.sections)
        widgets.append(
            _widget("text", 0, y, WIDTH, _TEXT, {"markdown": f"## {row.title}\n{row.text} Runbook: {links}"})
        )
        y += _TEXT
        x = 0
        for graph in row.graphs:
            if x + graph.width > WIDTH:
                x, y = 0, y + _GRAPH
            widgets.append(_widget("metric", x, y, graph.width, _GRAPH, _drawn(graph, region)))
            x += graph.width
        y += _GRAPH
    return {"start": "-PT3H", "periodOverride": "inherit", "widgets": widgets}


def _head(environment: Environment, runbook: str) -> str:
    return (
        f"# {_TITLE} · {environment.name}\n"
        f"Read from top to bottom: the first row that is not as it should be says where to look. [Runbook]({runbook}) ·"
        " Questions to the logs: Logs Insights, Queries, folder of this environment."
    )


def _users(names: Names) -> Row:
    ended = {"done": ours(names, m.COMPLETED, "Sum"), "failed": ours(names, m.FAILED, "Sum")}
    success = Sum(
        "IF(FILL(done, 0) + FILL(failed, 0) > 0, 100 * FILL(done, 0) / (FILL(done, 0) + FILL(failed, 0)))",
        ended,
        "% completed",
    )
    return Row(
        "What users feel",
        "Reports come out, and start within a minute.",
        (
            Graph("Success", (success,), "%", mark=90),
            Graph("Start within 60 s", (ours(names, m.START, "PR(:60)", label="% within 60 s"),), "%", mark=95),
            Graph("Time to start", _quantiles(names, m.START), "s", mark=60),
            Graph("End to end", _quantiles(names, m.END_TO_END), "s"),
            Graph(
                "Jobs that ended",
                (
                    ours(names, m.COMPLETED, "Sum", label="completed"),
                    ours(names, m.FAILED, "Sum", label="failed"),
                    ours(names, m.CANCELLED, "Sum", label="cancelled"),
                ),
                "jobs a minute",
                width=8,
                stacked=True,
            ),
            Graph("Failures by reason", (Search(names.namespace, m.FAILED, "Sum"),), "jobs a minute", width=8),
            Graph("Failures by type", _by_type(names, m.FAILED_REPORTS, "Sum"), "jobs a minute", width=8),
        ),
        ("reports-fail", "start-slow"),
    )


def _queue(names: Names, environment: Environment) -> Row:
    cap = environment.settings.get("workers")
    return Row(
        "Queue",
        "What waits, since when, for how long still; and whether anybody works. Gauges come once a minute.",
        (
            Graph(
                "Jobs in the queue",
                (
                    ours(names, m.WAITING, "Maximum", label="waiting"),
                    ours(names, m.DELAYED, "Maximum", label="delayed"),
                    ours(names, m.ACTIVE, "Maximum", label="active"),
                ),
                "jobs",
                stacked=True,
            ),
            Graph("Oldest that waits", (ours(names, m.OLDEST, "Maximum", label="oldest"),), "s", mark=300),
            Graph("Until nothing waits", (ours(names, m.DRAIN, "Maximum", label="at the pace of late"),), "s"),
            Graph("Workers", (ours(names, m.WORKERS, "Maximum", label="alive"),), "workers", mark=cap),
            Graph(
                "What came in",
                (
                    ours(names, m.ACCEPTED, "Sum", label="accepted"),
                    ours(names, m.REPLAYED, "Sum", label="replayed"),
                    ours(names, m.DUPLICATES, "Sum", label="duplicates"),
                ),
                "jobs a minute",
            ),
            Graph(
                "Attempts that came to nothing",
                (
                    ours(names, m.RETRIED, "Sum", label="retried"),
                    ours(names, m.STALLED, "Sum", label="stalled"),
                    ours(names, m.LOST, "Sum", label="lost"),
                ),
                "attempts a minute",
            ),
            Graph(
                "Books",
                (
                    ours(names, m.DRIFT, "Maximum", label="drift"),
                    ours(names, m.RECONCILED, "Sum", label="reconciled"),
                    ours(names, m.UNRESOLVED, "Sum", label="unresolved"),
                    ours(names, m.MISPLACED, "Sum", label="misplaced"),
                ),
                "jobs",
            ),
            Graph(
                "Schedules and batches",
                (
                    ours(names, m.FIRED, "Sum", label="fired"),
                    ours(names, m.SKIPPED, "Sum", label="skipped"),
                    ours(names, m.SCHEDULE_FAULTS, "Sum", label="faults"),
                    ours(names, m.EXPANDED, "Sum", label="batches expanded late"),
                    ours(names, m.ASSEMBLED, "Sum", label="batches assembled"),
                ),
                "a minute",
            ),
            Graph(
                "Webhooks",
                (
                    ours(names, m.HOOKS_DELIVERED, "Sum", label="delivered"),
                    ours(names, m.HOOKS_FAILED, "Sum", label="tries that failed"),
                    ours(names, m.HOOKS_GIVEN_UP, "Sum", label="given up"),
                ),
                "a minute",
                width=12,
            ),
            Graph(
                "Webhooks that wait",
                (
                    ours(names, m.HOOKS_WAITING, "Maximum", label="waiting"),
                    ours(names, m.HOOKS_LEFT, "Maximum", label="not come to"),
                    ours(names, m.HOOKS_LATE, "Sum", label="found by their marks"),
                ),
                "messages",
                width=12,
            ),
        ),
        (
            "oldest-waits",
            "poller-silent",
            "recovery-silent",
            "drift",
            "unresolved",
            "misplaced",
            "jobs-stall",
            "schedules-fail",
            "notify-silent",
            "webhooks-late",
        ),
    )


def _rendering(names: Names) -> Row:
    return Row(
        "Rendering",
        "Which type is slow, large or hungry; a type that is new here is a new folder of report types.",
        (
            Graph("Rendering by type", _by_type(names, m.RENDER, "p95"), "s, p95"),
            Graph("Reports by type", _by_type(names, m.COMPLETED, "Sum"), "reports a minute", stacked=True),
            Graph("Memory by type", _by_type(names, m.MEMORY, "Maximum"), "MB, most"),
            Graph("Retries by reason", (Search(names.namespace, m.RETRIED, "Sum"),), "attempts a minute"),
            Graph("Pages by type", _by_type(names, m.PAGES, "p95"), "pages, p95", width=12),
            Graph("Size by type", _by_type(names, m.BYTES, "p95"), "bytes, p95", width=12),
        ),
        ("attempts-retry", "render-slow", "render-memory"),
    )


def _functions(names: Names) -> Row:
    return Row(
        "Functions",
        "Lambda's own view. A worker drains for up to 15 minutes: that is its duration, and no fault.",
        (
            Graph("Errors by function", of_functions(names, "Errors", "Sum"), "errors a minute"),
            Graph("Throttles by function", of_functions(names, "Throttles", "Sum"), "throttles a minute"),
            Graph(
                "Events dropped",
                of_functions(
                    names, "AsyncEventsDropped", "Sum", functions=("worker", "poller", "requeue_stalled", "notify")
                ),
                "events a minute",
            ),
            Graph("Concurrency", of_functions(names, "ConcurrentExecutions", "Maximum"), "at once"),
            Graph(
                "Duration by function",
                of_functions(names, "Duration", "p99", functions=("authorizer", "submit", "dashboard", "preview")),
                "ms, p99",
                width=12,
            ),
            Graph("Invocations", of_functions(names, "Invocations", "Sum"), "a minute", width=12),
        ),
        ("functions-fail", "functions-throttled", "wakes-dropped"),
    )


def _broker(names: Names) -> Row:
    if names.nodes:
        memory: list[Line] = of_broker(names, "DatabaseMemoryUsagePercentage", "Maximum")
        graphs = (
            Graph("Broker memory", memory, "%", mark=75),
            Graph("Broker load", of_broker(names, "EngineCPUUtilization", "Average"), "%", mark=70),
            Graph("Behind its primary", of_broker(names, "ReplicationLag", "Maximum"), "s"),
        )
    else:
        graphs = (
            Graph("Broker memory", of_broker(names, "BytesUsedForCache", "Maximum"), "bytes"),
            Graph(
                "Broker load",
                [
                    *of_broker(names, "ElastiCacheProcessingUnits", "Sum"),
                    *of_broker(names, "ThrottledCmds", "Sum"),
                ],
                "a minute",
            ),
            Graph("Time of a write", of_broker(names, "SuccessfulWriteRequestLatency", "p99"), "µs, p99"),
        )
    refused = (
        *of_broker(names, "Evictions", "Sum"),
        *of_broker(names, "AuthenticationFailures", "Sum"),
        *of_broker(names, "CommandAuthorizationFailures", "Sum"),
    )
    return Row(
        "Broker",
        "It holds the order of the jobs and nothing else: wiped, it is filled again within minutes.",
        (
            *graphs,
            Graph(
                "What it says of itself",
                (ours(names, m.BROKER_MEMORY, "Maximum", label="bytes used"),),
                "bytes",
            ),
            Graph("Evicted and refused", refused, "a minute", width=12),
            Graph("Connections", of_broker(names, "CurrConnections", "Maximum"), "connections", width=12),
        ),
        ("broker-away", "broker-full", "broker-busy", "broker-evicts", "broker-refuses"),
    )


def _api(names: Names) -> Row:
    http = ("submit", "dashboard")
    return Row(
        "API",
        "What callers see. 4xx are theirs, 5xx are ours.",
        (
            Graph(
                "Answers",
                (
                    of_api(names, "Count", "Sum", label="all"),
                    of_api(names, "4xx", "Sum", label="4xx"),
                    of_api(names, "5xx", "Sum", label="5xx"),
                ),
                "a minute",
            ),
            Graph(
                "Latency",
                (
                    of_api(names, "Latency", "p50", label="p50"),
                    of_api(names, "Latency", "p99", label="p99"),
                    of_api(names, "IntegrationLatency", "p99", label="of it, functions p99"),
                ),
                "ms",
            ),
            Graph(
                "Requests refused",
                (
                    total([ours(names, m.REQUESTS, "Sum", service=name) for name in http], label="answered"),
                    total([ours(names, m.REFUSED, "Sum", service=name) for name in http], label="refused"),
                    ours(names, m.REQUESTS, "Sum", service="authorizer", label="keys checked"),
                    ours(names, m.DENIED, "Sum", service="authorizer", label="keys denied"),
                ),
                "a minute",
            ),
            Graph(
                "Away",
                (
                    total([ours(names, m.BROKER_AWAY, "Sum", service=name) for name in http], label="broker away"),
                    total([ours(names, m.STORE_AWAY, "Sum", service=name) for name in http], label="bucket away"),
                    total([ours(names, m.UNEXPECTED, "Sum", service=name) for name in http], label="our mistakes"),
                ),
                "requests a minute",
            ),
        ),
        ("api-fails", "api-slow", "store-away", "unexpected", "keys-denied"),
    )


def _money(names: Names) -> Row:
    hour, day = 3_600, 86_400
    each = Sum(
        "IF(FILL(done, 0) > 0, 1000 * cost / done)",
        {"cost": ours(names, m.COST, "Sum", period=hour), "done": ours(names, m.COMPLETED, "Sum", period=hour)},
        "USD for 1,000 reports",
        hour,
    )
    stored = {"BucketName": names.bucket, "StorageType": "StandardStorage"}
    objects = {"BucketName": names.bucket, "StorageType": "AllStorageTypes"}
    return Row(
        "Money",
        "List prices of us-east-1 for what reports use: Lambda, the API, the bus, S3's requests. By the hour.",
        (
            Graph("Cost of reports", (each,), "USD"),
            Graph(
                "Cost by type",
                [
                    ours(names, m.COST, "Sum", label=name, period=hour, report_type=name)
                    for name in sorted(report_types())
                ],
                "USD an hour",
                stacked=True,
            ),
            Graph("The bucket", (of_aws("AWS/S3", "BucketSizeBytes", stored, "Average", period=day),), "bytes"),
            Graph("Its objects", (of_aws("AWS/S3", "NumberOfObjects", objects, "Average", period=day),), "objects"),
        ),
        ("spend-high",),
    )


def _quantiles(names: Names, measure: m.Measure) -> list[Line]:
    return [ours(names, measure, stat, label=stat) for stat in ("p50", "p95", "p99")]


def _by_type(names: Names, measure: m.Measure, stat: str) -> list[Line]:
    return [ours(names, measure, stat, label=name, report_type=name) for name in sorted(report_types())]


def _drawn(graph: Graph, region: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "title": graph.title,
        "region": region,
        "view": "timeSeries",
        "stacked": graph.stacked,
        "metrics": list(_metrics(graph.lines)),
        "yAxis": {"left": {"min": 0, "label": graph.axis, "showUnits": False}},
    }
    if graph.mark is not None:
        properties["annotations"] = {"horizontal": [{"value": graph.mark, "label": f"{graph.mark:g}"}]}
    return properties


def _metrics(drawn: Sequence[Drawn]) -> Iterator[list[Any]]:
    for number, one in enumerate(drawn):
        match one:
            case Line():
                yield [*fields(one), {"stat": one.stat, "period": one.period, "label": one.label}]
            case Sum():
                # Ids are the widget's, so those of another sum must not meet them.
                expression = one.expression
                for name in sorted(one.of, key=len, reverse=True):
                    expression = _renamed(expression, name, f"{name}_{number}")
                yield [{"expression": expression, "label": one.label, "id": f"e{number}", "period": one.period}]
                for name, line in one.of.items():
                    hidden = {"id": f"{name}_{number}", "stat": line.stat, "period": line.period, "visible": False}
                    yield [*fields(line), hidden]
            case Search():
                yield [{"expression": one.expression, "id": f"e{number}"}]


def _renamed(expression: str, name: str, to: str) -> str:
    return re.sub(rf"\b{name}\b", to, expression)


def _widget(kind: str, x: int, y: int, width: int, height: int, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties}
