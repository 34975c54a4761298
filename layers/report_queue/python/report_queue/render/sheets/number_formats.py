"""How a workbook shows a value: Excel's codes for what the report's formats write, in its language.

    money EUR, de  ──► #,##0.00 [$€]          number, two decimals ──► #,##0.00
    day, en        ──► [$-en-US]mmm d, yyyy   percent with its sign ──► +0.0%;-0.0%;0%

A code's comma and point stand for the ones of whoever opens the workbook. Decimals are each value's own, since Excel
would print the point of `#,##0.###` after a whole number too.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from babel import Locale
from babel.core import get_global
from babel.dates import get_date_format
from babel.numbers import get_currency_symbol

from report_queue.render.sheets.cells import Typed

ISO_DAY: Final = "yyyy-mm-dd"
_TOKEN: Final = re.compile(r"'([^']*)'|([A-Za-z])\2*|(.)", re.DOTALL)
_DATES: Final = {
    "d": "d", "dd": "dd", "M": "m", "MM": "mm", "MMM": "mmm", "MMMM": "mmmm", "LLL": "mmm", "LLLL": "mmmm",
    "y": "yyyy", "yy": "yy", "yyyy": "yyyy", "EEE": "ddd", "EEEE": "dddd",
}  # fmt: skip
_GROUPED: Final = "#,##0"


def code(cell: Typed, locale: Locale) -> str:
    """The code by which Excel shows the cell as the report does."""
    name, *arguments = cell.how
    if isinstance(cell.value, datetime):
        return f"{_day(locale, 'medium')} hh:mm"
    return _CODES[name](cell, locale, *arguments)


def _money(cell: Typed, locale: Locale, currency: str) -> str:
    pattern = locale.currency_formats["standard"]
    symbol = get_currency_symbol(currency, locale=locale)
    number = _GROUPED + _decimals(cell.decimals)
    plus, minus = (
        f"{_affix(before, symbol)}{number}{_affix(after, symbol)}"
        for before, after in zip(pattern.prefix, pattern.suffix, strict=True)
    )
    return f"{plus};{minus}"


def _affix(words: str, symbol: str) -> str:
    named = f"[${symbol}]" if not set(symbol) & set("[]-;") else _quoted(symbol)
    return "".join(named if part == "¤" else _quoted(part) for part in re.split("(¤)", words))


def _number(cell: Typed, _: Locale, __: int = 3) -> str:
    return _GROUPED + _decimals(cell.decimals)


def _percent(cell: Typed, _: Locale, __: int = 1, sign: bool = False) -> str:
    number = f"{_GROUPED}{_decimals(cell.decimals)}%"
    return f"+{number};-{number};{number}" if sign else number


def _date(_: Typed, locale: Locale, style: str = "medium") -> str:
    return _day(locale, style)


def _day(locale: Locale, style: str) -> str:
    parts = []
    for quoted, letter, other in ((one[1], one[2], one[0]) for one in _TOKEN.finditer(_pattern(locale, style))):
        if letter and other not in _DATES:
            return ISO_DAY  # an era, or a calendar that Excel does not know
        parts.append(_DATES[other] if letter else _quoted(quoted if quoted is not None else other))
    return f"[$-{_tag(locale)}]{''.join(parts)}"


def _pattern(locale: Locale, style: str) -> str:
    return str(get_date_format(style, locale=locale).pattern)  # type: ignore[arg-type]  # a template's word


def _tag(locale: Locale) -> str:
    """With a country, without which Excel knows no language: en-US."""
    likely = get_global("likely_subtags").get(locale.language, "").split("_")
    country = locale.territory or (likely[-1] if len(likely) > 1 else "")
    return f"{locale.language}-{country}" if country else locale.language


def _decimals(count: int) -> str:
    return f".{'0' * min(count, 30)}" if count else ""


def _quoted(words: str) -> str:
    """Words that Excel shows as they are; some signs it shows so in any case."""
    return re.sub(r'[^ \-+(),./"]+', lambda run: f'"{run[0]}"', words.replace('"', '\\"'))


_CODES: Final[dict[str, Callable[..., str]]] = {
    "money": _money,
    "price": _money,
    "number": _number,
    "percent": _percent,
    "day": _date,
}
