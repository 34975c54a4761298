"""Lines of text in one style: letter by letter where that may be, and else as Pango sets them.

    text ──► letters (`shaping`)? ──► glyphs and their kerning
                  └── Unfit ──► Pango, as WeasyPrint itself asks it and draws what it says: letters that join, marks
                                above others, right to left, fonts that step in for letters which the first one lacks

A font that steps in has another height, and its line is higher by what WeasyPrint's line would be. A text is set once
and then remembered: the rows of a table say many things again. Raises Unfit where letters are pictures (emoji), where
no font has one, and where a text has control characters: WeasyPrint then lays the whole table out. This reads parts of
WeasyPrint that are not public: its version is pinned.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import pydyf  # type: ignore[import-untyped]
from weasyprint.draw.text import draw_first_line  # type: ignore[import-untyped]
from weasyprint.matrix import Matrix  # type: ignore[import-untyped]
from weasyprint.pdf.stream import Stream  # type: ignore[import-untyped]
from weasyprint.text.ffi import FROM_UNITS, ffi, pango  # type: ignore[import-untyped]
from weasyprint.text.line_break import (  # type: ignore[import-untyped]
    create_layout,
    line_size,
    split_first_line,
    strut,
)

from report_queue.render.table.shaping import Shaper, Unfit

_NEAR: Final = 0.05  # pixels: a line that fits, or does not, by so little is WeasyPrint's to judge
# Controls, ends of lines and paragraphs, halves of characters.
_NO_TEXT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Words that a line may break after and nowhere within, whatever the language: letters and digits, with . or , among or
# behind them. Other signs (hyphens, slashes, brackets, quotes) have rules of their own, which Pango knows.
_WORDS: Final = re.compile(r"(?:[A-Za-z0-9&À-ÖØ-öø-ɏ][A-Za-z0-9&À-ÖØ-öø-ɏ.,]*(?: (?=.)|$))+")
_KERNED: Final = 1.0  # pixels: more than what a letter and the space behind it are nearer to each other
_LOST: Final = "\U0010fffd"  # no font has it: to learn so, Pango goes through all of them


class Line(NamedTuple):
    """A line of text. Lengths are in pixels."""

    shown: str  # the operators that show it, where the text matrix is set
    width: float
    deeper: float = 0.0  # how much lower its baseline is than that of the style's own font
    higher: float = 0.0  # how much higher it is than a line of the style's own font
    names_fonts: bool = False  # whether the operators say the font, or leave that to the one who writes them


class Glyphs:
    """What is used of fonts, by all styles of a document."""

    def __init__(self) -> None:
        self.fonts: dict[Any, Any] = {}  # as a weasyprint.Document has them
        self.news: list[tuple[Typesetter, str, float]] = []  # texts, and their room, that brought letters or glyphs

    @property
    def count(self) -> int:
        """How many glyphs are used."""
        return sum(len(font.to_unicode) for font in self.fonts.values())

    def lend(self, document: Any) -> None:
        """Have `document`, which is laid out with the same fonts and not yet written, embed them."""
        for key, font in self.fonts.items():
            if font.to_unicode:
                known = document.fonts.setdefault(key, font)
                known.to_unicode |= font.to_unicode
                known.widths |= font.widths


@dataclass
class _Text:
    """What WeasyPrint draws of: as much of a text's box as it reads."""

    text: str
    style: Any
    pango_layout: Any
    baseline: float = 0.0


class Typesetter:
    """Sets text in one computed style."""

    def __init__(self, style: Any, glyphs: Glyphs) -> None:
        if style["text_transform"] != "none":
            raise Unfit
        self.style = style
        self.shaped = 0  # texts that Pango was asked for
        self.glyphs = glyphs
        self._letters = Shaper(style, glyphs.fonts)
        self._layout = create_layout("", style, None, None, 0)
        self._measured = "", 0.0, 0.0  # the layout's text, its width and its height
        self._at_spaces = style["white_space"] == style["word_break"] == "normal" and style["hyphens"] != "auto"
        self._strut = strut(style)  # the height of a line, and where its baseline is
        self.fill, self.name, self.size = self._letters.fill, self._letters.name, self._letters.size
        self.line = lru_cache(maxsize=8192)(self._line)
        self.lines = lru_cache(maxsize=8192)(self._lines)

    def settle(self) -> None:
        """Have Pango end what it does in a thread of its own: a fork would never hear of it."""
        self._width(_LOST)

    def move(self, fonts: Any) -> None:
        """Go on with another font configuration, which knows the same fonts: in a fork, Pango's old one is dead."""
        self._left = self._layout, self._letters  # kept: its end is not waited for either
        self.style.font_config = fonts
        self._letters = self._letters.moved()
        self._layout = create_layout("", self.style, None, None, 0)
        self._measured = "", 0.0, 0.0

    def _line(self, text: str) -> Line:
        """The text on one line. Raises Unfit."""
        return self._by_letters(text) or self._set(text)

    def _lines(self, text: str, room: float) -> tuple[Line, ...]:
        """The text in as many lines as it needs where a line has `room` pixels, as WeasyPrint would break it."""
        if not text:
            return ()
        known = self.glyphs.count
        whole = self._by_letters(text)
        if (whole.width if whole else self._width(text)) < room - _NEAR:
            lines = [whole or self.line(text)]
        else:
            lines = [self.line(part) for part in self._broken(text, room)]
        if self.glyphs.count > known:
            self.glyphs.news.append((self, text, room))
        return tuple(lines)

    def _broken(self, text: str, room: float) -> Iterator[str]:
        by_words = self._at_spaces and _WORDS.fullmatch(text)
        while text:
            if by_words and (reach := self._reach(text, room)):
                yield text[:reach]
                text = text[reach + 1 :]
                continue
            layout, length, resume, *_ = split_first_line(text, self.style, None, room, 0)
            encoded = text.encode()
            if length <= 0 or (resume is not None and not 0 < resume <= len(encoded)):
                raise Unfit
            yield layout.text.rstrip(" ")
            text = encoded[resume:].decode().lstrip(" ") if resume is not None else ""

    def _reach(self, text: str, room: float) -> int | None:
        """How much of these words is on the first line, where that is plain to see."""
        try:
            return self._letters.reach(text, room, near=_KERNED)
        except Unfit:
            return None

    def _by_letters(self, text: str) -> Line | None:
        try:
            shown, width = self._letters.line(text)
        except Unfit:
            return None
        return Line(f"[{shown}] TJ", width)

    def _width(self, text: str) -> float:
        """On one line. Nothing of it is used yet: what does not fit is broken first, and other glyphs may be used."""
        if _NO_TEXT.search(text):
            raise Unfit
        self._layout.set_text(text)
        self._measured = text, *line_size(self._layout.get_first_line()[0], self.style)
        return self._measured[1]

    def _set(self, text: str) -> Line:
        """The text as Pango sets it. Raises Unfit."""
        if self._measured[0] != text:
            self._width(text)
        self.shaped += 1
        _, width, height = self._measured
        layout, stream = self._layout, Stream(self.glyphs.fonts, (0, 0, 0, 0), {}, {}, None, {}, None)
        _must_be_drawable(layout.get_first_line()[0], stream)
        line_height, baseline = self._strut
        lower = pango.pango_layout_get_baseline(layout.layout) * FROM_UNITS + (line_height - height) / 2 - baseline
        draw_first_line(stream, _Text(text, self.style, layout), "clip", "none", Matrix(d=-1))
        shown = b"\n".join(pydyf._to_bytes(operator) for operator in stream.stream[1:])  # all but the matrix
        return Line(shown.decode("ascii"), width, max(lower, 0.0), abs(lower), names_fonts=True)


def _must_be_drawable(line: Any, stream: Stream) -> None:
    """Raises Unfit where a glyph is missing, or is a picture."""
    run = line.runs[0]
    while run != ffi.NULL:
        font, _ = stream.add_font(run.data.item.analysis.font)
        if font.bitmap or font.png or font.svg or font.colr:
            raise Unfit
        glyphs = run.data.glyphs
        for glyph in glyphs.glyphs[0 : glyphs.num_glyphs]:
            if glyph.glyph & pango.PANGO_GLYPH_UNKNOWN_FLAG:
                raise Unfit
        run = run.next
