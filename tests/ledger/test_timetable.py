"""A schedule in the store changes only where it still is what was read."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from report_queue.errors import StoreAway
from report_queue.recurrence import Interval
from report_queue.schedule import CatchUp, Overlap, Schedule
from report_queue.timetable import Kept, Timetable
from tests.ledger.words import BUCKET, T0, aws, meanwhile, s3

NAME = "s" * 26


def schedule(name: str = NAME, **changes: Any) -> Schedule:
    given = {
        "tenant": "acme",
        "name": None,
        "recurrence": Interval(3600, T0, "UTC"),
        "report": {"reportType": "test", "data": {}},
        "digest": "d",
        "overlap": Overlap.SKIP,
        "catch_up": CatchUp.ONE,
        "starts_at": T0,
        "ends_at": None,
        "created_at": T0,
        "fired_through": T0,
    }
    return Schedule(**{"id": name} | given | changes)


def on(client: Any) -> Timetable:
    return Timetable(client, bucket=BUCKET, sleep=lambda _: None)


@pytest.fixture
def timetable() -> Iterator[Timetable]:
    with aws():
        yield on(s3())


def kept(timetable: Timetable, name: str = NAME) -> Kept:
    found = timetable.get(tenant="acme", id=name)
    assert found
    return found


def test_a_schedule_is_kept_once(timetable: Timetable) -> None:
    assert timetable.get(tenant="acme", id=NAME) is None
    assert timetable.add(schedule())
    assert not timetable.add(schedule(fired=9))
    assert kept(timetable).schedule == schedule()
    assert timetable.get(tenant="other", id=NAME) is None


def test_of_two_who_read_the_same_only_one_writes(timetable: Timetable) -> None:
    timetable.add(schedule())
    read = kept(timetable)
    written = timetable.replace(read, schedule(fired=1))
    assert timetable.replace(read, schedule(fired=2)) is None
    assert written == kept(timetable)
    assert timetable.replace(written, schedule(fired=3))


def test_a_schedule_that_was_ended_is_not_written_anew(timetable: Timetable) -> None:
    timetable.add(schedule())
    read = kept(timetable)
    assert timetable.remove(tenant="acme", id=NAME)
    assert not timetable.remove(tenant="acme", id=NAME)
    assert timetable.replace(read, schedule(fired=1)) is None
    assert timetable.get(tenant="acme", id=NAME) is None


def test_a_change_is_made_to_what_the_schedule_is_by_then(timetable: Timetable) -> None:
    timetable.add(schedule())

    def others() -> None:
        timetable.replace(kept(timetable), schedule(fired=7))

    late = on(meanwhile(s3(), "put_object", "schedules/", others))
    changed = late.change(tenant="acme", id=NAME, by=lambda one: replace(one, paused=True))
    assert changed == kept(timetable).schedule == schedule(fired=7, paused=True)


def test_a_change_that_changes_nothing_writes_nothing(timetable: Timetable) -> None:
    timetable.add(schedule())
    before = kept(timetable)
    assert timetable.change(tenant="acme", id=NAME, by=lambda one: one) == schedule()
    assert kept(timetable) == before
    assert timetable.change(tenant="acme", id="t" * 26, by=lambda one: one) is None


def test_a_schedule_that_others_change_all_the_time_is_given_up(timetable: Timetable) -> None:
    timetable.add(schedule())

    def change(one: Schedule) -> Schedule:
        timetable.replace(kept(timetable), replace(one, fired=one.fired + 1))
        return replace(one, paused=True)

    with pytest.raises(StoreAway, match="each time that we looked"):
        timetable.change(tenant="acme", id=NAME, by=change)


def test_a_schedule_is_removed_whatever_it_has_become_meanwhile(timetable: Timetable) -> None:
    timetable.add(schedule())

    def others() -> None:
        timetable.replace(kept(timetable), schedule(fired=7))

    assert on(meanwhile(s3(), "delete_object", "schedules/", others)).remove(tenant="acme", id=NAME)
    assert timetable.get(tenant="acme", id=NAME) is None


def test_what_is_no_schedule_raises_and_can_be_removed(timetable: Timetable) -> None:
    s3().put_object(Bucket=BUCKET, Key=f"schedules/acme/{NAME}.json", Body=b"\x00")
    with pytest.raises(ValueError):  # noqa: PT011 - whatever json says
        timetable.get(tenant="acme", id=NAME)
    assert timetable.remove(tenant="acme", id=NAME)


def test_schedules_are_listed_by_tenant_in_pages(timetable: Timetable) -> None:
    names = [letter * 26 for letter in "abcde"]
    for name in names:
        timetable.add(schedule(name))
    timetable.add(schedule(names[0], tenant="acme-2"))
    s3().put_object(Bucket=BUCKET, Key="schedules/acme/notes", Body=b"")
    assert timetable.ids("acme") == names
    assert timetable.ids("acme", limit=2) == names[:2]
    assert timetable.ids("acme", after=names[1], limit=2) == names[2:4]
    assert timetable.ids("acme", after=names[4]) == []
    every = [member for page in timetable.pages(size=2) for member in page]
    assert sorted(every) == [*(("acme", name) for name in names), ("acme-2", names[0])]


def test_a_store_that_refuses_is_away_and_the_message_names_no_schedule(timetable: Timetable) -> None:
    nowhere = Timetable(s3(), bucket="nowhere", sleep=lambda _: None)
    for call in (
        lambda: nowhere.add(schedule()),
        lambda: nowhere.ids("acme"),
        lambda: nowhere.replace(Kept(schedule(), "e"), schedule()),
    ):
        with pytest.raises(StoreAway) as away:
            call()
        assert NAME not in str(away.value)
