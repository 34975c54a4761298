"""What tenants used, in S3: what stands here outlives the broker, which counts (`meter`).

    usage/<month>/<tenant>.json     {epoch: {day: {report type: [completed, failed, pages, bytes, ms]}}}

A broker that was wiped counts from nothing again, under another epoch: the epochs of a month add up. Within one a day
only grows, so the newest version of it is the one that counts. It knows nothing of Redis or of prices. Every method
raises `StoreAway` where S3 does not answer or refuses.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from datetime import date
from typing import Any, Final, Self

from report_queue.bucket import Bucket
from report_queue.ledger import JSON, Ledger
from report_queue.used import Days, Sums

MOST_TENANTS: Final = 1_000
_READERS: Final = 8
_LOOKS: Final = 5  # as often as we look again where someone else was quicker
_KEY: Final = re.compile(r"usage/(\d{4}-\d\d)/([a-z0-9][a-z0-9-]{0,62})\.json")

Epochs = Mapping[str, Days]


class UsageStore:
    """The usage of all tenants in one bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    @classmethod
    def beside(cls, ledger: Ledger) -> Self:
        """That in the ledger's bucket."""
        return cls(ledger._bucket)

    def get(self, tenant: str, *, months: Iterable[str]) -> Epochs:
        """A tenant's usage in some months, such as 2026-11; what is not there is empty."""
        found: dict[str, dict[date, Mapping[str, Sums]]] = defaultdict(dict)
        with ThreadPoolExecutor(_READERS) as readers:
            for body in readers.map(self._bucket.get, [_key(tenant, month) for month in months]):
                for epoch, days in _epochs(body).items():
                    found[epoch].update(days)
        return found

    def keep(self, tenant: str, epoch: str, days: Days) -> None:
        """These days of an epoch, from now on; the days that it had besides stay."""
        for month in sorted({month_of(day) for day in days}):
            mine = {day: kinds for day, kinds in days.items() if month_of(day) == month}
            self._keep(_key(tenant, month), epoch, mine)

    def tenants(self, month: str) -> tuple[tuple[str, ...], bool]:
        """Who used anything in a month, 1,000 at most, and whether these are all."""
        keys = self._bucket.page(f"usage/{month}/", after="", limit=MOST_TENANTS)
        return tuple(match[2] for match in map(_KEY.fullmatch, keys) if match), len(keys) < MOST_TENANTS

    def _keep(self, key: str, epoch: str, days: Days) -> None:
        for _ in range(_LOOKS):
            there = self._bucket.read(key)
            epochs = _epochs(there[0] if there else None)
            kept: Epochs = {**epochs, epoch: {**epochs.get(epoch, {}), **days}}
            if self._bucket.put(key, _json(kept), content_type=JSON, marks={}, replaces=there[1] if there else None):
                return
        raise self._bucket.unsteady("keep", key)


def month_of(day: date) -> str:
    """As in the keys: 2026-11."""
    return f"{day:%Y-%m}"


def _key(tenant: str, month: str) -> str:
    return f"usage/{month}/{tenant}.json"


def _epochs(body: bytes | None) -> dict[str, dict[date, dict[str, Sums]]]:
    parsed: Mapping[str, Mapping[str, Mapping[str, Any]]] = json.loads(body) if body else {}
    return {
        epoch: {
            date.fromisoformat(day): {kind: Sums(*sums) for kind, sums in kinds.items()} for day, kinds in days.items()
        }
        for epoch, days in parsed.items()
    }


def _json(epochs: Epochs) -> bytes:
    told = {
        epoch: {day.isoformat(): {kind: astuple(sums) for kind, sums in days[day].items()} for day in sorted(days)}
        for epoch, days in epochs.items()
    }
    return json.dumps(told, separators=(",", ":")).encode()
