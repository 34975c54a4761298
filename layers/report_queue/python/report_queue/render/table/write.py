"""The rows' way into the PDF: their content is added to the pages that WeasyPrint has written."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pydyf  # type: ignore[import-untyped]

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
    """Writes blocks onto pages of one PDF."""

    def __init__(self, pdf: Any) -> None:
        self._pdf = pdf
        self._before: dict[str, Any] = {}
        self._pages = {number: pdf.objects[object_] for number, object_ in enumerate(pdf.pages["Kids"][::3])}
        self._after = self._added(pydyf.Stream([b"Q", b"EMC"]))

    def put(self, *, page: int, x: float, y: float, content: bytes) -> None:
        """Onto the page, from 0, with the block's top left corner at x, y: pixels from the page's."""
        # WeasyPrint's own content leaves y growing downwards, in points.
        before = f"/Artifact BMC q {_POINTS} 0 0 {_POINTS} {x * _POINTS:.3f} {y * _POINTS:.3f} cm"
        if before not in self._before:
            self._before[before] = self._added(pydyf.Stream([before.encode()]))
        rows = self._added(_Packed(content))
        target = self._pages[page]
        parts = target["Contents"] if isinstance(target["Contents"], pydyf.Array) else pydyf.Array([target["Contents"]])
        parts.extend((self._before[before], rows, self._after))
        target["Contents"] = parts

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
