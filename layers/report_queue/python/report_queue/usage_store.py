"""What tenants used, in S3: what stands here outlives the broker, which counts (`meter`).

    usage/<month>/<tenant>.json     {epoch: {day: {report type: [completed, failed, pages, bytes, ms]}}}

A broker that was wiped counts from nothing again, under another epoch: the epochs of a month add up. Within one a day
only grows, so the newest version of it is the one that counts. It knows nothing of Redis or of prices. Every method
raises `StoreAway` where S3 does not answer or refuses.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
        return self._read([(tenant, _key(tenant, month)) for month in months]).get(tenant, {})

    def all(self, *, months: Iterable[str]) -> tuple[Mapping[str, Epochs], bool]:
        """The usage of all who used anything in some months, by tenant, and whether 1,000 a month were not too few."""
        wanted: list[tuple[str, str]] = []
        whole = True
        for month in months:
            keys = self._bucket.page(f"usage/{month}/", after="", limit=MOST_TENANTS)
            wanted += [(match[2], match[0]) for match in map(_KEY.fullmatch, keys) if match]
            whole = whole and len(keys) < MOST_TENANTS
        return self._read(wanted), whole

    def keep(self, tenant: str, epoch: str, days: Days) -> None:
        """These days of an epoch, from now on; the days that it had besides stay."""
        for month in sorted({month_of(day) for day in days}):
            mine = {day: kinds for day, kinds in days.items() if month_of(day) == month}
            self._keep(_key(tenant, month), epoch, mine)

    def _read(self, wanted: Sequence[tuple[str, str]]) -> dict[str, Epochs]:
        """What stands under these keys, (tenant, key), put together by tenant."""
        found: dict[str, dict[str, dict[date, Mapping[str, Sums]]]] = defaultdict(lambda: defaultdict(dict))
        with ThreadPoolExecutor(_READERS) as readers:
            bodies = readers.map(self._bucket.get, [key for _, key in wanted])
            for (tenant, _), body in zip(wanted, bodies, strict=True):
                for epoch, days in _epochs(body).items():
                    found[tenant][epoch].update(days)
        return dict(found)

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
