"""What a report is made of, beside its request: who has the same of all makes the same bytes again.

The templates' hash is of files, once per folder; the fonts' hash is of the files that this document used.
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

import weasyprint  # type: ignore[import-untyped]
from weasyprint.text.ffi import ffi, pango  # type: ignore[import-untyped]
from weasyprint.text.fonts import get_hb_object_data  # type: ignore[import-untyped]

from report_queue.result import Recipe

# Bytecode and what editors leave behind draw nothing.
_DRAW: Final = frozenset({".html", ".css", ".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".ttf", ".otf", ".xml"})


def recipe_of(document: weasyprint.Document, *, folders: tuple[Path, ...]) -> Recipe:
    """The recipe of a document that is written, from the templates in `folders`."""
    # A file is one face, and a font for each size and weight: it is read once. A font's own `file_content` is by now
    # what was kept of it.
    faces = {int(ffi.cast("uintptr_t", font.hb_face)): font.hb_face for font in document.fonts.values()}
    fonts = {_digest(get_hb_object_data(face)) for face in faces.values()}
    return Recipe(template=_templates(folders), fonts=_of(sorted(fonts)), engine=_engine())


def recipe_without_fonts(folders: tuple[Path, ...]) -> Recipe:
    """That of a file which brings no fonts and has no pages."""
    return Recipe(template=_templates(folders), fonts=_of(()), engine=f"Jinja {version('jinja2')}")


@cache
def _templates(folders: tuple[Path, ...]) -> str:
    return _of(
        f"{folder.name}/{file.relative_to(folder)} {_digest(file.read_bytes())}"
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if file.suffix in _DRAW
    )


@cache
def _engine() -> str:
    # Pango decides about lines and glyphs, with HarfBuzz below it.
    version = pango.pango_version()
    return f"WeasyPrint {weasyprint.__version__}, Pango {version // 10000}.{version // 100 % 100}.{version % 100}"


def _of(lines: Iterable[str]) -> str:
    return _digest("\n".join(lines).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
