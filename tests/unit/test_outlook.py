"""Why a job waits, and the guess when it starts."""

from dataclasses import replace

from report_queue.job import Job, State
from report_queue.outlook import jobs_per_ms, outlook
from report_queue.replies import Recent, Waits

JOB = Job(
    id="a", tenant="acme", report_type="test", state=State.WAITING, at=0, moment=0, accepted_at=0, attempts=3,
    attempt=0, failures=0, stalls=0, round=0, progress=0, worker=None, started_at=None,
    reason=None, message=None, result=None,
)  # fmt: skip
WAITS = Waits(
    paused_since=None, limited=None, again_at=None, ahead=10, share=0.5, waiting=100, active=2, workers=1,
    recent=Recent(ended=60, over_ms=60_000, run_ms=500.0),
)  # fmt: skip


def test_the_guess_goes_by_the_turns_of_its_tenant_and_the_pace_of_late() -> None:
    told = outlook(JOB, WAITS, slots=2, now=1_000)
    assert told is not None
    assert (told.reasons, told.ahead, told.starts_at) == (("behind",), 20, 1_000 + 20_000)


def test_no_more_than_waits_can_be_ahead() -> None:
    told = outlook(JOB, replace(WAITS, share=0.01), slots=2, now=0)
    assert told is not None
    assert told.ahead == 99


def test_a_limit_is_a_reason_and_no_guess_is_earlier() -> None:
    told = outlook(JOB, replace(WAITS, limited="rate", again_at=90_000), slots=2, now=0)
    assert told is not None
    assert (told.reasons, told.starts_at) == (("limited", "behind"), 90_000)


def test_of_a_paused_job_nobody_can_say_when() -> None:
    told = outlook(JOB, replace(WAITS, paused_since=5), slots=2, now=0)
    assert told is not None
    assert (told.reasons, told.starts_at) == (("paused", "behind"), None)


def test_without_a_pace_of_late_the_slots_and_the_mean_run_give_it() -> None:
    assert jobs_per_ms(Recent(0, 60_000, 500.0), slots=2) == 2 / 500
    assert jobs_per_ms(Recent(0, 60_000, None), slots=2) is None


def test_a_job_that_is_delayed_starts_when_it_is_due() -> None:
    delayed = replace(JOB, state=State.DELAYED, moment=7_000)
    told = outlook(delayed, None, slots=2, now=0)
    assert told is not None
    assert (told.reasons, told.starts_at) == (("delayed",), 7_000)
    told = outlook(replace(delayed, failures=1), None, slots=2, now=0)
    assert told is not None
    assert told.reasons == ("backoff",)


def test_a_job_that_has_started_has_none() -> None:
    assert outlook(replace(JOB, state=State.ACTIVE), None, slots=2, now=0) is None
