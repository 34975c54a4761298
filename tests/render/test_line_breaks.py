"""Where lines of a long table's cells end: at the words that WeasyPrint would end them at."""

import random
from typing import Any

import pytest
import weasyprint  # type: ignore[import-untyped]

from report_queue.render.fonts import Fonts
from report_queue.render.table import typeset

WORDS = (
    "AV",
    "To",
    "Wa",
    "fjord",
    "Hamburg",
    "&",
    "Söhne,",
    "St.",
    "1887",
    "3,000.50",
    "e.g.",
    "Łódź",
    "importers",
    "T",
)
AWKWARD = ("left-right", "(aside)", "a/b", "50%", "\N{EN DASH}", "“so”", "No.7/8", "…", "-", "$5", "!", "d'or")


def test_words_end_where_weasyprint_ends_them() -> None:
    setter, chance, asked = _setter("normal 9pt Inter"), random.Random(9), 0
    for _ in range(400):
        text, room = " ".join(chance.choices(WORDS, k=chance.randint(2, 9))), chance.uniform(30, 200)
        assert typeset._WORDS.fullmatch(text)
        mine = list(setter._broken(text, room))
        assert mine == _as_weasyprint(setter, text, room), (text, room)
        asked += len(mine)
    assert asked > 800


@pytest.mark.parametrize("sign", AWKWARD)
def test_signs_with_rules_of_their_own_are_left_to_weasyprint(sign: str) -> None:
    setter = _setter("normal 9pt Inter")
    text = f"before {sign} after and more of it"
    assert not typeset._WORDS.fullmatch(text)
    assert list(setter._broken(text, 60)) == _as_weasyprint(setter, text, 60)


@pytest.mark.parametrize("style", ["hyphens: auto", "word-break: break-all", "white-space: nowrap"])
def test_a_style_that_breaks_lines_elsewhere_is_left_to_weasyprint(style: str) -> None:
    assert not _setter("normal 9pt Inter", style)._at_spaces


def _setter(font: str, style: str = "") -> Any:
    fonts = Fonts()
    html = f"<html lang=en><p style='font: {font}; {style}'>Text</p>"
    page = weasyprint.HTML(string=html).render(font_config=fonts).pages[0]._page_box
    setter = typeset.Typesetter(next(box.style for box in page.descendants() if hasattr(box, "text")), typeset.Glyphs())
    setter.fonts_kept = fonts
    return setter


def _as_weasyprint(setter: Any, text: str, room: float) -> list[str]:
    usual, setter._at_spaces = setter._at_spaces, False
    try:
        return list(setter._broken(text, room))
    finally:
        setter._at_spaces = usual
