"""A report's long tables, from the HTML in which slots hold their places to the PDF in which their rows are.

    HTML with slots ──► with a specimen, laid out ──► look and place ──► blocks ──► HTML with blocks, laid out ──► rows
                              for each table                  │
                                                              └── Unfit: the table's own HTML

The layouts that only measure leave out all but the first and the last block, and cost as much as a short report.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from report_queue.errors import PermanentFailure
from report_queue.render.table import plan, specimen
from report_queue.render.table.rows import Table, Tables
from report_queue.render.table.shaping import Shaper, Unfit
from report_queue.render.table.write import Writer

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
    "white_space",
    "word_break",
    "word_spacing",
)


@dataclass(frozen=True)
class _Planned:
    table: Table
    look: specimen.Look
    blocks: list[plan.Block]

    def html(self, blocks: list[tuple[int, plan.Block]]) -> str:
        return "".join(_block(self.table, index, block.height) for index, block in blocks)


class Lane:
    """Lays the report out, and writes its long tables' rows."""

    def __init__(self, tables: Tables, lay_out: LayOut) -> None:
        self._tables = tables.long
        self._lay_out = lay_out
        self._planned: list[_Planned] = []
        self._shapers: dict[tuple[str, ...], Shaper] = {}
        self._places: list[tuple[int, float, float, bytes]] = []

    @property
    def pages(self) -> frozenset[int]:
        """The pages, from 1, that have rows which are in no box."""
        return frozenset(page + 1 for page, *_ in self._places)

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
                        f"A table of {table.texts.count:,} rows has text or a style that is laid out cell by cell; "
                        f"that is done for at most {ORDINARY:,} rows: send fewer.",
                        reason="table.too_long",
                    ) from None
                html, measured = (text.replace(table.slot, table.ordinary(), 1) for text in (html, measured))
                continue
            self._planned.append(planned)
            numbered = list(enumerate(planned.blocks))
            html = html.replace(table.slot, planned.html(numbered), 1)
            measured = measured.replace(table.slot, planned.html(numbered[:1] + numbered[1:][-1:]), 1)
        document = self._lay_out(html)
        self._places = self._found(document)
        if self._places:
            for shaper in self._shapers.values():
                shaper.lend(document)
        return document

    def finish(self, _: Any, pdf: Any) -> None:
        """WeasyPrint's `finisher`."""
        if self._places:
            writer = Writer(pdf)
            for page, x, y, content in self._places:
                writer.put(page=page, x=x, y=y, content=content)

    def _plan(self, html: str, table: Table) -> _Planned:
        probe = f'{_block(table, 0, 56)}<div data-specimen-page="">{table.specimen()}</div>'
        place, look = specimen.read(self._lay_out(html.replace(table.slot, probe, 1)), table.number, self._shaper)
        return _Planned(table, look, plan.blocks(look, place, table.texts))

    def _shaper(self, style: Any) -> Shaper:
        key = tuple(repr(style[name]) for name in _TELLING)
        if key not in self._shapers:
            self._shapers[key] = Shaper(style)
        return self._shapers[key]

    def _found(self, document: Any) -> list[tuple[int, float, float, bytes]]:
        """Where the blocks have come to stand."""
        planned = {str(one.table.number): one for one in self._planned}
        places = []
        for index, page in enumerate(document.pages if planned else ()):
            for box in specimen.boxes(page):
                if (number := specimen.named(box, "data-lane")) is not None:
                    one = planned[specimen.named(box, "data-of") or ""]
                    x = box.content_box_x() + one.look.left
                    places.append((index, x, box.content_box_y(), one.blocks[int(number)].content))
        return places


def _block(table: Table, index: int, height: float) -> str:
    return f'<div data-lane="{index}" data-of="{table.number}" style="height: {height:.4f}px"></div>'
