"""Sheets as a workbook: a head that stays, a filter, columns as wide as what they hold, totals below.

Rows go to a file one by one, so that a long table takes no memory. Whatever is a text is written as one: no formula,
no link. The same sheets make the same bytes.
"""

import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, BinaryIO, Final

from babel import Locale
from xlsxwriter import Workbook  # type: ignore[import-untyped]

from report_queue.errors import PermanentFailure
from report_queue.render.sheets.cells import Cell, Typed, plain
from report_queue.render.sheets.collect import Collected, Sheet
from report_queue.render.sheets.number_formats import code
from report_queue.render.templates import Report
from report_queue.result import Finding

MOST_ROWS: Final = 1_048_576  # Excel's limits
MOST_COLUMNS: Final = 16_384
MOST_CHARACTERS: Final = 32_767
_NAME: Final = 31
_DIGITS: Final = 15  # that a number of Excel's has
_FIRST_DAY: Final = date(1900, 3, 1)  # before it, Excel counts a day that never was
_NARROWEST, _WIDEST = 6, 60  # characters
_NOT_IN_NAMES: Final = frozenset("[]:*?/\\")


def write(collected: Collected, *, report: Report, locale: Locale, output: BinaryIO) -> tuple[Finding, ...]:
    """Write the workbook; what had to be cut is told. Raises PermanentFailure, `format.too_long`, `format.too_wide`."""
    file = BytesIO()  # packed: a tenth of the rows' size; what becomes of `output` meanwhile is not up to zipfile
    book = Workbook(file, {"constant_memory": True, "use_zip64": True})
    book.set_properties(
        {
            "title": _clean(collected.title),
            "author": _clean(collected.author),
            "subject": _clean(collected.subject),
            "keywords": report.job_id,
            "comments": f"Job {report.job_id}",
            "created": report.created.astimezone(UTC).replace(tzinfo=None),
        }
    )
    formats = _Formats(book, locale)
    names: set[str] = set()
    cut = 0
    for sheet in collected.sheets:
        page = book.add_worksheet(_name(sheet.name, names))
        if locale.text_direction == "rtl":
            page.right_to_left()
        cut += _Page(page, formats, sheet).write()
    book.close()
    output.write(file.getbuffer())
    if not cut:
        return ()
    said = "A text was" if cut == 1 else f"{cut:,} texts were"
    return (Finding("cell.cut", f"{said} cut after {MOST_CHARACTERS:,} characters, the most that a cell holds."),)


class _Formats:
    """The workbook's formats, each made once."""

    def __init__(self, book: Any, locale: Locale) -> None:
        self._book = book
        self._locale = locale
        self._made: dict[tuple[Any, ...], Any] = {}

    def plain(self, *, bold: bool = False, wrapped: bool = False, head: bool = False, line: bool = False) -> Any:
        key = (bold, wrapped, head, line)
        if key not in self._made:
            self._made[key] = self._format(bold=bold, text_wrap=wrapped, bottom=int(head), top=int(line))
        return self._made[key]

    def of(self, cell: Typed, *, bold: bool = False) -> Any:
        key = (cell.how, cell.decimals, bold)
        if key not in self._made:
            self._made[key] = self._format(num_format=code(cell, self._locale), bold=bold, top=int(bold))
        return self._made[key]

    def _format(self, **told: Any) -> Any:
        return self._book.add_format({"valign": "top", **{name: value for name, value in told.items() if value}})


class _Page:
    """One worksheet, as it is filled."""

    def __init__(self, page: Any, formats: _Formats, sheet: Sheet) -> None:
        self._page = page
        self._formats = formats
        self._sheet = sheet
        self._row = 0
        self._widths: dict[int, int] = {}
        self._cut = 0

    def write(self) -> int:
        """How many texts were cut."""
        sheet, page = self._sheet, self._page
        if sheet.head:
            self._put(sheet.head, head=True)
            page.freeze_panes(1, 0)
        for row in sheet.rows:
            self._put(row)
        if sheet.head:
            page.autofilter(0, 0, self._row - 1, len(sheet.head) - 1)
        last = self._row
        for row in sheet.totals:
            self._put(row, bold=True)
        for column, width in self._widths.items():
            page.set_column(column, column, min(max(width + 2, _NARROWEST), _WIDEST))
        # Article numbers and the like are texts on purpose: no green corners.
        page.ignore_errors({"number_stored_as_text": f"A1:XFD{max(last, self._row, 1)}"})
        return self._cut

    def _put(self, row: Iterable[Cell], *, head: bool = False, bold: bool = False) -> None:
        if self._row >= MOST_ROWS:
            raise PermanentFailure(
                f"A sheet has room for {MOST_ROWS:,} rows, and a table of this report has more: "
                "send fewer rows, or ask for csv.",
                reason="format.too_long",
            )
        for column, cell in enumerate(row):
            if column >= MOST_COLUMNS:
                raise PermanentFailure(
                    f"A sheet has room for {MOST_COLUMNS:,} columns, and a table of this report has more.",
                    reason="format.too_wide",
                )
            if isinstance(cell, Typed) and (shown := self._typed(column, cell, bold=bold)) is not None:
                cell = shown
            if isinstance(cell, str):
                self._text(column, cell, head=head, bold=bold)
            elif cell is None and bold:
                self._page.write_blank(self._row, column, None, self._formats.plain(bold=True, line=True))
        self._row += 1

    def _text(self, column: int, text: str, *, head: bool, bold: bool) -> None:
        text = _clean(text)
        if _units(text) > MOST_CHARACTERS:
            text = _shortened(text, MOST_CHARACTERS)
            self._cut += 1
        wrapped = "\n" in text
        look = self._formats.plain(bold=head or bold, wrapped=wrapped, head=head, line=bold)
        self._page.write_string(self._row, column, text, look)
        # A head leaves room for the filter's button.
        self._wide(column, max(map(_breadth, text.split("\n"))) + (3 if head else 0))

    def _typed(self, column: int, cell: Typed, *, bold: bool) -> str | None:
        """Write the value; or say which text is to stand there, where Excel's numbers and days cannot hold it."""
        value = cell.value
        if isinstance(value, Decimal):
            whole = max(value.adjusted(), 0) + 1
            if whole + cell.decimals > _DIGITS and len(plain(value).replace(".", "").strip("-0")) > _DIGITS:
                return plain(value)
            self._page.write_number(self._row, column, float(value), self._formats.of(cell, bold=bold))
            signs = 6 if cell.how[0] in ("money", "price") else 2
            self._wide(column, whole + (whole - 1) // 3 + cell.decimals + signs)
            return None
        day = value.date() if isinstance(value, datetime) else value
        if day < _FIRST_DAY:
            return day.isoformat()
        naive = value.replace(tzinfo=None) if isinstance(value, datetime) else value
        self._page.write_datetime(self._row, column, naive, self._formats.of(cell, bold=bold))
        self._wide(column, 18 if isinstance(value, datetime) else 12)
        return None

    def _wide(self, column: int, width: int) -> None:
        if width > self._widths.get(column, 0):
            self._widths[column] = width


def _name(heading: str, taken: set[str]) -> str:
    """A sheet's name of at most 31 characters that no other has; capital letters make none a different one."""
    clean = "".join(" " if sign in _NOT_IN_NAMES or not sign.isprintable() else sign for sign in heading)
    name = _cut(" ".join(clean.split()).strip("' "), _NAME).rstrip("' ") or "Table"
    if name.casefold() == "history":  # Excel keeps it for itself
        name = f"{name} 1"
    number, first = 1, name
    while name.casefold() in taken:
        number += 1
        name = f"{_cut(first, _NAME - len(str(number)) - 1).rstrip()} {number}"
    taken.add(name.casefold())
    return name


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    if text.isascii():
        return text
    return "".join("\ufffd" if "\ud800" <= sign <= "\udfff" or sign in "\ufffe\uffff" else sign for sign in text)


def _shortened(text: str, most: int) -> str:
    return f"{_cut(text, most - 1)}…"


def _cut(text: str, most: int) -> str:
    """The text's beginning, of at most so many of Excel's characters."""
    while _units(text) > most:
        text = text[: most - (_units(text) - len(text))] if len(text) > most else text[:-1]
    return text


def _units(text: str) -> int:
    """Excel counts in UTF-16."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _breadth(text: str) -> int:
    """In widths of a digit: letters of East Asia are twice as wide."""
    return len(text) if text.isascii() else sum(1 + (unicodedata.east_asian_width(sign) in "FW") for sign in text)
