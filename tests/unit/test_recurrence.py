"""Crons and intervals as moments: each once, in order, also in the nights in which the clocks are changed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from report_queue.recurrence import FOREVER, Cron, Interval, cron_fault, zone_fault

HOUR = 3_600_000
DAY = 24 * HOUR

# A zone, the UTC day of a change of its clock, and by how much: forward in the first, back in the second of each pair.
CHANGES = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-10-03"),  # half an hour
    ("Australia/Lord_Howe", "2026-04-04"),
    ("Africa/Cairo", "2026-04-24"),  # at midnight
    ("Africa/Cairo", "2026-10-29"),
    ("America/Santiago", "2026-09-06"),
    ("America/Santiago", "2026-04-05"),
    ("Antarctica/Troll", "2026-03-29"),  # two hours
    ("Antarctica/Troll", "2026-10-25"),
    ("Asia/Kolkata", "2026-03-29"),  # never
    ("UTC", "2026-10-25"),
]
changes = pytest.mark.parametrize(("zone", "day"), CHANGES)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def shown(moment: int, zone: str) -> str:
    """A moment as the clock on the wall shows it, with its offset."""
    return datetime.fromtimestamp(moment / 1000, ZoneInfo(zone)).strftime("%m-%d %H:%M%z")


def between(recurrence: Cron | Interval, start: int, end: int) -> list[int]:
    return list(takewhile(lambda moment: moment <= end, recurrence.after(start)))


def around(cron: str, zone: str, day: str) -> list[str]:
    """The runs from a day before to a day after that UTC day, as the wall shows them."""
    midnight = ms(f"{day}T00:00Z")
    return [shown(moment, zone) for moment in between(Cron(cron, zone), midnight - DAY, midnight + 2 * DAY)]


def minutes(start: int, end: int) -> Iterator[int]:
    return iter(range(start - start % 60_000 + 60_000, end + 1, 60_000))


# The two nights.


def test_half_past_two_in_berlin_comes_once_in_the_night_that_has_none() -> None:
    assert around("30 2 * * *", "Europe/Berlin", "2026-03-29") == [
        "03-28 02:30+0100",
        "03-29 03:00+0200",
        "03-30 02:30+0200",
    ]


def test_half_past_two_in_berlin_comes_once_in_the_night_that_has_two() -> None:
    assert around("30 2 * * *", "Europe/Berlin", "2026-10-25") == [
        "10-24 02:30+0200",
        "10-25 02:30+0200",
        "10-26 02:30+0100",
    ]


def test_half_past_one_in_new_york_comes_once_in_the_night_that_has_two() -> None:
    runs = around("30 1 * * *", "America/New_York", "2026-11-01")
    assert runs == ["10-31 01:30-0400", "11-01 01:30-0400", "11-02 01:30-0500"]


def test_half_past_two_in_new_york_comes_once_in_the_night_that_has_none() -> None:
    runs = around("30 2 * * *", "America/New_York", "2026-03-08")
    assert runs == ["03-07 02:30-0500", "03-08 03:00-0400", "03-09 02:30-0400"]


def test_half_an_hour_that_is_missing_on_lord_howe_island_is_made_up_for_at_its_end() -> None:
    runs = around("15 2 * * *", "Australia/Lord_Howe", "2026-10-03")
    assert runs == ["10-03 02:15+1030", "10-04 02:30+1100", "10-05 02:15+1100"]


def test_half_an_hour_that_comes_twice_on_lord_howe_island_runs_once() -> None:
    runs = around("45 1 * * *", "Australia/Lord_Howe", "2026-04-04")
    assert runs == ["04-04 01:45+1100", "04-05 01:45+1100", "04-06 01:45+1030"]


@changes
@pytest.mark.parametrize("minute", [0, 15, 30, 45])
@pytest.mark.parametrize("hour", [0, 1, 2, 3, 23])
def test_a_time_of_the_day_comes_exactly_once_a_day(zone: str, day: str, hour: int, minute: int) -> None:
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone))
    runs = between(
        Cron(f"{minute} {hour} * * *", zone), ms(str(noon - timedelta(days=2))), ms(str(noon + timedelta(days=2)))
    )
    assert len(runs) == 4, [shown(moment, zone) for moment in runs]


def test_two_times_within_one_gap_are_one_moment() -> None:
    assert around("0,30 2 * * *", "Europe/Berlin", "2026-03-29")[2:4] == ["03-29 03:00+0200", "03-30 02:00+0200"]


@changes
@pytest.mark.parametrize(
    "cron", ["0 * * * *", "30 * * * *", "*/15 * * * *", "*/15 2 * * *", "0 */2 * * *", "*/20 */3 * * *", "* 1 * * *"]
)
def test_a_star_goes_by_elapsed_time(zone: str, day: str, cron: str) -> None:
    start = ms(f"{day}T00:00Z") - DAY
    minute, hour, *_ = (_values(field, size) for field, size in zip(cron.split(), (60, 24), strict=False))
    expected = [
        moment
        for moment in minutes(start, start + 3 * DAY)
        if (wall := datetime.fromtimestamp(moment / 1000, ZoneInfo(zone))).minute in minute and wall.hour in hour
    ]
    assert between(Cron(cron, zone), start, start + 3 * DAY) == expected


def _values(field: str, size: int) -> range:
    return range(0, size, int(field[2:] or 1)) if field.startswith("*") else range(int(field), int(field) + 1)


def test_every_hour_is_every_hour_of_elapsed_time_also_when_the_clock_is_put_back() -> None:
    runs = between(Cron("0 * * * *", "Europe/Berlin"), ms("2026-10-24T12:00Z"), ms("2026-10-25T12:00Z"))
    assert {later - earlier for earlier, later in pairwise(runs)} == {HOUR}


@changes
@pytest.mark.parametrize("cron", ["30 2 * * *", "15 1 * * *", "0 0 * * *", "45 23 * * *", "*/30 * * * *", "30 * * * *"])
def test_it_does_not_matter_from_where_one_looks(zone: str, day: str, cron: str) -> None:
    """In the hour that comes twice, at a run, a moment before it: what comes next is always the same."""
    start, end = ms(f"{day}T00:00Z") - DAY, ms(f"{day}T00:00Z") + 2 * DAY
    runs = between(Cron(cron, zone), start, end)
    for after in (*range(start, runs[-2], 7 * 60_000 + 1), *runs[:-1], *(run - 1 for run in runs[:-1])):
        assert next(Cron(cron, zone).after(after)) == next(run for run in runs if run > after)


# The calendar.


def test_the_29th_of_february_comes_in_leap_years() -> None:
    runs = islice(Cron("0 6 29 2 *", "UTC").after(ms("2026-01-01T00:00Z")), 2)
    assert [shown(moment, "UTC") for moment in runs] == ["02-29 06:00+0000"] * 2
    assert next(Cron("0 6 29 2 *", "UTC").after(ms("2096-03-01T00:00Z")), None) is None  # 2100 has none, nor have we


def test_the_last_day_of_a_month_is_known() -> None:
    runs = islice(Cron("0 6 L * *", "Asia/Kolkata").after(ms("2028-01-01T00:00Z")), 3)
    assert [shown(moment, "Asia/Kolkata") for moment in runs] == [
        "01-31 06:00+0530",
        "02-29 06:00+0530",
        "03-31 06:00+0530",
    ]


def test_nothing_comes_after_forever() -> None:
    assert all(moment < FOREVER for moment in Cron("0 0 1 1 *", "UTC").after(ms("2090-01-01T00:00Z")))
    assert list(Interval(86_400, FOREVER - DAY, "UTC").after(0)) == [FOREVER - DAY]


@given(st.integers(60, 10**6), st.integers(0, 2 * 10**12), st.integers(0, 2 * 10**12))
def test_an_interval_counts_from_its_anchor(every: int, anchor: int, after: int) -> None:
    first, second = islice(Interval(every, anchor, "Europe/Berlin").after(after), 2)
    assert first > after
    assert first >= anchor
    assert (first - anchor) % (every * 1000) == 0
    assert first == anchor or first - every * 1000 <= after
    assert second - first == every * 1000


def test_an_interval_does_not_know_of_changed_clocks() -> None:
    start = ms("2026-10-24T12:00+02:00")
    assert between(Interval(86_400, start, "Europe/Berlin"), start, start + 2 * DAY) == [start + DAY, start + 2 * DAY]


# What is refused.


@pytest.mark.parametrize(
    "expression",
    [
        *("", "* * * *", "0 0 * * * *", "@daily", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8"),
        *(
            "*/0 * * * *",
            "5-1 * * * *",
            "a * * * *",
            "0 0 30 2 *",
            "0 0 */31 2 FRI#6",
            "\u0663 * * * *",
            "0 0 * * MON-",
        ),
        *("1," * 60 + "1 * * * *", "0 0 * * *\n", 7, None, ["0 0 * * *"]),
    ],
)
def test_a_cron_that_is_none_is_refused_and_not_quoted(expression: object) -> None:
    fault = cron_fault(expression)
    assert fault
    assert str(expression) not in fault or not expression
    with pytest.raises(ValueError, match=r"must be|is not|is a date"):
        Cron(expression, "UTC")  # type: ignore[arg-type]


def test_a_date_that_never_comes_is_refused() -> None:
    assert cron_fault("0 0 31 2 MON") is None  # or a Monday
    assert cron_fault("0 0 29-31 2 */7") is None
    assert cron_fault("0 0 */30 2 1L") == "is a date that never comes"


@given(st.text("0123456789*/,-#LW MONSUJAN", max_size=30))
def test_no_text_is_more_than_refused(expression: str) -> None:
    if cron_fault(expression) is None:
        assert next(Cron(expression, "Europe/Berlin").after(0), FOREVER) > 0


@pytest.mark.parametrize(
    "name", ["", "Europe/Atlantis", "europe/berlin", "../../etc/passwd", "localtime", 7, None, ["UTC"]]
)
def test_a_time_zone_that_is_none_is_refused(name: object) -> None:
    assert zone_fault(name)
    with pytest.raises(ValueError, match="time zone"):
        Cron("0 0 * * *", name)  # type: ignore[arg-type]


@pytest.mark.parametrize("every", [59, 0, -60, 366 * 86_400 + 1])
def test_an_interval_that_is_too_short_or_too_long_is_refused(every: int) -> None:
    with pytest.raises(ValueError, match="an interval has"):
        Interval(every, 0, "UTC")
