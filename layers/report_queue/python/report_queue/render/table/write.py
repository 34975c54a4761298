"""The rows' way into the PDF: their content is added to the pages that WeasyPrint has written.

    a page that was laid out    its own content │ place │ rows │ end
    one that was left out       a part of page A's │ number │ the other part │ place │ rows │ end

All but the number and the rows is in the PDF once, and the pages refer to it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pydyf  # type: ignore[import-untyped]

from report_queue.render.table.stencil import Stencil, cut

Place = tuple[float, float]  # of a block's top left corner, in pixels from the page's

_POINTS: Final = 0.75  # of a pixel


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

    def __init__(self, pdf: Any) -> None:
        self._pdf = pdf
        self._before: dict[str, Any] = {}
        self._laid_out = list(pdf.pages["Kids"][::3])
        self._after = self._added(pydyf.Stream([b"Q", b"EMC"]))

    def put(self, *, page: int, place: Place, content: bytes) -> None:
        """The block's rows onto a page that was laid out."""
        target = self._page(page)
        parts = target["Contents"] if isinstance(target["Contents"], pydyf.Array) else pydyf.Array([target["Contents"]])
        target["Contents"] = pydyf.Array([*parts, *self._rows(place, content)])

    def repeat(self, *, page: int, stencil: Stencil, place: Place, contents: Sequence[bytes]) -> None:
        """New pages behind the page and its next one, each with the rows of a block. Before `put` onto the page."""
        model = self._page(page)
        own = self._pdf.objects[int(bytes(model["Contents"]).split()[0])]
        parts = [self._added(pydyf.Stream(part, compress=True)) for part in cut(own.stream, stencil.marks)]
        # Nothing on these pages is in the structure tree, which knows pages by this number.
        same = {name: value for name, value in model.items() if name != "StructParents"}
        kids = pydyf.Array()
        for texts, content in zip(stencil.texts, contents, strict=True):
            shown = [parts[0]]
            for text, part in zip(texts, parts[1:], strict=True):
                shown += (self._added(pydyf.Stream([text])), part)
            copy = pydyf.Dictionary({**same, "Contents": pydyf.Array([*shown, *self._rows(place, content)])})
            self._pdf.add_object(copy)
            kids += (copy.number, 0, "R")
        self._pdf.pages["Count"] += len(stencil.texts)
        at = self._pdf.pages["Kids"][::3].index(self._laid_out[page + 1]) + 1
        self._pdf.pages["Kids"][3 * at : 3 * at] = kids

    def _page(self, page: int) -> Any:
        return self._pdf.objects[self._laid_out[page]]

    def _rows(self, place: Place, content: bytes) -> tuple[Any, Any, Any]:
        # WeasyPrint's own content leaves y growing downwards, in points.
        x, y = (length * _POINTS for length in place)
        before = f"/Artifact BMC q {_POINTS} 0 0 {_POINTS} {x:.3f} {y:.3f} cm"
        if before not in self._before:
            self._before[before] = self._added(pydyf.Stream([before.encode()]))
        return self._before[before], self._added(_Packed(content)), self._after

    def _added(self, stream: Any) -> Any:
        self._pdf.add_object(stream)
        return stream.reference


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
