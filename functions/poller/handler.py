"""Every minute: polls the queue, fires schedules, has batches assembled, and tells how the queue stands in metrics."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from report_queue.assemble import assemble_due
from report_queue.fire import RESERVE_MS, Came, Fired, fire
from report_queue.job import State
from report_queue.poll import poll
from report_queue.telemetry import logger, metrics, watched
from report_queue.wiring import wiring


@watched()
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 — a tick says nothing
    wired = wiring()
    left = context.get_remaining_time_in_millis

    def due() -> Fired:
        assemble_due(wired, enough=lambda: left() < RESERVE_MS)
        return fire(wired, enough=lambda: left() < RESERVE_MS)

    polled = poll(wired.queue, wired.bus, fire=due, remaining_ms=left)
    for state in State:
        metrics.add_metric(state.value.capitalize(), MetricUnit.Count, polled.gauges.counts[state])
    metrics.add_metric("Workers", MetricUnit.Count, polled.gauges.workers)
    metrics.add_metric("OldestWaitingSeconds", MetricUnit.Seconds, (polled.gauges.oldest_waiting_ms or 0) / 1_000)
    metrics.add_metric("Expired", MetricUnit.Count, polled.expired)
    metrics.add_metric("ScheduleFired", MetricUnit.Count, polled.came[Came.FIRED])
    metrics.add_metric("ScheduleSkipped", MetricUnit.Count, polled.came[Came.SKIPPED] + polled.came[Came.MISSED])
    metrics.add_metric("ScheduleFaults", MetricUnit.Count, polled.came[Came.REFUSED] + polled.came[Came.UNRESOLVED])
    did = {
        "promoted": polled.promoted,
        "expired": polled.expired,
        "pruned": polled.pruned,
        "woken": polled.woken,
        "fired": polled.came[Came.FIRED],
    }
    logger.info("polled", extra=did)
    return did
