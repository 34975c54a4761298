"""The first walk through a file of rows: each is read strictly and held against the schema, and its block noted.

    JSON lines ──────────────────────────────► blocks of the file itself ──┐
    CSV ── `rows_csv` ──► JSON lines, packed, in a file that has no name ──┴─► Rows

What is wrong ends the report with the line at fault, and neither a value nor an unknown name of it is quoted.
"""

import json
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from jsonschema_rs import ValidationError

from report_queue import strict_json
from report_queue.data_ref import RowsFile, rows_schema
from report_queue.errors import MalformedRequest, PermanentFailure
from report_queue.render.rows import BLOCK, Block, Row, Rows
from report_queue.render.rows_csv import json_lines
from report_queue.render.rows_lines import Line, blocks, wrong
from report_queue.reports import ReportType
from report_queue.validation import compiled, said_of

_REFUSED: Final = (
    "is JSON that is not accepted: a name twice in one object, NaN, a number too long or too large, half a surrogate "
    f"pair, or more than {strict_json.MAX_DEPTH} levels"
)


def checked(fd: int, file: RowsFile, report_type: ReportType) -> Rows:
    """The rows of an open file. Raises PermanentFailure: `data.invalid`, `data.too_many`."""
    schema = rows_schema(report_type, file.member)
    fit = _Fit(schema)
    if file.kind == "csv":
        with tempfile.TemporaryFile() as packed:
            source = os.dup(packed.fileno())  # stays open, as the rows' file does
        found = _packed(source, json_lines(fd, schema.get("items", {})))
    else:
        source, found = fd, blocks(fd)
    noted: list[Block] = []
    count = 0
    for offset, length, lines in found:
        rows = fit.rows(lines)
        if rows:
            noted.append(Block(offset, length, count))
        count += len(rows)
        if count > file.most:
            raise PermanentFailure(
                f"There are more than {file.most:,} rows, the limit: split the report, or aggregate its rows.",
                reason="data.too_many",
            )
    if count < schema.get("minItems", 0):
        least = f"There are {count:,} rows, and {report_type.name} needs {schema['minItems']:,} or more."
        raise PermanentFailure(least, reason="data.invalid")
    return Rows(source, noted, count=count, packed=file.kind == "csv")


class _Fit:
    """The schema of a list, compiled for one row and for many at once."""

    def __init__(self, schema: dict[str, Any]) -> None:
        definitions: dict[str, Any] = {name: schema[name] for name in ("$schema", "$defs") if name in schema}
        one = schema.get("items", {})
        self._words = json.dumps(schema)
        self._one = compiled({**definitions, **one})
        self._all = compiled({**definitions, "type": "array", "items": one})

    def rows(self, lines: Iterable[Line]) -> list[Row]:
        """The lines that are not blank, as rows; raises for the first that is none."""
        numbers, rows = [], []
        for number, line in lines:
            if text := line.strip(" \t\r"):
                numbers.append(number)
                rows.append(_row(number, text))
        if not self._all.is_valid(rows):
            for number, row in zip(numbers, rows, strict=True):
                if error := next(iter(self._one.iter_errors(row)), None):
                    raise wrong(number, self._said(error))
        return rows

    def _said(self, error: ValidationError) -> str:
        """What is wrong with a row; a name that the schema does not know is somebody's, and reads `*`."""
        at = [step if isinstance(step, int) or f'"{step}"' in self._words else "*" for step in error.instance_path]
        where = strict_json.pointer(*at) or "the row"
        match error.kind.name:
            case "required":
                return f"{strict_json.pointer(*at, error.kind.as_dict()['property'])} is missing"
            case "additionalProperties" | "unevaluatedProperties":
                return f"{where} has a member that is not known there"
            case _:
                return f"{where} {said_of(error)}"


def _row(number: int, text: str) -> Row:
    try:
        row = strict_json.parse_line(text)
    except json.JSONDecodeError as error:
        raise wrong(number, f"is not JSON: {error.msg.lower()} at column {error.colno}") from None
    except (MalformedRequest, RecursionError):
        raise wrong(number, _REFUSED) from None
    if not isinstance(row, dict):
        raise wrong(number, "is not a JSON object")
    return row


def _packed(fd: int, lines: Iterator[Line]) -> Iterator[tuple[int, int, list[Line]]]:
    """The lines in blocks as `blocks` gives them, which are written into the file, compressed."""
    offset = 0
    while block := list(_some(lines)):
        pack = zlib.compress("\n".join(text for _, text in block).encode(), 1)
        os.write(fd, pack)
        yield offset, len(pack), block
        offset += len(pack)


def _some(lines: Iterator[Line]) -> Iterator[Line]:
    size = 0
    while size < BLOCK and (line := next(lines, None)):
        size += len(line[1])
        yield line
