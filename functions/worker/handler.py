"""Wakes up, drains the queue, goes. The event carries the wake's token; every other event drains all the same."""

import os
import secrets
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from report_queue import VERSION, trace
from report_queue.job import Completed
from report_queue.measured import attempts
from report_queue.render import Renderer
from report_queue.replies import Worker
from report_queue.telemetry import watched
from report_queue.wake import token_of
from report_queue.wiring import wiring
from report_queue.worker import Drain, Ended

# Started while the function initialises, so that it is warm when the first job is claimed.
RENDERER = Renderer()


@watched()
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Drain, and say how many attempts ended."""
    wired = wiring()

    def ended(one: Ended) -> None:
        attempts.ended(one, memory_mb=int(context.memory_limit_in_mb))
        _traced(one)

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
        on_start=attempts.started,
        on_end=ended,
    )
    drained = drain.run(token_of(event))
    attempts.drained(drained)
    return {"ended": len(drained.ended), "lost": drained.lost}


def _traced(one: Ended) -> None:
    """The attempt as a part of the trace that its job was submitted in."""
    attempt, here = one.attempt, trace.current()
    known = attempt.named
    known.pop("trace", None)
    trace.send(
        trace.Trace.of_parent(attempt.request.trace) if attempt.request else None,
        "attempt",
        began_at=attempt.claimed_at,
        ended_at=one.at,
        fault=not isinstance(one.outcome, Completed),
        annotations=known | {"verdict": str(one.verdict), "worker_trace": here.xray_id if here else ""},
    )
