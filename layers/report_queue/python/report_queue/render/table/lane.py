"""A report's long tables, from the HTML in which slots hold their places to the PDF in which their rows are.

    HTML with slots ──► with a specimen, laid out ──► look and place ──► blocks ──► HTML with blocks, laid out ──► rows
                              for each table                  │                      │
                                                              │                      └── the pages in the middle are
                                                              │                          left out, and made as copies
                                                              └── Unfit: the table's own HTML

The layouts that only measure leave out all but the first and the last block. They cost as much as a short report, and
the one that is written does too, unless the pages in the middle differ in more than their numbers.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from report_queue.errors import PermanentFailure
from report_queue.render.table import left_out, plan, specimen, stencil
from report_queue.render.table.rows import Table, Tables
from report_queue.render.table.shaping import Unfit
from report_queue.render.table.stencil import Stencil
from report_queue.render.table.typeset import Glyphs, Typesetter
from report_queue.render.table.write import Place, Writer

LayOut = Callable[[str], Any]  # HTML to a weasyprint.Document, always with the same fonts

ORDINARY: Final = 4_000  # rows that a child has the time and the memory for where it lays out each cell

# The properties by which texts differ in how they are set.
_TELLING: Final = (
    "color",
    "direction",
    "font_family",
    "font_feature_settings",
    "font_kerning",
    "font_language_override",
    "font_size",
    "font_stretch",
    "font_style",
    "font_variant_alternates",
    "font_variant_caps",
    "font_variant_east_asian",
    "font_variant_ligatures",
    "font_variant_numeric",
    "font_variant_position",
    "font_variation_settings",
    "font_weight",
    "hyphens",
    "lang",
    "letter_spacing",
    "overflow_wrap",
    "text_decoration_line",
    "text_transform",
    "white_space",
    "word_break",
    "word_spacing",
)


@dataclass(frozen=True)
class _Planned:
    table: Table
    look: specimen.Look
    blocks: list[plan.Block]

    @property
    def copied(self) -> range:
        """The blocks whose pages are copied: an even number, so that left pages stay left. Two of the kind are not."""
        last = len(self.blocks) - 1
        return range(4 - last % 2, last)

    def measured(self) -> str:
        """The first block and the last."""
        numbers = list(range(len(self.blocks)))
        return "".join(self._html(number, self.blocks[number].height) for number in numbers[:1] + numbers[1:][-1:])

    def whole(self) -> str:
        """All blocks."""
        return "".join(self._html(number, block.height) for number, block in enumerate(self.blocks))

    def short(self) -> str:
        """All but those that are left out. What stands around the second and the third must not care how high they
        are: one of them is made lower."""
        html = []
        for number, block in enumerate(self.blocks):
            if number not in self.copied:
                height = block.height / 2 if number == 2 and self.copied else block.height
                after = len(self.copied) if number == len(self.blocks) - 1 else 0
                html.append(self._html(number, height, after=after))
        return "".join(html)

    def _html(self, number: int, height: float, *, after: int = 0) -> str:
        more = f' {left_out.ATTRIBUTE}="{after}"' if after else ""
        return _block(self.table, number, height, more)


@dataclass(frozen=True)
class _Placed:
    """A block on a page, from 0, that was laid out."""

    planned: _Planned
    number: int
    page: int
    place: Place

    @property
    def content(self) -> bytes:
        return self.planned.blocks[self.number].content


@dataclass(frozen=True)
class _Copied:
    """The pages that are like the one with this block."""

    model: _Placed
    stencil: Stencil

    @property
    def contents(self) -> list[bytes]:
        return [self.model.planned.blocks[number].content for number in self.model.planned.copied]


class Lane:
    """Lays the report out, and writes its long tables' rows."""

    def __init__(self, tables: Tables, lay_out: LayOut) -> None:
        self._tables = tables.long
        self._lay_out = lay_out
        self._planned: list[_Planned] = []
        self._glyphs = Glyphs()
        self._typesetters: dict[tuple[str, ...], Typesetter] = {}
        self._placed: list[_Placed] = []
        self._copied: list[_Copied] = []

    @property
    def pages(self) -> frozenset[int]:
        """The pages of the PDF, from 1, that have rows which are in no box."""
        pages = set()
        for one in self._placed:
            pages.add(self._number(one.page))
        for copied in self._copied:
            first = self._number(copied.model.page) + 2
            pages.update(range(first, first + len(copied.contents)))
        return frozenset(pages)

    def document(self, html: str) -> Any:
        """The report, laid out. Its rows are not in it before it is written with `finish`.

        Raises PermanentFailure, `table.too_long`, where too many rows would have to be laid out.
        """
        measured = html
        for table in self._tables:
            if table.slot not in html:
                continue
            try:
                planned = self._plan(measured, table)
            except Unfit:
                if table.texts.count > ORDINARY:
                    raise PermanentFailure(
                        f"A table of {table.texts.count:,} rows has a style, an emoji or a letter without a font, for "
                        f"which it is laid out cell by cell; that is done for at most {ORDINARY:,} rows: send fewer.",
                        reason="table.too_long",
                    ) from None
                html, measured = (text.replace(table.slot, table.ordinary(), 1) for text in (html, measured))
                continue
            self._planned.append(planned)
            measured = measured.replace(table.slot, planned.measured(), 1)
        document = self._laid_out(html)
        if self._placed:
            self._glyphs.lend(document)
        return document

    def finish(self, document: Any, pdf: Any) -> None:
        """WeasyPrint's `finisher`. The document then has as many pages as the PDF."""
        if not self._placed:
            return
        writer = Writer(pdf)
        for copied in self._copied:
            model = copied.model
            writer.repeat(page=model.page, stencil=copied.stencil, place=model.place, contents=copied.contents)
        for one in self._placed:
            writer.put(page=one.page, place=one.place, content=one.content)
        for copied in reversed(self._copied):
            after = copied.model.page + 2
            document.pages[after:after] = [document.pages[copied.model.page]] * len(copied.contents)

    def _laid_out(self, html: str) -> Any:
        """The report with blocks in the tables' places, and pages left out where that may be."""
        pages = sum(len(one.copied) for one in self._planned)
        if pages:
            with left_out.counting(pages) as counted, suppress(Unfit):
                document = self._lay_out(self._filled(html, _Planned.short))
                self._placed = self._found(document)
                self._copied = self._copies(document, counted)
                return document
        document = self._lay_out(self._filled(html, _Planned.whole))
        self._placed = self._found(document)
        return document

    def _filled(self, html: str, blocks: Callable[[_Planned], str]) -> str:
        for one in self._planned:
            html = html.replace(one.table.slot, blocks(one), 1)
        return html

    def _copies(self, document: Any, counted: left_out.Counted) -> list[_Copied]:
        """In the order of their pages. Raises Unfit."""
        copied = []
        for one in (one for one in self._planned if one.copied):
            _, *middle, last = (placed for placed in self._placed if placed.planned is one)
            pages = [placed.page for placed in (*middle, last)]
            if pages != list(range(pages[0], pages[0] + len(pages))) or last.page not in counted.found:
                raise Unfit
            if any(placed.place != middle[0].place for placed in middle):
                raise Unfit
            model = middle[-2]  # the copies come behind it and the last one that is laid out
            read = stencil.read(document, counted.context, page=model.page, count=len(one.copied))
            copied.append(_Copied(model, read))
        return copied

    def _number(self, page: int) -> int:
        """The number that a page which was laid out has in the PDF."""
        return page + 1 + sum(len(one.contents) for one in self._copied if one.model.page + 1 < page)

    def _plan(self, html: str, table: Table) -> _Planned:
        probe = f'{_block(table, 0, 56)}<div data-specimen-page="">{table.specimen()}</div>'
        place, look = specimen.read(self._lay_out(html.replace(table.slot, probe, 1)), table, self._typesetter)
        return _Planned(table, look, plan.blocks(look, place, table.texts))

    def _typesetter(self, style: Any) -> Typesetter:
        key = tuple(repr(style[name]) for name in _TELLING)
        if key not in self._typesetters:
            self._typesetters[key] = Typesetter(style, self._glyphs)
        return self._typesetters[key]

    def _found(self, document: Any) -> list[_Placed]:
        """Where the blocks have come to stand."""
        planned = {str(one.table.number): one for one in self._planned}
        found = []
        for index, page in enumerate(document.pages if planned else ()):
            for box in specimen.boxes(page):
                if (number := specimen.named(box, "data-lane")) is not None:
                    one = planned[specimen.named(box, "data-of") or ""]
                    place = box.content_box_x() + one.look.left, box.content_box_y()
                    found.append(_Placed(one, int(number), index, place))
        return found


def _block(table: Table, number: int, height: float, more: str = "") -> str:
    return f'<div data-lane="{number}" data-of="{table.number}"{more} style="height: {height:.4f}px"></div>'
