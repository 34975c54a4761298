"""Every minute: polls the queue, fires schedules, has batches assembled, and tells how the queue stands in metrics."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from report_queue.assemble import assemble_due
from report_queue.fire import RESERVE_MS, Came, Fired, fire
from report_queue.measured import rounds
from report_queue.poll import poll
from report_queue.telemetry import logger, watched
from report_queue.wiring import wiring


@watched()
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 — a tick says nothing
    wired = wiring()
    left = context.get_remaining_time_in_millis
    assembled = 0

    def due() -> Fired:
        nonlocal assembled
        assembled += assemble_due(wired, enough=lambda: left() < RESERVE_MS)
        return fire(wired, enough=lambda: left() < RESERVE_MS)

    polled = poll(wired.queue, wired.bus, fire=due, remaining_ms=left)
    rounds.polled(polled, slots=wired.settings.slots, assembled=assembled)
    did = {
        "promoted": polled.promoted,
        "expired": polled.expired,
        "pruned": polled.pruned,
        "woken": polled.woken,
        "fired": polled.came[Came.FIRED],
    }
    logger.info("polled", extra=did)
    return did
