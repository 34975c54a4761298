"""A chart's text in one piece.

WeasyPrint lays out and draws each letter of an SVG's text apart, for each may have a place of its own. In a chart none
has: a text has one place, and is drawn as texts elsewhere are. It looks the same, for its letters are neither kerned
nor joined where they need not be. Text that runs from right to left stays as it was: `right_to_left` has put its
letters in the order in which they are drawn one by one.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from weasyprint import svg  # type: ignore[import-untyped]
from weasyprint.css.properties import INITIAL_VALUES  # type: ignore[import-untyped]
from weasyprint.svg.utils import normalize  # type: ignore[import-untyped]

_APART: Final = ("dx", "dy", "letter-spacing", "rotate", "textLength")  # what moves single letters
_TURNS: Final = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI", "FSI"})  # letters that do not run from left to right
_AS_BEFORE: Final = {"font_kerning": "none", "font_variant_ligatures": "none"}
_drawn = svg.text


class _Whole(str):
    """A text that is a single letter to whoever goes through it letter by letter."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        yield str(self)


def take() -> None:
    """Have texts drawn so where no letter is to be moved."""
    svg.TAGS = {tag: text if draw is _drawn else draw for tag, draw in svg.TAGS.items()}
    svg.text = text


def text(drawing: Any, node: Any, font_size: float) -> None:
    """As in WeasyPrint: the text is drawn."""
    if not node.text or _apart(node):
        _drawn(drawing, node, font_size)
        return
    node._etree_node.text = _Whole(node.text)
    with _set_as_before():
        _drawn(drawing, node, font_size)


def _apart(node: Any) -> bool:
    return (
        any(node.get(name) for name in _APART)
        or any(" " in normalize(node.get(name)) for name in ("x", "y"))
        or not _TURNS.isdisjoint(map(unicodedata.bidirectional, str(node.text)))
    )


@contextmanager
def _set_as_before() -> Iterator[None]:
    """Inside, an SVG's text begins with these properties; nothing else is worked out meanwhile."""
    kept = {name: INITIAL_VALUES[name] for name in _AS_BEFORE}
    INITIAL_VALUES.update(_AS_BEFORE)
    try:
        yield
    finally:
        INITIAL_VALUES.update(kept)
