"""How soon an idle stack picks a job up, and how soon its PDF is there: `python -m tests.bench.pick_up [--jobs N]`.

Starts the local stack on a data directory of its own, submits one small report at a time to the idle stack, and prints
p50 and p95 of: 202 (accepted), claimed (waiting until a worker has it), completed, by the clock of this machine.
Beside it, in the same run, the same jobs with their wakes lost, so that the poller alone starts workers.
"""

import argparse
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import redis

sys.path.insert(0, str(Path(__file__).parents[1]))

from stacks import Running, start_real


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--polled", type=int, default=2, help="jobs whose wake is lost; each may take a minute")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stack = start_real(Path(folder) / "data")
        try:
            one(stack)  # the first of all warms what the stack has not
            print(f"{'ms':<24}{'p50':>8}{'p95':>8}")
            show("woken", [one(stack) for _ in range(options.jobs)])
            show("polled only", [one(stack, lose_wake=True) for _ in range(options.polled)])
        finally:
            stack.end()


def one(stack: Running, *, lose_wake: bool = False) -> dict[str, float]:
    """One small report through an idle stack: ms from the request to each step."""
    with redis.Redis.from_url(stack.address["broker"]) as broker:
        token = "{reports}:wakes"
        if lose_wake:  # the broker believes that a worker is on its way
            broker.zadd(token, {"lost": time.time() * 1000 + 15_000})
    began = time.time()
    job_id = stack.submit("test", {"title": "Bench", "message": "x"})
    accepted = time.time()
    while (job := stack.job(job_id))["status"] != "completed":
        time.sleep(0.02)
    return {
        "accepted": (accepted - began) * 1000,
        "claimed": (datetime.fromisoformat(job["processedOn"]).timestamp() - began) * 1000,
        "completed": (datetime.fromisoformat(job["finishedOn"]).timestamp() - began) * 1000,
    }


def show(title: str, measured: list[dict[str, float]]) -> None:
    for step in measured[0] if measured else ():
        values = sorted(each[step] for each in measured)
        p95 = values[min(len(values) - 1, round(0.95 * len(values)))]
        print(f"{title + ': ' + step:<24}{statistics.median(values):>8.0f}{p95:>8.0f}", flush=True)


if __name__ == "__main__":
    main()
