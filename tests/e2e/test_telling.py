"""What real sandboxes write to their logs, read as CloudWatch would: each line is of a measure that there is."""

import json
from pathlib import Path
from typing import Any

import pytest

from report_queue.measures import MEASURES, QUEUE
from report_queue.reports import report_types
from stacks import start_real, until


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """The logs of a stack in which each report type was made once, and a job was cancelled."""
    stack = start_real(tmp_path / "data")
    try:
        ids = [stack.submit(name, kind.sample) for name, kind in report_types().items()]
        body = {"reportType": "test", "data": report_types()["test"].sample, "options": {"delaySeconds": 600}}
        later = stack.ask("POST", "/api/v1/reports/generate", json=body).json()["data"]["jobId"]
        assert stack.ask("POST", f"/api/jobs/{later}/cancel").status_code == 200
        until(lambda: all(stack.job(job_id)["status"] == "completed" for job_id in ids), "the reports")
        for function in ("requeue_stalled", "poller"):
            assert stack.invoke(function, {}).status_code == 200
        until(lambda: '"Lost"' in (tmp_path / "data/logs/worker.log").read_text("utf-8"), "the end of the drain")
    finally:
        stack.end()
    return tmp_path / "data/logs"


def test_functions_in_their_sandboxes_write_what_the_measures_say(logs: Path) -> None:
    seen: set[tuple[str, str]] = set()  # of which function, name
    types: dict[str, set[str]] = {}
    for log in sorted(logs.glob("*.log")):
        for line in _metric_lines(log):
            (directive,) = line["_aws"]["CloudWatchMetrics"]
            assert directive["Namespace"] == "ReportQueue"
            for metric in directive["Metrics"]:
                seen.add((log.stem, metric["Name"]))
                if metric["Name"] == "ColdStart":
                    continue
                measure = MEASURES[metric["Name"]]
                assert metric["Unit"] == measure.unit
                assert {tuple(names) for names in directive["Dimensions"]} <= set(measure.dimensions)
                assert line["service"] == (log.stem if measure.of_function else QUEUE)
                types.setdefault(measure.name, set()).add(line.get("report_type", ""))
    assert {
        ("authorizer", "Requests"),
        ("submit", "Requests"),
        ("submit", "Accepted"),
        ("dashboard", "Requests"),
        ("dashboard", "Cancelled"),
        ("worker", "StartSeconds"),
        ("worker", "Completed"),
        ("worker", "EndToEndSeconds"),
        ("worker", "ReportCost"),
        ("worker", "Lost"),
        ("poller", "OldestWaitingSeconds"),
        ("poller", "BrokerMemory"),
        ("requeue_stalled", "Drift"),
        ("requeue_stalled", "Reconciled"),
        ("requeue_stalled", "Misplaced"),
    } <= seen
    for name in ("Accepted", "Completed", "StartSeconds", "RenderSeconds"):
        assert types[name] - {""} == set(report_types()), name


def _metric_lines(log: Path) -> list[Any]:
    return [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith('{"_aws"')]
