"""The document: operations, and the components that they name, put together."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from report_queue import VERSION, problems
from report_queue.openapi import bodies, samples, shapes
from report_queue.openapi.operations import OPERATIONS, Answered, Operation
from report_queue.openapi.parameters import headers, parameters
from report_queue.openapi.schema import ref
from report_queue.reports import ReportType, report_types

# What stands in front of the functions refuses in words of its own.
_GATEWAY: Final = {
    "401": "There is no key",
    "403": "The key is not known, or has been revoked",
    "413": "The request is too large for the gateway",
    "429": "More requests a second than the gateway lets by",
    "500": "The gateway could not make sense of a function's answer",
    "503": "No function was free in time",
}
_OF_KEYS: Final = ("401", "403")

TAGS: Final = {
    "Reports": "Submit a report and get it.",
    "Jobs": "What became of a submission: look, retry, cancel.",
    "Batches": "Many reports that become one file.",
    "Schedules": "Reports that are made again and again.",
    "Webhooks": "Be told of what ends.",
    "Queue": "How it is going.",
    "About": "What this is; needs no key.",
}


@cache
def document() -> dict[str, Any]:
    """The whole of it, as JSON values; built once a process. Nobody may change it."""
    types = report_types()
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Report queue",
            "version": VERSION,
            "description": "Send `{reportType, data}`, get a PDF. Every error is a problem (RFC 9457) whose `type` is "
            "an address that explains it.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [{"name": name, "description": says} for name, says in TAGS.items()],
        "paths": _paths(types),
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, `rq_…`. It belongs to a tenant and has scopes: submit, read, operate, "
                    "admin.",
                }
            },
            "parameters": parameters(),
            "headers": headers(),
            "examples": {row.type: {"value": samples.problem(row)} for row in problems.ROWS.values()},
            "schemas": {**shapes.schemas(), **bodies.schemas(dict(types)), "OpenApi": {"type": "object"}},
        },
    }


def _paths(types: Mapping[str, ReportType]) -> dict[str, Any]:
    sent, shown = bodies.samples(dict(types)), samples.samples(types)
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for operation in OPERATIONS:
        paths[operation.path][operation.method] = _operation(operation, sent, shown)
    return dict(paths)


def _operation(row: Operation, sent: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    needs = f" Needs a key with the scope `{row.scope}`." if row.scope else ""
    told: dict[str, Any] = {
        "operationId": row.id,
        "tags": [row.tag],
        "summary": row.says.partition(". ")[0].rstrip("."),
        "description": row.says + needs,
        "responses": _responses(row, shown),
    }
    if not row.scope:
        told["security"] = []
    named = [part.strip("{}") for part in row.path.split("/") if part.startswith("{")]
    if found := [*named, *row.query, *row.headers]:
        told["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in found]
    if row.body:
        examples = {name: {"value": value} for name, value in sent[row.body].items()}
        content = {"application/json": {"schema": ref(row.body), "examples": examples}}
        told["requestBody"] = {"required": row.body_required, "content": content}
    return told


def _responses(row: Operation, shown: Mapping[str, Any]) -> dict[str, Any]:
    told = {str(status): _answer(answered, shown) for status, answered in row.answers.items()}
    for status, refusal in _refusals(row):
        there = told.setdefault(status, {"description": "", "content": {}})
        there["description"] = "; ".join(filter(None, (there["description"], refusal["description"])))
        for media, content in refusal["content"].items():
            known = there["content"].get(media)
            if known is None:
                there["content"][media] = content
            elif known["schema"] != content["schema"]:
                there["content"][media] = {"schema": {"anyOf": [known["schema"], content["schema"]]}}
        there.setdefault("headers", {}).update(refusal.get("headers", {}))
    return dict(sorted(told.items()))


def _answer(answered: Answered, shown: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answered.says, "content": {}}
    if answered.schema:
        content: dict[str, Any] = {"schema": ref(answered.schema)}
        if answered.schema in shown:
            content["example"] = shown[answered.schema]
        told["content"] = {str(answered.media): content}
    elif isinstance(answered.media, tuple):  # files, whose bytes are not JSON's to describe
        told["content"] = {media: {"schema": {"contentMediaType": media}} for media in answered.media}
    elif answered.media != "application/json":
        told["content"] = {answered.media: {"schema": {"type": "string"}}}
    if answered.headers:
        told["headers"] = _headers(*answered.headers)
    return told


def _refusals(row: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each status of the 4xx and 5xx kind, and what may be behind it."""
    mine = [problems.ROWS[word] for word in row.problems]
    for status in sorted({found.status for found in mine}):
        behind = [found for found in mine if found.status == status]
        examples = {found.type: {"$ref": f"#/components/examples/{found.type}"} for found in behind}
        told: dict[str, Any] = {
            "description": "; ".join(f"`{found.type}`: {found.when}" for found in behind),
            "content": {problems.CONTENT_TYPE: {"schema": ref("Problem"), "examples": examples}},
        }
        if status in problems.RETRIED:
            told["headers"] = _headers("Retry-After")
        yield str(status), told
    for word, says in _GATEWAY.items():
        if (word in _OF_KEYS and not row.scope) or (word == "413" and row.method == "get"):
            continue
        yield word, {"description": says, "content": {"application/json": {"schema": ref("Refusal")}}}


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
