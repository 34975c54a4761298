"""When something recurs: a cron in a time zone, or an interval, as moments.

    cron        minute hour day month weekday, as the clock on the wall of a time zone shows them
    interval    every so many seconds of elapsed time, counted from an anchor

What a cron does in the two nights in which that clock is put forward or back follows Debian's cron:

    minute and hour are given (`30 2 * * *`)      exactly one run for each time on the wall: where it does not exist, at
                                                  the first moment after the gap; where it exists twice, the first time
    minute or hour begins with * (`*/30 * * * *`)  elapsed time: whenever the clock shows it. Nothing in the gap, and
                                                  both times in the hour that comes twice

cronsim reads the expression and walks the calendar. It knows nothing of what recurs.
"""

import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

LEAST_SECONDS: Final = 60
MOST_SECONDS: Final = 366 * 86_400
FOREVER: Final = 4_102_444_800_000  # ms, 2100-01-01: no moment here is later

_CRON: Final = re.compile(r"[0-9A-Za-z*/,# -]{1,100}")
# Further back than any clock is ever put: where the search for times on the wall has to begin.
_LOOK_BACK: Final = timedelta(hours=25)


@dataclass(frozen=True)
class Cron:
    """A cron of five fields in an IANA time zone; raises ValueError where one of the two is not good."""

    expression: str
    time_zone: str

    def __post_init__(self) -> None:
        if fault := zone_fault(self.time_zone) or cron_fault(self.expression):
            raise ValueError(fault)

    def after(self, moment: int) -> Iterator[int]:
        """The moments after that one, in ms, each later than the one before."""
        zone = ZoneInfo(self.time_zone)
        start = datetime.fromtimestamp(moment // 1000, UTC).astimezone(zone)
        last = moment
        for found in _elapsed(self.expression, start, zone) if self._goes_by_elapsed_time else self._once(start):
            # Two times on the wall within a gap are one moment after it. And where the search starts within the hour
            # that comes twice, the library, which does not know which of the two it is, begins with the first.
            at = round(found.timestamp()) * 1000
            if at >= FOREVER:
                return
            if at > last:
                last = at
                yield at

    @property
    def _goes_by_elapsed_time(self) -> bool:
        minute, hour, *_ = self.expression.split()
        return minute.startswith("*") or hour.startswith("*")

    def _once(self, start: datetime) -> Iterator[datetime]:
        return CronSim(self.expression, start)


@dataclass(frozen=True)
class Interval:
    """Every so many seconds, from the anchor (ms) on; raises ValueError where that is too often or too seldom."""

    every_seconds: int
    anchor: int
    time_zone: str  # for people: elapsed time is the same everywhere

    def __post_init__(self) -> None:
        if fault := zone_fault(self.time_zone):
            raise ValueError(fault)
        if not LEAST_SECONDS <= self.every_seconds <= MOST_SECONDS:
            raise ValueError(f"an interval has {LEAST_SECONDS} to {MOST_SECONDS} seconds")

    def after(self, moment: int) -> Iterator[int]:
        """The moments after that one, in ms; the anchor is the first that there is."""
        step = self.every_seconds * 1000
        at = self.anchor + max(0, (moment - self.anchor) // step + 1) * step
        while at < FOREVER:
            yield at
            at += step


Recurrence = Cron | Interval


def cron_fault(expression: object) -> str | None:
    """What is wrong with a cron expression, None where it is good. It never quotes it."""
    if not isinstance(expression, str) or not _CRON.fullmatch(expression) or len(expression.split()) != 5:
        return "must be a cron of five fields: minute, hour, day of month, month, day of week"
    try:
        next(CronSim(expression, datetime(2026, 1, 1)))  # noqa: DTZ001 — the calendar alone, in no time zone
    except CronSimError as error:
        return f"is not a cron: {str(error)[:1].lower()}{str(error)[1:]}"
    except StopIteration:
        return "is a date that never comes"
    return None


def zone_fault(name: object) -> str | None:
    """What is wrong with the name of a time zone, None where it is good."""
    if isinstance(name, str) and name in _zones():
        return None
    return "must be the name of an IANA time zone, such as Europe/Berlin or UTC"


def _elapsed(expression: str, start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Every moment from the start on at which the clock on the wall shows what the expression says.

    cronsim could do this as well, and loses runs where a clock is put back by half an hour. So it walks the calendar
    here, and we look which moments a time on the wall stands for: none, one or two.
    """
    found: list[datetime] = []
    for wall in CronSim(expression, start.replace(tzinfo=None, fold=0) - _LOOK_BACK):
        first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        # All that is found from here on is no earlier than the earlier of these two.
        while found and found[0] < min(first, second):
            yield heapq.heappop(found)
        for moment in {first, second}:
            if moment >= start and moment.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
                heapq.heappush(found, moment)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime", "Factory"})
