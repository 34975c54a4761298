"""What goes wrong in a run, and when: from a seed, so that a run that found something can be had again.

A worker's fault strikes at a point, at the first job of that number or a later one that comes there; which job and
which attempt that is, the race decides. A fault of the broker or the store strikes when so many jobs are accepted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

POINTS: Final = (
    "before claim",
    "after claim",
    "mid-render",
    "after render",
    "mid-upload",
    "after upload",
    "before complete",
    "after complete",
    "between publish and receipt",
    "within the receipt",
)
# Where a stopped worker holds a job that another one is to get.
STOP_POINTS: Final = ("mid-render", "after render", "mid-upload", "after upload", "before complete")
WIPES: Final = ("FLUSHALL", "restart empty", "restart from its file")
STORE: Final = ("5xx", "timeout", "reset", "lost reply")
FAILOVER: Final = ("failover",)  # of a broker that has a replica
REPLIES: Final = ("dropped", "hung")
KINDS: Final = ("poison", "deaf", "fails once", "fails", "broken", "cancelled")  # of jobs, beside the ordinary
REAL_KINDS: Final = ("cancelled",)  # where a real renderer works
_LARGE: Final = 1_000  # jobs
LAST: Final = 0.85  # of the jobs: nothing is planned later, so that all of it finds a job to strike


@dataclass(frozen=True)
class Fault:
    """One planned fault."""

    number: int
    act: str  # kill or stop: a worker's; wipe, store, replies: the surroundings'
    what: str  # the point, or the way
    after: int  # jobs
    times: int = 1  # how many requests or replies it takes


@dataclass(frozen=True)
class Plan:
    """The faults of a run, and the jobs that are out of the ordinary: number -> kind."""

    jobs: int
    faults: tuple[Fault, ...]
    kinds: dict[int, str]

    def of(self, *acts: str) -> list[Fault]:
        return [fault for fault in self.faults if fault.act in acts]


def plan(
    *,
    jobs: int,
    kills: int,
    stops: int,
    wipes: int,
    seed: int,
    points: Sequence[str] = POINTS,
    stop_points: Sequence[str] = STOP_POINTS,
    wipe_ways: Sequence[str] = WIPES,
    odd: Sequence[str] = KINDS,
    outages: Sequence[str] = ("store", "replies"),
    replies: Sequence[str] = REPLIES,
    losses: int = 4,
) -> Plan:
    """The plan of a run. `odd`: which kinds of jobs there are beside the ordinary. `outages`: of the store, and of
    replies, so many `losses` in a row."""
    rng = Random(seed)
    faults: list[Fault] = []

    def add(act: str, number: int, ways: Sequence[str], *, first: float = 0.02, times: int = 1) -> None:
        moments = sorted(rng.uniform(first, LAST) for _ in range(number))
        for moment, what in zip(moments, _dealt(rng, ways), strict=False):
            faults.append(Fault(len(faults), act, what, int(moment * jobs), times))

    add("kill", kills, points)
    add("stop", stops, stop_points)
    add("wipe", wipes, wipe_ways, first=0.2)
    if "store" in outages:
        # In a large run so many requests in a row that some caller's second try fails too.
        add("store", max(4, jobs // 250), STORE, times=8 if jobs >= _LARGE else 3)
    if "replies" in outages:
        add("replies", max(2, jobs // 400), replies, times=losses)
    return Plan(jobs, tuple(faults), dict(_kinds(rng, jobs, odd)))


def _dealt(rng: Random, ways: Sequence[str]) -> Iterator[str]:
    """Each way as often as the others, in no order."""
    while True:
        yield from rng.sample(ways, len(ways))


def _kinds(rng: Random, jobs: int, odd: Sequence[str]) -> Iterator[tuple[int, str]]:
    if not odd:
        return
    few = [kind for kind in odd if kind in ("poison", "deaf")] * 2
    many = [kind for kind in odd if kind not in ("poison", "deaf")] * max(1, jobs // 150)
    early = rng.sample(range(jobs // 2), min(len(few), jobs // 2))  # these take longest
    yield from zip(early, few, strict=False)
    rest = [number for number in range(jobs) if number not in early]
    yield from zip(rng.sample(rest, min(len(many), len(rest) // 2)), many, strict=False)
