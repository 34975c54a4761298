"""What happens every minute: how the queue stands, what the clock started, what was put right."""

from report_queue import measures, outlook
from report_queue.audit import Audited
from report_queue.fire import Came
from report_queue.job import State
from report_queue.measured.failures import failed
from report_queue.poll import Polled
from report_queue.reconcile import Recovered, Repair
from report_queue.telemetry import tell


def polled(one: Polled, *, slots: int, assembled: int) -> None:
    """How the queue stands, and what the clock started."""
    gauges, came = one.gauges, one.came
    told = {
        measures.WAITING: gauges.counts[State.WAITING],
        measures.DELAYED: gauges.counts[State.DELAYED],
        measures.ACTIVE: gauges.counts[State.ACTIVE],
        measures.OLDEST: (gauges.oldest_waiting_ms or 0) / 1_000,
        measures.WORKERS: gauges.workers,
        measures.DRAIN: outlook.drain_seconds(gauges, slots=slots),
        measures.BROKER_MEMORY: gauges.memory_bytes,
        measures.STALLED: one.stalled,
        measures.ASSEMBLED: assembled,
        measures.FIRED: came[Came.FIRED],
        measures.SKIPPED: came[Came.SKIPPED] + came[Came.MISSED],
        measures.SCHEDULE_FAULTS: came[Came.REFUSED] + came[Came.UNRESOLVED],
    }
    tell({measure: value for measure, value in told.items() if value is not None})
    failed(one.failed, one.expired)
    if came[Came.FIRED] + assembled:
        tell({measures.ACCEPTED: came[Came.FIRED] + assembled})


def recovered(one: Recovered, audited: Audited, *, expanded: int) -> None:
    """What was put right, and whether the books agree."""
    reconciled = one.reconciled
    told = {
        measures.STALLED: one.stalled,
        measures.RECONCILED: reconciled.repaired,
        measures.UNRESOLVED: reconciled.repairs[Repair.UNRESOLVED],
        measures.EXPANDED: expanded,
        measures.DRIFT: one.drift,
        measures.MISPLACED: len(audited.found),
    }
    tell({measure: value for measure, value in told.items() if value is not None})
    failed(one.failed, 0)
