"""Which rows stand on which page, and each page's content as a PDF has it, compressed as soon as it is full.

    rows, set in lines ──► height ──► does it still fit? ──► the page's parts ──► compressed content

It knows a table's look and its room, and nothing of the rest of the document. y grows downwards, from the block's top.
"""

import zlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from report_queue.render.table.rows import GROUP, ROW, SUBTOTAL, Texts
from report_queue.render.table.shaping import Unfit
from report_queue.render.table.shards import set_rows
from report_queue.render.table.specimen import HEAD, TOTAL, Look, Place, Rule, Stamp
from report_queue.render.table.structure import Shape
from report_queue.render.table.typeset import Line, Typesetter


@dataclass(frozen=True)
class Block:
    """What stands on one page."""

    height: float  # pixels
    content: bytes  # a PDF's content stream, zlib
    shapes: tuple[Shape, ...]  # of its rows, but a head that was on a page before


def blocks(look: Look, place: Place, texts: Texts, *, tagged: bool) -> list[Block]:
    """The table's blocks: the first where the table begins, each other one on a page of its own. Raises Unfit.

    If `tagged`, each line of a cell is marked as content of an element, counted from 0; else all is an artifact.

    A group's head stays with the row below, a subtotal with the one above, and the total with the last.
    """
    done: list[Block] = []
    page = _Page(look, place.room, above=HEAD, tagged=tagged)

    def put(together: list[_Row], *, below: str) -> None:
        nonlocal page
        height = _height(look, together, below)
        if not page.has_room(height + look.half(page.above, together[0].kind)):
            if page.is_empty and page.room >= place.full:
                raise Unfit  # a row that is higher than a page is broken by WeasyPrint
            done.append(page.block() if not page.is_empty else Block(0, zlib.compress(b""), ()))
            head = look.after_head if page.above != HEAD else None
            page = _Page(look, place.full, above=page.above, tagged=tagged, zebra=page.zebra, head=head)
            if not page.has_room(height + page.deeper(together[0].kind)):
                raise Unfit
        for row, after in zip(together, [*(row.kind for row in together[1:]), below], strict=True):
            page.put(row, below=after)

    held: list[_Row] = []
    with closing(set_rows(look, texts)) as rows:
        for kind, cells in rows:
            if held and kind != SUBTOTAL and held[-1].kind != GROUP:
                put(held, below=kind)
                held = []
            # Whether it is the last one, and shares its page with the total, the next one tells.
            held.append(_Row(look, kind, cells))
    if held:
        put(held, below=TOTAL)
    if look.total:
        page.put_total(look.total)
    done.append(page.block())
    return done


def _height(look: Look, together: "list[_Row]", below: str) -> float:
    """Of rows that stay together, and of the total if it follows, without the rule above them."""
    height = sum(row.height for row in together) + look.half(together[-1].kind, below)
    for above, row in pairwise(together):
        height += 2 * look.half(above.kind, row.kind)
    return height + (look.total.height if below == TOTAL and look.total else 0.0)


class _Row:
    """A row's lines, each cell's one below the other."""

    __slots__ = ("cells", "height", "kind", "look", "tallest")

    def __init__(self, look: Look, kind: str, cells: Sequence[Sequence[Line]]) -> None:
        self.kind = kind
        self.look = look.rows[kind]
        self.cells = list(zip(self.look.cells, cells, strict=True))
        self.tallest = max(self.look.line, *(self.tall(lines) for _, lines in self.cells))
        self.height = self.look.height + self.tallest - self.look.line
        if any(cell.above is None and lines and lines[0].deeper for cell, lines in self.cells):
            raise Unfit  # it would move its neighbours

    def tall(self, lines: Sequence[Line]) -> float:
        """How high the lines are, one below the other."""
        return sum(self.look.line + line.higher for line in lines)


class _Page:
    """A page's rows, as they are put there. `above` is the kind of the last one, here or on the page before."""

    def __init__(
        self, look: Look, room: float, *, above: str, tagged: bool, zebra: bool = False, head: float | None = None
    ) -> None:
        self.room = room
        self.is_empty = True
        self.above = above
        self.zebra = zebra  # whether the next row is a second one
        self._look = look
        self._head = head  # how much deeper its first row is, on a further page
        self._bands: list[str] = []
        self._rules: list[str] = []
        self._texts: list[str] = []
        self._tagged = tagged
        self._shapes: list[Shape] = []
        self._marked = 0
        self._shaper: Typesetter | None = None  # whose font and colour are set
        self._y = 0.0
        self._stamp(look.head, HEAD if above == HEAD else None)
        self._rule(look.under_head)

    def has_room(self, height: float) -> bool:
        return self._y + height <= self.room + 1e-6

    def deeper(self, kind: str) -> float:
        """How much deeper a row of this kind is, if it is the next."""
        half = self._look.half(self.above, kind)
        return half + self._head if self.is_empty and self._head is not None else half

    def put(self, row: _Row, *, below: str) -> None:
        look, extra = self._look, self.deeper(row.kind)
        height = row.height + extra + look.half(row.kind, below)
        if not self.is_empty:
            self._rule(look.rules.get((self.above, row.kind)))
        if row.kind == GROUP:
            self.zebra = False
        if row.look.fill:
            self._bands.append(f"{row.look.fill} 0 {_n(self._y)} {_n(look.width)} {_n(height)} re f")
        elif row.kind == ROW and self.zebra and look.zebra:
            self._bands.append(f"{look.zebra} 0 {_n(self._y)} {_n(look.width)} {_n(height)} re f")
        baseline = self._y + row.look.baseline + extra
        for cell, lines in row.cells:
            y = baseline + (cell.above or 0.0) * (row.tallest - row.tall(lines))
            for line in lines:
                x = cell.left + cell.before * (cell.room - line.width)
                self._begin(row.kind)
                self._text(cell.shaper, x, y + line.deeper, line)
                self._end()
                y += row.look.line + line.higher
        self._shapes.append(_shape(row.kind, tuple([len(lines) for _, lines in row.cells])))
        self._y += height
        self.is_empty, self.above, self.zebra = False, row.kind, not self.zebra

    def put_total(self, total: Stamp) -> None:
        self._rule(self._look.rules.get((self.above, TOTAL)))
        self._stamp(total, TOTAL)

    def block(self) -> Block:
        texts = "BT", *self._texts, "ET"
        if self._tagged:
            parts = [*_artifact(self._bands), *texts, *_artifact(self._rules)]
        else:
            parts = [*_artifact((*self._bands, *texts, *self._rules))]
        return Block(self._y, zlib.compress("\n".join(parts).encode("ascii"), 6), tuple(self._shapes))

    def _stamp(self, stamp: Stamp, kind: str | None) -> None:
        """A head or a total; None: a head that is here again, and was read on the page before."""
        for shaper, text, x, baseline in stamp.texts:
            self._begin(kind)
            self._text(shaper, x, self._y + baseline, shaper.line(text))
            self._end()
        if kind:
            self._shapes.append(_shape(kind, stamp.lines))
        self._y += stamp.height

    def _begin(self, kind: str | None) -> None:
        """A cell's line begins, in a row of this kind."""
        if not self._tagged:
            return
        if kind is None:
            self._texts.append("/Artifact BMC")
        else:
            self._texts.append(f"/{'TH' if kind in (HEAD, GROUP) else 'TD'}<</MCID {self._marked}>>BDC")
            self._marked += 1

    def _end(self) -> None:
        if self._tagged:
            self._texts.append("EMC")

    def _rule(self, rule: Rule | None) -> None:
        if rule:
            top = self._y - rule.thickness / 2
            self._rules.append(f"{rule.fill} 0 {_n(top)} {_n(self._look.width)} {_n(rule.thickness)} re f")

    def _text(self, shaper: Typesetter, x: float, y: float, line: Line) -> None:
        fonts = ""
        if line.names_fonts:
            fonts, self._shaper = f"{shaper.fill} ", None
        elif shaper is not self._shaper:
            fonts, self._shaper = f"{shaper.fill} /{shaper.name} {_n(shaper.size)} Tf ", shaper
        self._texts.append(f"1 0 0 -1 {_n(x)} {_n(y)} Tm {fonts}{line.shown}")


@lru_cache(maxsize=4096)
def _shape(kind: str, lines: tuple[int, ...]) -> Shape:
    """Rows have few shapes: each is kept once."""
    return kind, lines


def _artifact(operators: Sequence[str]) -> Sequence[str]:
    return ("/Artifact BMC", *operators, "EMC") if operators else ()


def _n(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")
