"""Waking: one event on the bus for each token that the broker granted. It carries the token and nothing else.

A wake that is lost costs at most one poll, so a failure here is told and counted, never raised: whoever wakes has
already done what it is answerable for.
"""

import json
import logging
from collections.abc import Iterable
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

SOURCE: Final = "report-queue"
DETAIL_TYPE: Final = "wake"
_MOST_ENTRIES: Final = 10  # of one PutEvents

_log = logging.getLogger(__name__)


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
