"""When it is worth coming back, in seconds: Retry-After that is true as far as anyone can say.

It goes by the pace of the last minutes, as the outlook does. Who cannot be asked is no reason to fail: a broker that is
away makes it a guess.
"""

import math
from typing import Final

from report_queue.errors import BrokerAway
from report_queue.outlook import jobs_per_ms
from report_queue.replies import Waits
from report_queue.wiring import Wiring

LEAST_S: Final = 1
MOST_S: Final = 3_600
UNKNOWN_S: Final = 30  # nothing has ended of late
AWAY_S: Final = 60  # the reconciler enqueues what the broker has not heard of, once a minute
_MINUTES: Final = 5  # of the pace


def bounded(seconds: float) -> int:
    """Whole seconds, 1 to 3,600."""
    return min(max(math.ceil(seconds), LEAST_S), MOST_S)


def after_acceptance(wiring: Wiring, job_id: str, *, due_at: int | None, waits: Waits | None = None) -> int:
    """When a job that was just accepted may have ended. `due_at`: it is delayed until then (ms).

    `waits`: why it waits, where the broker has said so already.
    """
    now = wiring.now_ms()
    if due_at is not None and due_at > now:
        return bounded((due_at - now) / 1_000)
    try:
        waits = waits or wiring.queue.explain(job_id)
    except BrokerAway:
        return AWAY_S
    if waits is None:
        return LEAST_S  # a worker has it already
    if waits.paused_since is not None:
        return UNKNOWN_S
    pace = jobs_per_ms(waits.recent, slots=max(waits.workers, 1) * wiring.settings.slots)
    ahead = min(waits.ahead / waits.share, max(waits.waiting - 1, 0))
    if pace is None:
        return LEAST_S if ahead < 1 else UNKNOWN_S
    return bounded((ahead / pace + (waits.recent.run_ms or 0)) / 1_000)


def after_some(wiring: Wiring, jobs: int) -> int:
    """When so many jobs will have ended, of all tenants'."""
    try:
        minutes = wiring.queue.numbers(minutes=_MINUTES).minutes
    except BrokerAway:
        return UNKNOWN_S
    ended = sum(minute.completed + minute.failed for minute in minutes)
    return bounded(60 * _MINUTES * jobs / ended) if ended else UNKNOWN_S
