"""Text letter by letter: which text may be set so, how wide it is, and how a PDF says it.

    Pango shapes each letter once, and each pair of letters that stand together once
        alone   glyph, width
        a pair  the same two glyphs, the first a little nearer or farther (kerning)
    and a text is then put together from what was learnt, a hundred times faster than Pango would shape it.

Where that is not so (letters that join, marks above others, right to left, a letter that is not in the font) the text
cannot be set this way: `Unfit` says so, and `typeset` asks Pango. This reads parts of WeasyPrint that are not public:
its version is pinned.
"""

import unicodedata
from collections.abc import Iterator
from typing import Any, Final

from weasyprint.pdf.fonts import Font  # type: ignore[import-untyped]
from weasyprint.text.ffi import FROM_UNITS, ffi, pango  # type: ignore[import-untyped]
from weasyprint.text.fonts import get_pango_font_key  # type: ignore[import-untyped]
from weasyprint.text.line_break import create_layout  # type: ignore[import-untyped]

_END: Final = ""  # what stands after the last letter
_LEFT_TO_RIGHT: Final = frozenset({"L", "EN", "ES", "ET", "CS", "WS", "ON"})
# Scripts whose letters stand side by side, and signs: from Latin to Cyrillic, then punctuation to symbols.
_SIMPLE: Final = (range(0x20, 0x250), range(0x370, 0x530), range(0x1E00, 0x1F00), range(0x2000, 0x2C00))
_ALONE: Final = ("Z", "N", "L", "P", "S")  # categories that are no marks and no controls


class Unfit(Exception):
    """This cannot be set, or drawn, in the way that was tried."""


class Shaper:
    """Sets text in one computed style: one font, one size, one colour."""

    def __init__(self, style: Any, fonts: dict[Any, Any]) -> None:
        """What is used of a font is noted in `fonts`, which are as a weasyprint.Document has them."""
        self.style = style
        self.fill = fill(style["color"])
        self._fonts = fonts
        if style["letter_spacing"] not in ("normal", 0) or style["word_spacing"] != 0:
            raise Unfit
        self._layout = create_layout("0", style, None, None, 0)  # kept: the font is its
        self._pango_font = _run(self._layout)[0]
        self._key, description, self.size = get_pango_font_key(self._pango_font)
        if self._key not in fonts:
            fonts[self._key] = Font(self._pango_font, description, self.size)
        font = fonts[self._key]
        if font.bitmap or font.png or font.svg or font.colr:
            raise Unfit
        self.name = str(font.hash)
        self._to_unicode: dict[int, str] = font.to_unicode
        self._widths: dict[int, int] = font.widths  # thousandths of the size, as a PDF has them
        self._pieces: dict[tuple[str, str], tuple[str, float] | None] = {}  # None: the pair is not set so
        self._alone: dict[str, tuple[int, float]] = {}
        self._used: set[str] = set()

    def line(self, text: str) -> tuple[str, float]:
        """The text as a PDF shows it, the inside of a TJ's array, and its width in pixels. Raises Unfit."""
        shown, width = [], 0.0
        for one, wide in self._set(text):
            shown.append(one)
            width += wide
        if not self._used.issuperset(text):
            for letter in text:
                self._to_unicode.setdefault(self._alone[letter][0], letter)
            self._used.update(text)
        return f"<{''.join(shown)}>", width

    def reach(self, text: str, room: float, *, near: float) -> int | None:
        """How much of a text of words, with spaces between, is on a line of `room` pixels: up to the end of a word.

        None where not even one word is, and where a word's end is so `near` to the room that the spaces' own kerning
        may decide. Raises Unfit.
        """
        width, whole = 0.0, None
        for index, (_, wide) in enumerate(self._set(text), 1):
            width += wide
            if index == len(text) or text[index] == " ":
                end = width - wide + next(self._set(text[index - 1]))[1]
                if abs(end - room) < near:
                    return None
                if end > room:
                    break
                whole = index
        return whole

    def moved(self) -> "Shaper":
        """One that knows the same, where the style has come to have another font configuration."""
        other = Shaper(self.style, self._fonts)
        other._pieces, other._alone, other._used = self._pieces, self._alone, self._used
        return other

    def _set(self, text: str) -> Iterator[tuple[str, float]]:
        """Letter by letter what a PDF shows, and the pixels to the next one. Raises Unfit."""
        pieces = self._pieces
        for pair in zip(text, (*text[1:], _END), strict=True):
            piece = pieces[pair] if pair in pieces else self._learnt(pair)
            if piece is None:
                raise Unfit
            yield piece

    def _learnt(self, pair: tuple[str, str]) -> tuple[str, float] | None:
        try:
            piece = self._learn(*pair)
        except Unfit:
            piece = None
        self._pieces[pair] = piece
        return piece

    def _learn(self, letter: str, after: str) -> tuple[str, float]:
        glyph, width = self._glyph(letter)
        if after != _END:
            second, second_width = self._glyph(after)
            pair = self._shaped(letter + after)
            if [one[0] for one in pair] != [glyph, second] or abs(pair[1][1] - second_width) > 1e-6:
                raise Unfit
            width = pair[0][1]
        nearer = int(self._widths[glyph] - width * 1000 / self.size)
        return f"{glyph:04x}>{nearer}<" if nearer else f"{glyph:04x}", width

    def _glyph(self, letter: str) -> tuple[int, float]:
        if letter in self._alone:
            return self._alone[letter]
        code = ord(letter)
        if (
            not any(code in simple for simple in _SIMPLE)
            or unicodedata.category(letter)[0] not in _ALONE
            or unicodedata.bidirectional(letter) not in _LEFT_TO_RIGHT
            or (self.style["direction"] == "rtl" and unicodedata.mirrored(letter))
        ):
            raise Unfit
        shaped = self._shaped(letter)
        if len(shaped) != 1:
            raise Unfit
        glyph, width = shaped[0]
        if glyph not in self._widths:
            logical = ffi.new("PangoRectangle *")
            pango.pango_font_get_glyph_extents(self._pango_font, glyph, ffi.NULL, logical)
            self._widths[glyph] = round(logical.width * 1000 * FROM_UNITS / self.size)
        self._alone[letter] = glyph, width
        return glyph, width

    def _shaped(self, text: str) -> list[tuple[int, float]]:
        """Each glyph's number and width in pixels. Raises Unfit where another font is needed or glyphs are moved."""
        layout = create_layout(text, self.style, None, None, 0)
        font, *glyphs = _run(layout)
        if get_pango_font_key(font)[0] != self._key:
            raise Unfit
        for glyph in glyphs:
            geometry = glyph.geometry
            if glyph.glyph >= pango.PANGO_GLYPH_EMPTY or geometry.x_offset or geometry.y_offset:
                raise Unfit
        return [(glyph.glyph, glyph.geometry.width * FROM_UNITS) for glyph in glyphs]


def _run(layout: Any) -> list[Any]:
    """The font of a text that is one run, and its glyphs."""
    line, _ = layout.get_first_line()
    run = line.runs[0]
    if run == ffi.NULL or run.next != ffi.NULL:
        raise Unfit
    glyphs = run.data.glyphs
    return [run.data.item.analysis.font, *glyphs.glyphs[0 : glyphs.num_glyphs]]


def fill(color: Any) -> str:
    """The operator that fills with `color`."""
    if color.alpha != 1:
        raise Unfit
    return " ".join(f"{channel:.6f}".rstrip("0").rstrip(".") for channel in color.to("srgb").coordinates) + " rg"
