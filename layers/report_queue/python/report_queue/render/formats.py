"""How numbers, money and dates read in the report's language and time zone: Babel, as Jinja filters.

Each filter takes the language from the template's `locale` and the zone from its `time_zone`; `templates` sets both.
A value that a filter cannot read as a date is printed as it came: a report with an odd date is better than none.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_gmt, get_timezone_name
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    format_scientific,
)
from jinja2 import pass_context
from jinja2.runtime import Context

from report_queue.render.figures import cents
from report_queue.render.right_to_left import as_drawn

DEFAULT: Final = "en"
_BEYOND_WORDS: Final[int] = 10**18  # languages have short words for thousands to billions, or a few more
_NONE: Final = "–"  # noqa: RUF001 - an en dash, as tables print it where there is no figure

Number = Decimal | int


@cache
def locale_of(name: str) -> Locale:
    """The locale of a name like `de` or `en-GB`; a region or language that is not known gives way to the next best."""
    for candidate in (name, name.split("-", maxsplit=1)[0]):
        try:
            return Locale.parse(candidate, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(DEFAULT)


@cache
def time_zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name, which is a valid one: `edition.is_time_zone`. Read once per process."""
    return ZoneInfo(name)


@pass_context
def money(context: Context, value: Number | None, currency: str) -> str:
    """In the currency's own digits: €1,234.50, ¥1,235."""
    return _NONE if value is None else format_currency(cents(value, currency), currency, locale=context["locale"])


@pass_context
def price(context: Context, value: Number, currency: str) -> str:
    """A price per piece, which may have finer digits than the currency has: €0.0125."""
    fine = Decimal(value) != cents(value, currency)
    return format_currency(
        value, currency, locale=context["locale"], decimal_quantization=not fine, currency_digits=not fine
    )


@pass_context
def number(context: Context, value: Number | None, digits: int = 3) -> str:
    """Grouped, with at most `digits` decimals."""
    if value is None:
        return _NONE
    if _is_astronomic(value):
        return _scientific(value, context["locale"])
    return format_decimal(round(Decimal(value), digits) + 0, "#,##0." + "#" * digits, locale=context["locale"])


def plain(value: Number) -> str:
    """As a program reads it: 1234.5, whatever the language."""
    return f"{Decimal(value):f}"


@pass_context
def percent(context: Context, value: Number | None, digits: int = 1, *, sign: bool = False) -> str:
    """0.125 is 12.5%; `sign` shows a plus too."""
    if value is None:
        return _NONE
    if _is_astronomic(value):
        return f"{_scientific(100 * Decimal(value), context['locale'])}%"
    rounded = round(Decimal(value), digits + 2) + 0
    text = format_percent(rounded, "#,##0." + "#" * digits + "%", locale=context["locale"])
    return f"+{text}" if sign and rounded > 0 else text


@pass_context
def day(context: Context, value: str, style: str = "medium") -> str:
    """An ISO date, `2026-03-14`: Mar 14, 2026."""
    try:
        return format_date(date.fromisoformat(value), style, locale=context["locale"])
    except ValueError:
        return value


@pass_context
def period(context: Context, value: str) -> str:
    """An ISO month or year as a chart's label: Mar 26, or 2026."""
    try:
        return format_date(date.fromisoformat(f"{value}-01"), "MMM yy", locale=context["locale"])
    except ValueError:
        return value


@pass_context
def moment(context: Context, value: datetime) -> str:
    """Date and time of day in the report's time zone, with the zone's short name: Jan 5, 2026, 10:30 AM CET."""
    locale, there = context["locale"], value.astimezone(context["time_zone"])
    zone = get_timezone_name(there, width="short", locale=locale)
    if zone[0] in "+-":  # the language has no short name for it
        zone = get_timezone_gmt(there, width="long", locale=locale)
    return f"{format_date(there, 'medium', locale=locale)}, {format_time(there, 'short', locale=locale)} {zone}"


def compact(locale: Locale, currency: str | None = None, unit: str = "") -> Callable[[Number], str]:
    """The label of a chart's axis: 1.2M, €1.2M, 40 %."""

    def label(value: Number) -> str:
        if abs(Decimal(value)) >= _BEYOND_WORDS:
            return _scientific(value, locale)
        if currency is not None:
            return format_compact_currency(value, currency, locale=locale, fraction_digits=_digits(value))
        text = format_compact_decimal(value, locale=locale, fraction_digits=_digits(value))
        return f"{text}%" if unit == "%" else f"{text} {unit}".strip()

    return label


def _is_astronomic(value: Number) -> bool:
    """A share of next to nothing: it has more digits before the point than `figures.EXACT` rounds at."""
    return Decimal(value).adjusted() > 50


def _scientific(value: Number, locale: Locale) -> str:
    return format_scientific(Decimal(value), "0.0E0", locale=locale)


def _digits(value: Number) -> int:
    """Decimals that a label needs: small values keep two significant ones."""
    size = abs(Decimal(value))
    return 1 if not size or size >= 1 else min(6, 1 - size.adjusted())


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "money": money,
    "price": price,
    "number": number,
    "plain": plain,
    "percent": percent,
    "day": day,
    "period": period,
    "moment": moment,
    "drawn": as_drawn,
}
