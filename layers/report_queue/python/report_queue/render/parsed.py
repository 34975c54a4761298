"""Style sheets parsed when the software is built: WeasyPrint's own, which it parses whenever it is imported, and ours.

    a sheet's text ──► no file for it: tinycss2, then WeasyPrint's checks, then cssselect2's compiler
                   └─► __pycache__/sheet-<digest>.pickle
                             ▲
    python -m report_queue.render.prepared ── all of these

All that is made of a sheet is plain, but for the functions that a selector is compiled to: they are kept as Python
keeps a module's. A file is used for the very text, place, libraries and Python that it was made for. It lies beside
Python's own bytecode, is trusted as that is, and can name nothing but these libraries' own kinds all the same.
"""

import hashlib
import importlib
import io
import marshal
import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Final

import cssselect2  # type: ignore[import-untyped]
import tinycss2  # type: ignore[import-untyped]
from cssselect2 import compiler

FOLDER = Path(__file__).parent / "__pycache__"

_OWN: Final = ("UA", "UA_FORM", "PH")  # in weasyprint.html: texts, of sheets by the name and _STYLESHEET
_LIBRARIES: Final = ("cssselect2", "tinycss2", "weasyprint", __name__)
_PLAIN: Final = ("builtins.set", "builtins.frozenset", "builtins.slice", "builtins.complex", "builtins.range")
_SELECTS: Final = {
    name: getattr(compiler, name) for name in ("split_whitespace", "ascii_lower", "urlparse")
}  # what a compiled selector calls


@contextmanager
def parsed_before() -> Iterator[None]:
    """Inside, WeasyPrint is imported with its own sheets as they were prepared; for a process's start."""
    if "weasyprint" in sys.modules:
        yield
        return
    parse, found = tinycss2.parse_stylesheet, {}

    def parsed(text: Any, *args: Any, **options: Any) -> Any:
        if isinstance(text, str) and (kept := _kept(text)):
            found[text] = kept
            return []
        return parse(text, *args, **options)

    tinycss2.parse_stylesheet = parsed
    try:
        yield
    finally:
        tinycss2.parse_stylesheet = parse
        if found:
            _fill(found)


def sheet(file: Path, fetcher: Any) -> Any:
    """The style sheet in `file`, a weasyprint.CSS, as it was prepared or parsed now."""
    import weasyprint  # type: ignore[import-untyped]

    with suppress(OSError, ValueError):  # what cannot be read, the fetcher has words for
        if kept := _kept(file.read_text("utf-8"), file):
            made = object.__new__(weasyprint.CSS)
            vars(made).update(kept["sheet"])
            return made
    return weasyprint.CSS(filename=file, url_fetcher=fetcher)


def write_own() -> None:
    """Keep WeasyPrint's own, for all starts to come."""
    from weasyprint import CSS, html
    from weasyprint.css.counters import CounterStyle  # type: ignore[import-untyped]

    for text in (getattr(html, name) for name in _OWN):
        counters = CounterStyle()
        _write(_file(text), {"sheet": vars(CSS(string=text, counter_style=counters)), "counters": dict(counters)})


def write(file: Path, parsed: Any) -> None:
    """Keep `parsed`, the weasyprint.CSS of what is in `file`. One that imports others is not known by its own text."""
    text = file.read_text("utf-8")
    if "@import" not in text:
        _write(_file(text, file), {"sheet": vars(parsed)})


def _fill(found: dict[str, Any]) -> None:
    """WeasyPrint's own sheets, which are empty yet; in their order, for one may count by another's rules."""
    html = importlib.import_module("weasyprint.html")
    for name in _OWN:
        if kept := found.get(getattr(html, name)):
            vars(getattr(html, f"{name}_STYLESHEET")).update(kept["sheet"])
            html.UA_COUNTER_STYLE.update(kept["counters"])


def _kept(text: str, place: Path | None = None) -> Any | None:
    """What was prepared of the text; None where nothing was, or the file is damaged."""
    try:
        return _Reader(io.BytesIO(_file(text, place).read_bytes())).load()
    except (OSError, EOFError, ValueError, TypeError, AttributeError, ImportError, LookupError, pickle.UnpicklingError):
        return None


def _write(file: Path, made: Any) -> None:
    FOLDER.mkdir(exist_ok=True)
    with file.open("wb") as kept:
        _Keeper(kept, protocol=5).dump(made)


def _file(text: str, place: Path | None = None) -> Path:
    made_for = "\n".join((_libraries(), str(place), text))
    return FOLDER / f"sheet-{hashlib.sha256(made_for.encode()).hexdigest()[:16]}.pickle"


def _libraries() -> str:
    weasyprint = sys.modules["weasyprint"]  # imported just now, or being imported
    return " ".join((weasyprint.__version__, tinycss2.VERSION, cssselect2.VERSION, sys.version, __name__))


class _Keeper(pickle.Pickler):
    def reducer_override(self, made: Any) -> Any:
        if isinstance(made, FunctionType) and made.__name__ == "<lambda>":
            return _selects, (marshal.dumps(made.__code__),)
        return NotImplemented


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] not in _LIBRARIES and module not in _LIBRARIES and f"{module}.{name}" not in _PLAIN:
            raise pickle.UnpicklingError("a kind that no style sheet has")
        return super().find_class(module, name)


def _selects(code: bytes) -> FunctionType:
    made = marshal.loads(code)  # noqa: S302 - as Python reads its own bytecode, from the same folder
    assert isinstance(made, CodeType)
    return FunctionType(made, _SELECTS | {"__builtins__": __builtins__})
