"""Numbers and money as the formats write them, without asking Babel for each.

How many digits stand before and after the point decides where they come to stand, whichever they are:

    1111.11 ─► €1,111.11                          1234.5 has other digits than 1234.50:
    2222.22 ─► €2,222.22    the seven that differ   its own pattern, €1,111.10 beside €2,222.20
                            are 123456's places
Where fewer differ (digits were rounded off) or others do (the language has digits of its own), Babel is asked.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

ALIKE: Final = frozenset({"money", "price", "number"})  # the formats that write a digit for a digit

Format = Callable[[Any], str]


def patterned(write: Format) -> Format:
    """`write`, for one of the formats that are `ALIKE`; the same text for the same number."""
    patterns: dict[tuple[bool, int, int], tuple[list[str], list[int]] | None] = {}

    def text(value: Any) -> str:
        if type(value) not in (int, Decimal) or not value:
            return write(value)
        whole, _, part = f"{abs(value):f}".partition(".")
        whole, part = whole.lstrip("0"), part.rstrip("0")
        shape = value < 0, len(whole), len(part)
        if shape not in patterns:
            patterns[shape] = _pattern(write, *shape)
        pattern = patterns[shape]
        if pattern is None:
            return write(value)
        letters, places = pattern[0].copy(), pattern[1]
        for place, digit in zip(places, whole + part, strict=True):
            letters[place] = digit
        return "".join(letters)

    return text


def _pattern(write: Format, negative: bool, whole: int, part: int) -> tuple[list[str], list[int]] | None:
    one, two = (write(Decimal(f"{'-' * negative}{digit * whole or '0'}.{digit * part or '0'}")) for digit in "12")
    places = [place for place, (a, b) in enumerate(zip(one, two, strict=False)) if a != b]
    plain = len(one) == len(two) and all(one[place] == "1" and two[place] == "2" for place in places)
    return (list(one), places) if plain and len(places) == whole + part else None
