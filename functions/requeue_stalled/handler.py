"""Every minute: takes up what dead workers let go, reconciles queue, pauses, batches and schedules with S3, has S3 keep
what was used, and audits some of the broker."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from report_queue import usage
from report_queue.audit import round_of
from report_queue.expand import take_up
from report_queue.fire import RESERVE_MS, replan
from report_queue.measured import rounds
from report_queue.reconcile import recover
from report_queue.telemetry import logger, watched
from report_queue.wiring import wiring


@watched()
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 — a tick says nothing
    wired = wiring()
    left = context.get_remaining_time_in_millis
    wired.bus.wake(wired.controls.restore())
    recovered = recover(wired.queue, wired.ledger, wired.bus, remaining_ms=left)
    planned = replan(wired, enough=lambda: left() < RESERVE_MS)
    expanded = take_up(wired, enough=lambda: left() < RESERVE_MS)
    metered = usage.keep(wired.meter, wired.usage, now_ms=wired.now_ms(), enough=lambda: left() < RESERVE_MS)
    audited = round_of(wired.audit)
    rounds.recovered(recovered, audited, expanded=expanded)
    did = {
        "stalled": recovered.stalled,
        "failed": recovered.failed,
        "reconciled": recovered.reconciled.repaired,
        "planned": planned,
        "metered": metered,
        "misplaced": len(audited.found),
    }
    logger.info("recovered", extra=did)
    return did
