"""Waking: one event for each token that the broker granted. It carries the token and nothing else.

    Bus          PutEvents ─► rule of the bus ─► worker
    WakeObjects  PutObject wakes/<token> ─► S3's own event ─► rule of the default bus ─► worker

The second way needs no bus, so no endpoint of one in the network; it costs less and is a little slower. A wake that is
lost costs at most one poll, so a failure here is told and counted, never raised: whoever wakes has already done what it
is answerable for.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

SOURCE: Final = "report-queue"
DETAIL_TYPE: Final = "wake"
PREFIX: Final = "wakes/"  # of objects, which the bucket's lifecycle deletes
_MOST_ENTRIES: Final = 10  # of one PutEvents

_log = logging.getLogger(__name__)


class Wakes(Protocol):
    """What sends for workers."""

    def wake(self, tokens: Iterable[str]) -> int:
        """Send for one worker per token; how many wakes are on their way."""
        ...


class Bus:
    """The EventBridge bus whose rule invokes workers."""

    def __init__(self, events_client: Any, *, bus: str) -> None:
        self._client = events_client
        self._bus = bus

    def wake(self, tokens: Iterable[str]) -> int:
        """Send for one worker per token; how many events the bus took."""
        wanted = list(tokens)
        taken = 0
        for start in range(0, len(wanted), _MOST_ENTRIES):
            entries = [self._entry(token) for token in wanted[start : start + _MOST_ENTRIES]]
            try:
                reply = self._client.put_events(Entries=entries)
            except (BotoCoreError, ClientError) as error:
                _log.warning("the bus is away (%s): the poller will wake workers instead", type(error).__name__)
                break  # the rest would only wait for the same timeout
            taken += len(entries) - int(reply["FailedEntryCount"])
        if taken < len(wanted):
            _log.warning(
                "%d of %d wakes were not taken: the poller will make up for them", len(wanted) - taken, len(wanted)
            )
        return taken

    def _entry(self, token: str) -> dict[str, str]:
        return {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": json.dumps({"token": token}),
        }


class WakeObjects:
    """The bucket whose event about a new object invokes workers."""

    def __init__(self, s3_client: Any, *, bucket: str) -> None:
        self._client = s3_client
        self._bucket = bucket

    def wake(self, tokens: Iterable[str]) -> int:
        """Send for one worker per token; how many objects the bucket took. They are few: at most a worker each."""
        wanted = list(tokens)
        for taken, token in enumerate(wanted):
            try:
                self._client.put_object(Bucket=self._bucket, Key=f"{PREFIX}{token}", Body=b"")
            except (BotoCoreError, ClientError) as error:
                _log.warning(
                    "%d of %d wakes were not taken by the bucket (%s): the poller will wake workers instead",
                    len(wanted) - taken,
                    len(wanted),
                    type(error).__name__,
                )
                return taken
        return len(wanted)


def token_of(event: Mapping[str, Any]) -> str | None:
    """The token in a wake's event, whichever way it came; None in any other event."""
    detail = event.get("detail") or {}
    key = str((detail.get("object") or {}).get("key", ""))
    return detail.get("token") or (key.removeprefix(PREFIX) if key.startswith(PREFIX) else None)
