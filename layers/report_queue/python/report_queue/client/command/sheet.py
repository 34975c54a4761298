"""A file as payloads: JSON as it is, or a row a report.

    data.csv     a head line of members; `buyer.name` and `lines.0.amount` lead into objects and lists
    data.jsonl   a payload a line

A cell is what the report type's schema says it is: number, true or false, JSON where an object or a list is expected,
else text; one that is empty is left out. A base may hold what all rows have in common.
"""

import copy
import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report_queue.client.command.where import Usage, text_of

_WORDS = {"true": True, "false": False}


@dataclass(frozen=True)
class Row:
    """A payload, and where it came from."""

    data: Any
    place: str


def payload(name: str) -> Any:
    """The JSON of a file, or of stdin for `-`. Raises Usage."""
    text = sys.stdin.read() if name == "-" else text_of(Path(name))
    return _json(text, "stdin" if name == "-" else name)


def rows(file: Path, schema: Mapping[str, Any], *, base: Any = None) -> list[Row]:
    """A payload for each row of the file, laid over the base. Raises Usage."""
    text = text_of(file)
    read = _lines if file.suffix.lower() in (".jsonl", ".ndjson") else _table
    found = [Row(_over(base, row.data), row.place) for row in read(text, file.name, schema)]
    if not found:
        raise Usage(f"{file} has no rows")
    return found


def _lines(text: str, name: str, _: Mapping[str, Any]) -> Iterator[Row]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield Row(_json(line, f"{name}, line {number}"), f"{name}, line {number}")


def _table(text: str, name: str, schema: Mapping[str, Any]) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"), newline=""), strict=True)
    try:
        head = next(reader, [])
        if len(set(head)) < len(head) or not all(head):
            raise Usage(f"{name}: each column needs a name of its own in the first line")
        for cells in reader:
            place = f"{name}, line {reader.line_num}"
            if not cells:
                continue
            if len(cells) != len(head):
                raise Usage(f"{place}: {len(cells)} cells, and the first line names {len(head)} columns")
            data: dict[str, Any] = {}
            for member, cell in zip(head, cells, strict=True):
                if cell:
                    _put(data, member.split("."), _value(cell, _expected(schema, member.split("."))), place)
            yield Row(data, place)
    except csv.Error as error:
        raise Usage(f"{name}, line {reader.line_num}: no CSV ({error})") from None


def _put(into: Any, steps: list[str], value: Any, place: str) -> None:
    """Set what the steps lead to; a number is the place in a list, whose members come in their order."""
    step, *rest = steps
    empty: Any = [] if rest and rest[0].isdecimal() else {}
    if isinstance(into, list):
        if not step.isdecimal() or int(step) > len(into):
            raise Usage(f"{place}: column …{step}… has no place in its list: they are counted from 0")
        if int(step) == len(into):
            into.append(empty if rest else value)
        key: Any = int(step)
    elif isinstance(into, dict):
        into.setdefault(step, empty if rest else value)
        key = step
    else:
        raise Usage(f"{place}: column …{step} leads into what is no object")
    if rest:
        _put(into[key], rest, value, place)


def _expected(schema: Mapping[str, Any], steps: list[str]) -> str:
    """The type that the schema says of a member; "" where it says none."""
    here: Any = schema
    for step in steps:
        here = _resolved(here, schema)
        here = here.get("items", {}) if step.isdecimal() else here.get("properties", {}).get(step, {})
    said = _resolved(here, schema).get("type", "")
    return said if isinstance(said, str) else ""


def _resolved(here: Any, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    here = here if isinstance(here, dict) else {}
    reference = here.get("$ref", "")
    found: Any = schema if reference.startswith("#/") else here
    for step in reference.removeprefix("#/").split("/") if reference.startswith("#/") else ():
        found = found.get(step, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}


def _value(cell: str, expected: str) -> Any:
    """The cell as that type, or as text where it is none: then the API says what is wrong with it."""
    if expected == "boolean":
        return _WORDS.get(cell.strip().lower(), cell)
    if expected in ("number", "integer", "object", "array"):
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    return cell


def _over(base: Any, data: Any) -> Any:
    """The data, and of the base what it leaves out."""
    if not isinstance(base, dict) or not isinstance(data, dict):
        return copy.deepcopy(base) if data is None else data
    return {
        name: _over(base.get(name), data[name]) if name in data else copy.deepcopy(base[name])
        for name in (*base, *(name for name in data if name not in base))
    }


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Usage(f"{name} is not JSON: {error}") from None
