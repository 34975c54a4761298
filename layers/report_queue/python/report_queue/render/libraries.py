"""Loads shared libraries without looking for them.

WeasyPrint tries several names for each library, and for each that the linker does not know `ctypes.util.find_library`
starts ldconfig, gcc and ld to look for it: a quarter of the renderer's start. On Linux the linker finds every one of
them by its soname, which is among the names.
"""

import ctypes.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def by_soname() -> Iterator[None]:
    """Inside, a library that the linker does not find by the name given is not looked for; for a process's start."""
    if not sys.platform.startswith("linux"):
        yield
        return
    looked = ctypes.util.find_library
    ctypes.util.find_library = _not_looked_for
    try:
        yield
    finally:
        ctypes.util.find_library = looked


def _not_looked_for(name: str) -> str | None:  # noqa: ARG001 - find_library's signature
    return None
