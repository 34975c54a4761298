"""A <table> of a report, read as rows of values: a head, rows that are data, and totals beside them.

<thead>                    ──► head, one text a column
<tr class="group">         ──► a first column that says the group of each row
<tr class="subtotal">, <tfoot> ──► totals, which are no data
<tr class="empty">         ──► nothing
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element

from report_queue.render.sheets.cells import Cell, Typed

Row = list[Cell]

_MOST_SPAN: Final = 1_000  # as browsers have it
_COUNTED: Final = re.compile(r"0|-?[1-9]\d{0,14}", re.ASCII)  # a row's number, say, which no filter wrote
_WHOLE: Final = re.compile(r"[0-9]{1,100}")
_LINES: Final = frozenset({"br", "dd", "div", "dt", "li", "p", "small", "tr"})  # what stands on a line of its own
_SILENT: Final = frozenset({"audio", "math", "script", "style", "svg", "template", "video"})
_SECTIONS: Final = frozenset({"thead", "tbody", "tfoot"})


@dataclass(frozen=True)
class Grid:
    """A table's rows, all equally long. `groups` are the names of the groups, one a row, where there are any."""

    head: tuple[str, ...]
    rows: list[Row]
    groups: list[str] | None
    totals: list[Row]


@dataclass(frozen=True)
class _Line:
    kind: str  # head, data, total, group, empty
    cells: Row
    group: str


def read(table: Element, value: Callable[[str], Cell], plain: Callable[[str], str]) -> Grid:
    """The table. `value` says what a cell's text holds, `plain` a text without marks."""
    lines = list(_lines(table, value, plain))
    width = max((len(line.cells) for line in lines if line.kind in ("head", "data", "total")), default=0)
    rows = [line for line in lines if line.kind == "data"]
    kept = _told(table, width)

    def fitted(line: _Line) -> Row:
        padded = line.cells + [None] * (width - len(line.cells))
        return [padded[column] for column in kept]

    heads = [fitted(line) for line in lines if line.kind == "head"]
    return Grid(
        head=tuple(_heading([row[column] for row in heads]) for column in range(len(kept))) if heads else (),
        rows=[fitted(row) for row in rows],
        groups=[row.group for row in rows] if any(line.kind == "group" for line in lines) else None,
        totals=[fitted(line) for line in lines if line.kind == "total"],
    )


def words(element: Element) -> str:
    """What an element says, each line of it on a line of its own."""
    lines = ("".join(_pieces(element)).replace("\r", "\n")).split("\n")
    return "\n".join(line for line in (" ".join(line.split(" ")).strip() for line in lines) if line)


def _lines(table: Element, value: Callable[[str], Cell], plain: Callable[[str], str]) -> Iterator[_Line]:
    group, below = "", dict[int, int]()  # column -> rows that a cell above reaches into it
    for section, row in _rows(table):
        kinds = (row.get("class") or "").split()
        if "group" in kinds:
            group = plain(_name(row))
            yield _Line("group", [], group)
            continue
        if "empty" in kinds:
            yield _Line("empty", [], group)
            continue
        kind = "head" if section == "thead" else "total" if section == "tfoot" or "subtotal" in kinds else "data"
        cells: Row = []
        for cell in row:
            if cell.tag not in ("td", "th"):
                continue
            while below.get(len(cells), 0):
                below[len(cells)] -= 1
                cells.append(None)
            span, down = _span(cell, "colspan"), _span(cell, "rowspan")
            for column in range(len(cells), len(cells) + span) if down > 1 else ():
                below[column] = down - 1
            text = words(cell)
            found = plain(text) or None if kind == "head" else value(text)
            if isinstance(found, str) and "n" in (cell.get("class") or "").split() and _COUNTED.fullmatch(found):
                found = Typed(Decimal(found), ("number",))
            rest: Row = [found if kind == "head" else None] * (span - 1)
            cells += [*rest, found] if isinstance(found, Typed) else [found, *rest]  # a number stands at the right
        for column in range(len(cells), max(below, default=-1) + 1):
            below[column] = max(below.get(column, 0) - 1, 0)
        yield _Line(kind, cells, group)


def _rows(table: Element) -> Iterator[tuple[str, Element]]:
    for child in table:
        if child.tag == "tr":
            yield "tbody", child
        elif child.tag in _SECTIONS:
            yield from ((str(child.tag), row) for row in child if row.tag == "tr")


def _told(table: Element, width: int) -> list[int]:
    """The columns that say something: not those whose cells are all drawings."""
    drawn, said = set[int](), set[int]()
    for section, row in _rows(table):
        column = 0
        for cell in row if section == "tbody" else ():
            if words(cell):
                said.add(column)
            elif len(cell):
                drawn.add(column)
            column += _span(cell, "colspan")
    return [column for column in range(width) if column in said or column not in drawn]


def _heading(texts: Sequence[Cell]) -> str:
    """Of a head of several rows, what stands above each other."""
    return " ".join(dict.fromkeys(text for text in texts if isinstance(text, str)))


def _name(row: Element) -> str:
    """A group's name, without what is said beside it in a lighter colour."""
    said = [part for cell in row for part in _pieces(cell, without="muted")]
    return " ".join("".join(said).split())


def _pieces(element: Element, without: str = "") -> Iterator[str]:
    yield " ".join((element.text or "").split("\n"))
    for child in element:
        silent = not isinstance(child.tag, str) or child.tag.rpartition("}")[2] in _SILENT
        if not silent and not (without and without in (child.get("class") or "").split()):
            line = child.tag in _LINES
            yield "\n" if line else ""
            yield from _pieces(child, without)
            yield "\n" if line and child.tag != "br" else ""
        yield " ".join((child.tail or "").split("\n"))


def _span(cell: Element, name: str) -> int:
    told = (cell.get(name) or "").strip()
    if not _WHOLE.fullmatch(told):
        return 1
    return min(max(int(told), 1), _MOST_SPAN)
