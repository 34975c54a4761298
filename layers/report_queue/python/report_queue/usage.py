"""What tenants' reports come to, by day and report type, and what they cost.

    job ends ─► the broker counts (`meter`) ─► every ten minutes: usage/<month>/<tenant>.json (`usage_store`) ─► rows

A tenant that asks gets both: what is kept, and over it what the broker has counted since. A broker that is wiped takes
with it what was not kept yet, ten minutes at most. Days are UTC's.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from report_queue import cost
from report_queue.errors import BrokerAway, InvalidRequest, StoreAway
from report_queue.meter import Meter
from report_queue.usage_store import Epochs, UsageStore, month_of
from report_queue.used import Sums

MOST_DAYS: Final = 400
USUAL_DAYS: Final = 31
_KEEP_MS: Final = 600_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Row:
    """One day's jobs of one report type."""

    day: date
    report_type: str
    sums: Sums


@dataclass(frozen=True)
class Usage:
    """Rows by day and report type. `whole` is False where the broker is away: the last ten minutes may be missing."""

    rows: tuple[Row, ...]
    whole: bool


@dataclass(frozen=True)
class Shares:
    """Each tenant's usage, as far as it is kept. `whole` is False where there are more tenants than are looked at."""

    tenants: tuple[tuple[str, Sums], ...]
    whole: bool


@dataclass(frozen=True)
class Span:
    """Days, first and last."""

    first: date
    last: date

    @classmethod
    def of(cls, first: date | None, last: date | None, *, today: date) -> "Span":
        """The days from one to another; the last 31 unless told otherwise. Raises InvalidRequest."""
        last = last or today
        first = first or last - timedelta(USUAL_DAYS - 1)
        if first > last:
            raise InvalidRequest("`since` must be a day before `until`, or the same.")
        if (last - first).days >= MOST_DAYS:
            raise InvalidRequest(f"That is too long a time: ask for {MOST_DAYS} days at most.")
        return cls(first, last)

    @property
    def months(self) -> tuple[str, ...]:
        """The months that they are in."""
        days = (self.first + timedelta(n) for n in range((self.last - self.first).days + 1))
        return tuple(dict.fromkeys(map(month_of, days)))

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def usage(meter: Meter, store: UsageStore, tenant: str, span: Span) -> Usage:
    """What a tenant used; raises StoreAway."""
    epochs = dict(store.get(tenant, months=span.months))
    try:
        live = meter.of(tenant)
    except BrokerAway:
        return Usage(_rows(epochs, span), whole=False)
    if live:
        epochs[live.epoch] = {**epochs.get(live.epoch, {}), **live.days}
    return Usage(_rows(epochs, span), whole=True)


def shares(store: UsageStore, span: Span) -> Shares:
    """What each tenant used, as far as it is kept; raises StoreAway."""
    found, whole = store.all(months=span.months)
    return Shares(tuple((tenant, total(_rows(found[tenant], span))) for tenant in sorted(found)), whole)


def keep(meter: Meter, store: UsageStore, *, now_ms: int, enough: Callable[[], bool]) -> int:
    """Carry into the store what was not there in the last ten minutes; of how many tenants. Raises BrokerAway.

    Asked twice it is carried once: what stands in the store is a sum, not an addition. One tenant's fault keeps no
    other.
    """
    kept = 0
    for metered in meter.due(before=now_ms - _KEEP_MS):
        if enough():
            _log.warning("stopped keeping usage, with more to keep")
            break
        try:
            store.keep(metered.tenant, metered.epoch, metered.days)
        except StoreAway as error:
            _log.warning("usage of tenant %s: %s", metered.tenant, error)
            continue
        kept += meter.kept(metered)
    return kept


def total(rows: Iterable[Row]) -> Sums:
    """All of them together."""
    return Sums.of([Sums(), *(row.sums for row in rows)])


def cost_of(sums: Sums) -> float:
    """US dollars, at most: as if each report had its worker for itself."""
    return cost.of_reports(sums.completed, worker_seconds=sums.ms / 1_000, memory_mb=cost.WORKER_MB)


def _rows(epochs: Epochs, span: Span) -> tuple[Row, ...]:
    parts: dict[tuple[date, str], list[Sums]] = defaultdict(list)
    for day, kind, sums in _parts(epochs):
        if day in span:
            parts[day, kind].append(sums)
    return tuple(Row(day, kind, Sums.of(parts[day, kind])) for day, kind in sorted(parts))


def _parts(epochs: Epochs) -> Iterator[tuple[date, str, Sums]]:
    for days in epochs.values():
        for day, kinds in days.items():
            for kind, sums in kinds.items():
                yield day, kind, sums
