"""Headless Chromium's side of the benchmark of rendering: Debian's, driven by Playwright.

It is given the HTML and the styles that our templates make, as one file, and prints it by the page's own CSS size. A
job has a page of its own; the browser is started for each job, as the replaced system did, or stays warm.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import psutil
from playwright.async_api import Browser, Playwright

PROGRAM: Final = "/usr/bin/chromium"
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_BETWEEN_S: Final = 0.02  # samples of memory


@asynccontextmanager
async def launched(playwright: Playwright) -> AsyncIterator[Browser]:
    browser = await playwright.chromium.launch(executable_path=PROGRAM, args=list(FLAGS))
    try:
        yield browser
    finally:
        await browser.close()


async def launched_per_job(playwright: Playwright, html: Path, *, seconds: float) -> float:
    """Seconds from the wish to the PDF, with the browser gone again."""
    began = time.perf_counter()
    async with launched(playwright) as browser:
        await printed(browser, html, tagged=True, seconds=seconds)
    return time.perf_counter() - began


async def printed(browser: Browser, html: Path, *, tagged: bool, seconds: float) -> float:
    """Seconds of one job in a browser that is there already. Raises TimeoutError."""
    began = time.perf_counter()
    async with asyncio.timeout(seconds):
        page = await browser.new_page()
        try:
            page.set_default_timeout(seconds * 1000)
            await page.goto(html.as_uri(), wait_until="load")
            pdf = await page.pdf(prefer_css_page_size=True, print_background=True, tagged=tagged)
        finally:
            await page.close()
    assert pdf.startswith(b"%PDF-")
    return time.perf_counter() - began


@asynccontextmanager
async def peak_memory_mb() -> AsyncIterator[list[float]]:
    """The most that the browser's processes held together while inside (PSS: what they share counts once)."""
    peak = [0.0]

    async def sample() -> None:
        while True:
            peak[0] = max(peak[0], await asyncio.to_thread(_held_mb))
            await asyncio.sleep(_BETWEEN_S)

    sampling = asyncio.create_task(sample())
    try:
        yield peak
    finally:
        sampling.cancel()


def _held_mb() -> float:
    held_kb = 0
    for process in psutil.Process().children(recursive=True):
        try:
            if process.name().startswith("chrom"):
                rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
                held_kb += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        except (psutil.Error, OSError, StopIteration):
            continue  # it ended in between
    return held_kb / 1024
