"""How a table looks, read from the boxes of a specimen that WeasyPrint has laid out.

    page A   head            page B   head (repeated)           of groups   page A   head        page B   head
             row 0                    row 2   after the head                         group head           row
             row 1   the plain one    row 3                                          row 0  …             row
                                      row 4                                          subtotal             row
                                      total                                          group head           subtotal
                                                                                     row                  total

How high a row is, is told by its kind and by the rules above and below it: half of a rule's thickness is each row's.
Nothing of style.css is written down here a second time. Lengths are in pixels, from the table's left edge, or from the
top of the row. The boxes are only half public: WeasyPrint's version is pinned.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from weasyprint.formatting_structure.boxes import (  # type: ignore[import-untyped]
    LineBox,
    MarginBox,
    TableBox,
    TextBox,
)

from report_queue.render.table.rows import GROUP, ROW, SUBTOTAL, Table
from report_queue.render.table.shaping import Unfit, fill
from report_queue.render.table.typeset import Typesetter

Styles = Callable[[Any], Typesetter]

HEAD: Final = "head"
TOTAL: Final = "total"

_NEAR: Final = 1e-3  # pixels
_ALIGNED: Final = ("left", "right", "center", "start", "end")
_ABOVE: Final = {"top": 0.0, "middle": 0.5, "bottom": 1.0}
_PARTED: Final = {(ROW, ROW), (ROW, GROUP), (SUBTOTAL, GROUP)}  # where a page may end: no rule may be there


@dataclass(frozen=True)
class Stamp:
    """A row that is the same wherever it stands: the head, or the total."""

    height: float
    texts: tuple[tuple[Typesetter, str, float, float], ...]  # its style, text, left end, baseline
    lines: tuple[int, ...]  # how many of the texts each cell has


@dataclass(frozen=True)
class Cells:
    """A column's cells."""

    shaper: Typesetter
    left: float
    room: float
    before: float  # which share of the room that is left stands before a line
    above: float | None  # and which above the lines; None: their first baseline is the row's


@dataclass(frozen=True)
class Rule:
    """A line across the table, on the border between two rows."""

    thickness: float
    fill: str


@dataclass(frozen=True)
class RowLook:
    """A row of one kind."""

    cells: tuple[Cells, ...]
    height: float  # of one line, between no rules
    baseline: float  # of its first line
    line: float  # from one line to the next
    fill: str | None


@dataclass(frozen=True)
class Look:
    """All that there is to know. Kinds are those of `rows`, and HEAD and TOTAL."""

    left: float  # of the table, from its block's
    width: float
    head: Stamp
    total: Stamp | None
    rows: Mapping[str, RowLook]
    rules: Mapping[tuple[str, str], Rule]  # by the kinds of the rows above and below
    after_head: float  # how much higher the first row of a further page is, and how much deeper its text
    zebra: str | None  # what every second row is filled with, if it has nothing of its own

    @property
    def under_head(self) -> Rule | None:
        """The same on each page."""
        return next((rule for (above, _), rule in self.rules.items() if above == HEAD), None)

    @cached_property
    def typesetters(self) -> list[Typesetter]:
        """Those of the rows' cells, each once."""
        return list(dict.fromkeys(cell.shaper for row in self.rows.values() for cell in row.cells))

    def half(self, above: str, below: str) -> float:
        """What the rule between two rows adds to the height of each."""
        rule = self.rules.get((above, below))
        return rule.thickness / 2 if rule else 0.0


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


def read(document: Any, table: Table, styles: Styles) -> tuple[Place, Look]:
    """Of the table. Raises Unfit where it looks like nothing that could be written."""
    number = table.number
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
    return Place(*place, full=_bottom(page) - _top(page)), _look(block, table, *here)


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
        cells = [
            [box for box in cell.descendants() if isinstance(box, TextBox) and box.text.strip()]
            for cell in row.children
        ]
        texts = tuple(
            (
                self.styles(box.style),
                box.text,
                box.position_x - self.table.content_box_x(),
                box.position_y + box.baseline - row.position_y,
            )
            for boxes in cells
            for box in boxes
        )
        return Stamp(row.height, texts, tuple(map(len, cells)))

    def row(self, index: int, *, above: float, below: float) -> RowLook:
        """What the row would be without the halves of rules."""
        row = self.rows[index]
        text, fills = _first(row, TextBox), row.style["background_color"]
        return RowLook(
            cells=tuple(_cells(cell, self) for cell in row.children),
            height=row.height - above - below,
            baseline=text.position_y + text.baseline - row.position_y - above,
            line=_first(row, LineBox).height,
            fill=fill(fills) if fills.alpha else None,
        )


def _look(block: Any, table: Table, before: _Fragment, after: _Fragment) -> Look:
    rows, (split,) = table.specimen_rows()
    kinds = [HEAD, *(row[0] for row in rows), *([TOTAL] if table.total else [])]
    fragments = [*((before, index) for index in range(split + 1)), *((after, 1 + index) for index in range(len(kinds)))]
    if len(before.rows) != split + 1 or len(after.rows) != len(kinds) - split:
        raise Unfit
    rules = _rules(kinds, before.borders)
    # A page's first row has another rule above it than those after it.
    after_head = after.rows[1].height - after.rows[2].height
    look = Look(
        left=before.table.content_box_x() - block.content_box_x(),
        width=before.table.width,
        head=before.stamp(0),
        total=after.stamp(len(after.rows) - 1) if table.total else None,
        rows={},
        rules=rules,
        after_head=after_head,
        zebra=None,
    )
    seen: dict[str, RowLook] = {}
    for index, (kind, (fragment, at)) in enumerate(zip(kinds, fragments, strict=False)):
        if kind in (HEAD, TOTAL):
            continue
        above = look.half(kinds[index - 1], kind) + (after_head if fragment is after and at == 1 else 0)
        below = look.half(kind, kinds[index + 1]) if index + 1 < len(kinds) else 0.0
        row = fragment.row(at, above=above, below=below)
        known = seen.setdefault(kind, row)
        if abs(known.height - row.height) > _NEAR or abs(known.baseline - row.baseline) > _NEAR:
            raise Unfit
    zebra = before.rows[2].style["background_color"]
    seen[ROW] = replace(seen[ROW], fill=None)
    return replace(look, rows=seen, zebra=fill(zebra) if zebra.alpha else None)


def _rules(kinds: Sequence[str], borders: Sequence[list[Any]]) -> dict[tuple[str, str], Rule]:
    found: dict[tuple[str, str], Rule | None] = {}
    if len(borders) != len(kinds) + 1 or _rule(borders[0]) or _rule(borders[-1]):
        raise Unfit
    for pair, border in zip(pairwise(kinds), borders[1:], strict=False):
        rule = _rule(border)
        if found.setdefault(pair, rule) != rule or (rule and pair in _PARTED):
            raise Unfit
    return {pair: rule for pair, rule in found.items() if rule}


def _cells(cell: Any, fragment: _Fragment) -> Cells:
    text = _only(cell, TextBox)
    return Cells(
        shaper=fragment.styles(text.style),
        left=cell.content_box_x() - fragment.table.content_box_x(),
        room=cell.width,
        before=_before(cell.style),
        above=_ABOVE.get(cell.style["vertical_align"]),
    )


def _before(style: Any) -> float:
    """Which share of the room stands before a line. Raises Unfit."""
    align, from_right = style["text_align_all"], style["direction"] == "rtl"
    if style["text_align_last"] not in ("auto", align) or align not in _ALIGNED:
        raise Unfit
    return 0.5 if align == "center" else float(align == "right" or align == ("start" if from_right else "end"))


def _rule(borders: list[Any]) -> Rule | None:
    if len({(style, width, tuple(color)) for style, width, color in borders}) != 1:
        raise Unfit
    style, width, color = borders[0]
    if style not in ("solid", "none"):
        raise Unfit
    return Rule(width, fill(color)) if width else None


def _first(box: Any, kind: type) -> Any:
    return next(one for one in box.descendants() if isinstance(one, kind))


def _only(box: Any, kind: type) -> Any:
    found = [one for one in box.descendants() if isinstance(one, kind)]
    if len(found) != 1:
        raise Unfit
    return found[0]


def _top(page: Any) -> float:
    return float(page._page_box.content_box_y())


def _bottom(page: Any) -> float:
    return float(page._page_box.content_box_y() + page._page_box.height)
