"""Every metric that is written, with its unit, its dimensions and its meaning: the one place that names them.

The functions write them through `telemetry.tell`, which takes nothing else; dashboard, alarms and runbook name them by
these objects, and a test finds each of them in what a run writes. AWS's own metrics are not here.

    of the queue      service=queue, whichever function found it out; some also by one word more: report type, reason
    of a function     service=<the function>

A dimension has few values: a metric is paid for by each. Tenants, jobs and workers are in the lines of the log instead.
"""

from dataclasses import dataclass
from typing import Final, Literal

QUEUE: Final = "queue"  # the value of `service` for what is true of the queue, whoever says it

Unit = Literal["Count", "Seconds", "Bytes", "Megabytes", "None"]
Word = Literal["report_type", "reason"]


@dataclass(frozen=True)
class Measure:
    """One metric. Counts are summed; of the others each value stands for itself, or for the moment (a gauge)."""

    name: str
    unit: Unit
    means: str
    by: Word | None = None  # also told by this word, beside its total
    of_function: bool = False  # told by each function for itself, with its name as `service`

    @property
    def dimensions(self) -> tuple[tuple[str, ...], ...]:
        """The sets of dimensions that it is written with."""
        return (("service",), ("service", self.by)) if self.by else (("service",),)


# What came in.
ACCEPTED: Final = Measure("Accepted", "Count", "jobs that are in the ledger and were not before", by="report_type")
REPLAYED: Final = Measure("Replayed", "Count", "jobs that were submitted again under their Idempotency-Key")
DUPLICATES: Final = Measure("Duplicates", "Count", "submits whose dedupKey another job had")

# How jobs ended, and what attempts came to.
COMPLETED: Final = Measure("Completed", "Count", "jobs whose report is there", by="report_type")
FAILED: Final = Measure("Failed", "Count", "jobs that failed for good, by the class of the reason", by="reason")
FAILED_REPORTS: Final = Measure("FailedReports", "Count", "the same where an attempt ended them", by="report_type")
CANCELLED: Final = Measure("Cancelled", "Count", "jobs that callers cancelled")
RETRIED: Final = Measure("Retried", "Count", "attempts that failed and are made again", by="reason")
STALLED: Final = Measure("Stalled", "Count", "leases that ran out: a worker died, hung or lost the broker")
LOST: Final = Measure("Lost", "Count", "attempts that were dropped: cancelled, or another worker has the job")

# How long it took.
START: Final = Measure(
    "StartSeconds", "Seconds", "from the acceptance, or the moment asked for, to the first claim", by="report_type"
)
RENDER: Final = Measure("RenderSeconds", "Seconds", "of an attempt that completed, in its child", by="report_type")
END_TO_END: Final = Measure(
    "EndToEndSeconds", "Seconds", "from the acceptance, or the moment asked for, to completed", by="report_type"
)

# What a report is, and what it takes.
PAGES: Final = Measure("Pages", "Count", "of a report", by="report_type")
BYTES: Final = Measure("ReportBytes", "Bytes", "of a report", by="report_type")
MEMORY: Final = Measure("PeakMemory", "Megabytes", "most that the child of a report took", by="report_type")
COST: Final = Measure("ReportCost", "None", "US dollars for a report, by `cost`", by="report_type")

# How the queue stands: gauges, once a minute.
WAITING: Final = Measure("WaitingJobs", "Count", "jobs that wait for a worker")
DELAYED: Final = Measure("DelayedJobs", "Count", "jobs that wait for their moment: asked for, or a retry's")
ACTIVE: Final = Measure("ActiveJobs", "Count", "jobs that a worker has")
OLDEST: Final = Measure("OldestWaitingSeconds", "Seconds", "how long the first in line has waited")
WORKERS: Final = Measure("Workers", "Count", "workers that are alive")
DRAIN: Final = Measure("DrainSeconds", "Seconds", "until nothing waits, at the pace of late; not told where unknown")
BROKER_MEMORY: Final = Measure("BrokerMemory", "Bytes", "that the broker uses; not told where it does not say")
DRIFT: Final = Measure(
    "Drift", "Count", "by how many the two books of what is open differ: open/ in the ledger, and the broker's states"
)

# What keeps it going.
RECONCILED: Final = Measure("Reconciled", "Count", "jobs that the reconciler put right")
UNRESOLVED: Final = Measure("Unresolved", "Count", "jobs that it could not: a person must look, the log says at what")
MISPLACED: Final = Measure(
    "Misplaced",
    "Count",
    "what the audit found to contradict records: a job in no state or two, members of no job",
)
EXPANDED: Final = Measure("BatchesExpanded", "Count", "batches whose last jobs were made later than at the submit")
ASSEMBLED: Final = Measure("BatchesAssembled", "Count", "batches that got a job which assembles their result")
FIRED: Final = Measure("ScheduleFired", "Count", "runs of schedules that became jobs")
SKIPPED: Final = Measure("ScheduleSkipped", "Count", "runs left out: the last was still going, or it was too late")
SCHEDULE_FAULTS: Final = Measure("ScheduleFaults", "Count", "looks at schedules that came to nothing")

# Who is told.
HOOKS_DELIVERED: Final = Measure("WebhooksDelivered", "Count", "messages that a receiver took")
HOOKS_FAILED: Final = Measure("WebhooksFailed", "Count", "tries to deliver one that came to nothing")
HOOKS_GIVEN_UP: Final = Measure("WebhooksGivenUp", "Count", "messages that are tried no more")
HOOKS_WAITING: Final = Measure("WebhooksWaiting", "Count", "messages that wait for their next try")
HOOKS_LEFT: Final = Measure("WebhooksLeft", "Count", "of these, due and not come to within the minute")
HOOKS_LATE: Final = Measure("WebhooksLate", "Count", "jobs whose end no event had told of, found by their marks")

# Of each function.
REQUESTS: Final = Measure("Requests", "Count", "HTTP requests that it answered", of_function=True)
REFUSED: Final = Measure("Refused", "Count", "of these, answers of the 4xx kind", of_function=True)
DENIED: Final = Measure("Denied", "Count", "requests whose key the authorizer does not know", of_function=True)
BROKER_AWAY: Final = Measure("BrokerAway", "Count", "requests that failed because the broker is away", of_function=True)
STORE_AWAY: Final = Measure("StoreAway", "Count", "requests that failed because the bucket is away", of_function=True)
UNEXPECTED: Final = Measure("Unexpected", "Count", "requests that met a mistake of ours", of_function=True)

MEASURES: Final = {measure.name: measure for measure in list(globals().values()) if isinstance(measure, Measure)}


def reason_class(reason: str) -> str:
    """A reason without its particulars: `render.timeout` is of the class `render`."""
    return reason.partition(".")[0]
