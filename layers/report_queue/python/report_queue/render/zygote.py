"""The renderer: a warm process with one thread that renders nothing itself and forks a child for each attempt.

`python -m report_queue.render.zygote FD [once]` is started by `renderer`; FD is the control socket. A message on it
carries the descriptors of the attempt's channel, its output file and, where it has one, the file of its rows. On the
channel the renderer writes `{"pid": …}` when the child runs and `{"exit": {…}}` when it has ended; in between the
child reports for itself. When the control socket closes, or its parent dies, the renderer ends and takes its children
with it.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from report_queue.render import child, declarations, later, libraries, limits, parsed, seal


def serve(control: socket.socket, *, warm_up: Callable[[], None]) -> None:
    """Fork children as asked until the control socket closes.

    A job that waits already is not made to wait for the warm-up, which takes as long as its child needs without: the
    renderer warms up when nothing is asked of it, and at the latest when its first child has ended.
    """
    warm, ended = False, False
    channels: dict[int, int] = {}  # child's pid -> its channel
    bell, ring = os.pipe()
    os.set_blocking(ring, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ring)
    while True:
        if not warm and (ended or not (channels or select.select([control.fileno()], [], [], 0)[0])):
            warm_up()
            warm = True
        readable, _, _ = select.select([control.fileno(), bell], [], [])
        if bell in readable:
            os.read(bell, 4096)
            running = len(channels)
            _bury(channels)
            ended = ended or len(channels) < running
        if control.fileno() in readable:
            message, descriptors, _, _ = socket.recv_fds(control, 1, 3)
            if not message:
                break
            channel, *files = descriptors
            me = os.getpid()
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for inherited in (bell, ring, control.fileno(), *channels.values()):
                    os.close(inherited)
                child.run(channel, *files, parent=me)
            for file in files:
                os.close(file)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.setpgid(pid, pid)  # here and in the child: whoever comes first
            channels[pid] = channel
            _say(channel, {"pid": pid})
    for pid in channels:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _bury(channels: dict[int, int]) -> None:
    """Tell the end of every child that has ended."""
    for pid in list(channels):
        # Looked at before it is reaped: as long as it is not, its group's number is not another's.
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            continue
        channel = channels.pop(pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # whatever the child may have started
        _, status, usage = os.wait4(pid, 0)
        ended = {
            "code": os.waitstatus_to_exitcode(status),
            "peak_memory_mb": usage.ru_maxrss // 1024,
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
        }
        _say(channel, {"exit": ended})
        os.close(channel)


def _say(channel: int, report: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the worker may have hung up
        os.write(channel, json.dumps(report).encode() + b"\n")


def main() -> None:
    """Load what a first render needs, then serve."""
    seal.leave_network()  # first, while there is one thread; its sockets are open already
    limits.die_with_parent()
    with libraries.by_soname(), declarations.parsed_before(), parsed.parsed_before(), later.when_called():
        from report_queue.render import document, report  # slow: the reason why this process is kept warm

    def warm_up() -> None:
        document.warm_up()
        report.load_all()
        _freeze()

    _freeze()
    once = "once" in sys.argv[2:]  # what would be warmed up, nothing would use
    serve(socket.socket(fileno=int(sys.argv[1])), warm_up=_freeze if once else warm_up)


def _freeze() -> None:
    """Children share our objects; their collector need not look at them, nor copy their pages."""
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main()
