"""The client and its command on a stack that runs: every route that callers have, and the README's own lines."""

import json
import os
import re
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pypdf
import pytest

from cdk_app.topology import ROUTES
from receivers import receiver
from report_queue.client import Client, NotFound, NotNow, NotValid
from report_queue.client.command.main import main
from report_queue.client.command.where import KEY, URL
from report_queue.reports import report_types
from stacks import ROOT, Running

SAMPLE = report_types()["test"].sample
# What the list of jobs says too.
NOT_THE_CLIENTS = {"GET /api/jobs/completed", "GET /api/jobs/failed"}
# What a browser asks for.
NOT_ITS_KIND = ("/page/", "/docs", "/openapi.json", "/problems/")


class Counted(httpx.HTTPTransport):
    """Counts which routes were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.routes: set[str] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        shapes = [(route, re.sub(r"{\w+}", "[^/]+", route.path)) for route in ROUTES]
        fitting = [
            route for route, shape in shapes if route.method == request.method and re.fullmatch(shape, request.url.path)
        ]
        route = min(fitting, key=lambda one: one.path.count("{"))
        self.routes.add(f"{route.method} {route.path}")
        return super().handle_request(request)


@contextmanager
def minutes_passing(stack: Running) -> Iterator[None]:
    """What the clock starts once a minute, again and again."""
    over = threading.Event()

    def pass_by() -> None:
        while not over.wait(0.3):
            stack.invoke("poller", {})

    thread = threading.Thread(target=pass_by)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_the_client_drives_all_that_the_api_has(real: Running, tmp_path: Path) -> None:
    counted = Counted()
    with Client(real.url, real.key, transport=counted) as queue, minutes_passing(real):
        assert queue.health()["status"] == "ok"
        assert queue.whose()["tenant"] == "local"
        sample = next(one["sample"] for one in queue.types() if one["name"] == "sales")
        rows = tmp_path / "rows.jsonl"
        rows.write_text("".join(json.dumps(row) + "\n" for row in sample.pop("rows")))
        _jobs(queue, sample, rows, tmp_path)
        _batches(queue, tmp_path)
        _schedules(queue)
        queue.pause("inventory")
        assert "inventory" in queue.queue(minutes=5)["paused"]
        queue.resume("inventory")
        _webhooks(queue)
        assert queue.usage()["total"]["completed"] > 3
        assert "total" in queue.usage_of_tenants()
        assert queue.stats()["counts"]["completed"] > 3
        assert all(worker["slots"] for worker in queue.workers())
    its_own = [route for route in ROUTES if route.path != "/" and not route.path.startswith(NOT_ITS_KIND)]
    assert {f"{route.method} {route.path}" for route in its_own} - NOT_THE_CLIENTS == counted.routes


def _jobs(queue: Client, sample: Any, rows: Path, folder: Path) -> None:
    assert pypdf.PdfReader(BytesIO(queue.preview("test", SAMPLE))).pages
    submitted = queue.submit("sales", sample, rows=queue.upload(rows), options={"tags": ["mine"]}, wait=25)
    made = submitted.job
    assert made, "it takes some seconds on a machine that is busy"
    assert made.completed, made
    assert made.id == submitted.id
    saved = queue.download(made.id, folder)
    assert pypdf.PdfReader(saved).pages
    assert made.id in {job.id for job in queue.jobs(state="completed", tag="mine")}
    assert queue.receipt(made.id)["result"] == made.raw["result"]

    once = {"idempotency_key": f"mine-{time.time_ns()}", "options": {"delaySeconds": 600}}
    later = queue.submit("test", SAMPLE, **once)
    assert queue.submit("test", SAMPLE, **once).replayed
    assert queue.get(later.id).state == "delayed"
    queue.promote(later.id)
    assert queue.wait(later.id).completed
    with pytest.raises(NotNow):
        queue.promote(later.id)

    ended = queue.submit("test", SAMPLE, options={"delaySeconds": 600}).id
    queue.cancel(ended)
    assert queue.get(ended).state == "cancelled"
    queue.retry(ended)
    assert queue.wait(ended).completed

    sign = SAMPLE | {"message": "\N{CUNEIFORM SIGN A}"}
    failed = queue.wait(queue.submit("test", sign, options={"preflight": "fail", "tags": ["odd"]}).id)
    assert (failed.state, failed.reason) == ("failed", "preflight.glyph.missing")
    (group,) = [one for one in queue.groups() if one["newest"] == failed.id]
    assert queue.retry_all(dry_run=True, signature=group["signature"], tag="odd")["matched"] == [failed.id]

    queue.delete(made.id)
    with pytest.raises(NotFound) as gone:
        queue.get(made.id)
    assert gone.value.status == 410

    with pytest.raises(NotFound):
        queue.get("0" * 26)
    with pytest.raises(NotValid) as wrong:
        queue.submit("test", {"title": 7})
    assert "/data/title" in {fault.pointer for fault in wrong.value.errors}


def _batches(queue: Client, folder: Path) -> None:
    reports = [{"reportType": "test", "data": SAMPLE | {"title": f"Number {number}"}} for number in range(3)]
    batch = queue.batches.wait(queue.batches.submit(reports, name="three", result="pdf"))
    assert batch.completed, batch
    assert len(pypdf.PdfReader(queue.batches.download(batch.id, folder / "all.pdf")).pages) >= 3
    assert next(queue.batches.all(limit=1))["id"] == batch.id
    assert queue.batches.retry(batch.id) == 0
    later = [report | {"options": {"delaySeconds": 600}} for report in reports]
    assert queue.batches.cancel(queue.batches.submit(later)) == 3


def _webhooks(queue: Client) -> None:
    with receiver() as there:
        hook, secret = queue.webhooks.make(f"{there.url}/hook", events=["batch.ended"], description="mine")
        assert queue.webhooks.rotate(hook) != secret
        assert [one["id"] for one in queue.webhooks.all()] == [hook]
        tried = queue.webhooks.test(hook)
        assert (tried["event"], tried["status"]) == ("webhook.ping", "delivered")
        assert queue.webhooks.redeliver(hook, tried["id"])["id"] == tried["id"]
        assert [there.next().headers["webhook-id"] for _ in range(2)] == [tried["id"]] * 2
        assert queue.webhooks.get(hook)["deliveries"][0]["id"] == tried["id"]
    queue.webhooks.enable(hook)
    queue.webhooks.delete(hook)
    assert queue.webhooks.all() == []


def _schedules(queue: Client) -> None:
    report = {"reportType": "test", "data": SAMPLE}
    made = queue.schedules.make({"name": "often", "everySeconds": 3600, "report": report})
    queue.schedules.pause(made)
    assert queue.schedules.get(made)["status"] == "paused"
    queue.schedules.resume(made)
    assert made in {one["id"] for one in queue.schedules.all()}
    assert queue.wait(queue.schedules.run(made)).completed
    queue.schedules.end(made)
    with pytest.raises(NotFound):
        queue.schedules.get(made)


@pytest.fixture
def folder(real: Running, tmp_path: Path) -> Path:
    """A folder as a reader of the README has it: the virtual environment, and the data directory of a stack."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / ".data").symlink_to(real.data_dir)
    return tmp_path


@pytest.fixture
def typed(folder: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs a script there, without what the environment may say of another queue."""
    clean = {name: value for name, value in os.environ.items() if name not in (URL, KEY)}

    def run(*command: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command, cwd=folder, env=clean | more, capture_output=True, text=True, check=False, timeout=120
        )

    return run


def test_the_readmes_lines_do_what_it_says(real: Running, folder: Path, typed: Any) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    (shell,) = re.findall(r"<!-- client -->\n```sh\n(.*?)```", text, re.DOTALL)
    (python,) = re.findall(r"<!-- client python -->\n```python\n(.*?)```", text, re.DOTALL)
    with minutes_passing(real):
        done = typed("bash", "-euc", shell)
    assert done.returncode == 0, done.stderr
    for name in ("draft.pdf", "sales.pdf"):
        assert (folder / name).read_bytes()[:5] == b"%PDF-"
    names = zipfile.ZipFile(folder / "guests.zip").namelist()
    assert sorted(name.rpartition(".")[2] for name in names) == ["json", "pdf", "pdf"]
    (curl,) = re.findall(r"<!-- preview -->\n```sh\n(.*?)```", text, re.DOTALL)
    done = typed(
        "bash", "-euc", curl, API=real.url, KEY=real.key, SAMPLE=str(report_types()["sales"].folder / "sample.json")
    )
    assert done.returncode == 0, done.stderr
    assert pypdf.PdfReader(folder / "preview.pdf").pages
    done = typed(sys.executable, "-c", python, **{URL: real.url, KEY: real.key})
    assert done.returncode == 0, done.stderr
    assert (folder / "hello.pdf").read_bytes()[:5] == b"%PDF-"


def test_the_command_follows_ends_and_retries_a_job(
    real: Running, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "data.json").write_text(json.dumps(SAMPLE))
    monkeypatch.chdir(folder)
    monkeypatch.delenv(URL, raising=False)
    monkeypatch.delenv(KEY, raising=False)

    def command(*words: str) -> tuple[int, str]:
        code, said = main(words), capsys.readouterr()
        assert real.key not in said.out + said.err
        return code, said.out

    job = command("submit", "test", "data.json", "--option", "delaySeconds=600")[1].strip()
    assert command("cancel", job) == (0, f"{job}  cancelled\n")
    assert command("tail", job)[0] == 1
    assert command("promote", job) == (3, "")
    assert command("retry", job) == (0, f"{job}  waiting\n")
    code, followed = command("tail", job, "--json")
    assert code == 0
    assert [json.loads(line)["verb"] for line in followed.splitlines()][-1] == "complete"
    assert json.loads(command("show", job, "--json")[1])["status"] == "completed"
    assert f"{job}  test  completed" in re.sub(" {2,}", "  ", command("list", "--state", "completed")[1])
    assert command("download", job, "-o", ".") == (0, f"test-{job}.pdf\n")
