"""Rows in CSV (RFC 4180) as JSON lines, which then are rows like any others.

    date,amount,note          "2026-01-02", 12.50, ""    ──►    {"date":"2026-01-02","amount":12.50}

A cell is a number where the schema says number or integer, true or false where it says boolean, else text. An empty
one is left out, unless it is a text that must be there.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any, Final

from report_queue.render.rows_lines import Line, blocks, wrong

_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_BOOLEAN: Final = re.compile(r"true|false")


def json_lines(fd: int, schema: Mapping[str, Any]) -> Iterator[Line]:
    """Each record as a JSON object, with the number of its first line; `schema` is a row's. Raises as `wrong` says."""
    reader = csv.reader((f"{text}\n" for _, _, lines in blocks(fd) for _, text in lines), strict=True)
    columns: list[_Column] = []
    begins = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            raise wrong(begins, "is not CSV: a quote is missing or out of place, or a cell is too long") from None
        if not columns:
            columns = _columns(cells, schema)
        elif cells:
            if len(cells) != len(columns):
                raise wrong(begins, f"has {len(cells)} cells, the head has {len(columns)}")
            written = (column.written(begins, cell) for column, cell in zip(columns, cells, strict=True))
            yield begins, f"{{{','.join(filter(None, written))}}}"
        begins = reader.line_num + 1
    if not columns:
        raise wrong(1, "is missing: a head line names the columns")


@dataclass(frozen=True)
class _Column:
    name: str
    label: str  # `"name":`
    omits: bool  # an empty cell is left out
    is_plain: Callable[[str], Any] | None  # what may stand there as it is; None: it is text
    wanted: str = ""

    def written(self, number: int, cell: str) -> str | None:
        if not cell and self.omits:
            return None
        if self.is_plain is None:
            return self.label + encode_basestring(cell)
        if not self.is_plain(cell):
            raise wrong(number, f"/{self.name} is not {self.wanted}")
        return self.label + cell


def _columns(names: list[str], schema: Mapping[str, Any]) -> list[_Column]:
    members, closed = schema.get("properties", {}), schema.get("additionalProperties", True) is False
    known = f"the names of columns are {', '.join(members)}"
    if len(set(names)) < len(names):
        raise wrong(1, f"names a column twice: {known}")
    for place, name in enumerate(names, 1):
        if not name or (closed and name not in members):
            raise wrong(1, f"column {place} has no name that is known: {known}")
    return [_column(name, members.get(name, {}), required=name in schema.get("required", ())) for name in names]


def _column(name: str, schema: Mapping[str, Any], *, required: bool) -> _Column:
    kinds = {schema["type"]} if isinstance(schema.get("type"), str) else set(schema.get("type", ["string"]))
    label = f"{encode_basestring(name)}:"
    if "string" not in kinds and kinds & {"number", "integer"}:
        return _Column(name, label, True, _NUMBER.fullmatch, "a number such as 1234.5")
    if "string" not in kinds and "boolean" in kinds:
        return _Column(name, label, True, _BOOLEAN.fullmatch, "true or false")
    return _Column(name, label, not required, None)
