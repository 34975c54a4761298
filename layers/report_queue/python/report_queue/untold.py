"""Receipts that nobody has been told of yet, by a mark in S3 beside them: what finds the end whose event was lost.

    untold/<moment, ms>.<job id>.<round>.<state>     close (before the receipt) ──► told (when its deliveries are kept)

There is a mark only for a job that somebody wants to be told of: where a tenant has no webhook it costs one HEAD a
minute and no write. It comes before the receipt, so that a crash in between leaves a mark of nothing, which is
forgotten after a day. It knows nothing of webhooks beyond where they are.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from report_queue.bucket import Bucket
from report_queue.receipt import Receipt
from report_queue.request import Request

_KEPT_S: Final = 60  # what we know of a tenant's webhooks; one made since is told by S3's event
_FORGET_MS: Final = 86_400_000
_LATE_MS: Final = 120_000  # S3's event takes seconds
_KEY: Final = re.compile(r"untold/(\d{13})\.([0-9a-v]{26})\.\d+\.[a-z]+")


@dataclass(frozen=True)
class Mark:
    """That a receipt may not have been told."""

    key: str
    at: int  # ms
    job_id: str

    def is_void(self, *, now: int) -> bool:
        """Its receipt has not come for so long that it never will."""
        return now - self.at > _FORGET_MS


class Untold:
    """The marks of one bucket."""

    def __init__(self, bucket: Bucket, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._bucket, self._clock = bucket, clock
        self._known: dict[str, tuple[bool, float]] = {}

    def mark(self, receipt: Receipt) -> None:
        """Before a receipt is kept: somebody wants to be told of it, if so."""
        request = receipt.request
        if (request.callback or request.tell != "") and self._asked_for(request):
            self._bucket.put(_key(receipt), b"", content_type="text/plain", marks={})

    def told(self, receipt: Receipt) -> None:
        """All that there is to tell of a receipt is kept elsewhere."""
        self.forget(_key(receipt))

    def late(self, *, now: int, limit: int = 1_000) -> list[Mark]:
        """Marks that S3's event should have ended by now, the oldest first."""
        keys = self._bucket.page("untold/", after="", limit=limit)
        marks = [Mark(key, int(match[1]), match[2]) for key in keys if (match := _KEY.fullmatch(key))]
        return [mark for mark in marks if now - mark.at > _LATE_MS]

    def forget(self, key: str) -> None:
        """The mark has served."""
        self._bucket.remove(key)

    def _asked_for(self, request: Request) -> bool:
        known, until = self._known.get(request.tenant, (False, 0.0))
        if self._clock() < until:
            return known
        head = self._bucket.head(f"webhooks/{request.tenant}.json")
        known = head is not None and head.marks["webhooks"] != "0"
        self._known[request.tenant] = known, self._clock() + _KEPT_S
        return known


def _key(receipt: Receipt) -> str:
    request = receipt.request
    return f"untold/{receipt.finished_at:013d}.{request.id}.{request.round}.{receipt.state}"
