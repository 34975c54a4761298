"""What a cell of a sheet holds: a text, or a number or date with the format in which the report shows it.

0.075, percent ──► as in the PDF  7.5%     a workbook: 0.075, shown as 0.0%     CSV: 0.075
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from report_queue.render import figures

_FINEST: Final = Decimal("1e-12")  # what a quotient is kept to: it has sixty digits
_ASTRONOMIC: Final = 50  # digits before the point, beyond which nobody rounds


@dataclass(frozen=True, slots=True)
class Typed:
    """A number or a date, rounded to what it means; `how` is a filter of `formats` with its arguments."""

    value: Decimal | date | datetime  # a datetime has the report's time zone
    how: tuple[Any, ...]
    decimals: int = 0  # digits after the point that the report shows, of a number


Cell = str | Typed | None  # None: empty


def cell(value: Any, how: tuple[Any, ...], shown: str) -> Cell:
    """The cell of what a filter was given; `shown`, where that is no number or date."""
    name, *arguments = how
    if value is None:
        return None
    if name == "day":
        try:
            return Typed(date.fromisoformat(value), how)
        except (TypeError, ValueError):
            return shown
    if name == "moment":
        return Typed(value, how)
    if isinstance(value, float):  # a template divided two whole numbers
        value = Decimal(repr(value))
    number = Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
    if number is None or not number.is_finite() or number.adjusted() > _ASTRONOMIC:
        return shown
    return _NUMBERS[name](number, how, *arguments)


def plain(value: Decimal) -> str:
    """With a point, without an exponent and without zeros at the end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimals_of(value: Decimal) -> int:
    """Digits after the point that it needs."""
    return len(plain(value).partition(".")[2])


def _money(value: Decimal, how: tuple[Any, ...], currency: str) -> Typed:
    whole = figures.cents(value, currency)
    return Typed(whole, how, _digits(whole))


def _price(value: Decimal, how: tuple[Any, ...], currency: str) -> Typed:
    whole = figures.cents(value, currency)
    return Typed(whole, how, _digits(whole)) if whole == value else Typed(value, how, max(2, decimals_of(value)))


def _number(value: Decimal, how: tuple[Any, ...], digits: int = 3) -> Typed:
    return Typed(_kept(value), how, decimals_of(round(value, digits)))


def _percent(value: Decimal, how: tuple[Any, ...], digits: int = 1, sign: bool = False) -> Typed:  # noqa: ARG001
    return Typed(_kept(value), how, max(decimals_of(round(value, digits + 2)) - 2, 0))


def _kept(value: Decimal) -> Decimal:
    """A quotient goes on for ever; what the payload says is kept as it is."""
    exponent = value.as_tuple().exponent
    return value.quantize(_FINEST) + 0 if isinstance(exponent, int) and exponent < -12 else value + 0


def _digits(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


_NUMBERS: Final[Mapping[str, Callable[..., Typed]]] = {
    "money": _money,
    "price": _price,
    "number": _number,
    "percent": _percent,
}
TYPED: Final = frozenset({*_NUMBERS, "day", "moment"})  # the formats whose values a sheet keeps
