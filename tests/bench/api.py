"""What a submission costs: `python -m tests.bench.api [--submissions N] [--jobs N]`.

First the handler of `submit` alone, called as Lambda calls it, without emulator and gateway: submissions a second, p50
and p99, the handler's own CPU, and the share of each of its steps, with a real Valkey and moto as S3 and EventBridge in
processes of their own.
Then the way of a small report through an idle local stack: submit, started, done, and the share of each step.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "functions"))

from brokers import settings_for, valkey_server
from stacks import start_real
from tests.bench.pick_up import one

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=500, help="of the handler alone")
    parser.add_argument("--jobs", type=int, default=20, help="through the stack; 0: leave it out")
    options = parser.parse_args()
    with valkey_server() as broker, s3() as store:
        os.environ |= {
            **settings_for(broker, bucket="reports", bus="report-queue").environment(),
            "AWS_ENDPOINT_URL": store,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "POWERTOOLS_SERVICE_NAME": "bench",
            "POWERTOOLS_TRACE_DISABLED": "true",
        }
        alone(options.submissions)
    if options.jobs:
        through_the_stack(options.jobs)


def alone(submissions: int) -> None:
    """The handler, one submission after the other."""
    with redirect_stdout(StringIO()):  # its log
        from gateway import Context

        from functions.submit.handler import handler
    from report_queue import again
    from report_queue.wiring import aws_client, wiring

    event = json.loads((ROOT / "events/submit_test.json").read_text("utf-8"))
    event["headers"].pop("idempotency-key", None)
    wired = wiring()
    aws_client("s3").create_bucket(Bucket="reports")
    aws_client("events").create_event_bus(Name="report-queue")
    spent: dict[str, float] = defaultdict(float)
    for name, owner, verb in (
        ("ledger (S3)", wired.ledger, "accept"),
        ("enqueue", wired.queue, "enqueue"),
        ("when to come back", again, "after_acceptance"),
        ("wake (EventBridge)", wired.bus, "wake"),
    ):
        setattr(owner, verb, timed(getattr(owner, verb), name, spent))
    took, cpu = [], 0.0
    with redirect_stdout(StringIO()):  # its metrics
        for number in range(-20, submissions):
            if number == 0:
                spent.clear()  # what came before warmed it
                cpu = time.process_time()
            began = time.perf_counter()
            answer = handler(event, Context())
            took.append(time.perf_counter() - began)
            assert answer["statusCode"] == 202, answer
    took, cpu = took[20:], (time.process_time() - cpu) / submissions
    whole = sum(took)
    p50, p99 = statistics.median(took), sorted(took)[int(0.99 * len(took))]
    print(f"handler alone: {len(took) / whole:,.0f} submissions a second, p50 {ms(p50)} ms, p99 {ms(p99)} ms")
    print(f"  of its own CPU {ms(cpu)} ms each; of the time:")
    spent["the rest (parse, validate, answer, log)"] = whole - sum(spent.values())
    for name, seconds in sorted(spent.items(), key=lambda pair: -pair[1]):
        print(f"  {name:<42}{ms(seconds / len(took)):>8} ms{100 * seconds / whole:>6.0f} %", flush=True)


def through_the_stack(jobs: int) -> None:
    """Small reports through an idle stack, one at a time."""
    with tempfile.TemporaryDirectory() as folder:
        stack = start_real(Path(folder) / "data")
        try:
            one(stack)  # the first of all warms what the stack has not
            measured = [one(stack) for _ in range(jobs)]
        finally:
            stack.end()
    p50 = {step: statistics.median(each[step] for each in measured) for step in measured[0]}
    done, before = p50["completed"], 0.0
    print(f"idle stack, p50 of {jobs}: submit to done {done:.0f} ms")
    for step, says in {"accepted": "submitted: 202", "claimed": "started", "completed": "done"}.items():
        print(f"  {says:<42}{p50[step]:>8.0f} ms{100 * (p50[step] - before) / done:>6.0f} %", flush=True)
        before = p50[step]


def timed(call: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    """The same, with its time told."""

    def measured(*arguments: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return call(*arguments, **named)
        finally:
            spent[name] += time.perf_counter() - began

    return measured


def ms(seconds: float) -> str:
    return f"{1_000 * seconds:.2f}"


@contextmanager
def s3() -> Iterator[str]:
    """The address of moto, in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/moto-api/", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
