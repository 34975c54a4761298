"""Wakes up, drains the queue, goes. The event carries the wake's token; every other event drains all the same."""

import os
import secrets
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from report_queue import VERSION
from report_queue.job import Completed, Verdict
from report_queue.render import Renderer
from report_queue.replies import Worker
from report_queue.telemetry import metrics, watched
from report_queue.wake import token_of
from report_queue.wiring import wiring
from report_queue.worker import Drain, Drained

# Started while the function initialises, so that it is warm when the first job is claimed.
RENDERER = Renderer()


@watched()
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Drain, and say how many attempts ended."""
    wired = wiring()
    drain = Drain(
        worker=Worker(
            id=f"{os.getpid()}-{secrets.token_hex(6)}",
            pid=os.getpid(),
            slots=wired.settings.slots,
            started_at=wired.now_ms(),
            version=VERSION,
        ),
        queue=wired.queue,
        ledger=wired.ledger,
        bus=wired.bus,
        renderer=RENDERER,
        settings=wired.settings,
        remaining_ms=context.get_remaining_time_in_millis,
        now_ms=wired.now_ms,
    )
    return _measured(drain.run(token_of(event)))


def _measured(drained: Drained) -> dict[str, int]:
    verdicts = [ended.verdict for ended in drained.ended]
    metrics.add_metric("Completed", MetricUnit.Count, verdicts.count(Verdict.COMPLETED))
    metrics.add_metric("Failed", MetricUnit.Count, verdicts.count(Verdict.FAILED))
    metrics.add_metric("Retried", MetricUnit.Count, verdicts.count(Verdict.DELAYED))
    metrics.add_metric("Lost", MetricUnit.Count, drained.lost)
    for ended in drained.ended:
        if isinstance(ended.outcome, Completed):
            metrics.add_metric("RenderSeconds", MetricUnit.Seconds, ended.outcome.result.seconds)
            metrics.add_metric("Pages", MetricUnit.Count, ended.outcome.result.pages)
    return {"ended": len(drained.ended), "lost": drained.lost}
