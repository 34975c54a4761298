"""What much at once does: `python -m tests.bench.load [burst] [storm] [poison]`, all three unless some are named.

    burst    100,000 reports are submitted by the handler, with nobody to work on them; then stub workers end them all.
             How long a submission takes before, while and after so much waits, wakes, memory, and that none is lost.
    storm    1,000 jobs fail at one moment: when are their retries due?
    poison   20 reports whose child dies each time, among 1,000 healthy ones, rendered for real, beside a run without:
             how long the healthy ones take from their submission to their end.

The broker is a real Valkey. The store is in memory, without HTTP: what is measured is the queue's part.
"""

import argparse
import itertools
import json
import os
import random
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "functions"))

from brokers import settings_for, valkey_server
from report_queue import wiring as wires
from report_queue.errors import BrokerAway
from report_queue.job import Failed, NewJob, State
from report_queue.ledger import Ledger
from report_queue.queue import Queue
from report_queue.render import Renderer
from report_queue.replies import Worker
from report_queue.settings import Settings
from report_queue.wiring import broker, now_ms
from report_queue.worker import Drain
from tests.chaos.objects import Asked, Objects
from tests.chaos.stub import StubRenderer
from tests.chaos.thin import ThinS3

ROOT: Final = Path(__file__).parents[2]
SOME: Final = 500  # submissions that are timed on their own
SPEAK_S: Final = 10
MUCH_S: Final = 1.0  # by which a wake may come here later than the broker granted it


class NearS3(ThinS3):
    """The store in this process."""

    def __init__(self) -> None:
        super().__init__("http://store")
        self._objects, self._lock = Objects(), threading.Lock()

    def _once(self, method: str, target: str, headers: dict[str, str], body: Any) -> tuple[int, dict[str, str], bytes]:
        if not isinstance(body, bytes):
            body.seek(0)
            body = body.read()
        with self._lock:
            answer = self._objects.answer(Asked(method, target, headers, body))
        return answer.status, answer.headers, answer.body


class Counted:
    """A bus that counts wakes, and remembers when each came."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def wake(self, tokens: Sequence[str]) -> int:
        self.at += [time.monotonic()] * len(tokens)
        return len(tokens)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=["burst", "storm", "poison", []], help="all three unless given")
    parser.add_argument("--jobs", type=int, default=100_000, help="of the burst")
    parser.add_argument("--healthy", type=int, default=1_000, help="of the run with poison")
    parser.add_argument("--rate", type=float, default=4, help="healthy submissions a second, in that run")
    options = parser.parse_args()
    parts = options.parts or ["burst", "storm", "poison"]
    if "burst" in parts:
        burst(options.jobs)
    if "storm" in parts:
        storm(1_000)
    if "poison" in parts:
        poison(options.healthy, 20, options.rate)


# 100,000 at once.


def burst(jobs: int) -> None:
    with valkey_server() as url:
        settings = settings_for(url, retention_completed_count=2 * jobs)
        store, bus = NearS3(), Counted()
        submit = submitter(settings, store, bus)
        queue, ledger = Queue(broker(settings), settings), Ledger(store, bucket="reports")
        [submit() for _ in range(20)]  # what comes first warms it
        before = timed(submit, SOME)
        drained(settings, store, bus)
        bus.at.clear()
        began, ids, took = time.monotonic(), [], []
        for number in speaking(range(jobs), "submitted"):
            at = time.perf_counter()
            ids.append(submit())
            took.append(time.perf_counter() - at)
            if number == jobs - 1:
                waited = time.monotonic() - began
        full = queue.gauges()
        wakes = wakes_in_a_time(bus.at, settings.wake_ms / 1_000 - MUCH_S)
        busy = timed(submit, SOME)
        began = time.monotonic()
        drained(settings, store, bus)
        drain_s = time.monotonic() - began
        after = timed(submit, SOME)
        states = Counter(job.state if job else None for job in queue.find(*ids))
        lost = [one for one in ids if not (receipt := ledger.receipt(one)) or receipt.state is not State.COMPLETED]
        print(f"burst: {jobs:,} submitted in {waited:,.0f} s ({jobs / waited:,.0f} a second)")
        print(f"  ended {states[State.COMPLETED]:,} in {drain_s:,.0f} s, lost {len(lost)}")
        each_s = settings.wake_ms // 1_000 - round(MUCH_S)
        print(f"  wakes: {len(bus.at):,} in all, at most {wakes} within {each_s} s; cap {settings.workers}")
        memory = full.memory_bytes or 0
        print(f"  broker's memory with all of them waiting: {memory / 1e6:,.0f} MB, {memory / jobs:,.0f} bytes each")
        rows = {"before": before, "while they came": took, "with all waiting": busy, "after": after}
        for name, each in rows.items():
            p50, p99 = statistics.median(each), sorted(each)[int(0.99 * len(each))]
            print(f"  a submission {name:<18} p50 {1e3 * p50:6.2f} ms   p99 {1e3 * p99:6.2f} ms", flush=True)


def submitter(settings: Settings, store: Any, bus: Any) -> Callable[[], str]:
    """The handler of `submit`, as Lambda calls it; each call is one report, and gives its id."""
    os.environ |= {
        **settings.environment(),
        **{f"AWS_{name}": "testing" for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")},
        "AWS_DEFAULT_REGION": "us-east-1",
        "POWERTOOLS_SERVICE_NAME": "bench",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "POWERTOOLS_LOG_LEVEL": "WARNING",
    }
    wires.aws_client = lambda _: store
    wires._wakes = lambda *_: bus
    wires.wiring.cache_clear()
    with redirect_stdout(StringIO()):
        from gateway import Context

        from functions.submit.handler import handler
    event = json.loads((ROOT / "events/submit_test.json").read_text("utf-8"))
    event["headers"].pop("idempotency-key", None)

    def submit() -> str:
        with redirect_stdout(StringIO()):  # its metrics
            answer = handler(event, Context())
        assert answer["statusCode"] == 202, answer
        return str(json.loads(answer["body"])["data"]["jobId"])

    return submit


def timed(call: Callable[[], Any], times: int) -> list[float]:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return took


def drained(settings: Settings, store: Any, bus: Any) -> None:
    """Stub workers, as many as the cap, until nothing waits."""
    threads = [
        threading.Thread(
            target=drain(settings, store, bus, StubRenderer(Path("/nowhere"), seconds=0), f"w{n}").run, args=(None,)
        )
        for n in range(settings.workers)
    ]
    for thread in threads:
        thread.start()
    queue = Queue(broker(settings), settings)
    while any(thread.is_alive() for thread in threads):
        counts = queue.counts()
        say(f"{counts[State.WAITING] + counts[State.ACTIVE]:,} to go")
        threads[0].join(timeout=SPEAK_S)
        for thread in threads[1:]:
            thread.join(timeout=0.01)


def drain(settings: Settings, store: Any, bus: Any, renderer: Any, name: str) -> Drain:
    return Drain(
        worker=Worker(id=name, pid=os.getpid(), slots=settings.slots, started_at=now_ms()),
        queue=Queue(broker(settings), settings),
        ledger=Ledger(store, bucket="reports"),
        bus=bus,
        renderer=renderer,
        settings=settings,
        remaining_ms=lambda: 900_000,
        now_ms=now_ms,
    )


def wakes_in_a_time(at: list[float], seconds: float) -> int:
    """The most that came within so long: a wake that nobody answers is forgotten then."""
    return max((sum(1 for one in at if begin <= one < begin + seconds) for begin in at), default=0)


# 1,000 that fail at one moment.


def storm(jobs: int) -> None:
    with valkey_server() as url:
        settings = settings_for(url)
        queue, worker = Queue(broker(settings), settings), Worker(id="w", pid=1, slots=500, started_at=0)
        queue.enqueue(*(NewJob(f"j{n}", "acme", "test", now_ms(), attempts=3) for n in range(jobs)))
        leases: list[Any] = []
        for call in itertools.count():
            leases += (claimed := queue.claim(worker, call=call, free=500).leases)
            if not claimed:
                break
        now = queue.now()
        for lease in leases:
            queue.fail(worker, Failed(lease, "render.timeout", "it took too long", permanent=False), now=now)
        due = [job.moment - now for job in queue.find(*(lease.id for lease in leases)) if job]
        assert len(due) == jobs
        most = max(sum(1 for one in due if begin <= one < begin + 1_000) for begin in due)
        print(f"storm: {jobs:,} fail at one moment; retries from {min(due) / 1e3:.1f} to {max(due) / 1e3:.1f} s later")
        print(f"  within any one second at most {most} ({100 * most / jobs:.1f} %)", flush=True)


# Poison.


class Poisonous:
    """A real renderer whose child is killed where the payload says so, when it has begun."""

    def __init__(self) -> None:
        self._real = Renderer()

    def ensure(self) -> None:
        self._real.ensure()

    def close(self) -> None:
        self._real.close()

    def start(self, job: Any, output: Any, rows: Any = None) -> Any:
        rendering = self._real.start(job, output, rows)
        if job.data["title"] == "poison":
            threading.Timer(0.03, rendering.kill).start()
        return rendering


def poison(healthy: int, poisons: int, rate: float) -> None:
    without, _ = rendered(healthy, 0, rate)
    among, states = rendered(healthy, poisons, rate)
    p99s = []
    for name, took in (("without", without), (f"among {poisons} poison reports", among)):
        p50, p99 = statistics.median(took), sorted(took)[int(0.99 * len(took))]
        p99s.append(p99)
        print(f"poison: {healthy:,} healthy reports {name:<24} p50 {p50:6.2f} s   p99 {p99:6.2f} s")
    print(f"  p99 {p99s[1] / p99s[0]:.2f}x (goal 2x); poison ended {dict(states)}", flush=True)


def rendered(healthy: int, poisons: int, rate: float) -> tuple[list[float], Counter[str]]:
    """Seconds from submission to end of each healthy report; how the poison ones ended. One worker, two slots."""
    with valkey_server() as url:
        settings = settings_for(url, workers=1, stay_ms=15_000)
        store, bus, renderer = NearS3(), Counted(), Poisonous()
        submit = desk_submitter(settings, store, bus)
        queue, ledger = Queue(broker(settings), settings), Ledger(store, bucket="reports")
        names = ["poison"] * poisons + ["healthy"] * healthy
        random.Random(7).shuffle(names)
        over = threading.Event()

        def work() -> None:
            for turn in itertools.count():
                if over.is_set():
                    return
                drain(settings, store, bus, renderer, f"w{turn}").run(None)
                queue.promote()
                time.sleep(0.05)

        worker = threading.Thread(target=work)
        renderer.ensure()
        worker.start()
        try:
            began, ids = time.monotonic(), {}
            for number, name in enumerate(speaking(names, "submitted")):
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
                ids[submit(name)] = name
            until_ended(queue, ids)
        finally:
            over.set()
            worker.join()
            renderer.close()
        took, states = [], Counter[str]()
        for one, name in ids.items():
            receipt = ledger.receipt(one)
            assert receipt, "a report was lost"
            if name == "healthy":
                assert receipt.state is State.COMPLETED, receipt.reason
                took.append((receipt.finished_at - receipt.request.accepted_at) / 1_000)
            else:
                states[f"{receipt.state} ({receipt.reason})"] += 1
        return took, states


def desk_submitter(settings: Settings, store: Any, bus: Any) -> Callable[[str], str]:
    from report_queue import desk
    from report_queue.reports import report_types
    from report_queue.request import Request

    wired: Any = SimpleNamespace(
        queue=Queue(broker(settings), settings), ledger=Ledger(store, bucket="reports"), bus=bus, settings=settings
    )
    sample = report_types()["test"].sample

    def submit(title: str) -> str:
        name = wires.new_id("acme", None)
        request = Request(name, "acme", "test", sample | {"title": title}, "00", now_ms(), 3)
        assert desk.keep(wired, request)
        return name

    return submit


def until_ended(queue: Queue, ids: dict[str, str]) -> None:
    while True:
        with suppress(BrokerAway):
            counts = queue.counts()
            going = sum(counts[state] for state in (State.WAITING, State.ACTIVE, State.DELAYED))
            say(f"{going} of {len(ids)} to go")
            if not going:
                return
        time.sleep(0.5)


_spoke = [0.0]


def say(line: str) -> None:
    if time.monotonic() - _spoke[0] > SPEAK_S:
        _spoke[0] = time.monotonic()
        print(f"  {line}", file=sys.stderr, flush=True)


def speaking(things: Any, word: str) -> Any:
    for number, one in enumerate(things):
        say(f"{number:,} {word}")
        yield one


if __name__ == "__main__":
    main()
