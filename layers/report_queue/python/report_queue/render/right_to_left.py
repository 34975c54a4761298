"""Arabic and Hebrew words in a drawing, as the eye finds them from left to right.

WeasyPrint draws an SVG's text letter by letter from the left, each for itself: Arabic letters would not join, and a
word would read backwards. So what is drawn has its letters joined (Unicode's presentation forms) and in their visual
order already. Who copies such a label out of the PDF gets it in that order. Text outside of drawings needs none of
this: Pango sets it.
"""

import unicodedata
from functools import cache
from typing import Any, Final

_RUNS_LEFT: Final = frozenset({"R", "AL"})


def as_drawn(words: str) -> str:
    """The words in visual order; as they are where none runs from right to left."""
    if words.isascii() or _RUNS_LEFT.isdisjoint(map(unicodedata.bidirectional, words)):
        return words
    from bidi.algorithm import get_display  # type: ignore[import-untyped]

    # Vowel signs stand above or below a letter, and drawn for themselves they would stand beside it.
    letters = "".join(letter for letter in unicodedata.normalize("NFC", words) if unicodedata.category(letter) != "Mn")
    return str(get_display(_reshaper().reshape(letters)))


@cache
def _reshaper() -> Any:
    from arabic_reshaper import ArabicReshaper  # type: ignore[import-untyped]  # with its tables slow to load

    return ArabicReshaper()
