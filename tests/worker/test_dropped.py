"""An attempt whose job is not its own any more: its child ends, whenever it is that one hears of it."""

import os
import signal
import tempfile
import threading
from io import BufferedRandom
from pathlib import Path
from typing import cast

import pytest

from report_queue.attempt import Attempt
from report_queue.errors import LeaseLost, TransientFailure
from report_queue.job import Lease, State, Verdict
from report_queue.render import Renderer, RenderJob
from report_queue.reports import report_types
from report_queue.worker import Drained
from stacks import command_line, until
from worker_world import LONG, World


def child_of(renderer: Renderer) -> int | None:
    children = Path(f"/proc/{renderer.pid}/task/{renderer.pid}/children").read_text().split()
    return next((pid for pid in map(int, children) if "report_queue.render.zygote" in command_line(pid)), None)


def test_a_beat_ends_the_child_of_a_job_that_was_cancelled(world: World) -> None:
    world = world.with_settings(beat_ms=100, attempt_ms=20_000)
    world.accept()
    world.drain()  # while it warms up, a renderer has forks of other kinds
    until(lambda: child_of(world.renderer) is None, "no child", seconds=30)
    job_id = world.accept("test", LONG)
    drained: list[Drained] = []
    thread = threading.Thread(target=lambda: drained.append(world.drain()))
    thread.start()
    while (child := child_of(world.renderer)) is None:
        assert thread.is_alive()
    os.kill(child, signal.SIGSTOP)  # it will not end by itself
    world.queue.cancel(job_id)
    thread.join()
    assert [(done.lost, done.ended) for done in drained] == [(1, [])]  # and not as one that took too long
    assert world.job(job_id).state is State.CANCELLED
    assert child_of(world.renderer) is None


def test_a_child_that_starts_after_its_job_was_lost_ends_at_once(renderer: Renderer) -> None:
    attempt = Attempt(Lease("0" * 26, "acme", "test", attempt=1, round=0, accepted_at=0))
    attempt.drop(Verdict.CANCELLED)
    with tempfile.TemporaryFile() as pdf:
        job = RenderJob("0" * 26, "test", report_types()["test"].sample, 0, memory_mb=1_536, cpu_seconds=60)
        rendering = renderer.start(job, cast(BufferedRandom, pdf))
        attempt.started(rendering)
        with pytest.raises(TransientFailure) as failure:
            rendering.wait(seconds=60, progress=attempt.reached)
    assert failure.value.reason == "render.killed"
    with pytest.raises(LeaseLost):
        attempt.raise_if_lost()
