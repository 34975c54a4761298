"""What no code in a child may do from here on: reach another machine, or start a program.

Two locks, because neither is whole:

- `leave_network`, once, in the renderer, whose children inherit it: a network namespace that holds nothing but a loop
  that is down. The kernel keeps it, for C code as well. It needs privileges, or user namespaces that are open to all;
  where there are none (as on Lambda) this lock is missing.
- `seal`, in each child: a hook of the interpreter that refuses. It holds everywhere, for root too, and cannot be taken
  out again. It sees what Python code does; code in C could go around it.

A child may still fork, which is how a long report is shared out: a bounded number of times, and its forks may not.
"""

import contextlib
import ctypes
import os
import socket
import sys
from pathlib import Path
from typing import Any, Final

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_MOST_FORKS: Final = 16

_REFUSED: Final = frozenset(
    {
        "os.exec",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.system",
        "pty.spawn",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.sendto",
        "subprocess.Popen",
    }
)


def leave_network() -> bool:
    """Have no network from here on, in this process and all that it forks; False where the kernel does not let us.

    To be called while there is one thread only.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) == 0:
        return True
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    with contextlib.suppress(OSError):  # without them we are nobody in our own eyes, and read our files all the same
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return True


def seal() -> None:
    """Refuse, for good, what a child has no business with: PermissionError, raised where it is tried."""
    owner, forks = os.getpid(), 0

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        nonlocal forks
        if event in _REFUSED:
            raise PermissionError(f"{event}: not in the renderer's child")
        if event == "socket.__new__" and args[1] != socket.AF_UNIX:  # pairs of these connect nobody but ourselves
            raise PermissionError("socket: not in the renderer's child")
        if event == "os.fork":
            forks += 1
            if os.getpid() != owner or forks > _MOST_FORKS:
                raise PermissionError("os.fork: too many in the renderer's child")

    sys.addaudithook(refuse)
