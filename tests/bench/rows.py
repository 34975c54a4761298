"""Rows from a file beside rows in the payload: CPU seconds and memory of a child that makes the HTML of a sales report.

    python -m tests.bench.rows [rows …]

A child is forked from a warm parent for each, as the worker's are. The HTML holds slots for the long table, whose rows
are texts by then; their layout is `tests.bench.long_tables`' to measure.
"""

import argparse
import json
import os
import random
import resource
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import IO, Any

from report_queue.data_ref import RowsFile
from report_queue.render import document, templates
from report_queue.render.rows_check import checked
from report_queue.render.table.rows import Tables
from report_queue.reports import report_types

ROWS = (10_000, 100_000, 1_000_000)
MOST_LISTED = 100_000  # rows that are also tried as a list

_MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)


def main(counts: Sequence[int]) -> None:
    """Print a line for each number of rows and each way."""
    document.warm_up()
    print(f"{'rows':>10}  {'from':<8}{'read, CPU s':>12}{'HTML, CPU s':>12}{'MB':>6}{'µs/row':>8}")
    for count in counts:
        with tempfile.TemporaryFile("w+") as file:
            _write(file, count)
            for way in ("file", "payload") if count <= MOST_LISTED else ("file",):
                _measure(file, count, way)


def _write(file: IO[str], count: int) -> None:
    chance = random.Random(4)
    for _ in range(count):
        row = {
            "date": f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            "customer": f"Customer {chance.randint(1, 3_000)}",
            "product": f"Product {chance.randint(1, 40)}",
            "region": chance.choice(["North", "South", "East", "West"]),
            "quantity": chance.randint(1, 40),
            "unitPrice": round(chance.uniform(1, 900), 2),
        }
        file.write(json.dumps(row | ({"discount": 7.5} if chance.random() < 0.3 else {})) + "\n")
    file.flush()


def _measure(file: IO[str], count: int, way: str) -> None:
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    sales = report_types()["sales"]
    data: dict[str, Any] = {**sales.sample}
    start = _cpu()
    if way == "file":
        data["rows"] = checked(file.fileno(), RowsFile("rows", "jsonl", count), sales)
    else:
        file.seek(0)
        data["rows"] = [json.loads(line) for line in file]
    read = _cpu()
    report = templates.Report(title=sales.title, job_id="bench", created=_MIDNIGHT)
    templates.html(sales, data=data, report=report, tables=Tables())
    done, peak = _cpu(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    each = (done - start) / count * 1e6
    print(f"{count:10,}  {way:<8}{read - start:12.2f}{done - read:12.2f}{peak:6}{each:8.1f}")
    sys.stdout.flush()
    os._exit(0)


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", type=int, default=ROWS, help="numbers of rows, up to 1,000,000 unless given")
    main(parser.parse_args().rows)
