"""What the README would have its reader send, run or write down does what the README says."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import readme
from readme import ROOT

from report_queue import problems, request, views
from report_queue.errors import InvalidRequest
from report_queue.job import Job, State
from report_queue.render import templates
from report_queue.reports import ReportType, report_types
from report_queue.result import Result
from report_queue.settings import Settings

LIMIT = Settings.model_fields["body_bytes"].default
WALK = [block for block in readme.blocks(readme.section("Follow one job")) if block.mark == "walk"]
ANSWERS = [
    json.loads(block.text) for block in readme.blocks(readme.section("Follow one job")) if block.language == "json"
]
SALES, WRONG, LATER = (body for block in WALK for body in re.findall(r"'(\{\"reportType\".*?\})'", block.text))


def _job() -> Job:
    made = Result(key="", size=1, pages=1, sha256="", seconds=0.1, peak_memory_mb=1)
    return Job("", "", "sales", State.COMPLETED, 0, 0, 0, 3, 1, 0, 0, 0, 100, None, None, None, None, made)


def test_the_sample_and_the_later_one_are_requests_that_are_accepted() -> None:
    sample = re.search(r"SAMPLE=(\S+)", "".join(block.text for block in WALK))
    assert sample
    body = SALES.replace("%s", (ROOT / sample[1]).read_text("utf-8"))
    assert request.parse(body.encode(), limit=LIMIT).data == report_types()["sales"].sample
    assert request.parse(LATER.encode(), limit=LIMIT).options.delay_seconds == 600


def test_the_wrong_one_is_refused_in_the_words_that_are_shown() -> None:
    with pytest.raises(InvalidRequest) as refused:
        request.parse(WRONG.encode(), limit=LIMIT)
    answer = json.loads(problems.answer(refused.value, instance="/api/v1/reports/generate", request_id="…").body or "")
    assert answer | {"errorMessages": ["…"]} == ANSWERS[1]


def test_the_jobs_id_follows_from_the_idempotency_key() -> None:
    text = "".join(block.text for block in WALK)
    key, job = re.search(r"Idempotency-Key: ([\w-]+)", text), re.search(r"^JOB=(\w+)$", text, re.MULTILINE)
    assert key
    assert job
    assert job[1] == request.job_id("local", key[1])
    assert set(re.findall(r"\b[0-9a-v]{26}\b", readme.section("Follow one job"))) == {job[1]}


def test_the_answers_that_are_shown_have_the_shapes_that_are_given() -> None:
    job, _, stats = ANSWERS
    given = views.detail(_job(), None, None)
    assert job.keys() <= given.keys()
    assert job["result"].keys() == given["result"].keys()
    assert list(stats) == list(views.stats("", dict.fromkeys(State, 0), now_ms=0))
    assert list(stats["counts"]) == [state.value for state in State]


def test_the_smallest_template_is_one(tmp_path: Path) -> None:
    (block,) = (block for block in readme.blocks(readme.section("Report types")) if block.language == "html")
    (tmp_path / "template.html").write_text(block.text, "utf-8")
    kind = ReportType("note", tmp_path, {"title": "Note"}, {})
    report = templates.Report(title="Note", job_id="", created=datetime(2026, 1, 1, tzinfo=UTC))
    assert "Hello &lt;you&gt;" in templates.html(kind, data={"message": "Hello <you>"}, report=report)
