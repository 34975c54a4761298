"""A PDF's structure tree, read: what a program hears of it that reads aloud."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Dictionary, Pdf


@dataclass(frozen=True)
class Cell:
    role: str
    lines: tuple[str, ...]
    span: int
    headers: tuple[str, ...]  # what they say


@dataclass(frozen=True)
class Section:
    role: str
    rows: tuple[tuple[Cell, ...], ...]


def outline(content: bytes) -> list[str]:
    """The elements in the order in which they are read, up to their depths; a text in quotes."""
    with Pdf.open(BytesIO(content)) as pdf:
        said = _texts(pdf)
        return list(_told(pdf.Root.StructTreeRoot.K[0], said, 0))


def tables(content: bytes) -> list[list[Section]]:
    """The tables, in the order in which they are read."""
    with Pdf.open(BytesIO(content)) as pdf:
        said = _texts(pdf)
        return [_sections(one, said) for one in _walk(pdf.Root.StructTreeRoot.K[0]) if str(one.S) == "/Table"]


def joined(parts: list[list[Section]]) -> list[Section]:
    """One table of those that WeasyPrint makes of it, one a page: its head once, and each of its bodies whole."""
    whole: list[Section] = []
    for part in parts:
        for section in part:
            if whole and section.role == "THead":
                continue
            goes_on = whole and whole[-1].role == section.role and section.rows[0][0].role == "TD"
            if goes_on:
                whole[-1] = Section(section.role, (*whole[-1].rows, *section.rows))
            else:
                whole.append(section)
    return whole


def _sections(table: Any, said: dict[Any, str]) -> list[Section]:
    named = {bytes(one.ID): " ".join(_lines(one, said)) for one in _walk(table) if "/ID" in one}
    return [
        Section(
            str(section.S)[1:],
            tuple(tuple(_cell(cell, said, named) for cell in row.K) for row in section.K),
        )
        for section in table.K
    ]


def _cell(cell: Any, said: dict[Any, str], named: dict[bytes, str]) -> Cell:
    attributes = cell.get("/A", Dictionary())
    return Cell(
        str(cell.S)[1:],
        tuple(_lines(cell, said)),
        int(attributes.get("/ColSpan", 1)),
        tuple(named[bytes(one)] for one in attributes.get("/Headers", ())),
    )


def _told(element: Any, said: dict[Any, str], depth: int) -> Iterator[str]:
    yield "  " * depth + str(element.S)[1:]
    for kid in _kids(element):
        if isinstance(kid, int):
            yield "  " * (depth + 1) + f'"{said[element.Pg.objgen, kid]}"'
        elif "/S" in kid:
            yield from _told(kid, said, depth + 1)


def _walk(element: Any) -> Iterator[Any]:
    yield element
    for kid in _kids(element):
        if not isinstance(kid, int) and "/S" in kid:
            yield from _walk(kid)


def _lines(element: Any, said: dict[Any, str]) -> Iterator[str]:
    for one in _walk(element):
        for kid in _kids(one):
            if isinstance(kid, int):
                yield said[one.Pg.objgen, kid]


def _kids(element: Any) -> list[Any]:
    kids = element.get("/K", [])
    return [kids] if isinstance(kids, int) else list(kids)


def _texts(pdf: Pdf) -> dict[Any, str]:
    """What each piece of marked content says, by its page and number."""
    said: dict[Any, str] = {}
    letters: dict[Any, dict[int, str]] = {}
    for page in pdf.pages:
        fonts, font, inside = page.Resources.Font, {}, []
        for operands, operator in pikepdf.parse_content_stream(page):
            match str(operator):
                case "Tf":
                    held = fonts[operands[0]]
                    if held.objgen not in letters:
                        letters[held.objgen] = _letters(held.ToUnicode.read_bytes())
                    font = letters[held.objgen]
                case "BDC" | "BMC":
                    inside.append(operands[1].get("/MCID") if len(operands) > 1 else None)
                    if inside[-1] is not None:
                        said[page.objgen, int(inside[-1])] = ""
                case "EMC":
                    inside.pop()
                case "TJ" if inside and inside[-1] is not None:
                    shown = b"".join(bytes(one) for one in operands[0] if isinstance(one, pikepdf.String))
                    codes = (int.from_bytes(shown[start : start + 2], "big") for start in range(0, len(shown), 2))
                    said[page.objgen, int(inside[-1])] += "".join(font[code] for code in codes)
    return said


def _letters(cmap: bytes) -> dict[int, str]:
    pairs = re.findall(rb"<([0-9a-fA-F]{4})>\s*<([0-9a-fA-F]+)>\s*\n", cmap)
    return {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}
