"""Modules that are loaded when something of theirs is called, and not when WeasyPrint is.

fontTools' subsetter and instancer take a fifth of a start. WeasyPrint calls them for what the reports' fonts are not: a
variable font, and any font where HarfBuzz's subsetter is missing.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

RARE: Final = ("fontTools.subset", "fontTools.varLib.instancer")


class _Later(ModuleType):
    """Stands for a module of which only functions and classes are called."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args: Any, **options: Any) -> Any:
            return getattr(importlib.import_module(self.__name__), name)(*args, **options)

        return call


@contextmanager
def when_called(names: tuple[str, ...] = RARE) -> Iterator[None]:
    """Inside, importing from these modules does not load them; for a process's start."""
    stand_ins = {name: _Later(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]
