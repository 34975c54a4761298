"""What a child may use, and whom it must not outlive. Linux's words for it: rlimits, capabilities and prctl."""

import contextlib
import ctypes
import os
import resource
import signal
from pathlib import Path
from typing import Final

MAX_FILE_MB: Final = 1_024  # of any file that a child writes: its PDF, and what libraries put aside

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITY_VERSION: Final = 0x20080522
_CAP_DAC_READ_SEARCH: Final = 1 << 2
_MORE_TASKS: Final = 64
_MB: Final = 1 << 20


def die_with_parent(parent: int | None = None) -> None:
    """Have the kernel kill this process when the one that made it ends, however it ends.

    `parent`: its number as a fork knows it from before the fork. A program that was started anew cannot know, and must
    find out in another way if its parent has ended by now.
    """
    parent = parent or os.getppid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it ended before the kernel was told


def apply(*, memory_mb: int, cpu_seconds: int) -> None:
    """Limit this process, for good: memory beyond what it has now, CPU time, file size, open files, other processes,
    privileges.

    Memory and CPU time are each process's own: forks of a child have as much each. The number of processes does not
    hold for root, which the kernel exempts; `seal` bounds forks for root too, and the renderer kills the whole group.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + memory_mb * _MB)
    _limit(resource.RLIMIT_CPU, cpu_seconds, grace=1)  # SIGXCPU, which says what it was; then SIGKILL
    _limit(resource.RLIMIT_FSIZE, MAX_FILE_MB * _MB)
    _limit(resource.RLIMIT_CORE, 0)
    # Counted are all tasks of this user: so it is a few more than run now, be they whose they may.
    _limit(resource.RLIMIT_NPROC, int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2]) + _MORE_TASKS)
    _limit(resource.RLIMIT_NOFILE, 256)
    with contextlib.suppress(OSError):  # if memory runs out all the same, this process goes first and not the worker
        Path("/proc/self/oom_score_adj").write_text("1000")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _drop_capabilities()
    _prctl(_PR_SET_DUMPABLE, 0)  # no other process of this user may read its memory


def memory_is_exhausted() -> bool:
    """True where this process came so close to its limit of memory that what went wrong went wrong for want of it.

    C libraries report a failed allocation in many ways, few of which arrive as a MemoryError.
    """
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    status = Path("/proc/self/status").read_text()
    peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmPeak:"))
    return most != resource.RLIM_INFINITY and most - peak_kb * 1024 < 16 * _MB


def _limit(kind: int, most: int, *, grace: int = 0) -> None:
    """`most`, and for what is only warned of at that, `grace` more before the end."""
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        most, grace = min(most, hard), min(grace, hard - min(most, hard))
    resource.setrlimit(kind, (most, most + grace))


def _drop_capabilities() -> None:
    """All of root's powers but reading: without it, root could not read templates in a folder of someone else's."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    for kept in (_CAP_DAC_READ_SEARCH, 0):
        sets = (ctypes.c_uint32 * 6)(kept, kept)  # effective, permitted, inheritable; of the low 32, then of the high
        if _libc().capset(header, sets) == 0:
            return
    raise OSError(ctypes.get_errno(), "capset")


def _prctl(option: int, value: int) -> None:
    if _libc().prctl(option, value, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl({option}): {os.strerror(error)}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
