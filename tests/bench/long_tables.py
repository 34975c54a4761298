"""Long tables: seconds and memory for tables of 6 columns, in the lane, there as PDF/UA, and laid out like other HTML.

    python -m tests.bench.long_tables [rows …]

Each report is made in a child forked from a warm parent, as the worker's are. CPU seconds are told beside those on the
clock: on a machine that does other things too, they are what can be compared.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "render"))  # whose words these are

from table_words import some_rows, tables_from, with_table

from report_queue.edition import USUAL, Edition
from report_queue.render import document
from report_queue.reports import ReportType

ROWS = (100, 2_000, 10_000, 50_000, 100_000)
MOST_ORDINARY = 2_000
_MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)


def main(counts: Sequence[int]) -> None:
    """Print a line for each number of rows and each way."""
    document.warm_up()
    with tempfile.TemporaryDirectory() as folder:
        report_type = with_table(Path(folder) / "table")
        print(f"{'rows':>8}  {'way':<11}{'seconds':>9}{'CPU':>9}{'MB':>7}{'pages':>7}{'kB':>8}{'ms/row':>8}")
        for count in counts:
            _measure(report_type, count, "lane", 1)
            _measure(report_type, count, "accessible", 1, Edition(variant="pdf/ua-1"))
            if count <= MOST_ORDINARY:
                _measure(report_type, count, "ordinary", None)


def _measure(report_type: ReportType, count: int, way: str, at_least: int | None, edition: Edition = USUAL) -> None:
    reading, writing = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        data = {"rows": some_rows(count, name="Bergmann")}
        with tables_from(at_least):
            pages, size = _made(report_type, data, edition)
        os.write(writing, f"{pages} {size}".encode())
        os._exit(0)
    os.close(writing)
    _, status, usage = os.wait4(child, 0)
    told = os.read(reading, 100).decode().split()
    os.close(reading)
    spent = time.monotonic() - started
    if status or not told:
        print(f"{count:8,}  {way:<11} ended with {os.waitstatus_to_exitcode(status)}")
        return
    cpu = usage.ru_utime + usage.ru_stime
    pages, size = map(int, told)
    print(
        f"{count:8,}  {way:<11}{spent:9.2f}{cpu:9.2f}{usage.ru_maxrss // 1024:7}{pages:7}{size // 1024:8}"
        f"{cpu / count * 1000:8.2f}",
        flush=True,
    )


def _made(report_type: ReportType, data: Any, edition: Edition) -> tuple[int, int]:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    output = BytesIO()
    written = document.write(
        report_type,
        data=data,
        job_id="bench",
        created=_MIDNIGHT,
        output=output,
        progress=lambda _: None,
        edition=edition,
    )
    return written.pages, len(output.getvalue())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", type=int, default=ROWS, help="numbers of rows, 100 to 100,000 unless given")
    main(parser.parse_args().rows)
