"""A renderer's first moments: what is asked of it at once is not made to wait, and comes out the same."""

import json
import subprocess
import sys
import tempfile
from typing import Any

import pytest

from report_queue.render import Renderer, RenderJob
from report_queue.reports import report_types

SERVED = """
import json, os, socket, sys, tempfile
from report_queue.render import zygote

ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
channel, childs = socket.socketpair()
channel.shutdown(socket.SHUT_WR)  # the child finds no job, and ends
open_channel, others = socket.socketpair()  # its child waits for a job that does not come
for asked, by in ((childs, ("waits", "busy")), (others, ("busy",))):
    if sys.argv[1] in by:
        with tempfile.TemporaryFile() as output:
            socket.send_fds(ours, [b"!"], [asked.fileno(), output.fileno()])
    asked.close()

def warm_up():
    channel.setblocking(False)
    try:
        said = channel.recv(65536).splitlines()
    except BlockingIOError:
        said = []
    print(json.dumps([list(json.loads(line)) for line in said]), flush=True)
    os._exit(0)  # the kernel ends the children with us

zygote.serve(theirs, warm_up=warm_up)
"""

LOADED = """
import resource
from report_queue.render import libraries

with libraries.by_soname():
    import weasyprint
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def said_by(code: str, *words: str) -> Any:
    command = [sys.executable, "-c", code, *words]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60).stdout)


def test_a_job_that_waits_already_has_its_child_before_the_warm_up() -> None:
    assert said_by(SERVED, "waits") == [["pid"], ["exit"]]


def test_a_renderer_that_is_never_idle_warms_up_when_its_first_child_has_ended() -> None:
    assert said_by(SERVED, "busy") == [["pid"], ["exit"]]


def test_a_renderer_of_which_nothing_is_asked_warms_up_at_once() -> None:
    assert said_by(SERVED, "idle") == []


@pytest.mark.parametrize("report_type", ["invoice", "sales"])
def test_a_cold_child_makes_the_same_bytes_as_a_warm_one(report_type: str) -> None:
    hashes = set()
    with Renderer() as renderer:
        for _ in range(2):
            job = RenderJob("cold", report_type, report_types()[report_type].sample, 0, memory_mb=1_500, cpu_seconds=60)
            with tempfile.TemporaryFile() as output:
                hashes.add(renderer.start(job, output).wait(seconds=60, progress=lambda _: None).sha256)
    assert len(hashes) == 1


def test_no_program_is_started_to_look_for_a_library() -> None:
    assert said_by(LOADED) == 0
