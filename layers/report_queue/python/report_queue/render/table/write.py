"""The rows' way into the PDF: their content is added to the pages that WeasyPrint has written.

    a page that was laid out    its own content │ place │ rows │ end
    one that was left out       a part of page A's │ number │ the other part │ place │ rows │ end

All but the number and the rows is in the PDF once, and the pages refer to it. Which element of the structure tree a
piece of content belongs to is `tree`'s.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pydyf  # type: ignore[import-untyped]

from report_queue.render.table.plan import Block
from report_queue.render.table.rows import Table
from report_queue.render.table.stencil import Stencil, cut
from report_queue.render.table.tree import Tree

Place = tuple[float, float]  # of a block's top left corner, in pixels from the page's

_POINTS: Final = 0.75  # of a pixel
_MARK: Final = re.compile(rb"(?<=/MCID )\d+")


class _Packed(pydyf.Stream):  # type: ignore[misc]
    """A stream that is compressed already."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = content

    @property
    def data(self) -> bytes:
        head = f"<</Filter /FlateDecode/Length {len(self._content)}>>\nstream\n".encode()
        return head + self._content + b"\nendstream"


class Writer:
    """Writes blocks onto pages of one PDF. Pages are counted from 0, as they were laid out."""

    def __init__(self, pdf: Any, tree: Tree | None) -> None:
        self._pdf = pdf
        self._tree = tree
        self._before: dict[str, Any] = {}
        self._laid_out = list(pdf.pages["Kids"][::3])
        self._after = self._added(pydyf.Stream([b"Q"]))

    def put(self, table: Table, number: int, block: Block, *, page: int, place: Place) -> None:
        """The block's rows onto a page that was laid out."""
        target = self._page(page)
        parts = target["Contents"] if isinstance(target["Contents"], pydyf.Array) else pydyf.Array([target["Contents"]])
        before = self._tree.put(table, number, block, page=target) if self._tree else 0
        target["Contents"] = pydyf.Array([*parts, *self._rows(place, _counted_from(before, block.content))])

    def repeat(self, table: Table, blocks: Mapping[int, Block], *, page: int, stencil: Stencil, place: Place) -> None:
        """New pages behind the page and its next one, each with the rows of a block. Before `put` onto the page."""
        model = self._page(page)
        own = self._pdf.objects[int(bytes(model["Contents"]).split()[0])]
        parts = [self._added(pydyf.Stream(part, compress=True)) for part in cut(own.stream, stencil.marks)]
        # What these pages have beside their rows is in no structure tree.
        same = {name: value for name, value in model.items() if name != "StructParents"}
        kids = pydyf.Array()
        for texts, (number, block) in zip(stencil.texts, blocks.items(), strict=True):
            shown = [parts[0]]
            for text, part in zip(texts, parts[1:], strict=True):
                shown += (self._added(pydyf.Stream([text])), part)
            copy = pydyf.Dictionary({**same, "Contents": pydyf.Array([*shown, *self._rows(place, block.content)])})
            self._pdf.add_object(copy)
            if self._tree:
                self._tree.put(table, number, block, page=copy)
            kids += (copy.number, 0, "R")
        self._pdf.pages["Count"] += len(stencil.texts)
        at = self._pdf.pages["Kids"][::3].index(self._laid_out[page + 1]) + 1
        self._pdf.pages["Kids"][3 * at : 3 * at] = kids

    def _page(self, page: int) -> Any:
        return self._pdf.objects[self._laid_out[page]]

    def _rows(self, place: Place, content: bytes) -> tuple[Any, Any, Any]:
        # WeasyPrint's own content leaves y growing downwards, in points.
        x, y = (length * _POINTS for length in place)
        before = f"q {_POINTS} 0 0 {_POINTS} {x:.3f} {y:.3f} cm"
        if before not in self._before:
            self._before[before] = self._added(pydyf.Stream([before.encode()]))
        return self._before[before], self._added(_Packed(content)), self._after

    def _added(self, stream: Any) -> Any:
        self._pdf.add_object(stream)
        return stream.reference


def _counted_from(first: int, content: bytes) -> bytes:
    """The packed content, its marked pieces counted from another number than 0."""
    if not first:
        return content
    plain = _MARK.sub(lambda number: b"%d" % (int(number[0]) + first), zlib.decompress(content))
    return zlib.compress(plain, 6)


@contextmanager
def many_pages() -> Iterator[None]:
    """Inside, a PDF's time grows with its pages and not with their square.

    pydyf makes the list of all its pages anew whenever it is asked for one, and WeasyPrint asks for each tag.
    """
    slow = pydyf.PDF.page_references
    known: dict[int, tuple[bytes, ...]] = {}

    def references(pdf: Any) -> tuple[bytes, ...]:
        kids = pdf.pages["Kids"]
        if len(kids) not in known:
            known.clear()
            known[len(kids)] = slow.fget(pdf)
        return known[len(kids)]

    pydyf.PDF.page_references = property(references)
    try:
        yield
    finally:
        pydyf.PDF.page_references = slow
