"""A run: callers, workers and the scheduled functions go on while the plan's faults strike, until all has ended."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import redis

from report_queue.errors import BrokerAway, StoreAway
from report_queue.fire import Fired
from report_queue.poll import poll
from report_queue.reconcile import recover
from report_queue.settings import Settings

from .callers import Callers, job_id
from .check import violations
from .crew import Crew
from .ends import Ends
from .eye import look
from .history import now, read
from .pair import Pair
from .plan import Fault, Plan
from .story import Rules, Story
from .world import World, world

SETTINGS: Final[dict[str, Any]] = {
    "lease_ms": 2_000,
    "beat_ms": 500,
    "attempt_ms": 6_000,
    "wake_ms": 1_500,
    "workers": 16,
    "stalls": 4,
    "backoff_ms": 200,
    "backoff_limit_ms": 1_000,
    "retries_per_second": 1_000,
}
# Each has a renderer of its own, which takes its time to start, and children.
REAL: Final = {"workers": 3, "lease_ms": 3_000, "attempt_ms": 60_000, "wake_ms": 5_000}
_ROUND_S: Final = 0.7  # of the scheduled functions; with moto, which takes long to list a bucket, twice that
_SPEAK_S: Final = 5
_LEAVE_S: Final = 10
_MOST: Final = 1.5  # times the jobs that were asked for are submitted, where faults have struck none yet
_MISSED: Final = 100  # of the newest writes, by the replica that a broker fails over to
_LOST_BYTES: Final = 20_000  # of the broker's file, when it is restarted from it: the newest writes


@dataclass
class Ran:
    """What became of it."""

    plan: Plan
    story: Story
    seconds: float
    accepted: int
    states: Counter[str]
    wrong: dict[str, int]  # how many jobs, by what is wrong with their ends
    planned: Counter[str]
    landed: Counter[str]
    too_early: int  # stopped workers that were continued before another attempt had ended their job
    orphans: list[str]
    found: list[str]  # invariants that were broken, and mistakes of ours
    clocks_off: int  # workers whose clocks are wrong


@dataclass
class Run:
    """One run."""

    plan: Plan
    world: World
    real: bool
    say: Callable[[str], None]
    patience_s: float = 90  # with nothing accepted and nothing ended: then the run ends
    ended: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _lost: list[tuple[list[bytes], int]] = field(default_factory=list)  # replies; how many are to be

    def go(self) -> Ran:
        began = now()
        self.crew = crew = Crew(self.world, self.plan, self.real)
        self.callers = callers = Callers(
            self.world, self.plan, crew, real=self.real, still_open=lambda: len(callers.accepted) - self.ended
        )
        callers.begin()
        rounds = threading.Thread(target=self._rounds, daemon=True)
        rounds.start()
        try:
            self._until_over()
        finally:
            callers.end()
            self._stop.set()
            rounds.join()
            left = self._emptied()
        return self._told(began, left)

    # While it goes on.

    def _until_over(self) -> None:
        crew, callers = self.crew, self.callers
        due = sorted(self.plan.of("wipe", "store", "replies"), key=lambda fault: fault.after)
        last, moved, spoke = (0, 0), time.monotonic(), 0.0
        while True:
            accepted = len(callers.accepted)
            crew.hear(accepted=accepted)
            crew.reap()
            crew.look_after_the_stopped()
            while due and due[0].after <= accepted and not self._is_losing(due[0]):
                self._strike(due.pop(0))
            if (accepted, self.ended) != last:
                last, moved = (accepted, self.ended), time.monotonic()
            if time.monotonic() - spoke > _SPEAK_S:
                spoke = time.monotonic()
                self.say(f"{accepted:>7} accepted {self.ended:>7} ended {len(crew.alive):>3} workers")
            if not due and not crew.stopped and self.ended == accepted == callers.wanted:
                missing = self._missing()
                if missing and callers.wanted < _MOST * self.plan.jobs:
                    callers.wanted += missing  # so that what is planned finds a job to strike
                elif not self._is_losing():
                    return
            if time.monotonic() - moved > self.patience_s:
                self.say("nothing moves any more")
                return
            time.sleep(0.02)

    def _emptied(self) -> list[str]:
        """Nobody is sent any more, and those who live go by themselves; gives those who do not."""
        crew, leaving = self.crew, time.monotonic()
        while crew.alive and time.monotonic() - leaving < _LEAVE_S:
            crew.hear(accepted=None)
            crew.reap()
            time.sleep(0.02)
        left = [f"worker {name} did not leave" for name in crew.alive]
        crew.end()
        return left

    def _missing(self) -> int:
        """Faults that are to strike workers and have not."""
        return len(self.plan.of("kill", "stop")) - len(list(self.world.folder.glob("fault-*")))

    def _is_losing(self, fault: Fault | None = None) -> bool:
        """Replies are still to be lost, before the next ones are."""
        return (fault is None or fault.act == "replies") and any(len(lost) < most for lost, most in self._lost)

    def _rounds(self) -> None:
        """What the scheduled functions do every minute, more often; and what an onlooker sees."""
        world, crew = self.world, self.crew
        while not self._stop.wait(_ROUND_S * (1 + self.real)):
            try:
                # Replies that workers did not lose before all had ended are lost here.
                queue = world.by_proxy if self.ended == self.callers.wanted else world.queue
                recover(queue, world.ledger, crew, remaining_ms=lambda: 60_000)
                poll(queue, crew, fire=lambda: Fired(Counter(), None), remaining_ms=lambda: 0)
                self._count()
                if wrong := look(world.eye, world.settings):
                    world.history.add("seen", wrong=wrong)
            except (BrokerAway, StoreAway, redis.RedisError):
                continue
            except Exception as error:
                world.history.add("error", says=f"{type(error).__name__} in a scheduled function: {error}")

    def _count(self) -> None:
        """By the ledger: a broker forgets."""
        accepted = [job_id(number) for number in list(self.callers.accepted)]
        still_open, after = set[str](), ""
        while page := self.world.ledger.open_ids(after=after):
            still_open.update(page)
            after = page[-1]
        self.ended = sum(name not in still_open for name in accepted)

    def _strike(self, fault: Fault) -> None:
        world = self.world
        self.say(f"       {fault.act}: {fault.what}")
        if fault.act == "store":
            world.front.send([(fault.number, fault.what)] * fault.times)
            return
        if fault.act == "replies":
            self._lost.append((world.proxy.lose_replies(fault.times, fault.what), fault.times))
            return
        world.history.add("wipe", "invoked", fault=fault.number, what=fault.what)
        missed = None
        if fault.what == "FLUSHALL":
            world.eye.flushall()
        elif isinstance(world.broker, Pair):
            missed = world.broker.fail_over(missing=_MISSED)
        else:
            keeping = fault.what == "restart from its file"
            world.broker.restart(keeping=keeping, lost_bytes=_LOST_BYTES)
        world.history.add("wipe", "ok", fault=fault.number, what=fault.what, missed=missed)

    # In the end.

    def _told(self, began: float, left: list[str]) -> Ran:
        world, plan = self.world, self.plan
        seconds = (now() - began) / 1000
        ends = Ends(world, self.callers.accepted)
        ends.look()
        orphans = left + ends.orphans()
        story = Story(read(world.folder), rules(world.settings))
        landed = Counter({"kill": sum(1 for _ in story.ok("kill")), "stop": sum(1 for _ in story.ok("continued"))})
        landed["wipe"] = sum(1 for _ in story.ok("wipe"))
        landed["store"] = sum(1 for _ in story.ok("store fault"))
        landed["replies"] = sum(len(lost) for lost, _ in self._lost)
        planned: Counter[str] = Counter()
        for fault in plan.faults:
            planned[fault.act] += fault.times
        return Ran(
            plan=plan,
            story=story,
            seconds=seconds,
            accepted=len(self.callers.accepted),
            states=ends.states,
            wrong=ends.wrong,
            planned=planned,
            landed=landed,
            too_early=self.crew.too_early,
            orphans=orphans,
            found=violations(story) + self.crew.crashed + self.callers.mistakes,
            clocks_off=self.crew.clocks_off,
        )


def rules(settings: Settings) -> Rules:
    return Rules(settings.lease_ms, settings.attempt_ms, settings.stalls)


def run(
    plan: Plan,
    *,
    real: bool = False,
    replicated: bool = False,
    say: Callable[[str], None] = lambda _: None,
    patience_s: float = 90,
    **changes: Any,
) -> Ran:
    """One run in a world of its own; `changes` of the settings. `replicated`: the broker can fail over."""
    with world(moto=real, replicated=replicated, **{**SETTINGS, **(REAL if real else {}), **changes}) as made:
        return Run(plan, made, real, say, patience_s).go()
