"""Prefer: wait=N (RFC 7240): a caller who would rather wait for a job's end than come back for it.

Whatever happens while it waits, the job is accepted: who cannot be told of its end in time is told that, and no more.
It reads the broker, at first often and then twice a second, and the ledger once, at the end. It knows nothing of HTTP.
"""

import time
from typing import Final

from report_queue import standing
from report_queue.errors import CallerError, TransientFailure
from report_queue.wiring import Wiring

MOST_S: Final = 25  # the gateway gives up after 30
_ROOM_S: Final = 3.0  # of the function's time: to read the ledger and to answer
_FIRST_S: Final = 0.05  # between the first two looks; then half as much more each time
_LONGEST_S: Final = 0.5


def wait_of(header: str | None) -> int | None:
    """How many seconds the header asks to wait, 25 at most; None where it does not. What makes no sense is ignored."""
    for preference in (header or "").split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":  # of several the first counts
            seconds = value.strip().strip('"')
            return min(int(seconds[:9]), MOST_S) if seconds.isascii() and seconds.isdigit() else None
    return None


def ended(
    wiring: Wiring,
    *,
    tenant: str,
    id: str,  # noqa: A002 (the word of the API)
    within_s: float,
    function_s: float,
) -> standing.Standing | None:
    """The job once it has ended; None where that is later, or cannot be seen. `function_s`: until Lambda ends us."""
    until = time.monotonic() + min(within_s, function_s - _ROOM_S)
    pause = _FIRST_S
    try:
        # What the broker does not know has ended long ago, or is enqueued later: the ledger says which.
        while (job := wiring.queue.find(id)[0]) and not job.state.is_terminal:
            left = until - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_S)
        found = standing.find(wiring.queue, wiring.ledger, tenant=tenant, id=id)
    except (TransientFailure, CallerError):
        return None
    return found if found.state.is_terminal else None
