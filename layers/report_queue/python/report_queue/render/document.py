"""From a report type and its payload to a PDF: WeasyPrint, warm, silent, and the same bytes for the same job.

    data ──templates──► HTML ──lay out──► pages ──write──► PDF
                                 │                  │
                              style.css          dates and identifier come from the job, not from the clock

It knows nothing of the queue, of processes and their limits: it runs in a child that someone else may kill.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import weasyprint  # type: ignore[import-untyped]
from weasyprint.urls import FatalURLFetchingError  # type: ignore[import-untyped]

from report_queue.edition import ACCESSIBLE, FACTUR_X, USUAL, Edition
from report_queue.errors import PermanentFailure
from report_queue.job import Progress
from report_queue.render import factur_x, margins, parsed, preflight, serialised, shortcuts, templates
from report_queue.render.attached import attached
from report_queue.render.fetch import AssetFetcher
from report_queue.render.fonts import Fonts
from report_queue.render.links import refuse_what_leaves
from report_queue.render.recipe import recipe_of
from report_queue.render.table import Lane, Tables
from report_queue.reports import ReportType, report_types
from report_queue.result import Finding, Recipe

shortcuts.take()

_SPECIMEN = "test"  # the report type that uses everything that the kit has
# WeasyPrint calls these errors; here they are findings of the preflight, and the report is made.
_FOUND = ('Image "%s" has no required alt description', 'Missing required "lang" attribute at the root of the document')


@dataclass(frozen=True)
class Written:
    """What was written."""

    pages: int  # 0: a format that has none
    findings: tuple[Finding, ...]
    recipe: Recipe
    unlocked_sha256: str | None = None  # hex, of the PDF before it got its password


def write(
    report_type: ReportType,
    *,
    data: Any,
    job_id: str,
    created: datetime,
    output: BinaryIO,
    progress: Callable[[int], None],
    edition: Edition = USUAL,
) -> Written:
    """Write the report as PDF to `output`. `data` is valid, `created` in UTC.

    Raises PermanentFailure: `template.error`, `template.too_large`, `template.form`, `asset.blocked`, `asset.missing`,
    `asset.broken`, `asset.too_large`, `link.blocked`, `table.too_long`. What stands in `output` then is worth nothing.
    """
    report = about(report_type, data, job_id=job_id, created=created, edition=edition)
    tables = Tables()
    html = templates.html(report_type, data=data, report=report, tables=tables)
    assets = AssetFetcher(report_type.folder, templates.KIT)
    sheets = style(report_type.folder)
    fonts = Fonts()
    with _complaints() as complaints, _fatal_is_refusal(assets):

        def lay_out(html: str) -> weasyprint.Document:
            source = weasyprint.HTML(string=html, base_url=f"{report_type.folder.as_uri()}/", url_fetcher=assets)
            return source.render(stylesheets=sheets, font_config=fonts)

        locked = edition.password is not None
        lane = Lane(tables, lay_out, accessible=edition.variant == ACCESSIBLE, locked=locked)
        document = lane.document(html)
        progress(Progress.LAID_OUT)
        refuse_what_leaves(document)
        attachments = attached(edition.attachments, report_type, data=data, report=report, assets=assets)

        def finish(document: weasyprint.Document, pdf: Any) -> None:
            if edition.variant == ACCESSIBLE:
                margins.as_artifacts(pdf)
            lane.finish(document, pdf)
            if FACTUR_X in edition.attachments:
                factur_x.tell(pdf)
            serialised.once(pdf)

        with lane.writing():
            document.write_pdf(
                output,
                pdf_identifier=job_id.encode(),
                pdf_tags=True,
                pdf_variant=edition.variant,
                custom_metadata=True,
                attachments=attachments,
                finisher=finish,
            )
    if complaints:
        raise PermanentFailure(f"A part of the report cannot be drawn: {complaints[0]}", reason="asset.broken")
    progress(Progress.WRITTEN)
    recipe = recipe_of(document, folders=(report_type.folder, templates.KIT))
    return Written(pages=len(document.pages), findings=preflight.look(document, filled=lane.pages), recipe=recipe)


def about(
    report_type: ReportType, data: Any, *, job_id: str, created: datetime, edition: Edition = USUAL
) -> templates.Report:
    """What a template is told of its job."""
    return templates.Report(
        title=_title(report_type, data),
        job_id=job_id,
        created=created,
        locale=edition.locale,
        time_zone=edition.time_zone,
    )


def warm_up() -> None:
    """Load all that a first report would: templates, languages, styles, fonts. Once, before forking.

    The specimen is laid out and written too: only that makes Pango open its fonts and fontTools import its tables.
    """
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    for report_type in report_types().values():
        report = templates.Report(title=report_type.title, job_id="", created=midnight)
        with suppress(PermanentFailure):  # its own jobs will say so; the other types' reports are made all the same
            templates.html(report_type, data=report_type.sample, report=report)
            style(report_type.folder)
    specimen = report_types()[_SPECIMEN]
    with suppress(PermanentFailure):
        write(specimen, data=specimen.sample, job_id="", created=midnight, output=BytesIO(), progress=lambda _: None)


def sheets_of(folder: Path) -> tuple[Path, ...]:
    """The files of a report type's style, in the order in which they count."""
    return templates.KIT / "style.css", templates.KIT / "table.css", folder / "style.css"


@cache
def style(folder: Path) -> tuple[weasyprint.CSS, ...]:
    """A report type's style sheets, parsed. They name fonts of the system and bring none of their own."""
    assets = AssetFetcher(folder, templates.KIT)
    with _fatal_is_refusal(assets):
        return tuple(parsed.sheet(file, assets) for file in sheets_of(folder))


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
    handler.addFilter(lambda record: record.msg not in _FOUND)
    handler.emit = lambda record: said.append(str(record.msg))  # type: ignore[method-assign]
    logger = logging.getLogger("weasyprint")
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)
