"""What one report takes of Lambda and of its logs: `python -m tests.bench.usage [--reports N] [--type sales]`.

Starts the local stack on a data directory of its own, whose functions run behind Lambda's runtime emulator, and reads
what that says of each invocation (`REPORT … Billed Duration`). Twice: reports that come one at a time, each of which
wakes a worker for itself, and reports that come all at once, which fill a worker's slots. A caller submits, asks for
the job twice, and takes the PDF. `cdk_app.costs` multiplies these figures by AWS's prices; they are this machine's.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from cdk_app.topology import FUNCTIONS
from report_queue.reports import report_types
from stacks import Running, start_real

_REPORT = re.compile(r"^REPORT RequestId: .*?Billed Duration: (\d+) ms\s+Memory Size: (\d+) MB", re.MULTILINE)


@dataclass(frozen=True)
class Used:
    """Of one function, for one report."""

    invocations: float
    seconds: float  # billed
    gb_seconds: float
    log_bytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=40)
    parser.add_argument("--type", default="sales", choices=sorted(report_types()))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stack = start_real(Path(folder) / "data", "--workers", "1")
        try:
            ways: dict[str, Callable[[], None]] = {
                "one at a time": lambda: one_at_a_time(stack, options.type, options.reports),
                "all at once": lambda: all_at_once(stack, options.type, options.reports),
            }
            ways["one at a time"]()  # warms what the stack has not
            print(f"{'for one report':<16}{'function':<17}{'invocations':>12}{'billed s':>10}{'GB-s':>8}{'log KB':>8}")
            for title, way in ways.items():
                for name, used in measured(stack, way, options.reports).items():
                    print(
                        f"{title:<16}{name:<17}{used.invocations:>12.2f}{used.seconds:>10.3f}"
                        f"{used.gb_seconds:>8.3f}{used.log_bytes / 1024:>8.2f}"
                    )
        finally:
            stack.end()


def one_at_a_time(stack: Running, report_type: str, reports: int) -> None:
    sample = report_types()[report_type].sample
    for _ in range(reports):
        taken(stack, [stack.submit(report_type, sample)])


def all_at_once(stack: Running, report_type: str, reports: int) -> None:
    sample = report_types()[report_type].sample
    with ThreadPoolExecutor(8) as callers:
        ids = list(callers.map(lambda _: stack.submit(report_type, sample), range(reports)))
    taken(stack, ids)


def taken(stack: Running, ids: list[str]) -> None:
    """As a caller does: ask at once, wait, ask again, take the PDF."""
    for job_id in ids:
        stack.job(job_id)
    for job_id in ids:
        pdf = stack.data_dir / "s3"
        while not list(pdf.rglob(f"*{job_id}.pdf")):  # without asking, which would be counted
            time.sleep(0.02)
        while stack.job(job_id)["status"] != "completed":
            time.sleep(0.05)
        stack.pdf(job_id)


def measured(stack: Running, way: Callable[[], None], reports: int) -> dict[str, Used]:
    """What the way adds to the functions' logs, for each report. The two that run every minute are not of a report."""
    logs = {f.name: stack.data_dir / "logs" / f"{f.name}.log" for f in FUNCTIONS}
    before = {name: log.stat().st_size for name, log in logs.items()}
    way()
    time.sleep(1)  # the worker's last invocation ends after its last report
    used = {}
    for name, log in logs.items():
        if name in ("poller", "requeue_stalled"):
            continue
        added = log.read_bytes()[before[name] :]
        billed = [(int(ms), int(mb)) for ms, mb in _REPORT.findall(added.decode())]
        used[name] = Used(
            invocations=len(billed) / reports,
            seconds=sum(ms for ms, _ in billed) / 1000 / reports,
            gb_seconds=sum(ms / 1000 * mb / 1024 for ms, mb in billed) / reports,
            log_bytes=len(added) / reports,
        )
    return used


if __name__ == "__main__":
    main()
