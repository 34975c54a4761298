"""What is due of a schedule at a moment, and what becomes of it; and what a caller may ask for."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from report_queue.errors import InvalidRequest, MalformedRequest, TooLarge
from report_queue.recurrence import FOREVER, Cron, Interval
from report_queue.reports import report_types
from report_queue.request import job_id
from report_queue.schedule import LATE_MS, MOST_RUNS, CatchUp, Overlap, Run, Schedule
from report_queue.schedule_body import LIMIT, parse, schedule_of

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
REPORT = {"reportType": "test", "data": report_types()["test"].sample}
ID = "s" * 26


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


T0 = ms("2026-11-24T00:00Z")


def schedule(**changes: Any) -> Schedule:
    """Every hour, since T0."""
    given = {
        "recurrence": Interval(3600, T0, "UTC"),
        "report": REPORT,
        "digest": "d",
        "overlap": Overlap.QUEUE,
        "catch_up": CatchUp.ONE,
        "starts_at": T0,
        "ends_at": None,
        "created_at": T0,
        "fired_through": T0,
    }
    return Schedule(**{"id": ID, "tenant": "acme", "name": None} | given | changes)


def minutely(**changes: Any) -> Schedule:
    return schedule(recurrence=Cron("* * * * *", "Europe/Berlin"), **changes)


# What is due.


def test_nothing_is_due_before_its_moment() -> None:
    assert schedule().due(now=T0 + HOUR - 1).moments == ()
    assert schedule().due(now=T0 + HOUR).moments == (T0 + HOUR,)


def test_what_was_dealt_with_is_not_due_again() -> None:
    due = schedule().due(now=T0 + HOUR)
    assert schedule().decided(due, now=T0 + HOUR, busy=False).due(now=T0 + 2 * HOUR - 1).moments == ()


@pytest.mark.parametrize("late", [0, LATE_MS])
@pytest.mark.parametrize("catch_up", CatchUp)
def test_a_run_that_is_on_time_runs_whatever_the_policy(catch_up: CatchUp, late: int) -> None:
    assert schedule(catch_up=catch_up).due(now=T0 + HOUR + late).moments == (T0 + HOUR,)


@pytest.mark.parametrize(
    ("catch_up", "hours", "missed"),
    [(CatchUp.SKIP, (), 5), (CatchUp.ONE, (5,), 4), (CatchUp.ALL, (1, 2, 3, 4, 5), 0)],
)
def test_what_was_missed_is_caught_up_with_as_the_policy_says(
    catch_up: CatchUp, hours: tuple[int, ...], missed: int
) -> None:
    due = schedule(catch_up=catch_up).due(now=T0 + 5 * HOUR + LATE_MS + 1)
    assert due.moments == tuple(T0 + hour * HOUR for hour in hours)
    assert due.missed == missed
    assert due.through == T0 + 5 * HOUR


def test_of_several_that_came_while_nobody_looked_skipping_leaves_the_one_that_is_on_time() -> None:
    due = schedule(catch_up=CatchUp.SKIP).due(now=T0 + 3 * HOUR)
    assert (due.moments, due.missed) == ((T0 + 3 * HOUR,), 2)


def test_catching_up_with_all_has_a_bound_and_takes_the_newest() -> None:
    due = minutely(catch_up=CatchUp.ALL).due(now=T0 + 365 * DAY)
    assert len(due.moments) == MOST_RUNS
    assert due.moments[-1] == due.through == T0 + 365 * DAY
    assert due.moments[0] == T0 + 365 * DAY - (MOST_RUNS - 1) * MINUTE
    assert due.missed == MOST_RUNS


@pytest.mark.parametrize("catch_up", CatchUp)
def test_what_is_due_is_the_same_however_long_nobody_looked(catch_up: CatchUp) -> None:
    """The search looks back in steps that double: at each length it finds what a walk from the start finds."""
    for hours in (1, 2, 3, 5, 23, 24, 25, 100, 199, 200, 201):
        now = T0 + hours * HOUR + LATE_MS
        walked = list(range(T0 + HOUR, now + 1, HOUR))
        chosen = {CatchUp.SKIP: walked[-1:], CatchUp.ONE: walked[-1:], CatchUp.ALL: walked[-MOST_RUNS:]}[catch_up]
        assert schedule(catch_up=catch_up).due(now=now).moments == tuple(chosen), hours


def test_a_run_every_four_years_is_found_after_years() -> None:
    leap = schedule(recurrence=Cron("0 6 29 2 *", "Asia/Kolkata"), fired_through=ms("2026-01-01T00:00Z"), starts_at=0)
    due = leap.due(now=ms("2033-01-01T00:00Z"))
    assert due.moments == (ms("2032-02-29T06:00+05:30"),)
    assert due.missed == 1


def test_both_nights_in_berlin_fire_once_by_a_poller_that_looks_every_minute() -> None:
    for start, run in (
        ("2026-03-29T00:00Z", "2026-03-29T03:00+02:00"),
        ("2026-10-24T23:00Z", "2026-10-25T02:30+02:00"),
    ):
        looked = schedule(
            recurrence=Cron("30 2 * * *", "Europe/Berlin"), starts_at=0, fired_through=ms(start), catch_up=CatchUp.ALL
        )
        runs: list[int] = []
        for now in range(ms(start), ms(start) + 5 * HOUR, MINUTE):
            due = looked.due(now=now)
            runs += due.moments
            looked = replace(looked.decided(due, now=now, busy=False), pending=())
        assert runs == [ms(run)]


# What becomes of it.


def test_a_run_is_written_down_with_the_occurrence_that_it_settles() -> None:
    now = T0 + HOUR + 5
    decided = schedule().decided(schedule().due(now=now), now=now, busy=True)
    run = Run(job_id("acme", f"schedule {ID} at {T0 + HOUR}"), T0 + HOUR, now)
    assert decided == schedule(fired_through=T0 + HOUR, pending=(run,), last_run=run, fired=1)


def test_while_the_last_job_has_not_ended_skipping_leaves_the_next_out() -> None:
    run = Run("j" * 26, T0, T0)
    mine = schedule(overlap=Overlap.SKIP, last_run=run)
    decided = mine.decided(mine.due(now=T0 + HOUR), now=T0 + HOUR, busy=True)
    assert decided == schedule(overlap=Overlap.SKIP, last_run=run, fired_through=T0 + HOUR, skipped=1)


def test_of_several_at_once_only_the_first_runs_where_they_must_not_overlap() -> None:
    mine = schedule(overlap=Overlap.SKIP, catch_up=CatchUp.ALL)
    decided = mine.decided(mine.due(now=T0 + 3 * HOUR), now=T0 + 3 * HOUR, busy=False)
    assert [run.moment for run in decided.pending] == [T0 + HOUR]
    assert (decided.fired, decided.skipped, decided.fired_through) == (1, 2, T0 + 3 * HOUR)


def test_each_moment_each_schedule_and_each_tenant_has_jobs_of_its_own() -> None:
    mine = schedule()
    others = (replace(mine, id="t" * 26), replace(mine, tenant="other"))
    ids = {one.job_id_of(moment) for one in (mine, *others) for moment in (T0, T0 + 1)}
    assert len(ids) == 6


# What comes next.


def test_the_next_five_runs_are_told() -> None:
    assert schedule().next_runs(after=T0 + 1) == tuple(T0 + hour * HOUR for hour in (1, 2, 3, 4, 5))


def test_nothing_runs_before_the_start_or_after_the_end() -> None:
    mine = schedule(recurrence=Cron("0 * * * *", "UTC"), starts_at=T0 + 2 * HOUR, ends_at=T0 + 4 * HOUR)
    assert mine.next_runs(after=T0) == (T0 + 2 * HOUR, T0 + 3 * HOUR, T0 + 4 * HOUR)
    assert mine.due(now=T0 + DAY).through == T0 + 4 * HOUR
    assert mine.next_runs(after=T0 + 4 * HOUR) == ()
    assert replace(mine, fired_through=T0 + 4 * HOUR).look_at(now=T0 + 5 * HOUR) == FOREVER


def test_an_interval_that_starts_later_runs_first_at_its_start() -> None:
    mine = schedule(recurrence=Interval(3600, T0 + 5, "UTC"), starts_at=T0 + 5)
    assert mine.next_runs(2, after=T0) == (T0 + 5, T0 + 5 + HOUR)


def test_a_paused_schedule_has_no_next_run_and_is_looked_at_when_it_would_have_one() -> None:
    paused = schedule(paused=True)
    assert paused.next_runs(after=T0) == ()
    assert paused.look_at(now=T0 + 3 * HOUR) == T0 + 4 * HOUR


def test_a_schedule_is_looked_at_when_something_is_due_and_at_once_where_a_run_is_pending() -> None:
    assert schedule().look_at(now=T0 + 3 * HOUR) == T0 + HOUR
    assert schedule(pending=(Run("j" * 26, T0, T0),)).look_at(now=T0 + 5) == T0 + 5


# How it is kept.


def test_a_schedule_is_read_as_it_was_written() -> None:
    report = {"reportType": "test", "data": {"a": [], "b": 12345678901234567890, "c": 1.0, "d": "½", "e": None}}
    run = Run("j" * 26, T0, T0 + 1)
    for mine in (
        minutely(name="Höhe", report=report, pending=(run, run), last_run=run, ends_at=T0 + DAY, fault="no"),
        schedule(paused=True, skipped=3, missed=4, fired=5),
    ):
        read = Schedule.from_json(mine.to_json())
        assert read == mine
        assert json.dumps(read.report) == json.dumps(mine.report)


@pytest.mark.parametrize(
    "change",
    [
        lambda kept: kept | {"recurrence": {"expression": "* * *", "time_zone": "UTC"}},
        lambda kept: kept | {"recurrence": {"expression": "* * * * *", "time_zone": "Mars/Olympus"}},
        lambda kept: kept | {"recurrence": {"every_seconds": 1, "anchor": 0, "time_zone": "UTC"}},
        lambda kept: kept | {"overlap": "both"},
        lambda kept: kept | {"fired_through": "yesterday"},
        lambda kept: {"id": kept["id"]},
        lambda kept: [kept],
    ],
)
def test_what_is_no_schedule_is_not_taken_for_one(change: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever pydantic says
        Schedule.from_json(json.dumps(change(json.loads(schedule().to_json()))).encode())


# What a caller may ask for.


def body(**changes: Any) -> dict[str, Any]:
    given = {"cron": "30 2 * * *", "timeZone": "Europe/Berlin", "report": REPORT} | changes
    return {name: value for name, value in given.items() if value is not ...}


def made(**changes: Any) -> Schedule:
    return schedule_of(parse(json.dumps(body(**changes)).encode()), id=ID, tenant="acme", created_at=T0)


def faults_of(sent: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        parse(json.dumps(sent).encode())
    return {fault.pointer: fault.message for fault in refused.value.faults}


def test_a_body_becomes_a_schedule() -> None:
    assert made(name="Every night", startsAt="2026-12-01T00:00:00+01:00", endsAt="2026-12-31T00:00Z") == Schedule(
        id=ID,
        tenant="acme",
        name="Every night",
        recurrence=Cron("30 2 * * *", "Europe/Berlin"),
        report=REPORT,
        digest=made(name="Every night", startsAt="2026-12-01T00:00:00+01:00", endsAt="2026-12-31T00:00Z").digest,
        overlap=Overlap.SKIP,
        catch_up=CatchUp.ONE,
        starts_at=ms("2026-11-30T23:00Z"),
        ends_at=ms("2026-12-31T00:00Z"),
        created_at=T0,
        fired_through=T0,
    )


def test_an_interval_counts_from_its_creation_unless_it_names_a_start() -> None:
    assert made(cron=..., timeZone=..., everySeconds=60).next_runs(1, after=T0) == (T0 + MINUTE,)
    started = made(cron=..., everySeconds=3600, startsAt="2026-11-23T23:30:00Z", overlap="queue", catchUp="all")
    assert started.next_runs(2, after=T0) == (T0 + HOUR // 2, T0 + HOUR // 2 + HOUR)
    assert (started.overlap, started.catch_up) == (Overlap.QUEUE, CatchUp.ALL)


def test_what_would_have_been_before_its_creation_is_not_caught_up_with() -> None:
    mine = made(cron="0 * * * *", startsAt="2020-01-01T00:00:00Z", catchUp="all")
    assert mine.due(now=T0 + HOUR).moments == (T0 + HOUR,)


def test_the_same_request_has_the_same_digest_however_it_is_written() -> None:
    turned = json.dumps(dict(reversed(body().items())), indent=1).encode()
    assert parse(turned).digest == parse(json.dumps(body()).encode()).digest
    assert parse(json.dumps(body(name="other")).encode()).digest != parse(turned).digest


def test_everything_that_is_wrong_is_told_with_its_place() -> None:
    sent = body(
        name="two\nlines",
        cron="0 25 * * *",
        timeZone="Europe/Atlantis",
        report={"reportType": "test", "data": {"title": 7}, "options": {"attempts": 50}, "more": 1},
        overlap="both",
        catchUp=["all"],
        startsAt="tomorrow",
        endsAt="2026-12-31T00:00:00",
        colour="red",
    )
    assert faults_of(sent).keys() == {
        *("/name", "/cron", "/timeZone", "/overlap", "/catchUp", "/startsAt", "/endsAt", "/colour"),
        *("/report/more", "/report/options/attempts", "/report/data/title", "/report/data/message"),
    }


@pytest.mark.parametrize(
    ("sent", "pointer", "told"),
    [
        ([], "", "must be an object"),
        (body(cron=...), "/cron", "is missing"),
        (body(everySeconds=60), "/everySeconds", "the one or the other"),
        (body(timeZone=...), "/timeZone", "is missing"),
        (body(cron=..., everySeconds=59), "/everySeconds", "from 60 to"),
        (body(cron=..., everySeconds=True), "/everySeconds", "from 60 to"),
        (body(cron=..., everySeconds=90.0), "/everySeconds", "from 60 to"),
        (body(cron="* * * * * *"), "/cron", "five fields"),
        (body(report=...), "/report", "is missing"),
        (body(report=[]), "/report", "must be an object"),
        (body(report=REPORT | {"reportType": "poem"}), "/report/reportType", "is not a report type"),
        (body(name=None), "/name", "must be a text"),
        (body(name=""), "/name", "must be a text"),
        (body(startsAt=None), "/startsAt", "must be a moment"),
        (body(startsAt="1999-12-31T00:00:00Z"), "/startsAt", "within the years"),
        (body(endsAt="2100-01-01T00:00:00Z"), "/endsAt", "within the years"),
        (body(startsAt="2026-02-30T00:00:00Z"), "/startsAt", "must be a moment"),
        (body(startsAt="2027-01-01T00:00:00Z", endsAt="2027-01-01T01:00:00+01:00"), "/endsAt", "later than startsAt"),
    ],
)
def test_a_fault_is_told_with_its_place(sent: Any, pointer: str, told: str) -> None:
    found = faults_of(sent)
    assert list(found) == [pointer]
    assert told in found[pointer]


@pytest.mark.parametrize(
    ("option", "told"),
    [("runAt", "a schedule has many"), ("expiresAt", "a schedule has many"), ("dedupKey", "overlap policy")],
)
def test_an_option_that_is_nothing_for_a_schedule_is_refused(option: str, told: str) -> None:
    found = faults_of(body(report=REPORT | {"options": {option: "2027-01-01T00:00:00Z"}}))
    assert told in found[f"/report/options/{option}"]


def test_a_schedule_that_would_never_run_is_refused() -> None:
    for ends_at in ("2026-11-24T01:00:00Z", "2020-01-01T00:00:00Z"):
        with pytest.raises(InvalidRequest) as refused:
            made(endsAt=ends_at)
        assert [fault.pointer for fault in refused.value.faults] == ["/endsAt"]


def test_a_body_that_is_too_large_or_no_json_is_refused() -> None:
    with pytest.raises(TooLarge):
        parse(b" " * (LIMIT + 1))
    with pytest.raises(MalformedRequest):
        parse(b'{"cron": "* * * * *", "cron": "* * * * *"}')
