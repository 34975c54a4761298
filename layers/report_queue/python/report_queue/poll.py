"""Polling: what the clock alone can start. Fire schedules, promote what is due, expire what is too late, requeue what
is over, forget what is old, wake workers.

EventBridge calls once a minute at most, and a retry is due in five seconds. So where the next due moment falls within
the minute, the poll stays and sleeps until then. While jobs wait or are worked on it stays too, and looks every few
seconds: the workers that it counts on may be dead ones, which only their silence tells, and an attempt may fail and be
due again when its worker has left. With nothing under way it leaves at once and costs nothing. It goes by the broker's
clock, as all due moments do. It is also the net under every wake that was lost.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from report_queue.fire import Came, Fired
from report_queue.job import State
from report_queue.queue import Queue
from report_queue.replies import Gauges
from report_queue.wake import Wakes

_MINUTE_MS: Final = 60_000
_RESERVE_MS: Final = 5_000  # of the function's time: the calls after a sleep, and the metrics
_NAP_MS: Final = 5_000  # a job that is delayed while we sleep may be due before the one that we sleep for
_PROMOTE: Final = 100
_PRUNE: Final = 1_000
_LOOPS: Final = 100  # scripts in a row: each blocks the broker only briefly, and none of these ends the day's work

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Polled:
    """What one poll did, and the queue as it left it."""

    promoted: int
    expired: int
    stalled: int  # leases that ran out
    failed: int  # of these, jobs whose stall budget was spent
    pruned: int
    woken: int
    came: Counter[Came]  # of schedules
    gauges: Gauges


def poll(
    queue: Queue,
    bus: Wakes,
    *,
    fire: Callable[[], Fired],  # what is due of schedules
    remaining_ms: Callable[[], int],
    sleep: Callable[[float], None] = time.sleep,
) -> Polled:
    """One minute's polling; `remaining_ms` is what is left of the function's time, `sleep` takes seconds."""
    minute_ends_at = queue.now() + _MINUTE_MS
    pruned = _all(lambda: queue.prune(limit=_PRUNE), limit=_PRUNE)
    promoted = expired = stalled = failed = woken = 0
    came: Counter[Came] = Counter()
    while True:
        fired = fire()
        came += fired.came
        promoted += _all(lambda: queue.promote(limit=_PROMOTE), limit=_PROMOTE)
        expired += _all(lambda: len(queue.expire(limit=_PROMOTE)), limit=_PROMOTE)
        over = queue.requeue()  # what dead workers held need not wait for requeue_stalled while we are here
        stalled += len(over.requeued) + len(over.failed)
        failed += len(over.failed)
        woken += bus.wake(queue.wake())
        gauges = queue.gauges()
        now = queue.now()
        due_at = min((at for at in (gauges.next_due_at, fired.next_at) if at is not None), default=minute_ends_at)
        under_way = gauges.counts[State.WAITING] + gauges.counts[State.ACTIVE]
        if now >= minute_ends_at or (due_at >= minute_ends_at and not under_way):
            break
        nap_ms = min(max(min(due_at, minute_ends_at) - now, 1), _NAP_MS)
        if remaining_ms() < nap_ms + _RESERVE_MS:
            break
        sleep(nap_ms / 1_000)
    if gauges.eviction_policy != "noeviction":
        _log.error(
            "the broker evicts keys when its memory is full (maxmemory-policy %s): jobs and whole states may vanish"
            " from the queue, and nobody is told; set it to noeviction",
            gauges.eviction_policy,
        )
    return Polled(
        promoted=promoted,
        expired=expired,
        stalled=stalled,
        failed=failed,
        pruned=pruned,
        woken=woken,
        came=came,
        gauges=gauges,
    )


def _all(step: Callable[[], int], *, limit: int) -> int:
    """Repeat a step that does at most `limit` at a time, until it finds less than that to do; how many in all."""
    total = 0
    for _ in range(_LOOPS):
        count = step()
        total += count
        if count < limit:
            break
    return total
