"""Each occurrence of a schedule becomes one job: also where the poller dies, is late, or is not alone."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import boto3
import pytest
import redis

from queue_words import MINUTE, SECOND, T0
from report_queue import schedules_desk
from report_queue.broker import Broker
from report_queue.errors import StoreAway
from report_queue.fire import Came, fire, replan
from report_queue.job import State
from report_queue.ledger import Ledger
from report_queue.plans import Look, Plans
from report_queue.queue import Queue
from report_queue.receipt import Receipt
from report_queue.recurrence import FOREVER, Cron, Interval
from report_queue.reports import report_types
from report_queue.schedule import LATE_MS, MOST_RUNS, CatchUp, Overlap, Schedule
from report_queue.timetable import Timetable
from report_queue.wiring import Wiring, broker
from tests.ledger.words import Crash, Watched, meanwhile

HOUR = 60 * MINUTE
REPORT = {"reportType": "test", "data": report_types()["test"].sample}


class Clock:
    now = T0


@dataclass
class World:
    """The functions' wiring at a clock that the test moves, and S3 clients and a broker that it may break."""

    wired: Wiring
    url: str
    clock: Clock

    def wiring(self, client: Any = None, told: Callable[[], None] = lambda: None) -> Wiring:
        """A poller's wiring: through that S3 client, if given; `told` hears of each call to the broker before it."""
        store = client or boto3.client("s3")
        settings = self.wired.settings
        queue, plans = Queue(broker(settings), settings), Plans(Broker(broker(settings), settings))

        def at(run: Any, **always: Any) -> Any:
            def call(verb: str, **arguments: Any) -> Any:
                told()
                return run(verb, **arguments | always)

            return call

        queue._run = at(queue._run)
        plain = plans._run
        plans._run = lambda verb, **arguments: at(plain, now=self.clock.now)(verb, **arguments)  # type: ignore[method-assign]
        return replace(
            self.wired,
            queue=queue,
            plans=plans,
            ledger=Ledger(store, bucket="reports", sleep=lambda _: None),
            timetable=Timetable(store, bucket="reports", sleep=lambda _: None),
            now_ms=lambda: self.clock.now,
        )

    def add(self, number: int = 0, **changes: Any) -> Schedule:
        """An hourly schedule, planned: its first occurrence is in an hour."""
        given = {
            "recurrence": Interval(3600, T0, "UTC"),
            "report": REPORT,
            "overlap": Overlap.QUEUE,
            "catch_up": CatchUp.ALL,
            "starts_at": T0,
            "ends_at": None,
            "created_at": T0,
            "fired_through": T0,
        }
        schedule = Schedule(**{"id": f"{number:026d}", "tenant": "acme", "name": None, "digest": "d"} | given | changes)
        assert self.wired.timetable.add(schedule)
        self.wired.plans.plan(Look("acme", schedule.id, schedule.look_at(now=self.clock.now)))
        return schedule

    def fire(self, **given: Any) -> dict[Came, int]:
        """One poller fires what is due; what came of it."""
        return {came: number for came, number in fire(self.wiring(**given)).came.items() if number}

    def kept(self, schedule: Schedule) -> Schedule:
        found = self.wired.timetable.get(tenant=schedule.tenant, id=schedule.id)
        assert found
        return found.schedule

    def jobs(self, schedule: Schedule, hours: int = 9) -> list[int]:
        """The hours of which there is a job that has not ended, in the ledger and in the queue."""
        found = [hour for hour in range(hours) if self.wired.ledger.unfinished(self.job_id(schedule, hour))]
        queued = [hour for hour in range(hours) if self.wired.queue.find(self.job_id(schedule, hour)) != [None]]
        assert set(queued) >= set(found)
        return found

    def job_id(self, schedule: Schedule, hour: int) -> str:
        return schedule.job_id_of(T0 + hour * HOUR)

    def planned(self) -> list[tuple[str, int]]:
        """Every schedule that is planned, with its moment."""
        with redis.Redis.from_url(self.url, decode_responses=True) as client:
            key = f"{{{self.wired.settings.queue}}}:plans"
            return [(member.split("|")[1], int(at)) for member, at in client.zrange(key, 0, -1, withscores=True)]

    def wipe(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def end(self, job_id: str) -> None:
        """A worker has failed the job for good, and left its receipt."""
        request = self.wired.ledger.open_request(job_id)
        assert request
        self.wired.ledger.close(Receipt(request, State.FAILED, 1, T0, "a", "it broke"))


@pytest.fixture
def world(wired: Wiring, valkey: str) -> World:
    return World(wired, valkey, Clock())


# One after the other.


def test_an_occurrence_becomes_a_job_at_its_moment_and_not_before(world: World) -> None:
    schedule = world.add()
    world.clock.now = T0 + HOUR - 1
    assert world.fire() == {}
    world.clock.now = T0 + HOUR
    assert world.fire() == {Came.FIRED: 1}
    assert world.jobs(schedule) == [1]
    assert world.fire() == {}
    assert world.planned() == [(schedule.id, T0 + 2 * HOUR)]
    world.clock.now = T0 + 2 * HOUR + 5
    assert world.fire() == {Came.FIRED: 1}
    assert world.jobs(schedule) == [1, 2]


def test_the_job_is_the_report_that_was_asked_for(world: World) -> None:
    schedule = world.add(report=REPORT | {"options": {"attempts": 7}})
    world.clock.now = T0 + HOUR + 5
    world.fire()
    request = world.wired.ledger.open_request(world.job_id(schedule, 1))
    assert request
    assert (request.tenant, request.report_type, request.data) == ("acme", "test", REPORT["data"])
    assert (request.attempts, request.accepted_at) == (7, T0 + HOUR + 5)
    kept = world.kept(schedule)
    assert (kept.fired, kept.pending, kept.fired_through) == (1, (), T0 + HOUR)
    assert kept.last_run
    assert kept.last_run.job_id == request.id


def test_the_next_moment_is_told_to_whoever_waits_for_it(world: World) -> None:
    assert fire(world.wiring()).next_at is None
    world.add()
    assert fire(world.wiring()).next_at == T0 + HOUR


def test_each_missed_occurrence_is_caught_up_with(world: World) -> None:
    schedule = world.add()
    world.clock.now = T0 + 4 * HOUR
    assert world.fire() == {Came.FIRED: 4}
    assert world.jobs(schedule) == [1, 2, 3, 4]


def test_catching_up_takes_the_newest_and_says_what_it_leaves(world: World, caplog: pytest.LogCaptureFixture) -> None:
    schedule = world.add(catch_up=CatchUp.SKIP)
    world.clock.now = T0 + 4 * HOUR + LATE_MS + 1
    assert world.fire() == {Came.MISSED: 4}
    assert f"schedule {schedule.id}: 4 occurrences are missed" in caplog.text
    assert (world.jobs(schedule), world.kept(schedule).missed) == ([], 4)
    assert world.planned() == [(schedule.id, T0 + 5 * HOUR)]


def test_an_occurrence_is_left_out_while_the_last_job_has_not_ended(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    schedule = world.add(overlap=Overlap.SKIP)
    for hour, came in ((1, {Came.FIRED: 1}), (2, {Came.SKIPPED: 1}), (3, {Came.SKIPPED: 1})):
        world.clock.now = T0 + hour * HOUR
        assert world.fire() == came
    assert caplog.text.count("1 occurrences are skipped: the job of the last run has not ended") == 2
    world.end(world.job_id(schedule, 1))
    world.clock.now = T0 + 4 * HOUR
    assert world.fire() == {Came.FIRED: 1}
    assert (world.jobs(schedule), world.kept(schedule).skipped) == ([4], 2)


def test_nothing_runs_while_it_is_paused_nor_for_that_time_afterwards(world: World) -> None:
    schedule = world.add()
    desk = {"tenant": "acme", "id": schedule.id}
    schedules_desk.pause(world.wiring(), **desk)
    world.clock.now = T0 + HOUR
    assert world.fire() == {}
    assert world.planned() == [(schedule.id, T0 + 2 * HOUR)]
    world.clock.now = T0 + 3 * HOUR + 1
    schedules_desk.resume(world.wiring(), **desk)
    assert world.fire() == {}
    world.clock.now = T0 + 4 * HOUR
    assert world.fire() == {Came.FIRED: 1}
    assert world.jobs(schedule) == [4]


def test_after_the_end_nothing_runs_and_nobody_looks(world: World) -> None:
    schedule = world.add(ends_at=T0 + HOUR)
    world.clock.now = T0 + 5 * HOUR
    assert world.fire() == {Came.FIRED: 1}
    assert world.jobs(schedule) == [1]
    assert world.planned() == [(schedule.id, FOREVER)]


def test_a_schedule_that_was_ended_is_forgotten_by_the_plan(world: World) -> None:
    schedule = world.add()
    assert world.wired.timetable.remove(tenant="acme", id=schedule.id)
    world.clock.now = T0 + HOUR
    assert world.fire() == {}
    assert world.planned() == []


def test_more_schedules_are_due_than_one_round_looks_at(world: World) -> None:
    schedules = [world.add(number) for number in range(130)]
    world.clock.now = T0 + HOUR
    assert world.fire() == {Came.FIRED: 130}
    assert all(world.wired.ledger.unfinished(world.job_id(schedule, 1)) for schedule in schedules)


def test_both_nights_of_changed_clocks_fire_once(world: World) -> None:
    berlin = Cron("30 2 * * *", "Europe/Berlin")
    for number, night in enumerate((1_806_184_800_000, 1_824_933_600_000)):  # 2027-03-27 and 2027-10-30, 22:00 UTC
        world.clock.now = night
        schedule = world.add(number, recurrence=berlin, starts_at=0, fired_through=night, ends_at=night + 6 * HOUR)
        fired = 0
        for _ in range(6 * 12):
            world.clock.now += 5 * MINUTE
            fired += world.fire().get(Came.FIRED, 0)
        assert fired == 1
        assert world.kept(schedule).fired == 1


# Crashes.


def crashing_world(world: World, *, after: int) -> tuple[Any, Callable[[], None]]:
    """An S3 client and a word for each broker call, such that the poller dies when so many calls have been made."""
    made = count()

    def call(*_: Any) -> None:
        if next(made) == after:
            raise Crash

    return Watched(boto3.client("s3"), call), call


@pytest.mark.parametrize("then", ["goes on", "is wiped"])
def test_a_poller_that_dies_anywhere_loses_no_occurrence_and_fires_none_twice(world: World, then: str) -> None:
    for calls in count():
        world.clock.now = T0
        schedule = world.add(calls)
        world.clock.now = T0 + 2 * HOUR
        store, told = crashing_world(world, after=calls)
        try:
            fire(world.wiring(store, told))
        except Crash:
            if then == "is wiped":
                world.wipe()
                replan(world.wiring())
            started = [hour for hour in (1, 2) if world.wired.ledger.unfinished(world.job_id(schedule, hour))]
            for hour in started:
                world.end(world.job_id(schedule, hour))
            world.fire()
            # What had a job has ended, and stays so: it was not run again. What had none has one now.
            assert [hour for hour in (1, 2) if world.wired.ledger.unfinished(world.job_id(schedule, hour))] == [
                hour for hour in (1, 2) if hour not in started
            ]
            kept = world.kept(schedule)
            assert (kept.pending, kept.fired_through, kept.fired) == ((), T0 + 2 * HOUR, 2)
            assert (schedule.id, T0 + 3 * HOUR) in world.planned()
            world.wired.timetable.remove(tenant="acme", id=schedule.id)
            continue
        break
    assert calls > 8


def test_the_policy_that_was_decided_by_is_not_asked_again_after_a_crash(world: World) -> None:
    """The newest is run for all: where it was written down, a later one does not take its place."""
    schedule = world.add(catch_up=CatchUp.ONE, overlap=Overlap.SKIP)
    world.clock.now = T0 + 2 * HOUR

    def dies(name: str, given: dict[str, Any]) -> None:
        if given.get("Key", "").startswith("open/"):
            raise Crash

    with pytest.raises(Crash):
        fire(world.wiring(Watched(boto3.client("s3"), dies)))
    world.clock.now = T0 + 5 * HOUR
    assert world.fire() == {Came.MISSED: 2, Came.FIRED: 1, Came.SKIPPED: 1}
    assert world.jobs(schedule) == [2]


def test_a_poller_whose_time_is_up_leaves_the_rest_to_the_next(world: World) -> None:
    schedule, other = world.add(), world.add(1)
    world.clock.now = T0 + 3 * HOUR
    looks = count()
    # The first schedule is due with three runs: time is up after the second of them.
    fired = fire(world.wiring(), enough=lambda: next(looks) >= 3)
    assert fired.came[Came.FIRED] == 2
    assert fired.next_at is None
    assert world.jobs(schedule) == [1, 2]
    assert [run.moment for run in world.kept(schedule).pending] == [T0 + 3 * HOUR]
    assert world.fire() == {Came.FIRED: 4}
    assert world.jobs(schedule) == world.jobs(other) == [1, 2, 3]


# Others at the same time.


def test_of_two_pollers_that_look_at_once_only_one_decides(world: World) -> None:
    schedule = world.add()
    world.clock.now = T0 + HOUR
    second = meanwhile(boto3.client("s3"), "put_object", "schedules/", lambda: world.fire())
    assert world.fire(client=second) == {}
    assert (world.jobs(schedule), world.kept(schedule).fired) == ([1], 1)


def test_a_pause_between_deciding_and_striking_out_stands(world: World) -> None:
    schedule = world.add()
    world.clock.now = T0 + HOUR

    def pause() -> None:
        schedules_desk.pause(world.wiring(), tenant="acme", id=schedule.id)

    world.fire(client=meanwhile(boto3.client("s3"), "put_object", "open/", pause))
    world.clock.now += 2 * SECOND
    world.fire()
    kept = world.kept(schedule)
    assert (kept.paused, kept.pending, kept.fired) == (True, (), 1)
    assert world.jobs(schedule) == [1]
    world.clock.now = T0 + 2 * HOUR
    assert world.fire() == {}


def test_a_schedule_that_is_ended_while_it_fires_does_not_come_back(world: World) -> None:
    schedule = world.add()
    world.clock.now = T0 + HOUR

    def end() -> None:
        schedules_desk.end(world.wiring(), tenant="acme", id=schedule.id)

    world.fire(client=meanwhile(boto3.client("s3"), "put_object", "open/", end))
    world.clock.now += 2 * SECOND
    world.fire()
    assert world.planned() == []
    assert world.wired.timetable.get(tenant="acme", id=schedule.id) is None


# A wipe.


def test_after_a_wipe_every_schedule_is_planned_again_and_what_was_due_meanwhile_fires_once(world: World) -> None:
    fired, waits = world.add(), world.add(1, recurrence=Interval(36_000, T0, "UTC"))
    world.clock.now = T0 + HOUR
    world.fire()
    world.wipe()
    assert world.planned() == []
    world.clock.now = T0 + 2 * HOUR
    assert world.fire() == {}
    assert replan(world.wiring()) == 2
    assert replan(world.wiring()) == 0
    assert world.fire() == {Came.FIRED: 1}
    assert world.kept(fired).fired == 2
    assert world.wired.ledger.unfinished(world.job_id(fired, 2))
    assert sorted(world.planned()) == [(fired.id, T0 + 3 * HOUR), (waits.id, T0 + 10 * HOUR)]


def test_planning_again_leaves_what_is_planned_as_it_is(world: World) -> None:
    world.add()
    before = world.planned()
    assert replan(world.wiring()) == 0
    assert world.planned() == before


def test_what_has_nothing_to_come_is_looked_at_once_after_a_wipe(world: World) -> None:
    schedule = world.add(ends_at=T0 + 1, fired_through=T0 + 1)
    world.wipe()
    assert [replan(world.wiring()), world.fire(), replan(world.wiring())] == [1, {}, 0]
    assert world.planned() == [(schedule.id, FOREVER)]


def test_while_the_broker_is_away_an_occurrence_is_accepted_all_the_same(world: World) -> None:
    """The job waits in the ledger for the reconciler; nothing of the schedule is in doubt."""
    schedule = world.add()
    world.clock.now = T0 + HOUR
    poller = world.wiring()
    settings = world.wired.settings.model_copy(update={"broker_url": "unix:///nonexistent/socket"})
    queue = Queue(broker(settings), settings)
    fire(replace(poller, queue=queue))
    assert world.wired.ledger.unfinished(world.job_id(schedule, 1))
    assert world.kept(schedule).pending == ()


# What stands in the way of no other.


def test_an_object_that_is_no_schedule_stands_in_the_way_of_no_other(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    broken, good = world.add(), world.add(1)
    secret = b'{"tenant": "s3cr3t"'
    boto3.client("s3").put_object(Bucket="reports", Key=f"schedules/acme/{broken.id}.json", Body=secret)
    world.clock.now = T0 + HOUR
    assert world.fire() == {Came.UNRESOLVED: 1, Came.FIRED: 1}
    assert world.jobs(good) == [1]
    assert f"schedule {broken.id}: it cannot be read" in caplog.text
    assert "s3cr3t" not in caplog.text
    assert (broken.id, T0 + 2 * HOUR) in world.planned()


def test_a_report_that_is_not_valid_any_more_stands_in_the_way_of_no_other(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    gone = world.add(report={"reportType": "poem", "data": {"text": "s3cr3t"}})
    wrong = world.add(1, report={"reportType": "test", "data": {"title": "s3cr3t"}})
    good = world.add(2)
    world.clock.now = T0 + HOUR
    assert world.fire() == {Came.REFUSED: 2, Came.FIRED: 1}
    assert world.jobs(good) == [1]
    for schedule, told in ((gone, "/reportType is not a report type"), (wrong, "/data/message is missing")):
        kept = world.kept(schedule)
        assert told in (kept.fault or "")
        assert (kept.pending, kept.fired_through) == ((), T0 + HOUR)
    assert "s3cr3t" not in caplog.text
    world.clock.now = T0 + 2 * HOUR
    assert world.fire() == {Came.REFUSED: 2, Came.FIRED: 1}


def test_a_fault_is_forgotten_once_a_run_becomes_a_job(world: World) -> None:
    schedule = world.add(fault="The report is not valid any more")
    world.clock.now = T0 + HOUR
    world.fire()
    assert world.kept(schedule).fault is None


def test_a_schedule_whose_store_is_away_is_looked_at_again_soon_and_holds_up_no_other(world: World) -> None:
    away, good = world.add(), world.add(1)
    world.clock.now = T0 + HOUR

    def refuse(name: str, given: dict[str, Any]) -> None:
        if name == "put_object" and given["Key"].endswith(f"{away.id}.json"):
            raise StoreAway("S3: put_object under s3://reports/schedules/ did not succeed (503)")

    assert world.fire(client=Watched(boto3.client("s3"), refuse)) == {Came.UNRESOLVED: 1, Came.FIRED: 1}
    assert world.jobs(good) == [1]
    assert world.jobs(away) == []
    world.clock.now += 29 * SECOND
    assert world.fire() == {}
    world.clock.now += SECOND
    assert world.fire() == {Came.FIRED: 1}
    assert world.jobs(away) == [1]


def test_what_is_fired_is_told_by_schedule_and_job(world: World, caplog: pytest.LogCaptureFixture) -> None:
    schedule = world.add()
    world.clock.now = T0 + HOUR
    with caplog.at_level(logging.INFO, "report_queue.fire"):
        world.fire()
    assert f"schedule {schedule.id}: job {world.job_id(schedule, 1)} is accepted" in caplog.text


def test_catching_up_is_bounded(world: World) -> None:
    schedule = world.add(recurrence=Interval(60, T0, "UTC"))
    world.clock.now = T0 + 300 * MINUTE
    came = world.fire()
    assert came[Came.FIRED] == MOST_RUNS
    assert came[Came.MISSED] > 0
    assert world.kept(schedule).fired_through == T0 + 300 * MINUTE
