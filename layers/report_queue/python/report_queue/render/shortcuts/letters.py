"""A chart's text in one piece.

WeasyPrint lays out and draws each letter of an SVG's text apart, for each may have a place of its own. In a chart none
has: a text has one place, and is drawn as texts elsewhere are. It looks the same, for the letters are neither kerned
nor joined where they need not be; those that do join, as Arabic ones, now do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from weasyprint import svg  # type: ignore[import-untyped]
from weasyprint.css.properties import INITIAL_VALUES  # type: ignore[import-untyped]
from weasyprint.svg.utils import normalize  # type: ignore[import-untyped]

_APART: Final = ("dx", "dy", "letter-spacing", "rotate", "textLength")  # what moves single letters
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
    moved = any(node.get(name) for name in _APART) or any(" " in normalize(node.get(name)) for name in ("x", "y"))
    if moved or not node.text:
        _drawn(drawing, node, font_size)
        return
    node._etree_node.text = _Whole(node.text)
    with _set_as_before():
        _drawn(drawing, node, font_size)


@contextmanager
def _set_as_before() -> Iterator[None]:
    """Inside, an SVG's text begins with these properties; nothing else is worked out meanwhile."""
    kept = {name: INITIAL_VALUES[name] for name in _AS_BEFORE}
    INITIAL_VALUES.update(_AS_BEFORE)
    try:
        yield
    finally:
        INITIAL_VALUES.update(kept)
