"""What tenants use, as the broker counts it: by day and report type, since it was last empty.

It only counts. What is kept for good stands in the store (`usage_store`), into which a schedule carries it (`usage`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from report_queue.broker import Broker
from report_queue.used import Days, Sums

_PAGE: Final = 100  # tenants in one script, about
_PAGES: Final = 10_000  # scripts in a row, so that a walk ends
_DAY_S: Final = 86_400


@dataclass(frozen=True)
class Metered:
    """What one tenant used: the days that the broker has not forgotten."""

    tenant: str
    epoch: str  # what was counted before is of another epoch: the two add up
    days: Days
    version: int = 0  # it grows with each change


class Meter:
    """One queue's meter. Every method raises BrokerAway."""

    def __init__(self, broker: Broker) -> None:
        self._run = broker.run

    def of(self, tenant: str) -> Metered | None:
        """What a tenant used; None: nothing that is known here."""
        reply = self._run("usage", tenant=tenant)
        return Metered(tenant, reply["epoch"], _days(reply["days"])) if reply else None

    def due(self, *, before: int, now: int | None = None) -> Iterator[Metered]:
        """Those whose usage has changed, or has old days, and was not kept since `before` (ms); `now` is for tests."""
        cursor = "0"
        for _ in range(_PAGES):
            reply = self._run("usage_due", cursor=cursor, limit=_PAGE, before=before, now=now)
            for entry in reply["due"] or ():
                yield Metered(entry["tenant"], reply["epoch"], _days(entry["days"]), int(entry["version"]))
            cursor = str(reply["cursor"])
            if cursor == "0":
                return

    def kept(self, metered: Metered, *, now: int | None = None) -> bool:
        """It stands in the store, up to this version; False where the broker has begun anew since."""
        given = {"tenant": metered.tenant, "epoch": metered.epoch, "version": metered.version}
        return bool(self._run("usage_kept", **given, now=now)["kept"])


def _days(reply: Mapping[str, Mapping[str, Any]]) -> Days:
    return {_date(day): {kind: _sums(sums) for kind, sums in kinds.items()} for day, kinds in reply.items()}


def _date(day: str) -> date:
    return datetime.fromtimestamp(int(day) * _DAY_S, UTC).date()


def _sums(sums: list[float]) -> Sums:
    return Sums(*map(int, sums))
