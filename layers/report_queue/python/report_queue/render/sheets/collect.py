"""A report's sheets, in the order of its tables, and what the report says of itself.

The rows of a `data_table` are read when its sheet is written, one by one; a plain table's are parsed with the rest.
"""

import decimal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element

import tinyhtml5  # type: ignore[import-untyped]
from jinja2.runtime import Context
from markupsafe import Markup

from report_queue.errors import PermanentFailure
from report_queue.render import figures, templates, words
from report_queue.render.sheets import grid
from report_queue.render.sheets.cells import TYPED, Cell, Typed, cell
from report_queue.render.sheets.marks import Marks
from report_queue.render.table.rows import Column, Tables, Told, Total
from report_queue.reports import ReportType

_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


@dataclass(frozen=True)
class Sheet:
    """One table. `rows` are read once, `totals` stand below them and are no data."""

    name: str
    head: tuple[str, ...]  # () where the table has none
    rows: Iterable[Sequence[Cell]]
    totals: Sequence[Sequence[Cell]]
    given: bool  # it is a data_table


@dataclass(frozen=True)
class Collected:
    """A report's sheets, and what stands in its head."""

    sheets: list[Sheet]
    title: str
    author: str
    subject: str


def collected(report_type: ReportType, *, data: Any, report: templates.Report) -> Collected:
    """The report's tables. Raises PermanentFailure as `templates.html` does, and `format.no_marks`.

    Reading the rows of a `data_table` raises `template.error` where a column cannot be made of a row.
    """
    marks = Marks(data)
    tables = _Given(marks, report_type)
    html = templates.html(report_type, data=data, report=report, tables=tables, marking=marks)
    root: Element = tinyhtml5.parse(templates.sound(html), namespace_html_elements=False)
    of = words.word_in(templates.locale_of(data, report), "group")
    sheets = [
        tables.sheet(name, number, of) if number is not None else _sheet(name, table, marks, of)
        for name, table, number in _places(root, marks, tables)
    ]
    said = {one.get("name"): one.get("content") or "" for one in root.iter("meta")}
    return Collected(
        sheets=sheets,
        title=marks.strip(root.findtext("head/title") or "").strip() or report.title,
        author=marks.strip(said.get("author") or ""),
        subject=marks.strip(said.get("description") or ""),
    )


class _Given(Tables):
    """The `data_table`s of a report as they were told."""

    def __init__(self, marks: Marks, report_type: ReportType) -> None:
        super().__init__()
        self._marks = marks
        self._report_type = report_type
        self._data: Any = None
        self._told: list[Told] = []

    def _placed(self, context: Context, told: Told) -> Markup:
        """A slot for the table, which `sheet` reads."""
        self._data = context.get("data")
        self._told.append(told)
        return Markup(f'<div data-table="{len(self._told) - 1}"></div>')  # noqa: S704 - a number

    def number(self, element: Element) -> int | None:
        """Which table's slot the element is."""
        told = element.get("data-table") or ""
        return int(told) if told.isdecimal() and int(told) < len(self._told) else None

    def sheet(self, name: str, number: int, group: str) -> Sheet:
        """That table's sheet; `group` heads the column of its groups. Their subtotals are left to whoever sums."""
        told = self._told[number]
        head = tuple(self._marks.strip(column.title) for column in told.columns)
        totals = [self._total(told.total)] if told.total else []
        if told.groups:
            return Sheet(name, (group, *head), self._rows(told), _moved(totals), given=True)
        return Sheet(name, head, self._rows(told), totals, given=True)

    def _total(self, cells: Iterable[Total]) -> list[Cell]:
        row: list[Cell] = []
        for one in cells:
            found = self._marks.read(one.text)
            others: list[Cell] = [None] * (one.span - 1)
            row += [*others, found] if isinstance(found, Typed) else [found, *others]
        return row

    def _rows(self, told: Told) -> Iterator[list[Cell]]:
        with decimal.localcontext(figures.EXACT):
            try:
                for row in told.rows:
                    cells = [_value(column, row) for column in told.columns]
                    yield [self._marks.strip(told.groups.text(row)), *cells] if told.groups else cells
            except (MemoryError, RecursionError, PermanentFailure):
                raise
            except Exception as error:
                raise templates.failure(error, self._report_type, data=self._data) from error


def _moved(totals: Iterable[Sequence[Cell]]) -> list[Sequence[Cell]]:
    """The words of a total reach across the columns before its figures: beside a column of groups that is one more."""
    return [[*row[:1], None, *row[1:]] for row in totals if row]


def _value(column: Column, row: Any) -> Cell:
    value = column.value(row)
    if column.format and column.format[0] in TYPED:
        found = cell(value, column.format, "")
        return column.text(row) or None if found == "" else found
    return (column.text(row) if column.format else "" if value is None else str(value)) or None


def _sheet(name: str, table: Element, marks: Marks, group: str) -> Sheet:
    read = grid.read(table, marks.read, marks.strip)
    if read.groups is None:
        return Sheet(name, read.head, read.rows, read.totals, given=False)
    rows = [[of, *row] for of, row in zip(read.groups, read.rows, strict=True)]
    return Sheet(name, (group, *read.head) if read.head else (), rows, _moved(read.totals), given=False)


def _places(root: Element, marks: Marks, tables: _Given) -> Iterator[tuple[str, Element, int | None]]:
    """The tables in their order, each with the heading it stands under. One that holds tables is no table."""
    heading = ""
    for element in root.iter():
        if element.tag in _HEADINGS:
            heading = marks.strip(" ".join(grid.words(element).split())) or heading
        elif (number := tables.number(element)) is not None:
            yield heading, element, number
        elif element.tag == "table" and all(one is element for one in element.iter("table")):
            caption = element.find("caption")
            named = "" if caption is None else marks.strip(grid.words(caption))
            yield named or heading, element, None
