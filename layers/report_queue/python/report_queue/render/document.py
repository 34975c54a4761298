"""From a report type and its payload to a PDF: WeasyPrint, warm, silent, and the same bytes for the same job.

    data ──templates──► HTML ──lay out──► pages ──write──► PDF
                                 │                  │
                              style.css          dates and identifier come from the job, not from the clock

It knows nothing of the queue, of processes and their limits: it runs in a child that someone else may kill.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import weasyprint  # type: ignore[import-untyped]
from weasyprint.text.fonts import FontConfiguration  # type: ignore[import-untyped]
from weasyprint.urls import FatalURLFetchingError  # type: ignore[import-untyped]

from report_queue.errors import PermanentFailure
from report_queue.job import Progress
from report_queue.render import templates
from report_queue.render.fetch import AssetFetcher
from report_queue.reports import ReportType, report_types

_SPECIMEN = "test"  # the report type that uses everything that the kit has
_LINKS = frozenset({"http", "https", "mailto"})


def write(
    report_type: ReportType,
    *,
    data: Any,
    job_id: str,
    created: datetime,
    output: BinaryIO,
    progress: Callable[[int], None],
) -> int:
    """Write the report as PDF to `output`; returns its pages. `data` is valid, `created` in UTC.

    Raises PermanentFailure: `template.error`, `asset.blocked`, `asset.missing`, `asset.broken`, `link.blocked`. What
    stands in `output` then is worth nothing.
    """
    report = templates.Report(title=_title(report_type, data), job_id=job_id, created=created)
    html = templates.html(report_type, data=data, report=report)
    assets = AssetFetcher(report_type.folder, templates.KIT)
    style = _style(report_type.folder)
    # Fonts of its own for each document: the font map of a newer Pango has a thread, which a fork leaves behind in the
    # parent, and the child would wait for it for ever.
    fonts = FontConfiguration()
    with _complaints() as complaints, _fatal_is_refusal(assets):
        document = weasyprint.HTML(string=html, base_url=f"{report_type.folder.as_uri()}/", url_fetcher=assets).render(
            stylesheets=style, font_config=fonts
        )
        progress(Progress.LAID_OUT)
        _refuse_what_leaves(document)
        document.write_pdf(output, pdf_identifier=job_id.encode(), pdf_tags=True)
    if complaints:
        raise PermanentFailure(f"A part of the report cannot be drawn: {complaints[0]}", reason="asset.broken")
    progress(Progress.WRITTEN)
    return len(document.pages)


def warm_up() -> None:
    """Load all that a first report would: templates, languages, styles, fonts. Once, before forking.

    The specimen is laid out and written too: only that makes Pango open its fonts and fontTools import its tables.
    """
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    for report_type in report_types().values():
        report = templates.Report(title=report_type.title, job_id="", created=midnight)
        templates.html(report_type, data=report_type.sample, report=report)
        _style(report_type.folder)
    specimen = report_types()[_SPECIMEN]
    write(specimen, data=specimen.sample, job_id="", created=midnight, output=BytesIO(), progress=lambda _: None)


@cache
def _style(folder: Path) -> tuple[weasyprint.CSS, ...]:
    """A report type's style sheets, parsed. They name fonts of the system and bring none of their own."""
    assets = AssetFetcher(folder, templates.KIT)
    with _fatal_is_refusal(assets):
        return tuple(
            weasyprint.CSS(filename=file, url_fetcher=assets)
            for file in (templates.KIT / "style.css", folder / "style.css")
        )


def _title(report_type: ReportType, data: Any) -> str:
    title = data.get("title") if isinstance(data, dict) else None
    return title if isinstance(title, str) and title.strip() else report_type.title


@contextmanager
def _fatal_is_refusal(assets: AssetFetcher) -> Iterator[None]:
    """A refused fetch becomes its failure, also where WeasyPrint went on: while it draws an SVG, it does."""
    try:
        yield
    except FatalURLFetchingError as fatal:
        raise assets.refusal or fatal from None
    if assets.refusal:
        raise assets.refusal


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What WeasyPrint logs as an error inside: it leaves the part out and goes on, but a report with a hole is none.

    The messages come without their values, which may be the payload's.
    """
    said: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: said.append(str(record.msg))  # type: ignore[method-assign]
    logger = logging.getLogger("weasyprint")
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)


def _refuse_what_leaves(document: weasyprint.Document) -> None:
    """Links lead to the web or to a mail address, and nothing is attached: an attachment carries the clock's time."""
    links = [(kind, target) for page in document.pages for kind, target, _, _ in page.links]
    if document.metadata.attachments or any(kind == "attachment" for kind, _ in links):
        raise PermanentFailure("The template attaches a file; a report carries none.", reason="asset.blocked")
    for kind, target in links:
        if kind == "external" and (scheme := urlsplit(target).scheme) not in _LINKS:
            raise PermanentFailure(
                f"The template links to {scheme}:; a report may link to http, https and mailto.", reason="link.blocked"
            )
