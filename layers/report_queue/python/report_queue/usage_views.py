"""How HTTP shows a tenant's usage. Pure, as `views`."""

from collections.abc import Iterable
from typing import Any

from report_queue.usage import Row, Usage
from report_queue.views import moment


def usage(used: Usage, *, since: int | None, until: int | None, now_ms: int) -> dict[str, Any]:
    """GET /api/usage; `complete` is false where there were more jobs than are looked at: ask for less time."""
    return {
        "since": moment(since),
        "until": moment(until),
        "total": _sums(used.rows),
        "days": [{"day": row.day, "reportType": row.report_type} | _sums([row]) for row in used.rows],
        "complete": used.whole,
        "timestamp": moment(now_ms),
    }


def _sums(rows: Iterable[Row]) -> dict[str, Any]:
    rows = tuple(rows)
    return {
        "completed": sum(row.completed for row in rows),
        "failed": sum(row.failed for row in rows),
        "pages": sum(row.pages for row in rows),
        "bytes": sum(row.size for row in rows),
        "renderSeconds": round(sum(row.seconds for row in rows), 3),
        "costUsd": round(sum(row.cost for row in rows), 6),
    }
