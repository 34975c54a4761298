"""Barcodes and QR codes as inline SVG: what a template calls `codes`.

    text ──python-barcode, segno──► dark and light modules ──► one outline, with its words under it and an alt text

Each picture brings the light margin that a scanner wants around it. What cannot be encoded is an error that says what
can; it never quotes the text, which may be the payload's. It knows nothing of payloads or languages. Few reports have
codes: the libraries are loaded for the first one.
"""

from itertools import groupby
from typing import Final, Literal

from jinja2 import TemplateRuntimeError
from markupsafe import Markup

from report_queue.render import svg

_MM: Final = 96 / 25.4  # CSS pixels
_WIDEST: Final = 178.0  # mm: a page's text
_WORDS: Final = 11.0  # px under the bars


class Codes:
    """Sizes are in millimetres. `title` is the alt text; without one it says what kind of code it is, and of what."""

    def code128(self, text: str, *, title: str = "", module: float = 0.33, height: float = 13) -> Markup:
        """A Code 128 barcode of printable ASCII, with the text under it; `module` is the width of its thinnest bar."""
        from barcode.codex import Code128  # type: ignore[import-untyped]  # python-barcode has no types

        text = str(text)
        if not text or not text.isascii() or not text.isprintable():
            raise TemplateRuntimeError("codes.code128 takes printable ASCII characters, at least one")
        (modules,) = Code128(text).build()
        quiet = 10
        across = len(modules) + 2 * quiet
        if across * module > _WIDEST:
            raise TemplateRuntimeError("codes.code128: the text is too long for a barcode as wide as the page")
        pixel, tall = module * _MM, height * _MM
        words = svg.text(across * pixel / 2, tall + _WORDS, text, anchor="middle", colour=svg.INK)
        outline = _bars(modules, left=quiet * pixel, pixel=pixel, height=tall)
        return _code(across * pixel, tall + _WORDS + 3, title or f"Barcode: {text}", [outline, words])

    def ean13(self, digits: str, *, title: str = "", module: float = 0.33, height: float = 20) -> Markup:
        """An EAN-13 barcode: 12 digits, or 13 with the right check digit; 0.33 is the standard's module."""
        from barcode.ean import EAN13  # type: ignore[import-untyped]

        digits = str(digits)
        if not digits.isascii() or not digits.isdigit() or len(digits) not in (12, 13):
            raise TemplateRuntimeError("codes.ean13 takes 12 digits, or 13 with the check digit")
        ean = EAN13(digits[:12])
        if not ean.get_fullcode().startswith(digits):
            raise TemplateRuntimeError("codes.ean13: the check digit, the last one, is wrong")
        digits = ean.get_fullcode()
        (modules,) = ean.build()
        pixel, tall, quiet = module * _MM, height * _MM, 11
        guards = "".join(
            one if index < 3 or 45 <= index < 50 or index >= 92 else "0" for index, one in enumerate(modules)
        )
        size = 7.6 * pixel  # of the digits; as the standard has them, they stand between the guards
        marks = [
            _bars(modules, left=quiet * pixel, pixel=pixel, height=tall - 7 * pixel),
            _bars(guards, left=quiet * pixel, pixel=pixel, height=tall - 2 * pixel),
        ]
        places = [3.5, *(quiet + 3 + 7 * n + 3.5 for n in range(6)), *(quiet + 50 + 7 * n + 3.5 for n in range(6))]
        for place, digit in zip(places, digits, strict=True):
            marks.append(svg.text(place * pixel, tall, digit, anchor="middle", colour="#000000", size=size))
        return _code((quiet + 95 + 7) * pixel, tall + pixel, title or f"EAN-13 barcode: {digits}", marks)

    def qr(self, text: str, *, title: str = "", size: float = 26, error: Literal["L", "M", "Q", "H"] = "M") -> Markup:
        """A QR code as a square of `size`; `error` is how much of it may be lost: 7, 15, 25 or 30 in a hundred."""
        import segno

        text = str(text)
        if error not in ("L", "M", "Q", "H"):
            raise TemplateRuntimeError("codes.qr: error is one of L, M, Q, H")
        if not text:
            raise TemplateRuntimeError("codes.qr takes a text, and it is empty")
        try:
            made = segno.make_qr(text, error=error, boost_error=False)
        except segno.DataOverflowError as overflow:
            raise TemplateRuntimeError("codes.qr: the text is longer than a QR code holds") from overflow
        rows = ["".join(map(str, row)) for row in made.matrix]
        quiet = 4
        pixel = size * _MM / (len(rows) + 2 * quiet)
        outlines = [
            _runs(row, left=quiet * pixel, top=(quiet + index) * pixel, pixel=pixel, height=pixel)
            for index, row in enumerate(rows)
        ]
        mark = svg.path("".join(outlines), "#000000")
        return _code(size * _MM, size * _MM, title or f"QR code: {text}", [mark])


def _code(width: float, height: float, title: str, marks: list[Markup]) -> Markup:
    return svg.picture(round(width, 2), round(height, 2), title, marks)


def _bars(modules: str, *, left: float, pixel: float, height: float) -> Markup:
    return svg.path(_runs(modules, left=left, top=0, pixel=pixel, height=height), "#000000")


def _runs(modules: str, *, left: float, top: float, pixel: float, height: float) -> str:
    """The outline of what is dark in a row of modules, neighbours in one piece: no seam shows between them."""
    outline, at = "", 0
    for module, run in groupby(modules):
        length = len(list(run))
        if module == "1":
            outline += f"M{left + at * pixel:.3f} {top:.3f}h{length * pixel:.3f}v{height:.3f}h-{length * pixel:.3f}z"
        at += length
    return outline
