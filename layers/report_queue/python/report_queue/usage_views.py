"""How HTTP shows usage. Pure, as `views`."""

from typing import Any

from report_queue.usage import Shares, Span, Usage, cost_of, total
from report_queue.used import Sums
from report_queue.views import moment


def usage(used: Usage, span: Span, *, now_ms: int) -> dict[str, Any]:
    """GET /api/usage; `complete` is false while the broker is away: the last ten minutes may be missing."""
    return {
        "since": span.first.isoformat(),
        "until": span.last.isoformat(),
        "total": _sums(total(used.rows)),
        "days": [{"day": row.day.isoformat(), "reportType": row.report_type} | _sums(row.sums) for row in used.rows],
        "complete": used.whole,
        "timestamp": moment(now_ms),
    }


def shares(found: Shares, span: Span, *, now_ms: int) -> dict[str, Any]:
    """GET /api/usage/tenants; `complete` is false where there are more tenants in a month than are looked at."""
    return {
        "since": span.first.isoformat(),
        "until": span.last.isoformat(),
        "total": _sums(Sums.of([Sums(), *(sums for _, sums in found.tenants)])),
        "tenants": [{"tenant": tenant} | _sums(sums) for tenant, sums in found.tenants],
        "complete": found.whole,
        "timestamp": moment(now_ms),
    }


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "completed": sums.completed,
        "failed": sums.failed,
        "pages": sums.pages,
        "bytes": sums.size,
        "renderSeconds": sums.ms / 1_000,
        "costUsd": round(cost_of(sums), 6),
    }
