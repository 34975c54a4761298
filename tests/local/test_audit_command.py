"""`python -m cdk_app.local audit`: what is wrong in the running stack's broker is told and put right."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from brokers import settings_for, valkey_server
from cdk_app.local import audit
from cdk_app.local.__main__ import main
from cdk_app.local.stack import QUEUE
from queue_words import T0, key_of, new_job
from report_queue.queue import Queue
from report_queue.wiring import broker


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    """That of a stack that runs on the data directory."""
    with valkey_server() as url:
        settings = settings_for(url, queue=QUEUE)
        monkeypatch.setattr(audit, "running", lambda path: {"broker": url} if path == tmp_path else None)
        yield Queue(broker(settings), settings)


def run(monkeypatch: pytest.MonkeyPatch, data_dir: Path, *options: str) -> int:
    monkeypatch.setattr(sys, "argv", ["local", "audit", "--data-dir", str(data_dir), *options])
    return main()


def test_it_tells_then_puts_right_then_finds_nothing(
    queue: Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    queue.enqueue(new_job("a"), new_job("b"), now=T0)
    server: redis.Redis = queue._broker.client  # type: ignore[assignment]
    server.zadd(key_of(queue, "completed"), {"a": T0})
    server.zadd(key_of(queue, "windows"), {"acme|\x1b[31mmy key": T0})
    assert run(monkeypatch, tmp_path, "--dry-run") == 1
    told = capsys.readouterr().out
    assert "1  twice in jobs: nothing: it was only looked at" in told
    assert run(monkeypatch, tmp_path) == 1
    told = capsys.readouterr().out
    assert "1  twice in jobs: stays waiting" in told
    assert "1  orphan in windows: taken out" in told
    assert "\x1b" not in told
    assert run(monkeypatch, tmp_path) == 0
    assert "nothing contradicts the records" in capsys.readouterr().out


def test_without_a_running_stack_it_says_what_to_do(
    queue: Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path / "elsewhere") == 2
    assert "start it with `make run`" in capsys.readouterr().err


def test_a_broker_that_is_away_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "running", lambda _: {"broker": f"unix://{tmp_path}/none"})
    assert run(monkeypatch, tmp_path) == 2
    assert "the broker does not answer" in capsys.readouterr().err
