"""From a report type's template and the payload to HTML: Jinja2 in its sandbox, and what went wrong where.

    template.html ── extends ──► _kit/base.html          sees: data, report, locale, charts, filters
                └── imports ──► _kit/kit.html

A template sees files of its own folder and `_kit/` only. Data is escaped; a name that does not exist is an error.
Messages quote the template, and the names that it asked for, and never a value out of the payload.
"""

import decimal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial, wraps
from pathlib import Path
from traceback import walk_tb
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined, TemplateError
from jinja2.exceptions import TemplateSyntaxError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from report_queue.errors import PermanentFailure
from report_queue.render import figures, formats
from report_queue.render.charts import Charts
from report_queue.reports import FOLDER, ReportType

KIT = FOLDER / "_kit"


@dataclass(frozen=True)
class Report:
    """What a template knows of its job, as `report`."""

    title: str
    job_id: str
    created: datetime  # UTC


def html(report_type: ReportType, *, data: Any, report: Report) -> str:
    """The report as HTML. Raises PermanentFailure (`template.error`) that says where the template is wrong."""
    locale = formats.locale_of(data.get("locale", formats.DEFAULT) if isinstance(data, dict) else formats.DEFAULT)
    exact = figures.exact(data)
    try:
        with decimal.localcontext(figures.EXACT):
            return (
                environment(report_type.folder)
                .get_template("template.html")
                .render(
                    data=exact,
                    report=report,
                    locale=locale,
                    charts=Charts(lambda currency, unit: formats.compact(locale, currency, unit)),
                )
            )
    except Exception as error:
        raise _failure(error, report_type, exact) from error


@cache
def environment(folder: Path) -> ImmutableSandboxedEnvironment:
    """The templates of one report type."""
    env = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(folder), PrefixLoader({"_kit": FileSystemLoader(KIT)})]),
        undefined=_Missing,
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("lipsum", "cycler", "joiner"):
        del env.globals[name]
    env.filters.update({name: _strict(function) for name, function in formats.FILTERS.items()})
    env.globals.update({function.__name__: _strict(function) for function in figures.FUNCTIONS}, zip=zip)
    return env


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which names what is missing when it is given that: Jinja hands it on as a value like any other."""

    @wraps(function)
    def told(*args: Any, **options: Any) -> Any:
        for value in (*args, *options.values()):
            if isinstance(value, StrictUndefined):
                str(value)  # raises
        return function(*args, **options)

    return told


class _Absent(UndefinedError):
    """A name that is not there, and the object in which it was looked for."""

    def __init__(self, message: str | None, owner: Any, name: str | None) -> None:
        super().__init__(message)
        self.owner = owner
        self.name = name


class _Missing(StrictUndefined):
    """StrictUndefined, whose error still knows the object: its place in the payload can be told from that."""

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: Any = UndefinedError
    ) -> None:
        super().__init__(hint, obj, name, exc)
        if exc is UndefinedError:
            self._undefined_exception = partial(_Absent, owner=obj, name=name)  # type: ignore[assignment]  # only called


def _failure(error: Exception, report_type: ReportType, data: Any) -> PermanentFailure:
    """What to tell of `error`: the report type, the file and line, that line, and what it lacked."""
    place = _place(error, (report_type.folder, KIT))
    where = report_type.name
    if place:
        file, line = place
        text = file.read_text("utf-8").splitlines()[line - 1 : line]
        where += f": {file.name}, line {line}"
        where += f": `{text[0].strip()[:120]}`" if text else ""
    return PermanentFailure(f"{where}: {_what(error, data)}", reason="template.error")


def _what(error: Exception, data: Any) -> str:
    match error:
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
