"""Exact arithmetic for templates: what a report computes from its rows.

    json 0.1 ──► Decimal("0.1") ──► quantity * price, less discount ──► rounded to the currency's cents ──► summed

Every row is rounded before it is summed, so that the figures printed above a total add up to it.
It knows nothing of languages (`formats` does) and nothing of any report type: rows are mappings, and the
template says which of their keys count.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from itertools import chain
from typing import Any

from babel.numbers import get_currency_precision

# Rows go up to 1e15 in each of two factors and 10,000 of them are summed: 60 digits hold any of it exactly.
EXACT = Context(prec=60, rounding=ROUND_HALF_UP)

Row = Mapping[str, Any]

_HUNDRED = Decimal(100)
_MOST_MONTHS = 36  # beyond that a column per month is too thin to read, and a column per year is drawn
_MOST_YEARS = 400


def exact(data: Any) -> Any:
    """`data` with every float as the Decimal that its shortest text says: what the caller wrote, not its binary."""
    match data:
        case float():
            return Decimal(repr(data)) + 0  # + 0: no negative zero
        case dict():
            return {key: exact(value) for key, value in data.items()}
        case list():
            return [exact(value) for value in data]
        case _:
            return data


def cents(value: Decimal | int, currency: str) -> Decimal:
    """`value` rounded half up to the smallest unit of `currency`; never a negative zero."""
    return Decimal(value).quantize(_smallest(currency), context=EXACT) + 0


@lru_cache(maxsize=64)
def _smallest(currency: str) -> Decimal:
    return Decimal(1).scaleb(-get_currency_precision(currency))


def amount(row: Row, currency: str, price: str = "unitPrice") -> Decimal:
    """What a row comes to: `quantity` times `price`, less `discount` per cent where the row has one, in whole cents."""
    gross = EXACT.multiply(Decimal(row["quantity"]), Decimal(row[price]))
    if discount := row.get("discount", 0):
        gross = EXACT.multiply(gross, EXACT.divide(100 - Decimal(discount), _HUNDRED))
    return cents(gross, currency)


def amounts(rows: Iterable[Row], currency: str, price: str = "unitPrice") -> Decimal:
    """The sum of the rows' amounts."""
    return sum((amount(row, currency, price) for row in rows), Decimal(0))


def amounts_by(
    rows: Iterable[Row], key: str, currency: str, *, price: str = "unitPrice", length: int | None = None
) -> dict[Any, Decimal]:
    """The rows' amounts summed by their `key`; `length` takes that many characters of it (7 of a date: its month)."""
    return _summed((row[key][:length] if length else row[key], amount(row, currency, price)) for row in rows)


def amounts_of(
    rows: Iterable[Row], currency: str, *keys: str, price: str = "unitPrice"
) -> tuple[Decimal, dict[str, dict[Any, Decimal]]]:
    """The sum of the rows' amounts, and the sums by each of the keys: one walk, where rows are many."""
    total = Decimal(0)
    sums: dict[str, dict[Any, Decimal]] = {key: {} for key in keys}
    for row in rows:
        value = amount(row, currency, price)
        total += value
        for key, groups in sums.items():
            group = row[key]
            groups[group] = groups.get(group, 0) + value
    return total, sums


def shorter(sums: Mapping[str, Decimal], length: int) -> dict[Any, Decimal]:
    """The sums of the names that begin alike; of dates, 7 characters are the month and 4 the year."""
    return _summed((name[:length], value) for name, value in sums.items())


def sums_by(rows: Iterable[Row], key: str, value: str, *, length: int | None = None) -> dict[Any, Decimal]:
    """The same for rows that carry their `value` as it is."""
    return _summed((row[key][:length] if length else row[key], Decimal(row[value])) for row in rows)


def _summed(pairs: Iterable[tuple[Any, Decimal]]) -> dict[Any, Decimal]:
    sums: dict[Any, Decimal] = {}
    for group, value in pairs:
        sums[group] = sums.get(group, Decimal(0)) + value
    return sums


def ranked(sums: Mapping[Any, Decimal], most: int = 8) -> list[tuple[str, Decimal]]:
    """The largest first; what is beyond the `most` becomes one last entry."""
    order = sorted(((str(name), value) for name, value in sums.items()), key=lambda pair: (-pair[1], pair[0]))
    if len(order) <= most:
        return order
    rest = order[most - 1 :]
    return [*order[: most - 1], (f"{len(rest)} others", sum((value for _, value in rest), Decimal(0)))]


def pick(mapping: Mapping[Any, Decimal], keys: Iterable[Any], default: Decimal | None = None) -> list[Decimal | None]:
    """The mapping's values of these keys, in their order."""
    return [mapping.get(key, default) for key in keys]


def periods(*dates: Iterable[str]) -> list[str]:
    """The columns of a chart over time: each month from the first date to the last, or each year if that is long.

    >>> periods(["2026-03-14", "2025-12-01"])
    ['2025-12', '2026-01', '2026-02', '2026-03']
    """
    months = sorted({date[:7] for date in chain.from_iterable(dates)})
    if not months:
        return []
    (first_year, first), (last_year, last) = ((int(month[:4]), int(month[5:])) for month in (months[0], months[-1]))
    if (last_year - first_year) * 12 + last - first < _MOST_MONTHS:
        span = range(first_year * 12 + first - 1, last_year * 12 + last)
        return [f"{month // 12:04}-{month % 12 + 1:02}" for month in span]
    if last_year - first_year < _MOST_YEARS:
        return [f"{year:04}" for year in range(first_year, last_year + 1)]
    return sorted({month[:4] for month in months})


def share(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """`part` of `whole`, 1 for all of it; None where there is no whole to speak of."""
    return EXACT.divide(Decimal(part), Decimal(whole)) if whole else None


# What templates may call.
FUNCTIONS = (amount, amounts, amounts_by, amounts_of, cents, periods, pick, ranked, share, shorter, sums_by)
