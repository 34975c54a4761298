"""Run a command that the kernel kills when its parent dies: `python -I -S tether.py PARENT COMMAND…`.

A supervisor that is killed with -9 cleans nothing up; the kernel does it instead. PARENT is the parent's process id,
or `-` where it is not known beforehand. The command replaces this process, so it keeps the id and stays a direct child.

The signal is sent when the *thread* that forked ends, so whoever starts this must do so from a thread that lives on:
the supervisor starts everything from its main thread, and the Go runtime of the emulator keeps its threads.
Linux only. Knows nothing of what it runs.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, command = sys.argv[1], sys.argv[2:]
    expected = os.getppid() if parent == "-" else int(parent)
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(f"tether: prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != expected:  # it died before we could ask to be told
        sys.exit("tether: the parent is gone")
    os.execvp(command[0], command)  # noqa: S606  - the one thing this file is for


if __name__ == "__main__":
    main()
