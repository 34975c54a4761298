"""Characters that no font at hand can draw, and how to speak of them.

While WeasyPrint writes, it counts for each font the characters that Pango found a glyph for in none: so this costs
nothing and misses nothing that is printed, in charts and page margins as well. Of a document that is laid out but not
yet written it knows nothing.

A character is told by its code point and its Unicode name: this is the one place where a message holds something of
the payload, and never more than that.
"""

import unicodedata
from typing import Final

import weasyprint  # type: ignore[import-untyped]

_NAMELESS: Final = {
    "Cc": "a control character",
    "Co": "for private use",
    "Cn": "not assigned",
    "Cs": "half a character",
}


def missing(document: weasyprint.Document) -> frozenset[str]:
    """The characters that the written document prints as boxes."""
    return frozenset(chr(point) for font in document.fonts.values() for point in font.missing)


def named(character: str) -> str:
    """`U+0378 (not assigned)`, `U+1D11E (MUSICAL SYMBOL G CLEF)`."""
    fallback = _NAMELESS.get(unicodedata.category(character), "without a name")
    return f"U+{ord(character):04X} ({unicodedata.name(character, fallback)})"
