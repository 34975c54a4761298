"""What a child may use, and whom it must not outlive. Linux's words for it: rlimits and prctl."""

import contextlib
import ctypes
import os
import resource
import signal
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_MB = 1 << 20


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that made it ends, however it ends."""
    parent = os.getppid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it ended in between


def apply(*, memory_mb: int, cpu_seconds: int) -> None:
    """Limit this process, for good: memory beyond what it has now, CPU time, file size, open files, privileges."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + memory_mb * _MB)
    _limit(resource.RLIMIT_CPU, cpu_seconds)
    _limit(resource.RLIMIT_FSIZE, 1024 * _MB)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, 256)
    with contextlib.suppress(OSError):  # if memory runs out all the same, this process goes first and not the worker
        Path("/proc/self/oom_score_adj").write_text("1000")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)  # no other process of this user may read its memory


def memory_is_exhausted() -> bool:
    """True where this process came so close to its limit of memory that what went wrong went wrong for want of it.

    C libraries report a failed allocation in many ways, few of which arrive as a MemoryError.
    """
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    status = Path("/proc/self/status").read_text()
    peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmPeak:"))
    return most != resource.RLIM_INFINITY and most - peak_kb * 1024 < 16 * _MB


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl({option}): {os.strerror(error)}")
