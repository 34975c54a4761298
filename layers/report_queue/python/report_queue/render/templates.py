"""From a report type's template and the payload to HTML: Jinja2 in its sandbox.

    template.html ── extends ──► _kit/base.html          sees: data, report, locale, time_zone, charts, codes, filters
                └── imports ──► _kit/kit.html

A template sees files of its own folder and `_kit/` only. Data is escaped; a name that does not exist is an error.
What is said of the error, `faults` decides.
"""

import decimal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, wraps
from pathlib import Path
from typing import Any, Final

from babel import Locale
from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from report_queue.edition import UTC
from report_queue.errors import PermanentFailure
from report_queue.render import faults, figures, formats
from report_queue.render.charts import Charts
from report_queue.render.codes import Codes
from report_queue.render.compiled import Compiled
from report_queue.render.sheets import marks
from report_queue.render.table.rows import Tables
from report_queue.render.words import word
from report_queue.reports import FOLDER, ReportType

KIT = FOLDER / "_kit"
MAX_SOURCE: Final = 64_000_000  # characters of HTML; a report of them would need more memory than a child has


@dataclass(frozen=True)
class Report:
    """What a template knows of its job, as `report`."""

    title: str
    job_id: str
    created: datetime  # UTC
    locale: str | None = None  # such as de or fr-CH; None: the payload's `locale`, or English
    time_zone: str = UTC  # IANA name


def html(
    report_type: ReportType,
    *,
    data: Any,
    report: Report,
    tables: Tables | None = None,
    marking: marks.Marks | None = None,
    name: str = "template.html",
) -> str:
    """The report as HTML, with slots for the long tables where `tables` are to be written apart from it.

    `marking` has the formatted values in it marked; else nothing is. `name` is another template of the folder, which
    sees the same and may write something else than HTML.

    Raises PermanentFailure: `template.error`, which says where the template is wrong, and `template.too_large`.
    """
    locale = locale_of(data, report)
    time_zone = formats.time_zone_of(report.time_zone)
    exact = figures.exact(data)
    try:
        with decimal.localcontext(figures.EXACT), marks.writing(marking):
            template = environment(report_type.folder, marking=marking is not None).get_template(name)
            charts = Charts(lambda currency, unit: formats.compact(locale, currency, unit))
            seen = {"locale": locale, "time_zone": time_zone, "charts": charts}
            data_table = (tables or Tables(at_least=None)).data_table
            return _written(template, data=exact, report=report, data_table=data_table, **seen)
    except (MemoryError, RecursionError, PermanentFailure):
        raise  # a limit was reached: the caller knows which, or is told
    except Exception as error:
        raise failure(error, report_type, data=exact) from error


def sound(written: str) -> str:
    """What a template wrote, for a parser or a file: neither takes half a pair of surrogates, which is no character."""
    return written.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def locale_of(data: Any, report: Report) -> Locale:
    """The report's language: the job's, else the payload's, else English."""
    told = data.get("locale") if isinstance(data, dict) else None
    return formats.locale_of(report.locale or told or formats.DEFAULT)


def failure(error: Exception, report_type: ReportType, *, data: Any) -> PermanentFailure:
    """What to tell of an error that the report type's templates, or a column of theirs, raised about `data`."""
    return faults.failure(error, name=report_type.name, folders=(report_type.folder, KIT), data=data)


def _written(template: Template, **seen: Any) -> str:
    """What the template writes; counted while it does, so that a loop without end is stopped before memory is full."""
    parts: list[str] = []
    size = 0
    for part in template.generate(**seen):
        size += len(part)
        if size > MAX_SOURCE:
            message = f"The template writes more than {MAX_SOURCE:,} characters of HTML; send fewer rows."
            raise PermanentFailure(message, reason="template.too_large")
        parts.append(part)
    return "".join(parts)


class _OwnFiles(FileSystemLoader):
    """The templates of one folder, and none that a symbolic link in it points to elsewhere."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, file, unchanged = super().get_source(environment, template)
        if not Path(file).resolve().is_relative_to(Path(self.searchpath[0]).resolve()):
            raise TemplateNotFound(template)
        return source, file, unchanged


@cache
def environment(folder: Path, *, marking: bool = False) -> ImmutableSandboxedEnvironment:
    """The templates of one report type; `marking`, with formats that mark what they write."""
    env = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([_OwnFiles(folder), PrefixLoader({"_kit": _OwnFiles(KIT)})]),
        undefined=faults.Missing,
        autoescape=True,
        auto_reload=False,
        bytecode_cache=Compiled(),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("lipsum", "cycler", "joiner"):
        del env.globals[name]
    filters = {name: marks.marked(name, f) if marking else f for name, f in formats.FILTERS.items()}
    env.filters.update({name: _strict(function) for name, function in filters.items()})
    env.globals.update(
        {function.__name__: _strict(function) for function in (*figures.FUNCTIONS, word)}, zip=zip, codes=Codes()
    )
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
