"""A client that a generator makes from the OpenAPI document, on a stack that runs: what others have who use it."""

import importlib
import subprocess
import sys
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from report_queue.reports import report_types
from stacks import Running

SAMPLE = report_types()["test"].sample


@pytest.fixture
def made(real: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The generated package, of the document as the stack serves it; the generator has nothing to warn of but files."""
    command = [str(Path(sys.executable).with_name("openapi-python-client")), "generate"]
    asked = subprocess.run(
        [*command, "--url", f"{real.url}/openapi.json", "--meta", "none", "--output-path", str(tmp_path / "made")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert asked.stdout.count("WARNING parsing") == asked.stdout.count("WARNING parsing GET /page/{name}"), asked.stdout
    monkeypatch.syspath_prepend(str(tmp_path))
    return lambda name: importlib.import_module(f"made.{name}")


def test_a_generated_client_submits_follows_lists_and_is_told_what_is_wrong(real: Running, made: Any) -> None:
    client = made("client").AuthenticatedClient(base_url=real.url, token=real.key, httpx_args={"trust_env": False})
    models = made("models")

    def call(operation: str, *given: Any, **named: Any) -> Any:
        return made(f"api.{operation}").sync_detailed(*given, client=client, **named)

    asked = models.TestSubmission.from_dict({"reportType": "test", "data": SAMPLE, "options": {"tags": ["generated"]}})
    accepted = call("reports.submit_report", body=asked, idempotency_key=f"generated-{time.time_ns()}")
    assert accepted.status_code is HTTPStatus.ACCEPTED
    job_id = accepted.parsed.data.job_id
    until = time.monotonic() + 60
    while (job := call("jobs.get_job", job_id).parsed).status not in ("completed", "failed"):
        assert time.monotonic() < until, job
        time.sleep(0.1)
    assert (job.status, job.result.pages) == ("completed", 1)
    assert [one.id for one in call("jobs.list_jobs", tag="generated").parsed.jobs] == [job_id]
    assert call("reports.get_usage").parsed.total.completed >= 1
    assert isinstance(call("batches.list_batches").parsed.batches, list)  # others may have made some
    shown = call("reports.preview_report", body=asked)
    assert (shown.status_code, shown.content[:5]) == (HTTPStatus.OK, b"%PDF-")

    wrong = models.TestSubmission.from_dict({"reportType": "test", "data": SAMPLE | {"message": "x", "title": ""}})
    refused = call("reports.submit_report", body=wrong)
    assert isinstance(refused.parsed, models.Problem)
    assert (refused.status_code, refused.parsed.type_) == (HTTPStatus.UNPROCESSABLE_ENTITY, "/problems/invalid-request")
    assert [fault.pointer for fault in refused.parsed.errors] == ["/data/title"]
    missing = call("jobs.get_job", "0" * 26)
    assert (missing.status_code, missing.parsed.title) == (HTTPStatus.NOT_FOUND, "There is nothing here")
