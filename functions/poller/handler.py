"""Every minute: polls the queue, and tells how it stands in metrics."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from report_queue.job import State
from report_queue.poll import poll
from report_queue.telemetry import logger, metrics, watched
from report_queue.wiring import wiring


@watched()
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 — a tick says nothing
    wired = wiring()
    polled = poll(wired.queue, wired.bus, remaining_ms=context.get_remaining_time_in_millis)
    for state in State:
        metrics.add_metric(state.value.capitalize(), MetricUnit.Count, polled.gauges.counts[state])
    metrics.add_metric("Workers", MetricUnit.Count, polled.gauges.workers)
    metrics.add_metric("OldestWaitingSeconds", MetricUnit.Seconds, (polled.gauges.oldest_waiting_ms or 0) / 1_000)
    did = {"promoted": polled.promoted, "pruned": polled.pruned, "woken": polled.woken}
    logger.info("polled", extra=did)
    return did
