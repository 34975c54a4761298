"""WeasyPrint's declarations of Pango, HarfBuzz and fontconfig, parsed when the software is built.

    weasyprint/text/ffi.py: cffi.FFI().cdef(text) ──┬─► no file for this text: cffi's parser, written in Python
                                                    └─► __pycache__/declarations-<digest>.pyc
                                                              ▲
    python -m report_queue.render.prepared ── cffi ───────────┘

cffi's parser is slow, and not only when it starts: it reads all the declarations again for each type that it is asked
for by a new name, of which a first report has a dozen and every further one some. What cffi makes of them beforehand
(its "out-of-line" way) needs no parser at all. A text or a cffi that the file was not made for falls back by itself.
"""

import contextlib
import hashlib
import importlib.machinery
import importlib.util
import io
import py_compile
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).parent / "__pycache__"


@contextlib.contextmanager
def parsed_before() -> Iterator[None]:
    """Inside, whoever imports cffi and declares what there is a file for is given that; for a process's start."""
    if "cffi" in sys.modules:
        yield
        return
    stand_in = ModuleType("cffi")
    stand_in.FFI = Declared  # type: ignore[attr-defined]
    sys.modules["cffi"] = stand_in
    try:
        yield
    finally:
        if sys.modules.get("cffi") is stand_in:
            del sys.modules["cffi"]


class Declared:
    """Takes an FFI's declarations, and is that FFI from the first use on."""

    def __init__(self) -> None:
        self.text = ""
        self._made: Any = None

    def cdef(self, text: str) -> None:
        """Declare more, before the first use."""
        if self._made is not None:
            raise RuntimeError("WeasyPrint declares more after the first use: start without declarations.parsed_before")
        self.text += text

    def __getattr__(self, name: str) -> Any:
        if self._made is None:
            self._made = _from_file(self.text) or _parsed(self.text)
        found = getattr(self._made, name)
        if name != "errno":  # what changes
            self.__dict__[name] = found
        return found


def write(text: str) -> Path:
    """Have cffi parse the declarations, for all starts to come."""
    ffi, file = _parsed(text), _file(text)
    ffi.set_source("declarations", None)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "declarations.py"
        with contextlib.redirect_stdout(io.StringIO()):  # it tells what it writes
            ffi.emit_python_code(str(source))
        py_compile.compile(
            str(source),
            cfile=str(file),
            dfile="declarations.py",
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    return file


def _from_file(text: str) -> Any | None:
    """The FFI, or None where no file was made for this text, this cffi and this Python."""
    file = _file(text)
    try:
        loader = importlib.machinery.SourcelessFileLoader("declarations", str(file))
        spec = importlib.util.spec_from_loader("declarations", loader)
        assert spec
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
    except (OSError, ImportError, EOFError, ValueError):
        return None
    return module.ffi


def _parsed(text: str) -> Any:
    if getattr(sys.modules.get("cffi"), "FFI", None) is Declared:
        del sys.modules["cffi"]
    import cffi  # type: ignore[import-untyped]  # slow to load, and not needed where there is a file

    ffi = cffi.FFI()
    ffi.cdef(text)
    return ffi


def _file(text: str) -> Path:
    import _cffi_backend  # type: ignore[import-untyped]  # cffi's part in C, all that a start needs of it

    made_for = "\n".join((_cffi_backend.__version__, sys.implementation.cache_tag or "", text))
    return FOLDER / f"declarations-{hashlib.sha256(made_for.encode()).hexdigest()[:16]}.pyc"
