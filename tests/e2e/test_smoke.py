"""The smoke test that a deployment has to pass, run as the workflow runs it, and what it says of a broken one."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks import ROOT, Running, start_real, synthesised

STEPS = ["health", "refused", "submitted", "completed", "downloaded"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = start_real(tmp_path_factory.mktemp("smoke") / "data")
    yield running
    running.end()


def smoke(*arguments: str, key: str | None, name: str = "SMOKE_KEY") -> "subprocess.CompletedProcess[str]":
    """The command, with the key in that variable."""
    variables = {other: value for other, value in os.environ.items() if other != "SMOKE_KEY"}
    return subprocess.run(
        [sys.executable, "-m", "cdk_app.smoke", *arguments],
        cwd=ROOT,
        env={**variables, **({} if key is None else {name: key})},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def test_every_step_is_gone_through_and_nothing_secret_is_printed(stack: Running) -> None:
    done = smoke("--url", stack.url, "--key-env", "MY_KEY", key=stack.key, name="MY_KEY")
    assert done.returncode == 0, done.stdout + done.stderr
    table = [line.split() for line in done.stdout.splitlines()]
    assert [(row[0], row[1]) for row in table] == [(step, "ok") for step in STEPS]
    assert "401 without a key, 403 with a wrong one" in done.stdout
    assert stack.key not in done.stdout + done.stderr
    assert "X-Amz" not in done.stdout


def test_what_is_deployed_without_a_bus_makes_a_report_too(tmp_path: Path) -> None:
    assembly = synthesised(tmp_path / "assembly", environment="dev", profile="lite")
    running = start_real(tmp_path / "data", "--assembly", str(assembly))
    try:
        done = smoke("--url", running.url, key=running.key)
        assert done.returncode == 0, done.stdout + done.stderr
        assert running.objects("wakes/")  # what woke the worker
    finally:
        running.end()


def test_the_address_is_the_one_that_the_deployment_answered_with(stack: Running, tmp_path: Path) -> None:
    outputs = tmp_path / "dev.outputs.json"
    stacks = {"report-queue-dev-data": {"Bucket": "b"}, "report-queue-dev-app": {"Url": f"{stack.url}/"}}
    outputs.write_text(json.dumps(stacks))
    assert smoke("--outputs", str(outputs), key=stack.key).returncode == 0
    outputs.write_text("{}")
    done = smoke("--outputs", str(outputs), key=stack.key)
    assert done.returncode == 1
    assert "names no Url" in done.stderr


def test_a_key_that_may_not_submit_ends_it_at_that_step(stack: Running) -> None:
    done = smoke("--url", stack.url, key="rq_nobody00_wrongwrongwrongwrongwrongwrongwrongwr")
    assert done.returncode == 1
    last = done.stdout.splitlines()[-1].split()
    assert last[:2] == ["submitted", "WRONG"]
    assert last[-1] == "403"


def test_nobody_there_is_told_without_the_address(tmp_path: Path) -> None:
    done = smoke("--url", "http://127.0.0.1:9", key="rq_x")
    assert done.returncode == 1
    assert done.stdout.split()[:2] == ["health", "WRONG"]


def test_without_a_key_it_does_not_begin() -> None:
    done = smoke("--url", "http://127.0.0.1:9", key=None)
    assert (done.returncode, done.stdout) == (2, "")
    assert "SMOKE_KEY is not set" in done.stderr
