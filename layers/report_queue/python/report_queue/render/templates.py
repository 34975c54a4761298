"""From a report type's template and the payload to HTML: Jinja2 in its sandbox.

    template.html ── extends ──► _kit/base.html          sees: data, report, locale, charts, filters
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
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from report_queue.render import faults, figures, formats
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
            template = environment(report_type.folder).get_template("template.html")
            charts = Charts(lambda currency, unit: formats.compact(locale, currency, unit))
            return template.render(data=exact, report=report, locale=locale, charts=charts)
    except (MemoryError, RecursionError):
        raise  # a limit was reached: the caller knows which
    except Exception as error:
        raise faults.failure(error, name=report_type.name, folders=(report_type.folder, KIT), data=exact) from error


@cache
def environment(folder: Path) -> ImmutableSandboxedEnvironment:
    """The templates of one report type."""
    env = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(folder), PrefixLoader({"_kit": FileSystemLoader(KIT)})]),
        undefined=faults.Missing,
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
