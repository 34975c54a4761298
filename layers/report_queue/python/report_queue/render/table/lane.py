"""A report's long tables, from the HTML in which slots hold their places to the PDF in which their rows are.

    HTML with slots ──► with a specimen, laid out ──► look and place ──► blocks ──► HTML with blocks, laid out ──► rows
                              for each table                  │                      │
                                                              │                      └── the pages in the middle are
                                                              │                          left out, and made as copies
                                                              └── Unfit: the table's own HTML

The layouts that only measure leave out all but the first and the last block. They cost as much as a short report, and
the one that is written does too, unless the pages in the middle differ in more than their numbers.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from report_queue.edition import ACCESSIBLE
from report_queue.errors import PermanentFailure
from report_queue.render.table import left_out, plan, specimen, stencil
from report_queue.render.table.rows import Table, Tables
from report_queue.render.table.shaping import Unfit
from report_queue.render.table.stencil import Stencil
from report_queue.render.table.tree import Elements, Tree, watched
from report_queue.render.table.typeset import Glyphs, Typesetter
from report_queue.render.table.write import Place, Writer, many_pages

LayOut = Callable[[str], Any]  # HTML to a weasyprint.Document, always with the same fonts

ORDINARY: Final = 4_000  # rows that a child has the time and the memory for where it lays out each cell
TAGGED: Final = 10_000  # rows that are in the structure tree of each PDF: more are where it is to be accessible
ELEMENTS: Final = 8_000_000  # rows and cells in a structure tree: a PDF has 8,388,607 objects (ISO 32000-1, annex C)
LOCKED: Final = 500_000  # the same where it gets a password: encrypting has all objects in memory, 1.3 kB each

_PICTURE: Final = re.compile(r"(<svg\b[^>]*(?<!/)>)(?:(?!</?svg\b).)*(?=</svg)", re.DOTALL | re.IGNORECASE)

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


@dataclass(frozen=True)
class _Copied:
    """The pages that are like the one with this block."""

    model: _Placed
    stencil: Stencil

    @property
    def blocks(self) -> dict[int, plan.Block]:
        """By their numbers."""
        return {number: self.model.planned.blocks[number] for number in self.model.planned.copied}


def without_pictures(html: str) -> str:
    """The HTML with its charts empty: what is in one says nothing of how large it is, and takes long to read."""
    return _PICTURE.sub(r"\1", html)


class Lane:
    """Lays the report out, and writes its long tables' rows."""

    def __init__(self, tables: Tables, lay_out: LayOut, *, accessible: bool = False, locked: bool = False) -> None:
        self._tables = tables.long
        self._accessible = accessible
        self._most = LOCKED if locked else ELEMENTS
        self._tagged = accessible or sum(table.texts.count for table in tables.long) <= TAGGED
        self._lay_out = lay_out
        self._planned: list[_Planned] = []
        self._glyphs = Glyphs()
        self._typesetters: dict[tuple[str, ...], Typesetter] = {}
        self._placed: list[_Placed] = []
        self._copied: list[_Copied] = []
        self._elements: Elements = {}

    @property
    def pages(self) -> frozenset[int]:
        """The pages of the PDF, from 1, that have rows which are in no box."""
        pages = set()
        for one in self._placed:
            pages.add(self._number(one.page))
        for copied in self._copied:
            first = self._number(copied.model.page) + 2
            pages.update(range(first, first + len(copied.blocks)))
        return frozenset(pages)

    def document(self, html: str) -> Any:
        """The report, laid out. Its rows are not in it before it is written with `finish`.

        Raises PermanentFailure, `table.too_long`, where too many rows would have to be laid out, or to be tagged.
        """
        self._refuse_too_many_elements()
        measured = without_pictures(html) if self._tables else html
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

    def _refuse_too_many_elements(self) -> None:
        elements = sum(table.texts.count * (1 + len(table.columns)) for table in self._tables)
        if self._accessible and elements > self._most:
            raise PermanentFailure(
                f"An accessible PDF has an object for each row and each cell, here {elements:,}, and at most "
                f"{self._most:,}{' where it has a password' if self._most < ELEMENTS else ''}: "
                f"send fewer rows, or leave {ACCESSIBLE} out.",
                reason="table.too_long",
            )

    @contextmanager
    def writing(self) -> Iterator[None]:
        """What writes the document is to be done inside."""
        with ExitStack() as around:
            around.enter_context(many_pages())
            if self._placed and self._tagged:
                self._elements = around.enter_context(watched())
            yield

    def finish(self, document: Any, pdf: Any) -> None:
        """WeasyPrint's `finisher`. The document then has as many pages as the PDF."""
        if not self._placed:
            return
        tree = Tree(pdf, self._elements) if self._tagged else None
        writer = Writer(pdf, tree)
        for copied in self._copied:
            model = copied.model
            table = model.planned.table
            writer.repeat(table, copied.blocks, page=model.page, stencil=copied.stencil, place=model.place)
        for one in self._placed:
            planned = one.planned
            writer.put(planned.table, one.number, planned.blocks[one.number], page=one.page, place=one.place)
        if tree:
            tree.close()
        for copied in reversed(self._copied):
            after = copied.model.page + 2
            document.pages[after:after] = [document.pages[copied.model.page]] * len(copied.blocks)

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
        return page + 1 + sum(len(one.blocks) for one in self._copied if one.model.page + 1 < page)

    def _plan(self, html: str, table: Table) -> _Planned:
        probe = f'{_block(table, 0, 56)}<div data-specimen-page="">{table.specimen()}</div>'
        place, look = specimen.read(self._lay_out(html.replace(table.slot, probe, 1)), table, self._typesetter)
        return _Planned(table, look, plan.blocks(look, place, table.texts, tagged=self._tagged))

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
