"""What to tell of a template that went wrong: the report type, the file, the line, and what it lacked.

    sales: template.html, line 27: `<td>{{ row.price|money(currency) }}</td>`: data.rows[3].price is missing

It quotes the template and the names that it asked for, and never a value out of the payload.
"""

import inspect
import re
from decimal import DivisionUndefined, InvalidOperation
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateError, TemplateNotFound
from jinja2 import filters as builtin
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError
from jinja2.utils import missing

from report_queue.errors import PermanentFailure
from report_queue.render import charts, figures, formats
from report_queue.render.provenance import Spot

# The modules whose functions a template calls: a frame of theirs says which one did not take what it was given.
_CALLED: Final = {str(module.__file__) for module in (builtin, charts, figures, formats)}
_KINDS: Final = {
    "NoneType": "null",
    "bool": "true or false",
    "int": "a number",
    "float": "a number",
    "Decimal": "a number",
    "str": "a text",
    "Markup": "a text",
    "list": "a list",
    "Rows": "a list",
    "tuple": "a list",
    "dict": "an object",
}
# What Python says of operators, by type alone. Other messages of its may quote values.
_OPERATORS: Final = re.compile(
    r"unsupported operand type\(s\) for (?P<op>\S+): '(?P<left>[\w.]+)' and '(?P<right>[\w.]+)'"
    r"|can only concatenate (?P<one>\w+) \(not \"(?P<other>[\w.]+)\"\) to \w+"
    r"|'(?P<than>\S+)' not supported between instances of '(?P<first>[\w.]+)' and '(?P<second>[\w.]+)'"
)
_NOT: Final = re.compile(r"'(?P<kind>[\w.]+)' object is not (?P<able>iterable|callable|subscriptable)")


class _Absent(UndefinedError):
    """A name that is not there, and the object in which it was looked for."""

    def __init__(self, message: str | None, owner: Any, name: str | None, hint: str | None) -> None:
        super().__init__(message)
        self.owner = owner
        self.name = name
        self.hint = hint


class Missing(StrictUndefined):
    """StrictUndefined, whose error still knows the object: its place in the payload can be told from that."""

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: Any = UndefinedError
    ) -> None:
        super().__init__(hint, obj, name, exc)
        if exc is UndefinedError:
            self._undefined_exception = partial(  # type: ignore[assignment]  # only called
                _Absent, owner=obj, name=name, hint=hint
            )


def failure(error: Exception, *, name: str, folders: tuple[Path, ...], data: Any) -> PermanentFailure:
    """What to tell of `error`, raised by the report type `name`, whose templates are in `folders`, about `data`.

    The failure's `place` is the template's file and line, where they are known.
    """
    frames = [(frame, line) for frame, line in walk_tb(error.__traceback__)]
    called = [(frame, line) for frame, line in frames if _is_template(frame.f_code.co_filename, folders)]
    source = "".join(file.read_text("utf-8") for folder in folders for file in folder.rglob("*.html"))
    source += inspect.getsource(figures)  # it asks for some of a row's names itself
    file, line, names = Path(), 0, {}
    if isinstance(error, TemplateSyntaxError):
        if error.filename:
            file, line = Path(error.filename), error.lineno
    elif called:
        frame, line = called[-1]
        file, names = Path(frame.f_code.co_filename), frame.f_locals
    spot = Spot(file=file, line=line, names=names, data=data, source=source)
    what, line = _what(error, spot, [frame for frame, _ in frames])
    if not line:
        return PermanentFailure(f"{name}: {what}", reason="template.error")
    where = f"{name}: {_named(file, folders)}, line {line}"
    outer = [(Path(frame.f_code.co_filename), at) for frame, at in called[:-1]]
    if caller := next(((one, at) for one, at in reversed(outer) if one != file and one.parent == folders[0]), None):
        where += f" (from {_named(caller[0], folders)}, line {caller[1]})"
    if text := file.read_text("utf-8").splitlines()[line - 1 : line]:
        where += f": `{text[0].strip()[:120]}`"
    return PermanentFailure(f"{where}: {what}", reason="template.error", place=(str(file), line))


def _what(error: Exception, spot: Spot, frames: list[FrameType]) -> tuple[str, int]:
    """What went wrong, in the templates' words, and the line that says it best."""
    if isinstance(error, _Absent):
        return _absent(error, spot)
    if isinstance(error, TypeError) and Missing.__name__ in str(error) and (undefined := _given_undefined(frames)):
        return _absent(undefined, spot)
    match error:
        case TemplateNotFound():
            what = f"there is no template {error.message}" if spot.knows(str(error.message)) else "no such template"
            return f"{what}: a report has those of its own folder and of _kit/", spot.line
        case TemplateSyntaxError():
            return error.message or "it cannot be read", spot.line
        case SecurityError():
            return "templates may not do this: it leads out of what they are given, or changes it", spot.line
        case TemplateError():
            return error.message or type(error).__name__, spot.line
    what = _computed(error, spot, frames)
    return what + (f" (at {spot.row})" if spot.row and spot.row not in what else ""), spot.line


def _absent(error: _Absent, spot: Spot) -> tuple[str, int]:
    owner, name = error.owner, error.name
    if owner is missing:
        if error.hint:
            return error.hint, spot.line
        return f"{name} is not defined", spot.line
    if not isinstance(name, str) or not spot.knows(name):
        return "a name is missing that the payload gave", spot.line
    origin = spot.member(owner, name)
    line = origin.line if origin else spot.line
    if isinstance(owner, TemplateModule):
        close = get_close_matches(name, [one for one in vars(owner) if not one.startswith("_")], n=1)
        return f"{owner.__name__} has no {name}" + (f": is it {close[0]}?" if close else ""), line
    path = spot.path_of(owner) or (origin.path if origin else None)
    kind = type(owner).__name__
    if path and not isinstance(owner, dict) and kind in _KINDS:
        return f"{path} is {_KINDS[kind]} and has no {name}", line
    return f"{path or _KINDS.get(kind, kind)}.{name} is missing", line


def _computed(error: Exception, spot: Spot, frames: list[FrameType]) -> str:
    """An error of Python's: said by types and places, because its own message may quote the payload."""
    rows = [path for frame in frames for value in frame.f_locals.values() if (path := spot.path_of(value))]
    row = next((path for path in reversed(rows) if path.endswith("]")), None)
    if isinstance(error, KeyError) and row and isinstance(key := error.args[0], str) and spot.knows(key):
        return f"{row}.{key} is missing"
    if isinstance(error, ZeroDivisionError) or (
        isinstance(error, InvalidOperation) and error.args and DivisionUndefined in error.args[0]
    ):
        return "division by zero"
    at = f" (at {row})" if row else ""
    if frame := next((frame for frame in frames if frame.f_code.co_filename in _CALLED), None):
        function = frame.f_code.co_name.removeprefix("sync_").removeprefix("do_")
        values = [frame.f_locals.get(name) for name in frame.f_code.co_varnames[: frame.f_code.co_argcount]]
        value = next((value for value in values if type(value).__name__ in _KINDS), missing)
        if value is not missing:
            origin = spot.argument(function, value)
            path = spot.path_of(value) or (origin.path if origin else "its value")
            return f"{function} cannot take it: {path} is {_KINDS[type(value).__name__]}" + (at if path != row else "")
        return f"{function} cannot take what it is given{at}"
    told = str(error) if isinstance(error, TypeError) else ""
    if found := _OPERATORS.match(told):
        kinds = [_KINDS.get(kind, kind) for kind in found.group("left", "one", "first") if kind]
        kinds += [_KINDS.get(kind, kind) for kind in found.group("right", "other", "second") if kind]
        return f"{kinds[0]} and {kinds[1]} do not go together with {found['op'] or found['than'] or '+'}"
    if found := _NOT.match(told):
        ways = {"iterable": "cannot be looped over", "callable": "cannot be called", "subscriptable": "has no members"}
        return f"{_KINDS.get(found['kind'], found['kind'])} {ways[found['able']]}"
    return type(error).__name__


def _given_undefined(frames: list[FrameType]) -> _Absent | None:
    """The error of a name that is not there, handed to a function that did not ask for it by its text."""
    for value in (value for frame in reversed(frames) for value in frame.f_locals.values()):
        if isinstance(value, Missing):
            try:
                str(value)
            except _Absent as absent:
                return absent
            except UndefinedError:
                return None
    return None


def _is_template(filename: str, folders: tuple[Path, ...]) -> bool:
    return any(Path(filename).is_relative_to(folder) for folder in folders) and Path(filename).is_file()


def _named(file: Path, folders: tuple[Path, ...]) -> str:
    """As a template names it: template.html, _kit/kit.html."""
    own, *shared = folders
    for folder in shared:
        if file.is_relative_to(folder):
            return f"{folder.name}/{file.relative_to(folder)}"
    return str(file.relative_to(own)) if file.is_relative_to(own) else file.name
