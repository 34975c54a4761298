"""From a job to the file that was wished for: a PDF, or the same report in another format.

    edition ──► pdf          `document` ──► does what was found break what the PDF claims to be? ──► `protect`
            ├─► html         `web`
            └─► csv, xlsx    `spreadsheet`

It knows nothing of the queue, of processes and their limits: it runs in a child that someone else may kill.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, BinaryIO, Final

from report_queue.edition import ACCESSIBLE, ARCHIVED, PDF, USUAL, Edition, Variant
from report_queue.errors import PermanentFailure
from report_queue.job import Progress
from report_queue.render import document, protect, spreadsheet, templates, web
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
_OTHERS: Final[dict[str, Callable[..., tuple[Finding, ...] | None]]] = {
    "html": web.html,
    "csv": spreadsheet.csv,
    "xlsx": spreadsheet.xlsx,
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
            return replace(written, unlocked_sha256=protect.protect(output, password=edition.password))
        return written
    report = document.about(report_type, data, job_id=job_id, created=created, edition=edition)
    findings = _OTHERS[edition.format](report_type, data=data, report=report, output=output) or ()
    _refuse_broken(findings, edition)
    progress(Progress.WRITTEN)
    return Written(pages=0, findings=findings, recipe=recipe_without_fonts((report_type.folder, templates.KIT)))


def _refuse_broken(findings: Iterable[Finding], edition: Edition) -> None:
    for found in findings:
        if edition.preflight == "fail" or found.code in _BREAKS[edition.variant]:
            raise PermanentFailure(found.message, reason=f"preflight.{found.code}")
