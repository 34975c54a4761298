"""What the benchmark of the queue measures: each function gives the rows of one part of its table.

All sides work on one server, one after another, in turns; it is emptied between. A figure is the median of its repeats.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import redis

from tests.bench.lines import Goal, Row
from tests.bench.sides import Side, ask, rate, together

PAYLOAD: Final = 1024  # bytes; ours stays in the ledger
# How many jobs each is given, beside ours, such that none takes all day.
SHARE: Final = {"ours": 1.0, "BullMQ": 1.0, "SAQ": 0.2, "RQ": 0.1, "arq": 0.1}


@dataclass(frozen=True)
class Bench:
    """One run: the server, the sides, and how much of everything."""

    path: str  # of the server's socket
    server: redis.Redis
    sides: tuple[str, ...]
    repeats: int
    scale: float
    patience: float  # seconds that a killed worker's job is waited for
    _queue: str = field(default="bench", init=False)

    def jobs(self, number: int, side: str = "ours") -> int:
        return max(100, int(number * self.scale * SHARE[side]))

    def in_turns(
        self, title: str, measure: Callable[[str], float], *, sides: tuple[str, ...] | None = None
    ) -> dict[str, Any]:
        """The median of each side's repeats, by side."""
        figures: dict[str, list[float]] = {}
        for repeat in range(self.repeats):
            for side in self.sides if sides is None else sides:
                self.empty()
                figures.setdefault(side, []).append(measure(side))
                self.tell(f"{title}, {repeat + 1} of {self.repeats}, {side}: {figures[side][-1]:,.0f}")
        return {side: statistics.median(values) for side, values in figures.items()}

    def empty(self) -> None:
        """Not in the background, as is the default: that would count as the next one's memory and time."""
        self.server.execute_command("FLUSHALL", "SYNC")

    def ask(self, side: str, do: str, **words: Any) -> dict[str, Any]:
        return ask(side, do, path=self.path, queue=self._queue, **words)

    def tell(self, line: str) -> None:
        print(f"  {line}", file=sys.stderr, flush=True)


def enqueue(bench: Bench) -> Iterator[Row]:
    """Jobs enqueued a second, each waited for; and 50 in flight, where a side can."""

    def one_by_one(payload: int) -> Callable[[str], float]:
        return lambda side: rate([bench.ask(side, "enqueue", jobs=bench.jobs(10_000, side), payload=payload)])

    def in_flight(side: str) -> float:
        inflight = 4 if side == "ours" else 50
        number = bench.jobs(20_000, side)
        return rate([bench.ask(side, "enqueue", jobs=number, payload=PAYLOAD, inflight=inflight)])

    goals = (Goal(2, at_least=True, of_ratio=True),)
    title = "enqueue, one by one"
    full = bench.in_turns(title, one_by_one(PAYLOAD))
    yield Row(title, "jobs/s", full, goals)
    bare = bench.in_turns(title + ", bare", one_by_one(0), sides=tuple(side for side in bench.sides if side != "ours"))
    yield Row("  the same, peers without a payload", "jobs/s", {"ours": full.get("ours", "-"), **bare})
    several = bench.in_turns("enqueue, 50 in flight", in_flight, sides=tuple(s for s in bench.sides if s != "RQ"))
    yield Row("enqueue, 50 in flight (ours: 4 threads)", "jobs/s", several)


def bulk(bench: Bench) -> Iterator[Row]:
    """Jobs enqueued a second in each side's bulk way, in chunks of 500 and of 1,000."""

    def in_chunks(chunk: int, payload: int) -> Callable[[str], float]:
        def measure(side: str) -> float:
            return rate([bench.ask(side, "bulk", jobs=bench.jobs(50_000, side), payload=payload, chunk=chunk)])

        return measure

    goals = (Goal(5, at_least=True, of_ratio=True),)
    for chunk in (500, 1_000):
        title = f"bulk enqueue, chunks of {chunk:,}"
        full = bench.in_turns(title, in_chunks(chunk, PAYLOAD))
        yield Row(title, "jobs/s", full, goals)
    bare = bench.in_turns(title + ", bare", in_chunks(chunk, 0), sides=tuple(s for s in bench.sides if s != "ours"))
    yield Row("  the same, peers without a payload", "jobs/s", {"ours": full.get("ours", "-"), **bare})


def drained(bench: Bench, side: str, *, processes: int, threads: int = 1, free: int = 1, tenants: int = 1) -> float:
    """Jobs a second from the first claim to the last end."""
    number = bench.jobs(20_000, side)
    extra = {"tenants": tenants} if side == "ours" else {}
    bench.ask(side, "bulk", jobs=number, payload=PAYLOAD, chunk=500, **extra)
    how = {"free": free, "threads": threads} if side == "ours" else {"concurrency": 50}
    answers = together(side, processes, "drain", path=bench.path, queue=bench._queue, **how)
    assert sum(answer["jobs"] for answer in answers) >= number, f"{side} did not drain its queue"
    return rate(answers)


def drain(bench: Bench) -> Iterator[Row]:
    """No-op jobs ended a second; peers have 50 at a time in each process, ours one worker a thread."""
    peers = tuple(side for side in bench.sides if side != "ours")
    theirs = {
        processes: bench.in_turns(
            f"drain, {processes} processes", partial(drained, bench, processes=processes), sides=peers
        )
        for processes in (1, 2)
    }
    best_of_theirs = {side: max(theirs[1][side], theirs[2][side]) for side in peers}
    for free, goal in ((1, 1), (10, 3)):
        best: float | str = "-"
        ways = ((1, 1), (1, 2), (2, 1), (2, 2)) if "ours" in bench.sides else ()
        for processes, threads in ways:
            title = f"drain, {free} a trip, {processes} process{'es' * (processes > 1)} of {threads} threads"
            measure = partial(drained, bench, processes=processes, threads=threads, free=free)
            ours = bench.in_turns(title, measure, sides=("ours",))["ours"]
            best = max(ours, best) if isinstance(best, float) else ours
            title = f"drain, {free} a trip: {processes} process{'es' * (processes > 1)}, {processes * threads} workers"
            yield Row(title, "jobs/s", {"ours": ours, **theirs[processes]})
        goals = (Goal(goal, at_least=True, of_ratio=True),)
        yield Row(f"drain, {free} a trip: each side's best", "jobs/s", {"ours": best, **best_of_theirs}, goals)


def claim(bench: Bench) -> Iterator[Row]:
    """The round trip that ends a job and takes the next, with few and with many that wait, in turns."""
    sizes = (1_000, max(10_000, int(1_000_000 * bench.scale)))
    sides = tuple(side for side in bench.sides if side in ("ours", "BullMQ"))
    found = {side: _claims(bench, side, sizes) for side in sides}
    for name, what in (("on the server", "server"), ("round trip", "trips")):
        for percent in (50, 99):
            title = f"claim p{percent}, {name}"
            at = [{side: _percentile(found[side][place][what], percent) for side in sides} for place in (0, 1)]
            for size, figures in zip(sizes, at, strict=True):
                yield Row(f"{title}, {size:,} wait", "µs", figures)
            ratios = {side: at[1][side] / at[0][side] for side in sides}
            yield Row("  many to few", "x", ratios, (Goal(1.5),) if percent == 99 else ())


def _claims(bench: Bench, side: str, sizes: tuple[int, int]) -> list[dict[str, list[list[float]]]]:
    bench.empty()
    queues = ["few", "many"]
    for queue, size in zip(queues, sizes, strict=True):
        ask(side, "bulk", path=bench.path, queue=queue, jobs=size, payload=0, chunk=500)
        bench.tell(f"claim, {side}: {size:,} wait")
    rounds = 4 if bench.repeats == 1 else 12
    return ask(side, "claim", path=bench.path, queues=queues, rounds=rounds, calls=300)["sizes"]  # type: ignore[no-any-return]


def _percentile(rounds: list[list[float]], percent: int) -> float:
    """The median of the rounds' percentiles: a neighbour's noise spoils some rounds only."""
    return statistics.median(statistics.quantiles(values, n=100)[percent - 1] for values in rounds)


def memory(bench: Bench) -> Iterator[Row]:
    """The server's memory for each job that waits."""

    def measure(payload: int) -> Callable[[str], float]:
        def bytes_a_job(side: str) -> float:
            number = max(1_000, int(100_000 * bench.scale))
            bench.ask(side, "bulk", jobs=1, payload=0, chunk=1)  # the scripts are there
            before = bench.server.info("memory")["used_memory"]
            bench.ask(side, "bulk", jobs=number, payload=payload, chunk=500)
            return float(bench.server.info("memory")["used_memory"] - before) / number

        return bytes_a_job

    once = Bench(bench.path, bench.server, bench.sides, 1, bench.scale, bench.patience)
    full = once.in_turns("memory", measure(PAYLOAD))
    goals = (Goal(400), Goal(0.4, of_ratio=True))
    yield Row(f"memory a waiting job, at {int(100_000 * bench.scale):,}", "bytes", full, goals)
    bare = once.in_turns("memory, bare", measure(0), sides=tuple(side for side in bench.sides if side != "ours"))
    yield Row("  the same, peers without a payload", "bytes", {"ours": full.get("ours", "-"), **bare})


def recovery(bench: Bench) -> Iterator[Row]:
    """From the SIGKILL of a worker with a job in hand until another one has it. All sides wait at the same time."""
    bench.empty()
    killed: dict[str, float] = {}
    figures: dict[str, float | str] = {}
    with ExitStack() as running:
        waiting = {}
        for side in bench.sides:
            where = {"path": bench.path, "queue": side.lower()}
            holder = running.enter_context(Side(side, "hold", **where))
            pids = holder.hear()["pids"]
            waiting[side] = running.enter_context(Side(side, "wait", **where))
            waiting[side].hear()
            time.sleep(2)  # it has settled
            if side == "ours":
                holder.tell_to_begin()
                holder.hear()
            killed[side] = time.time()
            holder.kill(*pids)
            bench.tell(f"recovery, {side}: killed")
        for side in bench.sides:
            taken = waiting[side].hear(until=killed[side] + bench.patience).get("taken")
            figures[side] = taken - killed[side] if taken else f"> {bench.patience:.0f}"
            bench.tell(f"recovery, {side}: {figures[side]}")
    yield Row("recovery after kill -9 of a worker", "s", figures, (Goal(35),))


def fairness(bench: Bench) -> Iterator[Row]:
    """What turns of 1,000 tenants cost, beside one tenant: only ours takes turns."""
    for free in (1, 10):
        title = f"drain, {free} a trip, 2 workers"
        figures: dict[int, float] = {}
        for tenants in (1, 1_000):
            measure = partial(drained, bench, processes=2, free=free, tenants=tenants)
            figures[tenants] = bench.in_turns(f"{title}, {tenants} tenants", measure, sides=("ours",))["ours"]
            yield Row(f"{title}, {tenants:,} tenants", "jobs/s", {"ours": figures[tenants]})
        yield Row("  1,000 tenants to one", "x", {"ours": figures[1_000] / figures[1]})
