"""Why a job waits, and when it may start: a guess from what went on of late, and told as one.

It is pure: the broker's numbers in, words and a moment out.
"""

from dataclasses import dataclass

from report_queue.job import Job, State
from report_queue.replies import Gauges, Recent, Waits


@dataclass(frozen=True)
class Outlook:
    """Why a job has not started, most important first, and when it may (ms); None: nobody can say."""

    reasons: tuple[str, ...]  # paused, limited, behind, no worker, delayed, backoff
    ahead: int | None  # jobs that start before it, by a guess: its tenant's, and others' in their turns
    starts_at: int | None


def outlook(job: Job, waits: Waits | None, *, slots: int, now: int) -> Outlook | None:
    """The outlook of a job that has not started; None for any other. `slots`: of one worker."""
    if job.state is State.DELAYED:
        return Outlook(("backoff" if job.failures else "delayed",), None, job.moment)
    if waits is None:
        return None
    ahead = min(round(waits.ahead / waits.share), max(waits.waiting - 1, 0))
    reasons = {
        "paused": waits.paused_since is not None,
        "limited": waits.limited is not None,
        "behind": ahead > 0,
        "no worker": waits.workers == 0,
    }
    told = tuple(word for word, holds in reasons.items() if holds)
    pace = jobs_per_ms(waits.recent, slots=max(waits.workers, 1) * slots)
    if waits.paused_since is not None or pace is None:
        return Outlook(told, ahead, None)
    return Outlook(told, ahead, max(now + round(ahead / pace), waits.again_at or 0))


def drain_seconds(gauges: Gauges, *, slots: int) -> float | None:
    """Until nothing waits, at the pace of late; None: unknown. `slots`: of one worker."""
    waiting = gauges.counts[State.WAITING]
    if not waiting:
        return 0
    pace = jobs_per_ms(gauges.recent, slots=max(gauges.workers, 1) * slots)
    return waiting / pace / 1_000 if pace else None


def jobs_per_ms(recent: Recent, *, slots: int) -> float | None:
    """The pace: what ended in the last minutes, or where that was nothing what so many slots can do; None: unknown."""
    if recent.ended:
        return recent.ended / max(recent.over_ms, 1)
    return slots / recent.run_ms if recent.run_ms else None
