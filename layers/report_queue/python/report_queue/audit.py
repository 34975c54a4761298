"""The audit: what the broker keeps beside its records is held against them, a page at a time, and put right.

    look (a page: what contradicts the records) ─► mend (the same looked at again, and put right) ─► look where it ended

No arrow leaves such a thing behind; what does is a broker that evicted a key, came back with half of a file, or was
written to by hand. `lua/suspect.lua` says what is looked for, `lua/mend.lua` what is done about it.

Each minute one round looks at some 300 members, in scripts of about a millisecond, and the broker remembers where it
ended. There are about four members for each job, so a walk of 100,000 jobs takes most of a day, and costs nobody a
wait; `tests.bench.audit` measures it.

Whether broker and ledger agree is the reconciler's. It also enqueues, within a minute, an open job that is in no state,
with what it has come to, mostly before a round comes by. Tenants' records stay though they have no jobs: they hold what
their owners owe.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from report_queue.broker import Broker

LIMIT: Final = 25  # members in one script, about
PAGES: Final = 12  # scripts in one round
_MOST: Final = 10_000_000  # pages in a row, so that a walk ends

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """How far a walk has come."""

    part: str  # the key's name
    cursor: str


@dataclass(frozen=True)
class Suspect:
    """What contradicts a record. The member may hold a caller's own words, so it is not for the log."""

    part: str
    member: str
    fault: str
    whose: str | None  # id of a job or a worker, or a tenant
    did: str | None = None  # what was done about it; None: nothing


@dataclass(frozen=True)
class Looked:
    """One page of a walk."""

    suspects: tuple[Suspect, ...]
    looked: int  # members
    next: Place | None  # None: it was the last page
    size: int | None  # of the whole, where it was asked for


@dataclass(frozen=True)
class Audited:
    """What a round or a walk came to."""

    found: tuple[Suspect, ...]
    looked: int
    finished: bool  # it came to the end of what there is


class Audit:
    """One queue's audit. Every method raises BrokerAway."""

    def __init__(self, broker: Broker) -> None:
        self._run = broker.run

    def look(
        self, place: Place | None = None, *, limit: int = LIMIT, size: bool = False, now: int | None = None
    ) -> Looked:
        """Look at about `limit` members from a place on; None: where the last round ended. It changes nothing."""
        at = place and {"part": place.part, "cursor": place.cursor}
        reply = self._run("audit", place=at, limit=limit, size=size or None, now=now)
        onward = reply.get("next")
        return Looked(
            _suspects(reply["suspects"]),
            int(reply["looked"]),
            Place(onward["part"], onward["cursor"]) if onward else None,
            int(reply["size"]) if "size" in reply else None,
        )

    def mend(
        self, suspects: Sequence[Suspect], *, keep: Place | None = None, now: int | None = None
    ) -> tuple[Suspect, ...]:
        """Put right what is still so, a script for each part; `keep`: where the next round goes on."""
        parts: dict[str, list[str]] = defaultdict(list)
        for suspect in suspects:
            parts[suspect.part].append(suspect.member)
        mended: list[Suspect] = []
        for part, members in parts.items():
            for start in range(0, len(members), LIMIT):
                mended += self._mend(part, members[start : start + LIMIT], now=now)
        if keep:
            self._mend("jobs", [], keep=keep, now=now)
        return tuple(mended)

    def _mend(
        self, part: str, members: list[str], *, keep: Place | None = None, now: int | None
    ) -> tuple[Suspect, ...]:
        kept = keep and {"part": keep.part, "cursor": keep.cursor}
        return _suspects(self._run("mend", part=part, members=members, keep=kept, now=now)["mended"])


FIRST: Final = Place("jobs", "0")


def round_of(audit: Audit, *, pages: int = PAGES, now: int | None = None) -> Audited:
    """The next of a walk's rounds: a bounded number of pages, from where the last ended."""
    found: list[Suspect] = []
    looked, place = 0, None
    for _ in range(pages):
        page = audit.look(place, now=now)
        found += audit.mend(page.suspects, now=now)
        looked, place = looked + page.looked, page.next
        if place is None:
            break
    audit.mend((), keep=place or FIRST, now=now)
    _tell(found)
    return Audited(tuple(found), looked, finished=place is None)


def walk(
    audit: Audit,
    *,
    mend: bool = True,
    seen: Callable[[int, int], None] = lambda _looked, _of: None,
    now: int | None = None,
) -> Audited:
    """All of it at once, in pages as short; `seen` is told how many members it has looked at, of how many."""
    found: list[Suspect] = []
    looked, size = 0, 1
    place: Place | None = FIRST
    for number in range(_MOST):
        page = audit.look(place, size=number == 0, now=now)
        found += audit.mend(page.suspects, now=now) if mend else page.suspects
        looked, place, size = looked + page.looked, page.next, page.size or size
        seen(looked, size)
        if place is None:
            break
    return Audited(tuple(found), looked, finished=place is None)


def _tell(found: Sequence[Suspect]) -> None:
    for one in found:
        at = {"part": one.part, "fault": one.fault, "whose": one.whose, "did": one.did}
        _log.warning("misplaced: %s in %s", one.fault, one.part, extra=at)


def _suspects(reply: Any) -> tuple[Suspect, ...]:
    return tuple(
        Suspect(entry["part"], entry["member"], entry["fault"], entry.get("whose"), entry.get("did"))
        for entry in reply or ()
    )
