"""Saved questions to the logs: CloudWatch Logs Insights, in the console under Logs Insights, Queries.

They go by the keys of the log's lines: job, tenant, report_type, attempt, reason, signature, trace. Those are written
by `report_queue.attempt.Attempt.named`, the worker and the handlers.
"""

from dataclasses import dataclass
from typing import Final

from cdk_app.topology import FUNCTIONS


@dataclass(frozen=True)
class Query:
    """A question, and in which functions' logs it is asked."""

    name: str
    text: str
    functions: tuple[str, ...]


_EVERYWHERE: Final = tuple(plan.name for plan in FUNCTIONS)

QUERIES: Final = (
    Query(
        "follow one job",
        """fields @timestamp, service, message, attempt, reason, verdict, repair, seconds, age_seconds, trace, tenant
| filter job = "PASTE THE JOB'S ID"
| sort @timestamp asc
| limit 200""",
        _EVERYWHERE,
    ),
    Query(
        "failures by signature",
        """filter message = "failed"
| stats count(*) as attempts, sum(verdict = "failed") as jobs, latest(job) as newest, latest(report_type) as type,
    min(@timestamp) as since by reason, signature
| sort attempts desc
| limit 50""",
        ("worker",),
    ),
    Query(
        "slowest types",
        """filter message = "completed"
| stats count(*) as reports, avg(seconds) as mean, pct(seconds, 95) as p95, max(seconds) as slowest,
    avg(pages) as pages, max(memory_mb) as memory by report_type
| sort p95 desc""",
        ("worker",),
    ),
    Query(
        "cold starts",
        """filter @type = "REPORT"
| parse @log /[^:]*:(?<group>.*)/
| stats count(*) as invocations, count(@initDuration) as cold,
    avg(@initDuration) as init_ms, max(@initDuration) as worst_ms, max(@maxMemoryUsed / 1000000) as memory_mb by group
| sort cold desc""",
        _EVERYWHERE,
    ),
    Query(
        "noisiest tenant",
        """filter message in ["completed", "failed"] and ispresent(job)
| stats count(*) as attempts, sum(seconds) as render_seconds, sum(message = "failed") as failed,
    max(age_seconds) as oldest by tenant
| sort attempts desc
| limit 50""",
        ("worker",),
    ),
)
