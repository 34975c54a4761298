"""Rendering beside headless Chromium, in one run: `python -m tests.bench.render`.

`--quick` takes small numbers and few repeats, `--only small,rows` some parts, `--most-rows 10000` no longer tables. A
full run takes about an hour, most of it Chromium's with 100,000 rows.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Playwright, async_playwright

from report_queue.errors import AttemptFailure
from report_queue.render import Renderer, RenderJob
from report_queue.result import Made
from tests.bench import chromium, papers
from tests.bench.lines import Goal, Row, head, line
from tests.bench.papers import Paper

ROOT: Final = Path(__file__).parents[2]
SIDES: Final = ("ours", "Chromium")
NOTES: Final = """\
Chromium is given the HTML and styles that our templates make, as a file, and waits for nothing but its load. The sides
take turns; a figure is the median of its repeats. A time of ours is a job's: from the wish to the PDF in its file and
its hash, in a child forked for it, with its limits. Warm: a browser that is there, a new page a job.
Peak memory: of our child, with what it shares with the renderer; of all of Chromium's processes, what they share once
(PSS), sampled in a run that is not timed."""

Figure = float | str
Measure = Callable[[], Awaitable[Figure]]


@dataclass(frozen=True)
class Bench:
    """One run: what renders, and how much of everything."""

    renderer: Renderer
    playwright: Playwright
    browser: Browser
    folder: Path
    repeats: int  # of what takes less than a second
    few: int  # of what takes longer
    most_rows: int
    patience: float  # seconds that one job may take

    async def in_turns(self, title: str, repeats: int, **sides: Measure) -> dict[str, Figure]:
        """The median of each side's repeats; a word where a side gave none."""
        found: dict[str, list[float]] = {side: [] for side in sides}
        said: dict[str, Figure] = {}
        for repeat in range(repeats):
            for side, measure in sides.items():
                if side in said:
                    continue
                figure = await measure()
                if isinstance(figure, str):
                    said[side] = figure
                else:
                    found[side].append(figure)
                told = figure if isinstance(figure, str) else f"{figure:.3f}"
                print(f"  {title}, {repeat + 1} of {repeats}, {side}: {told}", file=sys.stderr, flush=True)
        return {side: said.get(side) or statistics.median(figures) for side, figures in found.items()}

    def made(self, paper: Paper) -> Made:
        """One job of ours."""
        job = RenderJob(
            "bench", paper.report_type, paper.data, 1_767_605_412_000, memory_mb=1_500, cpu_seconds=int(self.patience)
        )
        with tempfile.TemporaryFile() as output:
            return self.renderer.start(job, output).wait(seconds=self.patience, progress=lambda _: None)

    def ours(self, paper: Paper, *, unit: float = 1.0) -> Measure:
        async def measure() -> Figure:
            began = time.perf_counter()
            try:
                self.made(paper)
            except AttemptFailure as failure:
                return failure.reason.removeprefix("render.")
            return (time.perf_counter() - began) * unit

        return measure

    def warm(self, paper: Paper, *, tagged: bool, unit: float = 1.0) -> Measure:
        async def measure() -> Figure:
            try:
                taken = await chromium.printed(self.browser, paper.html, tagged=tagged, seconds=self.patience)
            except TimeoutError:
                return f"> {self.patience:.0f}"
            except Exception as error:
                return type(error).__name__.lower()  # it crashed: its page is gone
            return taken * unit

        return measure

    def launched(self, paper: Paper, *, unit: float = 1.0) -> Measure:
        async def measure() -> Figure:
            taken = await chromium.launched_per_job(self.playwright, paper.html, seconds=self.patience)
            return taken * unit

        return measure

    async def memory(self, paper: Paper) -> dict[str, Figure]:
        """The peak of each side, in MB; Chromium's is of a browser started for it."""
        figures: dict[str, Figure] = {}
        try:
            figures["ours"] = float(self.made(paper).peak_memory_mb)
        except AttemptFailure as failure:
            figures["ours"] = failure.reason.removeprefix("render.")
        async with chromium.launched(self.playwright) as browser, chromium.peak_memory_mb() as peak:
            try:
                await chromium.printed(browser, paper.html, tagged=True, seconds=self.patience)
            except Exception as error:
                figures["Chromium"] = type(error).__name__.lower()
            else:
                figures["Chromium"] = peak[0]
        return figures


async def small(bench: Bench) -> AsyncIterator[Row]:
    """The reports that most jobs are: an invoice of one page, a sales report with its charts."""
    for name, paper, warm_goal in (
        ("invoice, 1 page", papers.invoice(bench.folder), 1.5),
        ("sales, 3 pages", papers.sales(bench.folder, rows=70), 1.0),
    ):
        ours = bench.ours(paper, unit=1000)
        for how, theirs, goals in (
            ("Chromium warm", bench.warm(paper, tagged=True, unit=1000), _at_least(warm_goal)),
            ("Chromium warm, untagged", bench.warm(paper, tagged=False, unit=1000), ()),
            ("Chromium launched per job", bench.launched(paper, unit=1000), _at_least(5)),
        ):
            title = f"{name}: {how}"
            figures = await bench.in_turns(title, bench.repeats, ours=ours, Chromium=theirs)
            yield Row(title, "ms", figures, goals, against="Chromium", times=True)
        goals = (Goal(0.2, of_ratio=True),)
        yield Row(f"{name}: peak memory", "MB", await bench.memory(paper), goals, against="Chromium")


async def rows(bench: Bench) -> AsyncIterator[Row]:
    """Long tables, and what a row costs as they grow."""
    per_row: dict[int, Figure] = {}
    for number in (2_000, 10_000, 100_000):
        if number > bench.most_rows:
            continue
        paper = papers.sales(bench.folder, rows=number)
        repeats = bench.few if number < 100_000 else 1
        for how, tagged, least in (("warm, tagged", True, 5), ("warm, untagged", False, 2)):
            title = f"{number:,} rows: Chromium {how}"
            sides = {"ours": bench.ours(paper), "Chromium": bench.warm(paper, tagged=tagged)}
            figures = await bench.in_turns(title, repeats, **sides)
            yield Row(title, "s", figures, _at_least(least), against="Chromium", times=True)
        per_row[number] = figures["ours"]
        goals = (Goal(500),) if number == 100_000 else ()
        yield Row(f"{number:,} rows: peak memory", "MB", await bench.memory(paper), goals, against="Chromium")
    for fewer, more in pairwise(per_row):
        before, after = per_row[fewer], per_row[more]
        known = isinstance(before, float) and isinstance(after, float)
        growth = after / before / (more / fewer) if known else "-"
        yield Row(f"a row's time, of {more:,} to of {fewer:,}", "x", {"ours": growth}, (Goal(1.15),))


async def pair(bench: Bench) -> AsyncIterator[Row]:
    """Two jobs at once on two cores, against one after another."""
    paper = papers.sales(bench.folder, rows=70)
    jobs = bench.repeats

    async def ours() -> Figure:
        def lane() -> None:
            for _ in range(jobs):
                bench.made(paper)

        def lanes(number: int) -> float:
            threads = [threading.Thread(target=lane) for _ in range(number)]
            began = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return number * jobs / (time.perf_counter() - began)

        one = lanes(1)
        return lanes(2) / one

    async def theirs() -> Figure:
        async def lane() -> None:
            for _ in range(jobs):
                await chromium.printed(bench.browser, paper.html, tagged=True, seconds=bench.patience)

        async def lanes(number: int) -> float:
            began = time.perf_counter()
            await asyncio.gather(*(lane() for _ in range(number)))
            return number * jobs / (time.perf_counter() - began)

        one = await lanes(1)
        return await lanes(2) / one

    figures = await bench.in_turns("two at once", bench.few, ours=ours, Chromium=theirs)
    yield Row("sales: two at once, to one after another", "x", figures, (Goal(1.8, at_least=True),))


async def cold(bench: Bench) -> AsyncIterator[Row]:
    """From the start of a process to its first PDF; Chromium's driver runs already."""
    line_of_text = Paper.of("test", {"title": "One line", "message": "of text."}, bench.folder)
    for name, paper in (
        ("a line of text", line_of_text),
        ("invoice", papers.invoice(bench.folder)),
        ("sales", papers.sales(bench.folder, rows=70)),
    ):
        file = paper.html.with_suffix(".json")
        file.write_text(json.dumps(paper.data), "utf-8")
        figures = await bench.in_turns(
            f"cold, {name}", max(bench.few, 3), ours=_started(paper.report_type, file), Chromium=bench.launched(paper)
        )
        title = f"process start to first PDF: {name}"
        yield Row(title, "s", figures, (Goal(0.5),), against="Chromium", times=True)


def _started(report_type: str, file: Path) -> Measure:
    async def measure() -> Figure:
        began = time.perf_counter()
        command = [sys.executable, "-m", "tests.bench.cold", report_type, str(file)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
            assert run.stdout
            assert run.stdout.readline(), "it ended without a word"
            return time.perf_counter() - began

    return measure


def _at_least(bound: float) -> tuple[Goal, ...]:
    return (Goal(bound, at_least=True, of_ratio=True),)


PARTS: Final = {"small": small, "cold": cold, "pair": pair, "rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas: " + ",".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="small numbers, few repeats")
    parser.add_argument("--most-rows", type=int, help="of a table; 100,000, or 2,000 with --quick")
    options = parser.parse_args()
    parts = options.only.split(",")
    if unknown := [name for name in parts if name not in PARTS]:
        parser.error(f"unknown: {', '.join(unknown)}")
    most_rows = options.most_rows or (2_000 if options.quick else 100_000)
    asyncio.run(_run(parts, quick=options.quick, most_rows=most_rows))


async def _run(parts: list[str], *, quick: bool, most_rows: int) -> None:
    async with AsyncExitStack() as stack:
        renderer = stack.enter_context(Renderer())
        playwright = await stack.enter_async_context(async_playwright())
        bench = Bench(
            renderer=renderer,
            playwright=playwright,
            browser=await stack.enter_async_context(chromium.launched(playwright)),
            folder=Path(stack.enter_context(tempfile.TemporaryDirectory())),
            repeats=5 if quick else 15,
            few=1 if quick else 3,
            most_rows=most_rows,
            patience=120 if quick else 600,
        )
        print(_versions(bench.browser), NOTES, "", head(SIDES, "Chromium"), sep="\n", flush=True)
        for part in parts:
            print(part, file=sys.stderr, flush=True)
            async for row in PARTS[part](bench):
                print(line(row, SIDES), flush=True)


def _versions(browser: Browser) -> str:
    return (
        f"WeasyPrint {version('weasyprint')}, Python {platform.python_version()}; Chromium {browser.version} by "
        f"Playwright {version('playwright')}; {os.cpu_count()} cores, {platform.machine()}"
    )


if __name__ == "__main__":
    main()
