"""The words of the tests of tables: made-up report types with one table, and both ways of rendering it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops
from report_words import Rendered, made_up, rendered

from report_queue.render import document
from report_queue.render.table import lane
from report_queue.render.table.rows import Tables
from report_queue.reports import ReportType

COLUMNS = """[
  {"title": "Day", "width": 24, "key": "day", "format": "day", "kind": "date"},
  {"title": "Customer, as in the books of the company", "width": 40, "key": "name"},
  {"title": "Pieces", "width": 26, "key": "pieces", "format": "number", "kind": "number"},
  {"title": "Price", "width": 38, "key": "price", "format": ["money", "EUR"], "kind": "number"},
  {"title": "Off", "width": 20, "key": "off", "missing": "", "per": 100, "format": "percent", "kind": "number"},
  {"title": "Note", "width": 30, "key": "note", "missing": "none"},
]"""
TOTAL = """[["Total", 3], [data.rows|sum(attribute="price")|money("EUR"), 1, "number"], ["", 2]]"""
BEFORE = "<section><h2>All of them</h2>"
AFTER = "</section><p>What follows the table.</p>"


def with_table(
    folder: Path, *, columns: str = COLUMNS, total: str = TOTAL, style: str = "", before: str = BEFORE
) -> ReportType:
    """A report type whose data has `rows`, in one table."""
    call = f"{{{{ data_table({columns}, data.rows, total={total}) }}}}"
    return made_up(folder, before + call + AFTER, style=style)


def some_rows(count: int, *, name: str = "Bergmann & Söhne", note: str | None = None) -> list[dict[str, Any]]:
    """Rows of which many have no room on one line."""
    longer = ("", " <of> Hamburg-Altona", ", importers of lamps, lights and fittings since 1887", " AVA To. Wait/Type")
    return [
        {
            "day": f"2025-{index % 12 + 1:02}-{index % 28 + 1:02}",
            "name": name + longer[index % len(longer)],
            "pieces": (index * 7919) % 10_007 / 8 - 300,
            "price": (index * 104_729) % 1_000_003 / 100,
            **({"off": index % 31} if index % 3 else {}),
            **({"note": note} if note is not None and index % 5 == 0 else {}),
        }
        for index in range(count)
    ]


@contextmanager
def tables_from(rows: int | None) -> Iterator[None]:
    """Tables with so many rows are long ones, inside; None: none is."""
    usual = document.Tables
    document.Tables = lambda: Tables(at_least=rows)  # type: ignore[assignment,misc,attr-defined]
    try:
        yield
    finally:
        document.Tables = usual  # type: ignore[misc,attr-defined]


def in_lane(report_type: ReportType | str, data: Any) -> Rendered:
    """The report, its tables in the lane however short they are, where they may."""
    with tables_from(1):
        return rendered(report_type, data)


def ordinary(report_type: ReportType | str, data: Any) -> Rendered:
    """The report, with tables laid out as any other HTML."""
    with tables_from(None):
        return rendered(report_type, data, quiet=False)


def took_the_lane(report: Rendered) -> bool:
    """Whether rows of a table were written apart from the layout."""
    return any(isinstance(page.get("/Contents"), list) for page in report.reader.pages)


def lines(report: Rendered) -> list[str]:
    """The report's text line by line, as poppler copies it, and page by page its words, as pypdf reads them."""
    command = ["pdftotext", "-layout", "-", "-"]
    seen = subprocess.run(command, input=report.pdf, check=True, capture_output=True, timeout=300).stdout.decode()
    words = [" ".join(sorted(page.extract_text().split())) for page in report.reader.pages]
    return [*seen.splitlines(), *words]


def alike(folder: Path, one: Rendered, other: Rendered, *, dpi: int = 80) -> bool:
    """Whether one sees no difference: no pixel of any page differs by more than a quarter, and hardly one at all.

    Poppler draws a letter at quarters of a pixel, and a thousandth may decide at which.
    """
    pages = zip(_images(folder / "one", one, dpi), _images(folder / "other", other, dpi), strict=True)
    for first, second in pages:
        counts = ImageChops.difference(first, second).convert("L").histogram()
        if any(counts[64:]) or sum(counts[8:]) > sum(counts) / 1_000:
            return False
    return True


def _images(folder: Path, report: Rendered, dpi: int) -> list[Image.Image]:
    folder.mkdir()
    (folder / "report.pdf").write_bytes(report.pdf)
    command = ["pdftoppm", "-r", str(dpi), "-png", str(folder / "report.pdf"), str(folder / "page")]
    subprocess.run(command, check=True, timeout=300)
    return [Image.open(file).convert("RGB") for file in sorted(folder.glob("page-*.png"))]


def with_every_page_laid_out(report_type: ReportType | str, data: Any) -> Rendered:
    """The report, its tables in the lane, and none of their pages a copy of another."""
    usual = lane._Planned.copied
    lane._Planned.copied = property(lambda _: range(0))  # type: ignore[method-assign,assignment]
    try:
        return in_lane(report_type, data)
    finally:
        lane._Planned.copied = usual  # type: ignore[method-assign]


def copies(report: Rendered) -> int:
    """How many pages were copied: they begin with the same content."""
    contents = [page.get("/Contents") for page in report.reader.pages]
    first = [list.__getitem__(one, 0).idnum for one in contents if isinstance(one, list)]
    return sum(first.count(one) > 1 for one in first)
