"""When to look at which schedule next: the broker's part in schedules.

It only orders. What a schedule says, and how far it has come, stands in the store (`timetable`): a look that comes too
early, twice or for a schedule that is gone does no harm, and a broker that was wiped is told to look at all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from report_queue.broker import Broker

_BATCH: Final = 500  # most schedules in one script


@dataclass(frozen=True)
class Look:
    """A schedule that is to be looked at: now, or at a moment (ms) where it is planned; None: never again."""

    tenant: str
    id: str
    at: int | None = None


@dataclass(frozen=True)
class DueLooks:
    """The schedules to look at now, and when the next one is (ms); `now` is the broker's clock."""

    looks: tuple[Look, ...]
    next_at: int | None
    now: int


class Plans:
    """One queue's plan. Every method raises BrokerAway."""

    def __init__(self, broker: Broker) -> None:
        self._run = broker.run

    def plan(self, *looks: Look, absent: bool = False) -> int:
        """Look at each at its moment; `absent`: only at those that are not planned. How many that changed."""
        changed = 0
        for start in range(0, len(looks), _BATCH):
            entries = [_entry(look) for look in looks[start : start + _BATCH]]
            changed += int(self._run("plan", plans=entries, absent=absent)["changed"])
        return changed

    def due(self, *, limit: int = 100, now: int | None = None) -> DueLooks:
        """Up to `limit` schedules to look at, those that are due for longest first; `now` is for tests."""
        reply = self._run("due", limit=limit, now=now)
        entries: Sequence[Any] = reply["due"] or ()
        looks = tuple(Look(entry["tenant"], entry["id"]) for entry in entries)
        return DueLooks(looks, None if reply.get("next") is None else int(reply["next"]), int(reply["now"]))


def _entry(look: Look) -> dict[str, Any]:
    mine: dict[str, Any] = {"tenant": look.tenant, "id": look.id}
    return mine if look.at is None else mine | {"at": look.at}
