"""JSON Schema in few words: what `shapes`, `bodies` and `parameters` are written in."""

from collections.abc import Mapping
from typing import Any, Final

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "number"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
BOOLEAN: Final[Schema] = {"type": "boolean"}
DAY: Final[Schema] = {"type": "string", "format": "date", "examples": ["2026-11-24"]}  # of UTC
MOMENT: Final[Schema] = {"type": "string", "format": "date-time", "examples": ["2026-11-24T06:30:00.123Z"]}


def ref(name: str) -> Schema:
    """The component of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def maybe(schema: Schema) -> Schema:
    """That, or null."""
    if set(schema) == {"$ref"}:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def said(schema: Schema, description: str) -> Schema:
    """That, with a description."""
    return {**schema, "description": description}


def one_of(*words: str) -> Schema:
    """One of these texts."""
    return {"type": "string", "enum": list(words)}


def integer(least: int, most: int, **more: Any) -> Schema:
    """An integer from the one to the other."""
    return {"type": "integer", "minimum": least, "maximum": most, **more}


def listed(of: Schema, **more: Any) -> Schema:
    """A list of these."""
    return {"type": "array", "items": of, **more}


def mapped(to: Schema) -> Schema:
    """An object with names of any kind."""
    return {"type": "object", "additionalProperties": to}


def answered(always: Mapping[str, Schema], sometimes: Mapping[str, Schema] | None = None) -> Schema:
    """An object that we send: later versions may add members."""
    return {"type": "object", "properties": {**always, **(sometimes or {})}, "required": list(always)}


def taken(always: Mapping[str, Schema], sometimes: Mapping[str, Schema] | None = None) -> Schema:
    """An object that we are sent: with no other members."""
    return answered(always, sometimes) | {"additionalProperties": False}
