"""Each attempt is a child that can be killed: it holds no secret, has limits, and takes no one with it."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from io import BufferedRandom
from pathlib import Path
from typing import cast

import pytest

from report_queue.errors import AttemptFailure, PermanentFailure, TransientFailure
from report_queue.job import Progress, State
from report_queue.render import Renderer, Rendering, RenderJob, limits
from report_queue.reports import report_types
from report_queue.result import Made
from report_queue.settings import Settings
from stacks import alive, command_line
from worker_world import LONG, World

ENDLESS = {"title": "x", "message": "x", "rows": [{"label": f"row {n}", "value": n} for n in range(30_000)]}


def job(data: object = None, *, memory_mb: int = 1_536) -> RenderJob:
    return RenderJob(
        job_id="0" * 26,
        report_type="test",
        data=report_types()["test"].sample if data is None else data,
        created_at=1_800_000_000_000,
        memory_mb=memory_mb,
        cpu_seconds=60,
    )


def output() -> BufferedRandom:
    return cast(BufferedRandom, tempfile.TemporaryFile())


def render(renderer: Renderer, wanted: RenderJob, *, seconds: float = 60) -> Made:
    with output() as file:
        return renderer.start(wanted, file).wait(seconds=seconds, progress=lambda _: None)


def running(renderer: Renderer, file: BufferedRandom, data: object = LONG) -> tuple[Rendering, int]:
    """A rendering whose child runs, and the child's pid."""
    rendering = renderer.start(job(data), file)
    while not (children := children_of(renderer.pid)):
        time.sleep(0.005)
    return rendering, children[0]


def children_of(renderer: int) -> list[int]:
    """Its forks; what its libraries start while it warms up are other programs."""
    found = [int(word) for word in Path(f"/proc/{renderer}/task/{renderer}/children").read_text().split()]
    return [pid for pid in found if "report_queue.render.zygote" in command_line(pid)]


def ends(pid: int) -> bool:
    for _ in range(500):
        if not alive(pid):
            return True
        time.sleep(0.01)
    return False


def test_progress_names_the_steps(renderer: Renderer) -> None:
    steps: list[int] = []
    with output() as file:
        rendered = renderer.start(job(), file).wait(seconds=60, progress=steps.append)
        file.seek(0)
        assert file.read(5) == b"%PDF-"
        assert os.fstat(file.fileno()).st_size == rendered.size
    assert steps == [Progress.LAID_OUT, Progress.WRITTEN]


def test_the_same_request_gives_the_same_bytes_in_any_child(renderer: Renderer) -> None:
    assert render(renderer, job()).sha256 == render(renderer, job()).sha256
    with Renderer() as other:
        assert render(other, job()).sha256 == render(renderer, job()).sha256


def test_no_credential_is_in_reach_of_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-for-children")
    monkeypatch.setenv("REPORT_QUEUE_BROKER_URL", "redis://:not-for-children@127.0.0.1")
    with Renderer() as renderer, output() as file:
        rendering, child = running(renderer, file)
        for pid in (renderer.pid, child):
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            assert b"PYTHONPATH" in environment  # we looked at the right thing
            assert b"not-for-children" not in environment
            assert b"AWS_" not in environment
        rendering.kill()
        with pytest.raises(TransientFailure):
            rendering.wait(seconds=60, progress=lambda _: None)


def test_a_child_that_takes_too_long_is_killed(renderer: Renderer) -> None:
    for _ in range(2):  # the renderer warms up after its first child, and forks nobody meanwhile
        render(renderer, job())
    with pytest.raises(AttemptFailure, match="longer than") as failure:
        render(renderer, job(LONG), seconds=0.3)
    assert failure.value.reason == "render.timeout"
    assert children_of(renderer.pid) == []


def test_a_child_that_needs_too_much_memory_fails_for_good_and_its_neighbour_never_notices(renderer: Renderer) -> None:
    with output() as file:
        neighbour = renderer.start(job(), file)
        with pytest.raises(PermanentFailure, match="memory") as failure:
            render(renderer, job(LONG, memory_mb=4))
        assert failure.value.reason == "render.out_of_memory"
        assert neighbour.wait(seconds=60, progress=lambda _: None).pages >= 1


@pytest.mark.parametrize("name", sorted(report_types()))
def test_as_many_rows_as_the_schema_takes_fit_in_a_childs_memory(renderer: Renderer, name: str) -> None:
    """By a tenth of them: memory grows with the rows."""
    kind = report_types()[name]
    lists = {key: value["maxItems"] for key, value in kind.schema["properties"].items() if "maxItems" in value}
    longest = max(lists, key=lists.__getitem__)

    def peak_mb(rows: int) -> int:
        sample = kind.sample[longest]
        data = {**kind.sample, longest: [sample[row % len(sample)] for row in range(rows)]}
        wanted = replace(job(), report_type=name, data=data)
        return render(renderer, wanted).peak_memory_mb

    few, tenth = len(kind.sample[longest]), lists[longest] // 10
    per_row = (peak_mb(tenth) - peak_mb(few)) / (tenth - few)
    assert peak_mb(few) + per_row * lists[longest] < 0.95 * Settings.model_fields["child_memory_mb"].default


def test_a_child_that_crashes_is_told_by_its_signal(renderer: Renderer) -> None:
    with output() as file:
        rendering, child = running(renderer, file)
        os.kill(child, signal.SIGTRAP)  # as glib does when it gives up
        with pytest.raises(TransientFailure) as failure:
            rendering.wait(seconds=60, progress=lambda _: None)
    assert failure.value.reason == "render.crashed:SIGTRAP"
    assert render(renderer, job()).pages >= 1


def test_a_child_has_its_own_group_and_limits(renderer: Renderer) -> None:
    with output() as file:
        rendering, child = running(renderer, file)
        limits = ""
        while "Max open files            256" not in limits:  # the last that it takes upon itself when it has its job
            assert alive(child)
            limits = Path(f"/proc/{child}/limits").read_text()
        assert os.getpgid(child) == child
        assert "Max core file size        0" in limits
        assert "Max cpu time              60" in limits
        rendering.kill()
        with pytest.raises(TransientFailure):
            rendering.wait(seconds=60, progress=lambda _: None)


def test_a_renderer_that_died_is_started_again() -> None:
    with Renderer() as renderer:
        assert render(renderer, job()).pages >= 1
        with output() as file:
            rendering, child = running(renderer, file, ENDLESS)
            os.kill(renderer.pid, signal.SIGKILL)
            with pytest.raises(TransientFailure) as failure:
                rendering.wait(seconds=60, progress=lambda _: None)
        assert failure.value.reason == "render.lost"
        assert ends(child)
        assert render(renderer, job()).pages >= 1


def test_a_fork_whose_parent_ended_before_it_could_say_so_ends_too() -> None:
    """The kernel tells of a parent's end who has asked for it, and a renderer may be killed before its fork could."""
    reading, writing = os.pipe()
    parent = os.fork()
    if parent == 0:
        me = os.getpid()
        if os.fork() == 0:
            while os.getppid() == me:
                time.sleep(0.001)
            limits.die_with_parent(me)
            os.write(writing, b"outlived it")
        os._exit(0)
    os.waitpid(parent, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b""


def test_a_renderer_that_is_stuck_is_given_up_in_time_and_replaced() -> None:
    with Renderer() as renderer:
        assert render(renderer, job()).pages >= 1
        stuck = renderer.pid
        os.kill(stuck, signal.SIGSTOP)
        with pytest.raises(TransientFailure) as failure:
            render(renderer, job(), seconds=0.3)
        assert failure.value.reason == "render.timeout"
        assert ends(stuck)
        assert render(renderer, job()).pages >= 1
        assert renderer.pid != stuck


def test_an_attempt_that_is_dropped_before_its_child_runs_ends_at_once() -> None:
    with Renderer() as renderer, output() as file:  # a cold one: it forks when it has warmed up
        rendering = renderer.start(job(), file)
        rendering.kill()
        with pytest.raises(TransientFailure) as failure:
            rendering.wait(seconds=60, progress=lambda _: None)
        assert failure.value.reason == "render.killed"
        assert render(renderer, job()).pages >= 1


def test_a_killed_worker_leaves_neither_renderer_nor_child_behind() -> None:
    code = (
        "import sys, tempfile, time; from report_queue.render import Renderer, RenderJob\n"
        "renderer = Renderer()\n"
        f"renderer.start(RenderJob('0' * 26, 'test', {LONG!r}, 0, 1536, 60), tempfile.TemporaryFile())\n"
        "print(renderer.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout
        renderer_pid = int(worker.stdout.readline())
        while not (children := children_of(renderer_pid)):
            time.sleep(0.01)
        worker.kill()
        assert ends(renderer_pid)
        assert ends(children[0])


def test_an_attempt_over_its_time_ends_with_its_reason(world: World) -> None:
    """For good if its child computed all the time; where the machine was busy with others, it is retried."""
    world = world.with_settings(attempt_ms=400)
    job_id = world.accept("test", LONG)
    world.drain()
    assert world.job(job_id).state in (State.FAILED, State.DELAYED)
    assert world.job(job_id).reason == "render.timeout"
    assert children_of(world.renderer.pid) == []


def test_many_attempts_at_once_do_not_mix(renderer: Renderer) -> None:
    digests: dict[int, str] = {}

    def one(number: int) -> None:
        digests[number] = render(renderer, job({"title": f"Report {number % 2}", "message": "x"})).sha256

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(digests) == 8
    assert len(set(digests.values())) == 2
