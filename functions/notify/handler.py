"""Tells receivers of what has ended: when S3 tells of a receipt, and each minute what is due or was missed."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from report_queue.announce import announce, announce_late
from report_queue.deliver import RESERVE_MS, try_due, try_new
from report_queue.ledger import receipt_of_key
from report_queue.measured import tries
from report_queue.telemetry import logger, watched
from report_queue.wiring import outside


@watched()
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """An event that names no receipt is the minute's."""
    here = outside()
    ended = receipt_of_key(str(event.get("detail", {}).get("object", {}).get("key", "")))
    if ended:
        tried = try_new(here, announce(here, ended))
        tries.of_event(tried)
        return {"delivered": tried.delivered, "failed": tried.failed}

    def enough() -> bool:
        return context.get_remaining_time_in_millis() < RESERVE_MS

    late = announce_late(here, enough=enough)
    tried = try_due(here, enough=enough)
    tries.of_minute(tried, late=late)
    did = {"late": late, "delivered": tried.delivered, "failed": tried.failed, "waiting": tried.waiting}
    logger.info("told", extra=did)
    return did
