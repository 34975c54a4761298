"""The report types: one folder each, and nothing else to register.

    reports/<type>/template.html   Jinja2, sees `data` and what `render.document` gives every template
    reports/<type>/style.css
    reports/<type>/schema.json     JSON Schema 2020-12 of `data`; its title and description name the type for people
    reports/<type>/sample.json     a sample of `data`: the form's first filling, the preview's input, a test's case

    and, where the report is an invoice that is to be sent as Factur-X too:
    reports/<type>/factur-x.xml    Jinja2 like template.html; the invoice as Cross Industry Invoice
    reports/<type>/factur-x.json   JSON Schema of what `data` must have for it, beside schema.json

Folders whose name starts with an underscore are shared by the templates and are no report types.
This module reads folders; it knows nothing of validation (`request` does) or of PDF (`render` does).
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class ReportType:
    """A report type's folder and what stands in its JSON files."""

    name: str
    folder: Path
    schema: dict[str, Any]
    sample: Any
    factur_x: dict[str, Any] | None = None  # the schema in factur-x.json

    @property
    def title(self) -> str:
        """The name for people."""
        return str(self.schema["title"])


@cache
def report_types() -> dict[str, ReportType]:
    """Every report type by name, in alphabetical order; read once per process."""
    return {
        folder.name: ReportType(
            name=folder.name,
            folder=folder,
            schema=json.loads((folder / "schema.json").read_text("utf-8")),
            sample=json.loads((folder / "sample.json").read_text("utf-8")),
            factur_x=_json_if_there(folder / "factur-x.json"),
        )
        for folder in sorted(FOLDER.iterdir())
        if folder.is_dir() and not folder.name.startswith("_")
    }


def _json_if_there(file: Path) -> dict[str, Any] | None:
    return dict(json.loads(file.read_text("utf-8"))) if file.is_file() else None
