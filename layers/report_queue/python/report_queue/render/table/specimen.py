"""How a table looks, read from the boxes of a specimen that WeasyPrint has laid out.

    page A   head            page B   head (repeated)
             row 0   first            row 2   after the repeated head
             row 1   plain            row 3   plain
                                      row 4   last
                                      total

Nothing of style.css is written down here a second time. Lengths are in pixels, from the table's left edge, or from the
top of the row. The boxes are only half public: WeasyPrint's version is pinned.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from weasyprint.formatting_structure.boxes import (  # type: ignore[import-untyped]
    LineBox,
    MarginBox,
    TableBox,
    TextBox,
)

from report_queue.render.table.shaping import Shaper, Unfit, fill

Styles = Callable[[Any], Shaper]


@dataclass(frozen=True)
class Stamp:
    """A row that is the same wherever it stands: the head, or the total."""

    height: float
    texts: tuple[tuple[Shaper, str, float, float], ...]  # shaper, text, left end, baseline


@dataclass(frozen=True)
class Cells:
    """A column's cells."""

    shaper: Shaper
    left: float
    room: float
    to_right: bool


@dataclass(frozen=True)
class Rule:
    """A line across the table, on the border between two rows."""

    thickness: float
    fill: str


@dataclass(frozen=True)
class Look:
    """All that there is to know."""

    left: float  # of the table, from its block's
    width: float
    columns: tuple[Cells, ...]
    head: Stamp
    total: Stamp | None
    height: float  # of a plain row of one line
    baseline: float  # of its first line
    line: float  # from one line to the next
    first: float  # how much higher the first row is, and how much deeper its text: half of the head's rule
    after_head: float  # the same for the first row of a further page
    last: float  # how much higher the last row is: half of the total's rule
    zebra: str | None  # what every second row is filled with
    under_head: Rule | None
    above_total: Rule | None


@dataclass(frozen=True)
class Place:
    """Where a table begins, and what room it has."""

    page: int
    room: float  # on its first page
    full: float  # on each further one


def boxes(page: Any) -> Iterator[Any]:
    """The boxes of the page, but those in its margins."""
    for child in page._page_box.children:
        if not isinstance(child, MarginBox):
            yield from child.descendants()


def named(box: Any, attribute: str) -> str | None:
    """The value of the element's attribute that the box is of."""
    return None if box.element is None or box.element_tag != box.element.tag else box.element.get(attribute)


def read(document: Any, number: int, styles: Styles) -> tuple[Place, Look]:
    """Of the table with this number. Raises Unfit where it looks like nothing that could be written."""
    place = block = None
    tables: list[tuple[Any, Any]] = []
    for index, page in enumerate(document.pages):
        for box in boxes(page):
            if block is None and named(box, "data-lane") == "0" and named(box, "data-of") == str(number):
                block, place = box, (index, _bottom(page) - box.content_box_y())
            elif isinstance(box, TableBox) and named(box, "data-specimen") == str(number):
                tables.append((page, box))
    if block is None or place is None or len(tables) != 2:
        raise Unfit
    (_, before), (page, after) = tables
    if _bottom(tables[0][0]) - _top(tables[0][0]) != _bottom(page) - _top(page):
        raise Unfit
    here = _Fragment(before, styles), _Fragment(after, styles)
    return Place(*place, full=_bottom(page) - _top(page)), _look(block, *here)


class _Fragment:
    """One of the specimen's two parts."""

    def __init__(self, table: Any, styles: Styles) -> None:
        self.table = table
        self.styles = styles
        self.rows = [row for group in table.children for row in group.children]

    @cached_property
    def borders(self) -> list[list[Any]]:
        """The borders between the rows, in the whole table: one more than it has rows."""
        return [[cell[1] for cell in row] for row in self.table.collapsed_border_grid[1]]

    def stamp(self, index: int) -> Stamp:
        row = self.rows[index]
        texts = tuple(
            (
                self.styles(box.style),
                box.text,
                box.position_x - self.table.content_box_x(),
                box.position_y + box.baseline - row.position_y,
            )
            for box in row.descendants()
            if isinstance(box, TextBox) and box.text.strip()
        )
        return Stamp(row.height, texts)

    def baseline(self, index: int) -> float:
        row = self.rows[index]
        text = _only(row.children[0], TextBox)
        return float(text.position_y + text.baseline - row.position_y)


def _look(block: Any, before: _Fragment, after: _Fragment) -> Look:
    if len(before.rows) != 3 or len(after.rows) not in (4, 5):
        raise Unfit
    has_total = len(after.rows) == 5
    plain, zebra, last = before.rows[2], before.rows[2].style["background_color"], after.rows[3]
    borders = before.borders
    ruled = {1, 6} if has_total else {1}
    if any(width for index, row in enumerate(borders) if index not in ruled for _, width, _ in row):
        raise Unfit
    return Look(
        left=before.table.content_box_x() - block.content_box_x(),
        width=before.table.width,
        columns=tuple(_cells(cell, before) for cell in plain.children),
        head=before.stamp(0),
        total=after.stamp(4) if has_total else None,
        height=plain.height,
        baseline=before.baseline(2),
        line=_only(plain.children[0], LineBox).height,
        first=before.rows[1].height - plain.height,
        after_head=after.rows[1].height - plain.height,
        last=last.height - plain.height,
        zebra=fill(zebra) if zebra.alpha else None,
        under_head=_rule(borders[1]),
        above_total=_rule(borders[6]) if has_total else None,
    )


def _cells(cell: Any, fragment: _Fragment) -> Cells:
    text = _only(cell, TextBox)
    return Cells(
        shaper=fragment.styles(text.style),
        left=cell.content_box_x() - fragment.table.content_box_x(),
        room=cell.width,
        to_right=cell.style["text_align_all"] in ("right", "end"),
    )


def _rule(borders: list[Any]) -> Rule | None:
    if len({(style, width, tuple(color)) for style, width, color in borders}) != 1:
        raise Unfit
    style, width, color = borders[0]
    if style not in ("solid", "none"):
        raise Unfit
    return Rule(width, fill(color)) if width else None


def _only(box: Any, kind: type) -> Any:
    found = [one for one in box.descendants() if isinstance(one, kind)]
    if len(found) != 1:
        raise Unfit
    return found[0]


def _top(page: Any) -> float:
    return float(page._page_box.content_box_y())


def _bottom(page: Any) -> float:
    return float(page._page_box.content_box_y() + page._page_box.height)
