"""What is embedded in a PDF: the report as a table, the payload as it was sent, the invoice as programs read it.

    attachments: [csv, xlsx, json, factur-x] ──► data.csv, data.xlsx, data.json, factur-x.xml

Nothing else is: the fetcher refuses what a template would attach.
"""

import json
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

import weasyprint  # type: ignore[import-untyped]

from report_queue.edition import FACTUR_X, Attached
from report_queue.render import factur_x
from report_queue.render.fetch import AssetFetcher
from report_queue.render.templates import Report
from report_queue.reports import ReportType

_ABOUT: Final[dict[Attached, tuple[str, str, str]]] = {  # name, description, relationship to the document
    "csv": ("data.csv", "The report's rows", "Data"),
    "xlsx": ("data.xlsx", "The report's tables", "Data"),
    "json": ("data.json", "What the report was made from", "Source"),
    "factur-x": (factur_x.FILE_NAME, "The invoice, for programs", "Alternative"),
}


def attached(
    wished: Sequence[Attached], report_type: ReportType, *, data: Any, report: Report, assets: AssetFetcher
) -> list[weasyprint.Attachment]:
    """The attachments, by their names, as a PDF must list them. Raises PermanentFailure as their writers do."""
    return [
        weasyprint.Attachment(
            file_obj=BytesIO(_content(kind, report_type, data=data, report=report)),
            name=_ABOUT[kind][0],
            description=_ABOUT[kind][1],
            relationship=_ABOUT[kind][2],
            created=report.created,
            modified=report.created,
            url_fetcher=assets,
        )
        for kind in sorted(wished, key=lambda kind: _ABOUT[kind][0])
    ]


def _content(kind: Attached, report_type: ReportType, *, data: Any, report: Report) -> bytes:
    if kind == "json":
        return json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8", "replace")
    if kind == FACTUR_X:
        return factur_x.invoice(report_type, data=data, report=report)
    from report_queue.render import spreadsheet  # and its libraries, which few reports need

    output = BytesIO()
    write = spreadsheet.csv if kind == "csv" else spreadsheet.xlsx
    write(report_type, data=data, report=report, output=output)
    return output.getvalue()
