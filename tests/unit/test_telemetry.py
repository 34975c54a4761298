"""What the package logs comes out as the functions' own lines do, and says nothing that it must not."""

import json
import logging
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest

from report_queue.telemetry import logger, metrics, tracer, watched


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


def test_answers_and_errors_are_not_captured_in_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(tracer, "capture_lambda_handler", lambda handler, **options: given.update(options) or handler)
    watched()(lambda event, context: {})
    assert given == {"capture_response": False, "capture_error": False}
