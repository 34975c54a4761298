"""A report's tables as a workbook or as CSV, from the same template as its PDF.

    csv    the report's first table: its data_table, else the first with a head; raw values, no totals
    xlsx   a sheet for each table, with the number formats of the report's language, and its totals

CSV is UTF-8 with a byte order mark: without one Excel reads it in the code page of its machine, and every letter beyond
ASCII is another one; what reads CSV otherwise (pandas, R, Power Query, LibreOffice, Python's `utf-8-sig`) skips it.
A text that Excel would take for a formula has an apostrophe before it.
"""

import csv as comma_separated
import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO, Final

from report_queue.errors import PermanentFailure
from report_queue.render import templates
from report_queue.render.sheets import book
from report_queue.render.sheets.cells import Cell, plain
from report_queue.render.sheets.collect import Collected, collected
from report_queue.render.templates import Report
from report_queue.reports import ReportType
from report_queue.result import Finding

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv(report_type: ReportType, *, data: Any, report: Report, output: BinaryIO) -> None:
    """Write the report's first table as CSV (RFC 4180): numbers with a point, dates as ISO 8601 has them.

    Raises PermanentFailure as `templates.html` does, and `format.no_table`, `format.no_marks`.
    """
    sheets = _with_tables(report_type, data, report).sheets
    headed = [sheet for sheet in sheets if sheet.head] or sheets
    sheet = next((sheet for sheet in headed if sheet.given), headed[0])
    text = io.TextIOWrapper(output, "utf-8-sig", errors="replace", newline="")
    writer = comma_separated.writer(text)
    if sheet.head:
        writer.writerow([_field(title) for title in sheet.head])
    for row in sheet.rows:
        writer.writerow([_field(cell) for cell in row])
    text.flush()
    text.detach()  # `output` stays open


def xlsx(report_type: ReportType, *, data: Any, report: Report, output: BinaryIO) -> tuple[Finding, ...]:
    """Write the report's tables as a workbook. The findings say what had to be cut.

    Raises PermanentFailure as `templates.html` does, and `format.no_table`, `format.no_marks`, `format.too_long`,
    `format.too_wide`.
    """
    tables = _with_tables(report_type, data, report)
    return book.write(tables, report=report, locale=templates.locale_of(data, report), output=output)


def _with_tables(report_type: ReportType, data: Any, report: Report) -> Collected:
    found = collected(report_type, data=data, report=report)
    if not found.sheets:
        message = "The report has no table, of which a sheet could be made: ask for pdf or html."
        raise PermanentFailure(message, reason="format.no_table")
    return found


def _field(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str(text):
            return f"'{text}" if text.startswith(_FORMULA) else text
    match cell.value:
        case Decimal() as number:
            return f"{number:f}" if cell.how[0] in ("money", "price") else plain(number)
        case datetime() | date() as moment:
            return moment.isoformat()
