"""What an audit takes of the broker's time: `python -m tests.bench.audit [--jobs N]`.

Fills a queue in a broker of its own with jobs of ten tenants, each with a tag: two fifths wait or are delayed, the rest
has completed or failed. Then walks all of it by rounds, as the schedule does. The broker says how long it has computed,
which other work on the machine does not make longer; what the caller takes is not in it.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import redis

sys.path.insert(0, str(Path(__file__).parents[1]))

from brokers import settings_for, valkey_server
from queue_words import MINUTE, completed, failed, new_job, worker
from report_queue.audit import FIRST, PAGES, Audit, Place, round_of
from report_queue.broker import Broker
from report_queue.job import NewJob, Outcome
from report_queue.queue import BATCH, Queue
from report_queue.wiring import broker


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100_000)
    number = parser.parse_args().jobs
    with valkey_server() as url, redis.Redis.from_url(url, decode_responses=True) as server:
        settings = settings_for(url, retention_completed_count=number)
        fill(Queue(broker(settings), settings), number)
        audit = Audit(Broker(broker(settings), settings))
        audit.look(FIRST)
        while not round_of(audit).finished:  # the scripts are loaded, and the next round begins at the beginning
            pass
        pages, looked = timed(server, pages_of(audit))
        rounds, _ = timed(server, rounds_of(audit))
        memory = int(server.info("memory")["used_memory"])
    print(f"{number:,} jobs, {looked:,} members, {memory / 1e6:.0f} MB")
    print(f"a page           median {middle(pages):.2f} ms, p99 {sorted(pages)[len(pages) * 99 // 100]:.2f} ms")
    print(f"a round of {PAGES}    median {middle(rounds):.1f} ms, longest {max(rounds):.1f} ms")
    print(f"all of it        {sum(rounds) / 1_000:.1f} s in {len(rounds):,} rounds, one a minute")


def pages_of(audit: Audit) -> Iterator[int]:
    """All of it by pages; how many members each looked at."""
    place: Place | None = FIRST
    while place:
        page = audit.look(place)
        place = page.next
        yield page.looked


def rounds_of(audit: Audit) -> Iterator[int]:
    """The same by rounds."""
    finished = False
    while not finished:
        audited = round_of(audit)
        assert not audited.found
        finished = audited.finished
        yield audited.looked


def timed(server: redis.Redis, steps: Iterator[int]) -> tuple[list[float], int]:
    """The broker's time for each step, in ms, and how many members there were."""
    times, looked = [], 0
    before = spent(server)
    for number in steps:
        times.append(spent(server) - before)
        looked += number
        before = spent(server)
    return times, looked


def fill(queue: Queue, number: int) -> None:
    """The jobs, in their states."""
    now, ended = queue.now(), number * 3 // 5
    jobs = [job_of(n, now, later=n >= ended and n % 2 == 0) for n in range(number)]
    queue.enqueue(*jobs[:ended])
    ends: list[Outcome] = []
    for call in range(ended):
        leases = queue.claim(worker(), call=call, free=BATCH // 5, finished=ends).leases
        if not leases:
            break
        ends = [failed(one, permanent=True) if n % 10 == 0 else completed(one) for n, one in enumerate(leases)]
    queue.enqueue(*jobs[ended:])


def job_of(n: int, now: int, *, later: bool) -> NewJob:
    when = {"due_at": now + 600 * MINUTE, "expires_at": now + 1_200 * MINUTE} if later else {}
    return new_job(f"job-{n:022d}", tenant=f"tenant-{n % 10}", accepted_at=now, tags=("monthly",), **when)


def spent(server: redis.Redis) -> float:
    """The time that the broker's one thread has computed so far, in ms."""
    times = server.info("cpu")
    return 1_000 * sum(float(times[f"used_cpu_{kind}_main_thread"]) for kind in ("user", "sys"))


def middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    main()
