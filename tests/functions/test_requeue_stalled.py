"""What a dead worker let go goes on, and what the broker forgot comes back, within a minute."""

import pytest

from functions.requeue_stalled.handler import handler
from queue_words import MINUTE, claim_one, new_job
from report_queue.job import State
from report_queue.plans import Look
from report_queue.wiring import Wiring
from tests.ledger.test_timetable import schedule
from tests.ledger.words import ID, Context, metrics, request, sample


def test_the_sample_event_takes_up_what_stalled_and_what_the_broker_does_not_know(
    wired: Wiring, capsys: pytest.CaptureFixture[str]
) -> None:
    wired.queue.enqueue(new_job("stalled"))
    claim_one(wired.queue, now=wired.queue.now() - 10 * MINUTE)
    wired.ledger.accept(request())
    wired.timetable.add(schedule())
    did = handler(sample("requeue_stalled"), Context(remaining_ms=100_000))  # type: ignore[arg-type]
    assert did == {"stalled": 1, "failed": 0, "reconciled": 1, "planned": 1}
    assert wired.plans.due().looks == (Look("acme", schedule().id),)
    assert [job and job.state for job in wired.queue.find("stalled", ID)] == [State.WAITING, State.WAITING]
    assert metrics(capsys.readouterr().out) == {
        "Stalled": 1,
        "Reconciled": 1,
        "Unresolved": 0,
        "BatchesExpanded": 0,
        "Drift": 0,  # the stalled job was never accepted, and the other came while it was counted
    }
