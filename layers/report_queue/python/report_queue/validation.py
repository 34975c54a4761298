"""Everything that is wrong with an envelope {reportType, data, dataRef?, options?}, each fault with its place in it.

It judges values that `strict_json` parsed: the envelope's own rules here, `data` by the report type's JSON Schema
(Draft 2020-12, formats checked). Messages never quote a value, which may be huge or secret.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from jsonschema_rs import Draft202012Validator, ValidationError

from report_queue import data_ref, options
from report_queue.edition import FACTUR_X
from report_queue.errors import Fault
from report_queue.reports import ReportType
from report_queue.strict_json import clip, pointer

MAX_FAULTS: Final = 100  # as many as anyone reads


def faults(envelope: Any, types: Mapping[str, ReportType]) -> Iterator[Fault]:
    """The faults, lazily: none where the envelope is good."""
    if not isinstance(envelope, dict):
        yield Fault("", "must be an object with reportType, data and, if you like, dataRef and options")
        return
    yield from stranger_faults(envelope, ("reportType", "data", "dataRef", "options"))
    kind, fault = _report_type(envelope, types)
    if fault is not None:
        yield fault
    wished = envelope.get("options", {})
    for wrong in options.faults(wished):
        yield replace(wrong, pointer="/options" + wrong.pointer)
    factur_x = kind is not None and options.attaches(wished, FACTUR_X)
    if kind is not None and factur_x and kind.factur_x is None:
        yield Fault("/options/attachments", f"cannot have {FACTUR_X}: {kind.name} is no invoice that can be sent so")
    if "data" not in envelope:
        yield Fault("/data", "is missing")
    elif kind is not None:
        data, member = _with_rows(envelope, kind)
        schemas = {kind.name: kind.schema} | ({f"{kind.name} {FACTUR_X}": kind.factur_x} if factur_x else {})
        for name, schema in schemas.items():
            if schema is not None:
                found = _schema_errors(_validator(name, schema), data)
                told = (error for error in found if member is None or error.instance_path[:1] != [member])
                yield from chain.from_iterable(map(_schema_faults, told))
    if "dataRef" in envelope:
        yield from data_ref.faults(envelope["dataRef"], envelope.get("data"), kind)
        if options.attaches(wished, "json"):
            yield Fault("/options/attachments", "cannot have json where the rows are in an object of their own")


def stranger_faults(sent: dict[str, Any], members: Sequence[str]) -> Iterator[Fault]:
    """Members of an object that are none of these."""
    known = f"{', '.join(members[:-1])} and {members[-1]}"
    yield from (Fault(pointer(name), f"is not known here: only {known} are") for name in sent if name not in members)


def name_faults(sent: dict[str, Any]) -> Iterator[Fault]:
    """What is wrong with the name that something has for people, if it has one."""
    name = sent.get("name", "a name")
    if not isinstance(name, str) or not 1 <= len(name) <= 100 or not name.isprintable():
        yield Fault("/name", "must be a text of 1 to 100 characters, in one line")


def _with_rows(envelope: dict[str, Any], kind: ReportType) -> tuple[Any, str | None]:
    """The payload as it will be, with the list that a reference brings, empty; and that list's name."""
    data, ref = envelope["data"], envelope.get("dataRef")
    member = ref.get("member", data_ref.MEMBER) if isinstance(ref, dict) else None
    if not isinstance(data, dict) or member not in data_ref.lists_of(kind):
        return data, None
    return {member: [], **data}, None if member in data else member


def _report_type(envelope: dict[str, Any], types: Mapping[str, ReportType]) -> tuple[ReportType | None, Fault | None]:
    known = ", ".join(types)
    if "reportType" not in envelope:
        return None, Fault("/reportType", f"is missing: one of {known}")
    name = envelope["reportType"]
    kind = types.get(name) if isinstance(name, str) else None
    return kind, None if kind else Fault("/reportType", f"is not a report type: one of {known}")


def _schema_errors(validator: Draft202012Validator, data: Any) -> Iterable[ValidationError]:
    """What the schema finds. The validator makes all of its errors at once, and 5 MB of `{},` would be millions of
    them; so look at the head of each list first, and further only where that does not give enough to say.
    """
    if validator.is_valid(data):
        return ()
    for length, enough in (
        (2 * MAX_FAULTS, MAX_FAULTS + 1),
        (10_001, 1),
    ):  # 10,001: more than the report types' lists may have
        found = list(validator.iter_errors(_cut(data, length)))
        if len(found) >= enough:
            return found
    return validator.iter_errors(data)


def _cut(value: Any, length: int) -> Any:
    if isinstance(value, list):
        return [_cut(element, length) for element in value[:length]]
    if isinstance(value, dict):
        return {name: _cut(member, length) for name, member in value.items()}
    return value


def _schema_faults(error: ValidationError) -> Iterator[Fault]:
    """The faults that one finding of the schema is: a missing or superfluous member is a fault of its own place."""
    at: list[str | int] = ["data", *error.instance_path]
    details = error.kind.as_dict()
    match error.kind.name:
        case "required":
            yield Fault(pointer(*at, details["property"]), "is missing")
        case "additionalProperties" | "unevaluatedProperties":
            for name in details["unexpected"]:
                yield Fault(pointer(*at, name), "is not known here")
        case _:
            yield Fault(pointer(*at), said_of(error))


def compiled(schema: dict[str, Any]) -> Draft202012Validator:
    """The schema, for values that no message is to quote."""
    return Draft202012Validator(schema, validate_formats=True, mask=_VALUE, offline=True)


def said_of(error: ValidationError) -> str:
    """What is wrong with a value, in words that follow its name."""
    return clip(error.message.removeprefix(_VALUE + " "), 300)


_VALUE: Final = "the value"  # stands in messages where the validator would quote the value
_validators: Final[dict[str, tuple[dict[str, Any], Draft202012Validator]]] = {}


def _validator(name: str, schema: dict[str, Any]) -> Draft202012Validator:
    # Compiled once a process and schema. One of the same name that is another (a test's) replaces it.
    known, validator = _validators.get(name, (None, None))
    if validator is None or known is not schema:
        validator = compiled(schema)
        _validators[name] = schema, validator
    return validator
