"""The words of these tests: a report rendered and read again, and report types made up for one test."""

import json
import logging
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
from pypdf import PdfReader

from report_queue.edition import USUAL, Edition
from report_queue.render import report
from report_queue.reports import ReportType, report_types
from report_queue.result import Finding

JOB_ID = "0d6k2f3s9c8v7b1n4m5q0rtuae"
CREATED = datetime(2026, 1, 5, 9, 30, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Rendered:
    """A PDF, and what was told while it was made."""

    pdf: bytes
    pages: int
    progress: list[int]
    findings: tuple[Finding, ...] = ()
    unlocked_sha256: str | None = None

    @property
    def reader(self) -> PdfReader:
        return PdfReader(BytesIO(self.pdf))

    @property
    def text(self) -> str:
        """All its text, with any white space as one space."""
        return " ".join(" ".join(page.extract_text() for page in self.reader.pages).split())


def rendered(
    report_type: str | ReportType, data: Any = None, *, quiet: bool = True, edition: Edition = USUAL
) -> Rendered:
    """The report of `data`, or of its type's sample, a PDF that qpdf has nothing against.

    If `quiet`, fails where WeasyPrint has anything to complain of. Raises what `report.make` does.
    """
    if isinstance(report_type, str):
        report_type = report_types()[report_type]
    output, progress = BytesIO(), []
    with silent() if quiet else nullcontext():
        written = report.make(
            report_type,
            data=report_type.sample if data is None else data,
            job_id=JOB_ID,
            created=CREATED,
            output=output,
            progress=progress.append,
            edition=edition,
        )
    with pikepdf.open(output, password=unicodedata.normalize("NFKC", edition.password or "")) as pdf:
        assert pdf.check_pdf_syntax() == []
    return Rendered(output.getvalue(), written.pages, progress, written.findings, written.unlocked_sha256)


@contextmanager
def silent() -> Iterator[None]:
    """Nothing is logged by the renderer inside."""
    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    names = ("weasyprint", "fontTools")
    for name in names:
        logging.getLogger(name).addHandler(handler)
    try:
        yield
    finally:
        for name in names:
            logging.getLogger(name).removeHandler(handler)
    assert said == []


def made_up(folder: Path, body: str, *, style: str = "", sample: Any = None) -> ReportType:
    """A report type in a folder of its own, whose page is `body` in the kit's base."""
    folder.mkdir(exist_ok=True)
    schema = {"title": "Made up", "description": "For one test", "type": "object"}
    template = '{% extends "_kit/base.html" %}\n{% block body %}\n' + body + "\n{% endblock %}\n"
    (folder / "template.html").write_text(template, "utf-8")
    (folder / "style.css").write_text(style, "utf-8")
    (folder / "schema.json").write_text(json.dumps(schema), "utf-8")
    (folder / "sample.json").write_text(json.dumps(sample or {}), "utf-8")
    return ReportType(name=folder.name, folder=folder, schema=schema, sample=sample or {})
