"""What an operator has set for the whole queue, in S3: which report types are paused. What stands here is the truth.

    controls/paused.json     {"*" or report type: since (ms)}

The broker is told right after, and once a minute again: one that was wiped forgets a pause for no longer. It knows
nothing of HTTP. Every method raises `StoreAway`; `pause` and `resume` BrokerAway too, after the truth was written.
"""

import json
import time
from collections.abc import Callable
from typing import Any, Final

from report_queue.bucket import Bucket
from report_queue.queue import Queue

ALL: Final = "*"

_KEY: Final = "controls/paused.json"
_LOOKS: Final = 5


class Controls:
    """The controls of one queue."""

    def __init__(
        self, s3_client: Any, queue: Queue, *, bucket: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._bucket = Bucket(s3_client, bucket, sleep)
        self._queue = queue

    def paused(self) -> dict[str, int]:
        """What is paused, since when (ms)."""
        return self._read()[0]

    def pause(self, what: str, *, now: int) -> tuple[str, ...]:
        """Let no job of a report type start, or none at all (ALL); what is paused stays so. Wakes."""
        return self._change(lambda paused: {what: now} | paused)

    def resume(self, what: str) -> tuple[str, ...]:
        """Let them start again; resuming ALL leaves report types paused that were paused by name. Wakes."""
        return self._change(lambda paused: {name: since for name, since in paused.items() if name != what})

    def restore(self) -> tuple[str, ...]:
        """Tell the broker, which may have forgotten or not heard. Wakes."""
        return self._queue.pause(self.paused())

    def _change(self, by: Callable[[dict[str, int]], dict[str, int]]) -> tuple[str, ...]:
        for _ in range(_LOOKS):
            paused, etag = self._read()
            changed = by(paused)
            body = json.dumps(changed, sort_keys=True).encode()
            if changed == paused or self._bucket.put(
                _KEY, body, content_type="application/json", marks={}, replaces=etag
            ):
                return self._queue.pause(changed)
        raise self._bucket.unsteady("change", _KEY)

    def _read(self) -> tuple[dict[str, int], str | None]:
        found = self._bucket.read(_KEY)
        return (json.loads(found[0]), found[1]) if found else ({}, None)
