"""The whole, as a user meets it: over HTTP, through the real runtime emulator, while things break."""

import copy
import os
import signal
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import redis

from cdk_app.local.processes import descendants
from report_queue.reports import report_types
from stacks import ROOT, Running, alive, start, start_real, synthesised, text_of, until

TYPES = sorted(report_types())


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What would be deployed as dev, on nodes."""
    return synthesised(tmp_path_factory.mktemp("assembly") / "dev", environment="dev", profile="standard")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Running]:
    running = start_real(tmp_path / "data")
    yield running
    if running.process.poll() is None:
        running.end()


def marked(report_type: str, mark: str, *, rows: int | None = None) -> Any:
    """The type's sample with a mark of its own where the reader sees it; `rows` makes it long."""
    data = copy.deepcopy(report_types()[report_type].sample)
    data["number" if report_type == "invoice" else "title"] = mark
    if rows:
        data["rows"] = [data["rows"][number % len(data["rows"])] for number in range(rows)]
    return data


@pytest.mark.parametrize("drawn", ["topology", "template"])
def test_twenty_reports_survive_a_killed_worker_a_wiped_broker_and_a_restart(
    drawn: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    options = ("--assembly", str(request.getfixturevalue("assembly"))) if drawn == "template" else ()
    data_dir = tmp_path / "data"
    stack = start_real(data_dir, *options)
    marks: dict[str, str] = {}
    for number in range(20):
        report_type = TYPES[number % len(TYPES)]
        mark = f"Mark-{number:02d}"
        marks[stack.submit(report_type, marked(report_type, mark, rows=600 if report_type == "sales" else None))] = mark

    # A worker is killed while its child renders.
    until(lambda: bool(children(stack)), "a child that renders")
    worker = stack.ask("GET", "/api/workers").json()["workers"][0]["pid"]
    family = [worker, *descendants(worker)]
    os.kill(worker, signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in family), "the end of the worker, its renderer and its children")

    # The broker is wiped while others work.
    until(lambda: bool(stack.objects("closed/")), "a report that is finished")
    with redis.Redis.from_url(stack.address["broker"]) as broker:
        broker.flushall()

    # The stack is killed and started again on the same data.
    everything = stack.family()
    stack.end(signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in everything), "the end of every process of a killed stack")
    stack = start_real(data_dir, *options)
    try:
        until(lambda: not stack.objects("open/"), "nothing open any more", seconds=180)
        assert sorted(stack.objects("reports/")) == sorted(f"reports/local/{job_id}.pdf" for job_id in marks)
        for job_id, mark in marks.items():
            job = stack.job(job_id)
            assert (job["status"], job["progress"]) == ("completed", 100)
            pdf = stack.pdf(job_id)
            assert sha256(pdf).hexdigest() == job["result"]["sha256"]
            text = text_of(pdf)
            assert {word for word in text.split() if word.startswith("Mark-")} == {mark}
    finally:
        everything = stack.family()
        assert stack.end() == 0
    assert not any(alive(pid) for pid in everything)


def children(stack: Running) -> list[int]:
    """Children of renderers: attempts that are being made."""
    renderers = stack.pids("report_queue.render.zygote")  # their forks too, for they have the same command line
    return [pid for renderer in renderers for pid in descendants(renderer) if pid in renderers]


def test_with_the_broker_away_reports_are_accepted_and_made_later(stack: Running) -> None:
    (broker,) = stack.pids("valkey-server")
    os.kill(broker, signal.SIGSTOP)
    job_id = stack.submit("test", marked("test", "Mark-later"))
    for path in ("/api/stats", f"/api/jobs/{job_id}"):
        answer = stack.ask("GET", path)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0
    assert stack.ask("GET", "/health").json()["status"] == "degraded"
    os.kill(broker, signal.SIGCONT)
    until(lambda: stack.ask("GET", "/api/stats").status_code == 200, "answers again")
    stack.invoke("requeue_stalled", {})  # what its schedule does within the minute
    until(lambda: stack.job(job_id)["status"] == "completed", "the report")


def test_with_the_store_away_nothing_is_half_accepted(stack: Running) -> None:
    assert (
        sum(counts(stack).values()) == 0
    )  # and the authorizer's answer is kept: here, keys and store go away together
    (store,) = stack.pids("cdk_app.local.aws")
    os.kill(store, signal.SIGSTOP)
    answer = stack.ask("POST", "/api/v1/reports/generate", json={"reportType": "test", "data": marked("test", "x")})
    os.kill(store, signal.SIGCONT)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert sum(counts(stack).values()) == 0


def test_a_broker_and_a_store_that_die_come_back_with_all_that_they_had(stack: Running) -> None:
    job_id = stack.submit("test", marked("test", "Mark-before"))
    until(lambda: stack.job(job_id)["status"] == "completed", "the report")
    before = stack.pdf(job_id)
    for words in ("valkey-server", "cdk_app.local.aws"):
        (pid,) = stack.pids(words)
        os.kill(pid, signal.SIGKILL)
        until(lambda died=pid, words=words: [p for p in stack.pids(words) if p != died] != [], f"another {words}")
    until(lambda: stack.ask("GET", "/health").json().get("status") == "ok", "health")
    assert counts(stack)["completed"] == 1
    assert stack.pdf(job_id) == before
    again = stack.submit("test", marked("test", "Mark-after"))
    until(lambda: stack.job(again)["status"] == "completed", "another report")


def counts(stack: Running) -> dict[str, int]:
    return dict(stack.ask("GET", "/api/stats").json()["counts"])


WITHOUT_SCHEDULES = (
    "import sys; from cdk_app.local.__main__ import main; from cdk_app.local.stack import Drawing; "
    "sys.exit(main(Drawing(schedules=())))"
)


def test_where_wakes_are_objects_a_report_is_made_without_a_poll(tmp_path: Path) -> None:
    options = ("-c", WITHOUT_SCHEDULES, "up", "--wakes", "bucket")
    stack = start(*options, code=ROOT / "functions", data_dir=tmp_path / "data")
    try:
        job = stack.submit("test", marked("test", "By an object"))
        until(lambda: stack.job(job)["status"] == "completed", "the report")
        assert "By an object" in text_of(stack.pdf(job))
        assert stack.objects("wakes/")
    finally:
        stack.end()
