"""Which rows stand on which page, and each page's content as a PDF has it, compressed as soon as it is full.

    rows, read once ──► lines, height ──► does it still fit? ──► the page's parts ──► compressed content

It knows a table's look and its room, and nothing of the rest of the document. y grows downwards, from the block's top.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from report_queue.render.table.shaping import Shaper, Unfit
from report_queue.render.table.specimen import Look, Place, Rule, Stamp


@dataclass(frozen=True)
class Block:
    """What stands on one page."""

    height: float  # pixels
    content: bytes  # a PDF's content stream, zlib


def blocks(look: Look, place: Place, rows: Iterable[Sequence[str]]) -> list[Block]:
    """The table's blocks: the first where the table begins, each other one on a page of its own. Raises Unfit."""
    done: list[Block] = []
    page = _Page(look, place.room)
    first, even = True, False
    held: _Row | None = None

    def put(row: _Row, *, last: bool) -> None:
        nonlocal page, first, even
        extra = look.first if first else 0.0
        below = look.last if last else 0.0
        more = look.total.height if last and look.total else 0.0
        if not page.has_room(row.height + extra + below + more):
            if page.is_empty and page.room >= place.full:
                raise Unfit  # a row that is higher than a page is broken by WeasyPrint
            if not page.is_empty:
                done.append(page.block())
            else:
                done.append(Block(0, zlib.compress(b"")))
            page = _Page(look, place.full)
            extra = look.first if first else look.after_head
            if not page.has_room(row.height + extra + below + more):
                raise Unfit
        page.put(row, extra=extra, below=below, zebra=even)
        first, even = False, not even

    for texts in rows:
        row = _Row(look, texts)
        if held is not None:
            put(held, last=False)
        held = row  # whether it is the last one, and shares its page with the total, the next one tells
    if held is not None:
        put(held, last=True)
    if look.total:
        page.put_total(look.total)
    done.append(page.block())
    return done


class _Row:
    """A row's lines, each column's one below the other."""

    __slots__ = ("cells", "height")

    def __init__(self, look: Look, texts: Sequence[str]) -> None:
        self.cells = [
            (column, column.shaper.lines(text, column.room)) for column, text in zip(look.columns, texts, strict=True)
        ]
        most = max(len(lines) for _, lines in self.cells)
        self.height = look.height + max(most - 1, 0) * look.line


class _Page:
    """A page's rows, as they are put there."""

    def __init__(self, look: Look, room: float) -> None:
        self.room = room
        self.is_empty = True
        self._look = look
        self._bands: list[str] = []
        self._rules: list[str] = []
        self._texts: list[str] = []
        self._shaper: Shaper | None = None
        self._y = 0.0
        self._stamp(look.head)
        self._rule(look.under_head)

    def has_room(self, height: float) -> bool:
        return self._y + height <= self.room + 1e-6

    def put(self, row: _Row, *, extra: float, below: float, zebra: bool) -> None:
        look, height = self._look, row.height + extra + below
        if zebra and look.zebra:
            self._bands.append(f"0 {_n(self._y)} {_n(look.width)} {_n(height)} re f")
        baseline = self._y + look.baseline + extra
        for column, lines in row.cells:
            y = baseline
            for shown, width in lines:
                x = column.left + (column.room - width if column.to_right else 0)
                self._text(column.shaper, x, y, shown)
                y += look.line
        self._y += height
        self.is_empty = False

    def put_total(self, total: Stamp) -> None:
        self._rule(self._look.above_total)
        self._stamp(total)

    def block(self) -> Block:
        look = self._look
        bands = [look.zebra, *self._bands] if look.zebra and self._bands else []
        content = "\n".join((*bands, "BT", *self._texts, "ET", *self._rules))
        return Block(self._y, zlib.compress(content.encode("ascii"), 6))

    def _stamp(self, stamp: Stamp) -> None:
        for shaper, text, x, baseline in stamp.texts:
            self._text(shaper, x, self._y + baseline, shaper.line(text)[0])
        self._y += stamp.height

    def _rule(self, rule: Rule | None) -> None:
        if rule:
            top = self._y - rule.thickness / 2
            self._rules.append(f"{rule.fill} 0 {_n(top)} {_n(self._look.width)} {_n(rule.thickness)} re f")

    def _text(self, shaper: Shaper, x: float, y: float, shown: str) -> None:
        if shaper is not self._shaper:
            self._texts.append(f"{shaper.fill} /{shaper.name} {_n(shaper.size)} Tf")
            self._shaper = shaper
        self._texts.append(f"1 0 0 -1 {_n(x)} {_n(y)} Tm [{shown}] TJ")


def _n(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")
