"""What a worker did: each attempt from its start to its end, and what it met beside them."""

from report_queue import cost, measures
from report_queue.attempt import Attempt
from report_queue.job import Completed, Verdict
from report_queue.measured.failures import failed
from report_queue.telemetry import tell
from report_queue.worker import Drained, Ended


def started(attempt: Attempt) -> None:
    """An attempt has its request; only the first says how long its caller waited."""
    if attempt.ready_at is not None and attempt.lease.attempt == 1:
        waited = max(attempt.claimed_at - attempt.ready_at, 0) / 1_000
        tell({measures.START: waited}, report_type=attempt.lease.report_type)


def ended(one: Ended, *, memory_mb: int) -> None:
    """An attempt's end; `memory_mb` is what the function is given."""
    outcome, report_type = one.outcome, one.outcome.lease.report_type
    if isinstance(outcome, Completed):
        if one.verdict is Verdict.COMPLETED:
            result = outcome.result
            values = {
                measures.COMPLETED: 1,
                measures.RENDER: result.seconds,
                measures.PAGES: result.pages,
                measures.BYTES: result.size,
                measures.MEMORY: result.peak_memory_mb,
                measures.COST: cost.of_report(worker_seconds=one.attempt.busy_s, memory_mb=memory_mb),
            }
            if one.attempt.ready_at is not None:
                values[measures.END_TO_END] = max(one.at - one.attempt.ready_at, 0) / 1_000
            tell(values, report_type=report_type)
    elif one.verdict is Verdict.FAILED:
        reason = measures.reason_class(outcome.reason)
        tell({measures.FAILED: 1, measures.FAILED_REPORTS: 1}, report_type=report_type, reason=reason)
    elif one.verdict is Verdict.DELAYED:
        tell({measures.RETRIED: 1}, reason=measures.reason_class(outcome.reason))


def drained(whole: Drained) -> None:
    """What a worker met beside its own attempts."""
    tell({measures.LOST: whole.lost, measures.STALLED: whole.stalled})
    failed(whole.stalled_for_good, whole.expired)
