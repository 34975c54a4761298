"""Marks in a report's text, by which the value behind a formatted text is found again once the text is in its place.

    {{ 1234.5|money("EUR") }} ──► (17)€1,234.50) ──► … HTML … parsed … a cell's text ──► 1234.5, money EUR

A mark is made of characters for private use that the payload does not have, so that no payload can write one, and its
own such characters stay what they are. Templates may do with a marked text what they do with any: what becomes of the
marks in pieces of it is no mark any more, and is left out.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from itertools import chain, islice
from typing import Any, Final

from jinja2.runtime import Context

from report_queue.errors import PermanentFailure
from report_queue.render.sheets.cells import TYPED, Cell, cell

_DIGITS: Final = 16
_PRIVATE: Final = (range(0xF0000, 0xFFFFE), range(0x100000, 0x10FFFE), range(0xE000, 0xF900))


class Marks:
    """The marks of one report. Raises PermanentFailure, `format.no_marks`, where the payload leaves no characters."""

    def __init__(self, data: Any) -> None:
        taken = set().union(*_texts(data))
        free = list(islice((chr(code) for code in chain(*_PRIVATE) if chr(code) not in taken), _DIGITS + 3))
        if len(free) < _DIGITS + 3:
            message = "The payload has every character for private use; a sheet's cells are told by some of them."
            raise PermanentFailure(message, reason="format.no_marks")
        self._open, self._then, self._close, *digits = free
        self._digits = digits
        self._places = {digit: place for place, digit in enumerate(digits)}
        number, text = f"([{''.join(digits)}]+)", f"([^{self._open}{self._close}]*)"
        self._mark = re.compile(f"{self._open}{number}{self._then}{text}{self._close}")
        self._any = dict.fromkeys(map(ord, free))
        self._kept: list[tuple[Any, tuple[Any, ...]]] = []

    def put(self, value: Any, how: tuple[Any, ...], text: str) -> str:
        """The text within a mark that leads to the value and its format."""
        number = "".join(self._digits[int(digit, _DIGITS)] for digit in f"{len(self._kept):x}")
        self._kept.append((value, how))
        return f"{self._open}{number}{self._then}{text}{self._close}"

    def read(self, text: str) -> Cell:
        """What a cell with this text holds: the value, where all of it is one mark."""
        text = text.strip()
        if not text:
            return None
        if found := self._mark.fullmatch(text):
            place = int("".join(f"{self._places[digit]:x}" for digit in found[1]), _DIGITS)
            if place < len(self._kept):
                return cell(*self._kept[place], found[2])
        return self.strip(text) or None

    def strip(self, text: str) -> str:
        """The text without marks."""
        return text.translate(self._any)


_CURRENT: ContextVar[Marks | None] = ContextVar("_CURRENT", default=None)


@contextmanager
def writing(marks: Marks | None) -> Iterator[None]:
    """Filters that `marked` made write these marks, inside; or none."""
    token = _CURRENT.set(marks)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def marked(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter of this name; where it is one whose values a sheet keeps, what it writes is marked."""
    if name not in TYPED:
        return function

    @wraps(function)
    def told(context: Context, value: Any, *arguments: Any, **options: Any) -> str:
        text = str(function(context, value, *arguments, **options))
        if (marks := _CURRENT.get()) is None:
            return text
        # Arguments may come by name too: percent's digits and sign, of which only the sign is by name alone.
        how = (name, *arguments, *(options[key] for key in ("currency", "digits", "style") if key in options))
        if options.get("sign"):
            how = ("percent", *(how[1:] or (1,)), True)
        return marks.put(value, how, text)

    return told


def _texts(tree: Any) -> Iterator[str]:
    left = [tree]
    while left:
        match left.pop():
            case str(text):
                if not text.isascii():
                    yield text
            case dict() as members:
                left += members
                left += members.values()
            case list() as elements:
                left += elements
