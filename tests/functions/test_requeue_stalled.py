"""What a dead worker let go goes on, and what the broker forgot comes back, within a minute."""

import pytest

from functions.requeue_stalled.handler import handler
from queue_words import MINUTE, claim_one, key_of, new_job
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
    assert did == {"stalled": 1, "failed": 0, "reconciled": 1, "planned": 1, "metered": 0, "misplaced": 0}
    assert wired.plans.due().looks == (Look("acme", schedule().id),)
    assert [job and job.state for job in wired.queue.find("stalled", ID)] == [State.WAITING, State.WAITING]
    assert metrics(capsys.readouterr().out) == {
        "Stalled": 1,
        "Reconciled": 1,
        "Unresolved": 0,
        "Misplaced": 0,
        "BatchesExpanded": 0,
        "Drift": 0,  # the stalled job was never accepted, and the other came while it was counted
    }


def test_what_contradicts_the_records_is_put_right_and_told(
    wired: Wiring, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A job in no state comes back from the ledger, one that stands twice stands once, and an orphan is gone."""
    wired.ledger.accept(request())
    event, context = sample("requeue_stalled"), Context(remaining_ms=100_000)
    handler(event, context)  # type: ignore[arg-type]
    client = wired.queue._broker.client
    client.execute_command("ZREM", key_of(wired.queue, "waiting"), ID)
    wired.queue.enqueue(new_job("twice"))
    client.execute_command("ZADD", key_of(wired.queue, "active"), 2 * wired.queue.now(), "twice")
    client.execute_command("ZADD", key_of(wired.queue, "expiries"), 0, "nobody")
    misplaced = []
    for _ in range(3):
        capsys.readouterr()
        handler(event, context)  # type: ignore[arg-type]
        misplaced.append(metrics(capsys.readouterr().out)["Misplaced"])
    assert (sum(misplaced), misplaced[-1]) == (2, 0)
    told = [record.getMessage() for record in caplog.records if record.name == "report_queue.audit"]
    assert told == ["misplaced: twice in jobs", "misplaced: orphan in expiries"]
    assert [job and job.state for job in wired.queue.find("twice", ID)] == [State.WAITING, State.WAITING]
