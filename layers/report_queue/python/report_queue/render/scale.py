"""A chart's scale: round numbers for the ticks, and where between them a value stands."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from math import floor, log10
from typing import Final, Self

Number = Decimal | int

_STEPS: Final = (1, 2, 5, 10)
_MOST_TICKS: Final = 6
_NOTHING: Final = 1e-9  # a chart of smaller values than this is a chart of zeros


@dataclass(frozen=True)
class Scale:
    """From `low` to `high`, onto pixels from `start` to `end` (which may run downwards: end < start)."""

    low: float
    high: float
    ticks: tuple[Decimal, ...]
    start: float = 0.0
    end: float = 1.0

    @classmethod
    def over(cls, values: Iterable[Number], *, zero: bool, loose: bool = True) -> Self:
        """A scale that holds all values; with `zero`, zero too (lengths lie without it).

        Ends at ticks if `loose`, else at the values themselves. Values that are all the same, or none at all, get a
        scale of some length as well: nothing divides by it being nought.
        """
        numbers = [float(value) for value in values] or [0.0]
        low, high = min(numbers), max(numbers)
        if zero or 0 <= low < high * 0.4:
            low, high = min(low, 0.0), max(high, 0.0)
        if high - low < max(_NOTHING, (abs(high) + abs(low)) * 1e-12):
            middle = high
            low, high = (0.0, 1.0) if abs(middle) < _NOTHING else (middle - abs(middle) / 2, middle + abs(middle) / 2)
        if not loose:
            return cls(low, high, ())
        step = _step(high - low)
        first, last = floor(low / float(step)), -floor(-high / float(step))
        ticks = tuple(step * index for index in range(first, last + 1))
        return cls(float(ticks[0]), float(ticks[-1]), ticks)

    def onto(self, start: float, end: float) -> Self:
        """The same scale on these pixels."""
        return replace(self, start=start, end=end)

    def __call__(self, value: Number) -> float:
        """The pixel where `value` stands."""
        return self.start + (float(value) - self.low) / (self.high - self.low) * (self.end - self.start)


def _step(span: float) -> Decimal:
    """The smallest of 1, 2, 5 times a power of ten that needs no more than a handful of ticks for `span`."""
    power = Decimal(1).scaleb(floor(log10(span / _MOST_TICKS)))
    return next(power * step for step in _STEPS if float(power * step) * _MOST_TICKS >= span)
