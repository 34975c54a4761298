"""From a job to the file that was wished for: a PDF, or the same report in another format.

    edition ──► pdf          `document` ──► does what was found break what the PDF claims to be? ──► `protect`
            ├─► html         `web`
            └─► csv, xlsx    `spreadsheet`

It knows nothing of the queue, of processes and their limits: it runs in a child that someone else may kill. Of what few
reports need, nothing is loaded before one does: `load_all` is for whoever has the time.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, BinaryIO, Final

from report_queue.edition import ACCESSIBLE, ARCHIVED, PDF, USUAL, Edition, Format, Variant
from report_queue.errors import PermanentFailure
from report_queue.job import Progress
from report_queue.render import document, templates
from report_queue.render.document import Written
from report_queue.render.recipe import recipe_without_fonts
from report_queue.reports import ReportType
from report_queue.result import Finding

# What a plain PDF is only warned of makes untrue what one of these claims.
_BREAKS: Final[dict[Variant | None, frozenset[str]]] = {
    None: frozenset(),
    ACCESSIBLE: frozenset({"document.no_title", "document.no_language", "image.no_alt", "glyph.missing"}),
    ARCHIVED: frozenset({"glyph.missing"}),
}


def make(
    report_type: ReportType,
    *,
    data: Any,
    job_id: str,
    created: datetime,
    output: BinaryIO,
    progress: Callable[[int], None],
    edition: Edition = USUAL,
) -> Written:
    """Write the report to `output`, an open file that is empty. `data` is valid, `created` in UTC.

    Raises PermanentFailure: as `document.write` does, `format.no_table` where a spreadsheet would be empty, and
    `preflight.<code>` for a finding that the job or its variant does not live with. What stands in `output` then is
    worth nothing.
    """
    if edition.format == PDF:
        written = document.write(
            report_type,
            data=data,
            job_id=job_id,
            created=created,
            output=output,
            progress=progress,
            edition=edition,
        )
        _refuse_broken(written.findings, edition)
        if edition.password is not None:
            from report_queue.render import protect

            return replace(written, unlocked_sha256=protect.protect(output, password=edition.password))
        return written
    report = document.about(report_type, data, job_id=job_id, created=created, edition=edition)
    findings = _other(edition.format)(report_type, data=data, report=report, output=output) or ()
    _refuse_broken(findings, edition)
    progress(Progress.WRITTEN)
    return Written(pages=0, findings=findings, recipe=recipe_without_fonts((report_type.folder, templates.KIT)))


def load_all() -> None:
    """Load what a report in any format needs."""
    from report_queue.render import protect, spreadsheet, web  # noqa: F401 - to have them


def _other(wished: Format) -> Callable[..., tuple[Finding, ...] | None]:
    from report_queue.render import spreadsheet, web

    return web.html if wished == "html" else spreadsheet.csv if wished == "csv" else spreadsheet.xlsx


def _refuse_broken(findings: Iterable[Finding], edition: Edition) -> None:
    for found in findings:
        if edition.preflight == "fail" or found.code in _BREAKS[edition.variant]:
            raise PermanentFailure(found.message, reason=f"preflight.{found.code}")
