"""What a tenant's reports come to, by day and report type: how many, how large, how long, and what they cost.

    the broker's ended jobs ── one page after another ──► rows, a day and report type each

It counts what the broker remembers: ended jobs leave that after their retention, and all do when it is wiped. Nothing
is kept for it. Days are UTC's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from report_queue import cost
from report_queue.batch import RESULT_TYPE
from report_queue.job import Job, State
from report_queue.queue import BATCH, Queue
from report_queue.replies import Where

MOST_PAGES: Final = 20  # of 500 jobs, and that for each state: as many as the broker remembers unless told otherwise


@dataclass
class Row:
    """One day's jobs of one report type."""

    day: str  # 2026-11-29
    report_type: str
    completed: int = 0
    failed: int = 0
    pages: int = 0
    size: int = 0  # bytes
    seconds: float = 0.0  # of rendering
    cost: float = 0.0  # US dollars, at most: as if each report had its worker for itself


@dataclass(frozen=True)
class Usage:
    """Rows by day and report type; `whole` is False where there were more jobs than are looked at."""

    rows: tuple[Row, ...]
    whole: bool


def usage(queue: Queue, tenant: str, *, since: int | None, until: int | None) -> Usage:
    """What ended between two moments (ms) and is remembered; raises BrokerAway."""
    rows: dict[tuple[str, str], Row] = {}
    whole = True
    for state in (State.COMPLETED, State.FAILED):
        after = None
        for _ in range(MOST_PAGES):
            page = queue.list(tenant, Where(state, since=since, until=until), limit=BATCH, after=after)
            add(rows, page.jobs)
            after = page.after
            if after is None:
                break
        whole = whole and after is None
    return Usage(tuple(rows[key] for key in sorted(rows)), whole)


def add(rows: dict[tuple[str, str], Row], jobs: Iterable[Job]) -> None:
    """Count some ended jobs into their rows; the jobs that assemble batches are no reports."""
    for job in _reports(jobs):
        day = datetime.fromtimestamp(job.at / 1000, UTC).date().isoformat()
        row = rows.setdefault((day, job.report_type), Row(day, job.report_type))
        if job.state is State.FAILED or job.result is None:
            row.failed += 1
            continue
        row.completed += 1
        row.pages += job.result.pages
        row.size += job.result.size
        row.seconds += job.result.seconds
        row.cost += cost.of_report(worker_seconds=job.result.seconds, memory_mb=cost.WORKER_MB)


def _reports(jobs: Iterable[Job]) -> Iterator[Job]:
    return (job for job in jobs if job.report_type != RESULT_TYPE)
