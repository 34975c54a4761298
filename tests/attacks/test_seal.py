"""What a child cannot do, whatever runs in it: reach anybody, start a program, use more than its limits."""

import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from attack_words import children_of

from report_queue.errors import TransientFailure
from report_queue.render import Renderer, RenderJob

# Runs in a process of its own, since it cannot be undone. {port}: where a server listens that would hear of it.
CHILD = """
import os, resource, signal, socket, subprocess, sys, urllib.request
from report_queue.render import limits, seal
{locks}
{code}
"""

REACHES = {
    "a connection": "socket.create_connection(('127.0.0.1', {port}), timeout=5)",
    "a socket": "socket.socket()",
    "a socket of IPv6": "socket.socket(socket.AF_INET6)",
    "a raw socket": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "a datagram": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
    "a name": "socket.getaddrinfo('localhost', 80)",
    "an old name": "socket.gethostbyname('localhost')",
    "a page": "urllib.request.urlopen('http://127.0.0.1:{port}/', timeout=5)",
    "a socket in the file system": "socket.socket(socket.AF_UNIX).connect('/run/docker.sock')",
    "an abstract socket": "socket.socket(socket.AF_UNIX).bind(chr(0) + 'x')",
    "a program": "subprocess.run(['true'])",
    "a shell": "os.system('true')",
    "another program in its place": "os.execv('/bin/true', ['true'])",
    "a spawned program": "os.posix_spawn('/bin/true', ['true'], {{}})",
    "a terminal": "os.forkpty()",
    "forks without end": "[os.fork() or os._exit(0) for _ in range(100)]",
    "forks of forks": "(os.wait(), os._exit(0)) if os.fork() else os.fork()",
}

LIMITED = "limits.apply(memory_mb=512, cpu_seconds=9)"

BOMB = """
def bomb():
    most = int(open("/proc/loadavg").read().split()[3].partition("/")[2]) + 500
    pids = []
    try:
        for _ in range(most):
            pid = os.fork()
            if not pid:
                signal.pause()
            pids.append(pid)
    except BlockingIOError as error:
        raise PermissionError from error
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
"""

ROWS = [{"label": f"row {number}", "value": number} for number in range(2_000)]


def run(code: str, *, locks: str) -> str:
    """What it printed last: "refused" where PermissionError was raised."""
    wrapped = "except OSError as error:\n    print('refused' if \"renderer's child\" in str(error) else error)"
    tried = f"try:\n    {code}\nexcept PermissionError:\n    print('refused')\n{wrapped}\nelse:\n    print('done')"
    script = CHILD.format(locks=locks, code=tried)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else f"{done.returncode} {done.stderr[-300:]}"


@pytest.mark.parametrize("name", REACHES)
def test_a_sealed_child_reaches_nobody_and_starts_nothing(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        assert run(REACHES[name].format(port=server.getsockname()[1]), locks="seal.seal()") == "refused"
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_sealed_child_may_share_its_work_out_among_a_few_forks() -> None:
    code = "[os.waitpid(pid, 0) for pid in [os.fork() or os._exit(0) for _ in range(8)]]; socket.socketpair()"
    assert run(code, locks="seal.seal()") == "done"


def test_where_the_kernel_lets_it_a_child_has_no_network_even_for_c_code(renderer: Renderer) -> None:
    if run("assert seal.leave_network()", locks="") != "done":
        pytest.skip("no network namespaces for this user here")
    with tempfile.TemporaryFile() as file:
        job = RenderJob("0" * 26, "test", {"title": "x", "message": "x", "rows": ROWS}, 0, 1024, 60)
        rendering = renderer.start(job, file)  # type: ignore[arg-type]
        while not (children := children_of(renderer.pid)):
            time.sleep(0.005)
        namespaces = {Path(f"/proc/{pid}/ns/net").readlink() for pid in (renderer.pid, children[0])}
        addresses = Path(f"/proc/{children[0]}/net/fib_trie").read_text()
        rendering.kill()
        with pytest.raises(TransientFailure):
            rendering.wait(seconds=60, progress=lambda _: None)
    assert len(namespaces) == 1
    assert Path("/proc/self/ns/net").readlink() not in namespaces
    assert addresses.strip() == ""


def test_a_child_cannot_take_its_limits_back() -> None:
    raised = "resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))"
    refused = f"try:\n        {raised}\n    except ValueError as error:\n        raise PermissionError from error"
    assert run(refused, locks=LIMITED) == "refused"


def test_a_child_of_root_has_none_of_roots_powers_but_to_read() -> None:
    code = "print(open('/proc/self/status').read().split('CapEff:')[1].split()[0])"
    capabilities = int(run(f"{code}; sys.exit()", locks=LIMITED), 16)
    assert capabilities & ~(1 << 2) == 0


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("RLIMIT_CPU", 9),
        ("RLIMIT_FSIZE", 1 << 30),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NOFILE", 256),
    ],
)
def test_a_child_has_limits(name: str, most: int) -> None:
    code = f"print(resource.getrlimit(resource.{name})[0]); sys.exit()"
    assert int(run(code, locks=LIMITED)) == most


def test_a_child_that_is_not_roots_cannot_start_processes_without_end() -> None:
    """Root is let off by the kernel, so root becomes somebody else first."""
    assert run("bomb()", locks=f"os.geteuid() or os.setuid(65534)\n{LIMITED}\n{BOMB}") == "refused"
