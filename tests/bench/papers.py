"""What the benchmark of rendering has rendered, the same on both sides: payloads, and the HTML that they come to."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Self

from report_queue.render import templates
from report_queue.reports import report_types

CREATED = datetime(2026, 1, 5, 9, 30, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Paper:
    """A payload of a report type, and a file with its HTML and styles for a browser."""

    report_type: str
    data: Any
    html: Path

    @classmethod
    def of(cls, report_type: str, data: Any, folder: Path) -> Self:
        kind = report_types()[report_type]
        report = templates.Report(title=data.get("title", kind.title), job_id="bench", created=CREATED)
        sheets = (templates.KIT / "style.css", kind.folder / "style.css")
        style = "".join(f"<style>{sheet.read_text('utf-8')}</style>" for sheet in sheets)
        html = templates.html(kind, data=data, report=report).replace("</head>", style + "</head>")
        rows = len(data.get("rows", ()))
        assert html.count("<tr") >= rows, "the browser was to be given every row"
        file = folder / f"{report_type}-{rows}.html"
        file.write_text(html, "utf-8")
        return cls(report_type, data, file)


def invoice(folder: Path) -> Paper:
    """One page."""
    return Paper.of("invoice", report_types()["invoice"].sample, folder)


def sales(folder: Path, *, rows: int) -> Paper:
    """Charts, and a table of this many rows; more than the schema lets through, where the benchmark wants them."""
    sample = report_types()["sales"].sample
    many = [row | {"customer": f"{row['customer']} {number}"} for number, row in _numbered(sample["rows"], rows)]
    return Paper.of("sales", sample | {"rows": many}, folder)


def _numbered(rows: list[dict[str, Any]], number: int) -> list[tuple[int, dict[str, Any]]]:
    return list(enumerate(islice(cycle(rows), number)))
