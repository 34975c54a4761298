"""Where the rows of a report are, that come from the bucket and not with the payload: `dataRef` of a submission.

    {"key": "inputs/<tenant>/<id>/<name>.jsonl", "member"?: "rows"}      ── faults ──► none ── DataRef.of ──► DataRef

`data` is the rest of the payload; its list `member` is what stands in the object: a JSON object a line (.jsonl,
.ndjson), or CSV with a head line (.csv). It knows shapes only: whether the object is there, `inputs` knows; what is in
it, `render.rows_check`.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self

from report_queue.errors import Fault
from report_queue.reports import ReportType
from report_queue.strict_json import pointer

Kind = Literal["jsonl", "csv"]

MEMBER: Final = "rows"  # where none is named
KINDS: Final[dict[str, Kind]] = {"jsonl": "jsonl", "ndjson": "jsonl", "csv": "csv"}
ENDINGS: Final = tuple(f".{ending}" for ending in KINDS)
NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"

_KEY: Final = re.compile(rf"inputs/[a-z0-9][a-z0-9-]{{0,62}}(/{NAME}){{1,4}}")
_SHAPE: Final = 'must be an object with key and, if you like, member, such as {"key": "inputs/acme/sales.jsonl"}'
_KEY_SHAPE: Final = (
    "must be a key as POST /api/v1/inputs gives it: inputs/<your tenant>/, then letters, digits and . _ - /, "
    f"and one of the endings {', '.join(ENDINGS)}"
)


@dataclass(frozen=True)
class DataRef:
    """An object of rows. `etag` and `size` (bytes) are those that it had when the request was accepted."""

    key: str
    member: str = MEMBER
    etag: str | None = None
    size: int | None = None

    @property
    def kind(self) -> Kind:
        """How rows are written in it."""
        return KINDS[self.key.rpartition(".")[2]]

    @property
    def tenant(self) -> str:
        """Whose it is."""
        return self.key.split("/")[1]

    @classmethod
    def of(cls, sent: dict[str, Any] | None) -> Self | None:
        """The reference that was sent and found without fault, or that `to_fields` told."""
        return None if sent is None else cls(**sent)

    def to_fields(self) -> dict[str, Any]:
        """It as JSON values."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class RowsFile:
    """What a renderer is told of a file of rows that it is given."""

    member: str  # of the payload, which the rows become
    kind: Kind
    most: int  # rows


def faults(ref: Any, data: Any, kind: ReportType | None) -> Iterator[Fault]:
    """What is wrong with a reference beside `data` of this report type, if that is known; pointers into the body."""
    if not isinstance(ref, dict):
        yield Fault("/dataRef", _SHAPE)
        return
    for name in ref:
        if name not in ("key", "member"):
            yield Fault("/dataRef" + pointer(name), "is not known here: only key and member are")
    if "key" not in ref:
        yield Fault("/dataRef/key", "is missing: POST /api/v1/inputs gives one")
    elif not is_key(ref["key"]):
        yield Fault("/dataRef/key", _KEY_SHAPE)
    if kind is None:
        return
    lists, member = lists_of(kind), ref.get("member", MEMBER)
    if not lists:
        yield Fault("/dataRef", f"is not for {kind.name}: it has no list of objects")
    elif member not in lists:
        yield Fault("/dataRef/member", f"is no list of objects of {kind.name}: one of {', '.join(lists)}")
    elif isinstance(data, dict) and member in data:
        yield Fault(f"/data/{member}", "stands beside dataRef, which brings it: give the one or the other")


def is_key(key: Any) -> bool:
    """Whether it is of the form that an object of rows has."""
    return isinstance(key, str) and _KEY.fullmatch(key) is not None and key.endswith(ENDINGS) and ".." not in key


def lists_of(kind: ReportType) -> list[str]:
    """The members of a payload of this type that are lists of objects."""
    members = kind.schema.get("properties", {})
    return [name for name, schema in members.items() if _is_list_of_objects(schema, kind.schema)]


def rows_schema(kind: ReportType, member: str) -> dict[str, Any]:
    """The schema of such a list, to stand alone; of its rows and their members it says the kinds without references."""
    root = kind.schema
    definitions: dict[str, Any] = {name: root[name] for name in ("$schema", "$defs") if name in root}
    listed = _resolved(root["properties"][member], root)
    row = _resolved(listed.get("items", {}), root)
    members = {name: _resolved(schema, root) for name, schema in row.get("properties", {}).items()}
    return {**definitions, **listed, "items": {**row, "properties": members}}


def _is_list_of_objects(schema: Any, root: dict[str, Any]) -> bool:
    listed = _resolved(schema, root)
    return listed.get("type") == "array" and _resolved(listed.get("items", {}), root).get("type") == "object"


def _resolved(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    """What a schema stands for that is a reference to a definition beside it."""
    reference = schema.get("$ref") if isinstance(schema, dict) else None
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        return _resolved(root.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {}), root)
    return schema if isinstance(schema, dict) else {}
