"""What to tell of a template that went wrong: the report type, the file, the line, and what it lacked.

    sales: template.html, line 27: `<td>{{ row.price|money(currency) }}</td>`: data.rows[3].price is missing

It quotes the template and the names that it asked for, and never a value out of the payload.
"""

from functools import partial
from pathlib import Path
from traceback import walk_tb
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.exceptions import TemplateSyntaxError, UndefinedError
from jinja2.utils import missing

from report_queue.errors import PermanentFailure


class _Absent(UndefinedError):
    """A name that is not there, and the object in which it was looked for."""

    def __init__(self, message: str | None, owner: Any, name: str | None) -> None:
        super().__init__(message)
        self.owner = owner
        self.name = name


class Missing(StrictUndefined):
    """StrictUndefined, whose error still knows the object: its place in the payload can be told from that."""

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: Any = UndefinedError
    ) -> None:
        super().__init__(hint, obj, name, exc)
        if exc is UndefinedError:
            self._undefined_exception = partial(_Absent, owner=obj, name=name)  # type: ignore[assignment]  # only called


def failure(error: Exception, *, name: str, folders: tuple[Path, ...], data: Any) -> PermanentFailure:
    """What to tell of `error`, raised by the report type `name`, whose templates are in `folders`, about `data`."""
    where = name
    if place := _place(error, folders):
        file, line = place
        where += f": {file.name}, line {line}"
        if text := file.read_text("utf-8").splitlines()[line - 1 : line]:
            where += f": `{text[0].strip()[:120]}`"
    source = "".join(file.read_text("utf-8") for folder in folders for file in folder.glob("*.html"))
    return PermanentFailure(f"{where}: {_what(error, data, source)}", reason="template.error")


def _what(error: Exception, data: Any, source: str) -> str:
    """What went wrong, in the words of the templates' `source`: a name that is not in there came out of the payload."""
    match error:
        case _Absent(name=str(name)) if name not in source:
            return "a name is missing that the payload gave"
        case _Absent(owner=owner, name=str(name)) if owner is missing:
            return f"{name} is not defined"
        case _Absent(owner=owner, name=str(name)):
            return f"{_path(data, owner) or type(owner).__name__}.{name} is missing"
        case TemplateError():
            return error.message or type(error).__name__
        case _:
            return type(error).__name__  # its message may quote the payload


def _path(tree: Any, wanted: Any, at: str = "data") -> str | None:
    """Where in the payload the very object `wanted` stands: `data.rows[2]`."""
    if tree is wanted:
        return at
    if isinstance(tree, dict):
        children = ((f"{at}.{key}", value) for key, value in tree.items())
    elif isinstance(tree, list):
        children = ((f"{at}[{index}]", value) for index, value in enumerate(tree))
    else:
        return None
    return next((path for name, value in children if (path := _path(value, wanted, name))), None)


def _place(error: Exception, folders: tuple[Path, ...]) -> tuple[Path, int] | None:
    """The template's file and line: of a syntax error its own, else of the innermost frame that is a template's."""
    if isinstance(error, TemplateSyntaxError):
        return (Path(error.filename), error.lineno) if error.filename else None
    frames = [(Path(frame.f_code.co_filename), line) for frame, line in walk_tb(error.__traceback__)]
    return next(((file, line) for file, line in reversed(frames) if file.parent in folders and file.is_file()), None)
