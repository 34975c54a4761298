"""What the package logs comes out as the functions' own lines do, and says nothing that it must not."""

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest

from report_queue import measures
from report_queue.telemetry import logger, metrics, tell, watched


@dataclass
class Context:
    """What Powertools looks at."""

    aws_request_id: str = "request-1"
    function_name: str = "worker"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:worker"

    def get_remaining_time_in_millis(self) -> int:
        return 1_000


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """Whatever the logger writes."""
    buffer = StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", buffer)
    return buffer


def test_the_packages_loggers_write_json_lines_with_the_request_once(written: StringIO) -> None:
    @watched()
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        logging.getLogger("report_queue.worker").info("completed", extra={"job": "a"})
        metrics.add_metric("Completed", "Count", 1)
        return {}

    handler({"body": "secret payload"}, Context())  # type: ignore[arg-type]
    (line,) = [json.loads(line) for line in written.getvalue().splitlines()]
    assert (line["message"], line["job"], line["function_request_id"]) == ("completed", "a", "request-1")
    assert "secret" not in written.getvalue()


def test_the_runtimes_own_handler_does_not_write_them_again(written: StringIO) -> None:
    from awslambdaric.bootstrap import LambdaLoggerHandler

    plain = StringIO()
    runtime = LambdaLoggerHandler(type("Sink", (), {"log": lambda self, text, frame=None: plain.write(text)})())
    logging.getLogger().addHandler(runtime)
    try:

        @watched()
        def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
            logging.getLogger("report_queue.worker").warning("away")
            logging.getLogger("botocore").warning("said by another")
            metrics.add_metric("Completed", "Count", 1)
            return {}

        handler({}, Context())  # type: ignore[arg-type]
    finally:
        logging.getLogger().removeHandler(runtime)
    assert "away" in written.getvalue()
    assert "away" not in plain.getvalue()
    assert "said by another" in plain.getvalue()


def test_no_sdk_for_traces_is_loaded() -> None:
    code = "import sys, report_queue.telemetry; sys.exit('aws_xray_sdk' in sys.modules)"
    for disabled in ("true", "false"):
        environ = {**os.environ, "POWERTOOLS_TRACE_DISABLED": disabled, "POWERTOOLS_SERVICE_NAME": "test"}
        assert subprocess.run([sys.executable, "-c", code], env=environ, check=False).returncode == 0


def test_measures_of_the_queue_are_written_at_once_by_their_words(capsys: pytest.CaptureFixture[str]) -> None:
    tell({measures.COMPLETED: 1, measures.RENDER: 0.5, measures.CANCELLED: 2}, report_type="sales")
    by_type, total = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (directive,) = by_type["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "ReportQueue"
    assert directive["Dimensions"] == [["service"], ["service", "report_type"]]
    assert directive["Metrics"] == [
        {"Name": "Completed", "Unit": "Count"},
        {"Name": "RenderSeconds", "Unit": "Seconds"},
    ]
    assert (by_type["service"], by_type["report_type"], by_type["RenderSeconds"]) == ("queue", "sales", [0.5])
    assert total["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    assert (total["service"], total["Cancelled"]) == ("queue", [2.0])


def test_a_measure_whose_word_nobody_knows_has_its_total_alone(capsys: pytest.CaptureFixture[str]) -> None:
    tell({measures.ACCEPTED: 3})
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


def test_measures_of_a_function_come_with_the_end_of_its_invocation(capsys: pytest.CaptureFixture[str]) -> None:
    @watched()
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        tell({measures.REQUESTS: 1})
        assert "Requests" not in capsys.readouterr().out
        return {}

    handler({}, Context())  # type: ignore[arg-type]
    assert '"Requests":[1.0]' in capsys.readouterr().out


def test_every_measure_has_a_name_of_its_own_and_says_what_it_means() -> None:
    named = [value for value in vars(measures).values() if isinstance(value, measures.Measure)]
    assert len(named) == len(measures.MEASURES) > 30
    assert all(len(measure.means.split()) > 2 for measure in named)
    assert not any(measure.by and measure.of_function for measure in named)
