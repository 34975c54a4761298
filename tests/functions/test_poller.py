"""The poller does what the clock alone can start, is punctual within its minute, and tells how the queue stands."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from brokers import settings_for, valkey_server
from functions.poller.handler import handler
from queue_words import MINUTE, SECOND, T0, claim_one, completed, failed, new_job, worker
from report_queue.broker import Client
from report_queue.fire import RESERVE_MS, Came, Fired
from report_queue.job import State
from report_queue.plans import Look
from report_queue.poll import Polled, poll
from report_queue.queue import Queue
from report_queue.recurrence import Interval
from report_queue.reports import report_types
from report_queue.settings import Settings
from report_queue.wiring import Wiring, broker
from tests.ledger.test_timetable import schedule
from tests.ledger.words import Context, metrics, sample

NO_TIME_TO_STAY = 6_000  # ms of the function's time: less than a nap and its reserve
TIME_TO_FIRE = RESERVE_MS + 500  # enough for that, and still none to stay
REPORT = {"reportType": "test", "data": report_types()["test"].sample}


class QueueAt(Queue):
    """A queue whose clock is the test's."""

    clock = T0

    def __init__(self, client: Client, settings: Settings) -> None:
        super().__init__(client, settings)
        real = self._run

        def run(verb: str, /, **arguments: Any) -> Any:
            return real(verb, **arguments | {"now": arguments.get("now") or self.clock})

        self._run = run  # type: ignore[method-assign]


class RememberingBus:
    """A bus that takes every wake."""

    def __init__(self) -> None:
        self.tokens: list[str] = []

    def wake(self, tokens: tuple[str, ...]) -> int:
        self.tokens += tokens
        return len(tokens)


class Minute:
    """One poll whose sleeping moves the clock; `during` is what others do when it has come so far."""

    def __init__(self, url: str, **settings: Any) -> None:
        given = settings_for(url, **settings)
        self.queue = QueueAt(broker(given), given)
        self.bus = RememberingBus()
        self.slept = 0.0
        self.during: Callable[[], object] = lambda: None
        self.schedules: list[int] = []  # moments at which one is due
        self.fired: list[int] = []

    def fire(self) -> Fired:
        due = [at for at in self.schedules if at <= self.queue.clock]
        self.schedules = [at for at in self.schedules if at > self.queue.clock]
        self.fired += [self.queue.clock] * len(due)
        return Fired(Counter({Came.FIRED: len(due)}), min(self.schedules, default=None))

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.queue.clock += round(seconds * 1_000)
        self.during()

    def poll(self, *, remaining_ms: int = 75_000) -> Polled:
        return poll(
            self.queue,
            self.bus,  # type: ignore[arg-type]
            fire=self.fire,
            remaining_ms=lambda: remaining_ms - round(self.slept * 1_000),
            sleep=self.sleep,
        )


@pytest.fixture
def minute(valkey: str) -> Minute:
    return Minute(valkey)


def state_of(minute: Minute, name: str) -> State:
    (job,) = minute.queue.find(name)
    assert job
    return job.state


def test_with_nothing_due_it_leaves_at_once(minute: Minute) -> None:
    minute.queue.enqueue(new_job("a", due_at=T0 + MINUTE))
    assert minute.poll().promoted == 0
    assert minute.slept == 0


def test_what_is_due_is_promoted_and_a_worker_woken(minute: Minute) -> None:
    minute.queue.enqueue(new_job("a", due_at=T0 + 1))
    minute.queue.clock = T0 + 1
    polled = minute.poll(remaining_ms=NO_TIME_TO_STAY)
    assert (polled.promoted, polled.woken, len(minute.bus.tokens)) == (1, 1, 1)
    assert state_of(minute, "a") is State.WAITING


def test_more_is_promoted_than_one_script_does(minute: Minute) -> None:
    minute.queue.enqueue(*(new_job(str(number), due_at=T0 + 1) for number in range(250)))
    minute.queue.clock = T0 + 1
    assert minute.poll().promoted == 250


def test_it_sleeps_to_the_due_moment_within_its_minute(minute: Minute) -> None:
    minute.queue.enqueue(new_job("a", due_at=T0 + 12 * SECOND), new_job("b", due_at=T0 + MINUTE - 1))
    polled = minute.poll()
    assert polled.promoted == 2
    assert minute.slept == pytest.approx(60)
    assert len(minute.bus.tokens) >= 1


def test_it_leaves_the_next_minute_to_the_next_poll(minute: Minute) -> None:
    def work() -> None:
        for lease in minute.queue.claim(worker(), call=minute.queue.clock, free=10).leases:
            minute.queue.complete(worker(), completed(lease))

    minute.during = work
    minute.queue.enqueue(new_job("a", due_at=T0 + 12 * SECOND), new_job("b", due_at=T0 + MINUTE + 1))
    minute.poll()
    assert state_of(minute, "a") is State.COMPLETED
    assert 12 <= minute.slept <= 17  # nothing is under way any more


def test_a_retry_is_in_time_though_nothing_was_due_when_the_poll_began(minute: Minute) -> None:
    minute.queue.enqueue(new_job("a"))
    lease = claim_one(minute.queue)

    def fails() -> None:
        minute.queue.fail(worker(), failed(lease))

    minute.during = fails
    minute.poll()
    assert state_of(minute, "a") is State.WAITING
    assert len(minute.bus.tokens) >= 1


def test_it_stays_while_jobs_wait_and_wakes_others_when_the_workers_turn_out_dead(minute: Minute) -> None:
    (token,) = minute.queue.enqueue(new_job("a"), new_job("b")).wakes
    minute.queue.claim(worker("dies"), call=0, free=1, token=token)
    woken_by: list[float] = []
    minute.during = lambda: woken_by.append(minute.slept) if minute.bus.tokens else None
    minute.poll()
    assert 30 < woken_by[0] <= 40  # it is silent for one lease, then a nap or two


def test_its_minute_is_over_though_more_falls_due_all_the_time(minute: Minute) -> None:
    numbers = iter(range(1_000))

    def enqueue_another() -> None:
        minute.queue.enqueue(new_job(f"more {next(numbers)}", due_at=minute.queue.clock + 2 * SECOND))

    minute.during = enqueue_another
    minute.queue.enqueue(new_job("a", due_at=T0 + 2 * SECOND))
    assert minute.poll().promoted >= 29
    assert minute.slept <= 60


def test_a_job_delayed_meanwhile_is_not_late_because_the_poller_sleeps_for_another(minute: Minute) -> None:
    minute.queue.enqueue(new_job("far", due_at=T0 + 50 * SECOND))
    promoted_at: list[int] = []

    def look() -> None:
        if minute.queue.clock == T0 + 5 * SECOND:
            minute.queue.enqueue(new_job("near", due_at=T0 + 10 * SECOND))
        if not promoted_at and minute.queue.counts()[State.WAITING]:
            promoted_at.append(minute.queue.clock)

    minute.during = look
    minute.poll()
    assert promoted_at == [T0 + 15 * SECOND]  # seen at the nap after the one in which it was promoted


def test_it_fires_schedules_and_says_how_many(minute: Minute) -> None:
    minute.schedules = [T0, T0 + 7 * SECOND, T0 + 12 * SECOND]
    assert minute.poll().came == {Came.FIRED: 3}


def test_a_schedule_that_is_due_within_the_minute_is_in_time(minute: Minute) -> None:
    minute.schedules = [T0 + 12 * SECOND + 1, T0 + 37 * SECOND]
    minute.queue.enqueue(new_job("a", due_at=T0 + 50 * SECOND))
    minute.poll()
    assert minute.fired == [T0 + 12 * SECOND + 1, T0 + 37 * SECOND]


def test_a_schedule_of_the_next_minute_is_left_to_the_next_poll(minute: Minute) -> None:
    minute.schedules = [T0 + MINUTE]
    minute.poll()
    assert (minute.fired, minute.slept) == ([], 0)


def test_it_never_sleeps_past_the_functions_time(minute: Minute) -> None:
    minute.queue.enqueue(new_job("a", due_at=T0 + 50 * SECOND))
    assert minute.poll(remaining_ms=20_000).promoted == 0
    assert minute.slept == pytest.approx(15)


def test_what_is_old_is_forgotten(valkey: str) -> None:
    minute = Minute(valkey, retention_completed_ms=SECOND)
    minute.queue.enqueue(new_job("a"))
    minute.queue.complete(worker(), completed(claim_one(minute.queue)))
    minute.queue.clock = T0 + 2 * SECOND
    assert minute.poll().pruned == 1
    assert minute.queue.find("a") == [None]


def test_a_lost_wake_is_made_up_for(minute: Minute) -> None:
    minute.queue.enqueue(new_job("a"))  # its wake goes nowhere
    minute.queue.clock = T0 + MINUTE
    assert minute.poll(remaining_ms=NO_TIME_TO_STAY).woken == 1


def test_a_broker_that_evicts_is_complained_about_loudly(caplog: pytest.LogCaptureFixture) -> None:
    with valkey_server(**{"maxmemory-policy": "allkeys-lru"}) as url:
        Minute(url).poll()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "allkeys-lru" in caplog.text
    assert "noeviction" in caplog.text


def test_the_sample_event_polls_and_tells_how_the_queue_stands(
    wired: Wiring, capsys: pytest.CaptureFixture[str]
) -> None:
    now = wired.queue.now()
    wired.queue.enqueue(new_job("a"), new_job("b", due_at=now + 10 * MINUTE), now=now - 30 * SECOND)
    assert handler(sample("poller"), Context(remaining_ms=NO_TIME_TO_STAY)) == {  # type: ignore[arg-type]
        "promoted": 0,
        "expired": 0,
        "pruned": 0,
        "woken": 1,
        "fired": 0,
    }
    gauges = metrics(capsys.readouterr().out)
    assert 30 <= gauges.pop("OldestWaitingSeconds") < 600
    assert gauges.pop("BrokerMemory") > 100_000
    assert gauges == {
        "WaitingJobs": 1,
        "DelayedJobs": 1,
        "ActiveJobs": 0,
        "Workers": 0,
        "Stalled": 0,
        "BatchesAssembled": 0,
        "ScheduleFired": 0,
        "ScheduleSkipped": 0,
        "ScheduleFaults": 0,
    }


def test_the_sample_event_fires_schedules_and_tells_what_came_of_them(
    wired: Wiring, capsys: pytest.CaptureFixture[str]
) -> None:
    now = wired.queue.now()
    hourly: dict[str, Any] = {"recurrence": Interval(3600, now, "UTC"), "starts_at": now, "fired_through": now - 1}
    for letter, report in (("d", REPORT), ("e", {"reportType": "poem", "data": {}})):
        wired.timetable.add(schedule(letter * 26, report=report, **hourly))
        wired.plans.plan(Look("acme", letter * 26, now))
    assert handler(sample("poller"), Context(remaining_ms=TIME_TO_FIRE))["fired"] == 1  # type: ignore[arg-type]
    assert len(wired.ledger.open_ids()) == 1
    told_of = metrics(capsys.readouterr().out)
    assert {name: told_of[name] for name in told_of if name.startswith("Schedule")} == {
        "ScheduleFired": 1,
        "ScheduleSkipped": 0,
        "ScheduleFaults": 1,
    }
