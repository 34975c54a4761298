"""What the OpenAPI document promises of an answer, for tests that hold answers against it."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema_rs import Draft202012Validator

from report_queue.openapi.document import document


def broken(method: str, path: str, *, status: int, headers: Mapping[str, str], content: bytes) -> list[str]:
    """What an answer does that the document does not promise; names of headers in lower case."""
    operation = _operation(method, path)
    if operation is None:
        return []  # no route: nothing is promised
    said = f"{method} {path} answers {status}"
    answer = operation["responses"].get(str(status))
    if answer is None:
        return [f"{said}, which is not told: {content[:300]!r}"]
    unknown = {name.lower() for name in document()["components"]["headers"]} & headers.keys()
    unknown -= {name.lower() for name in answer.get("headers", {})}
    found = [f"{said} with the header {name}, which is not told" for name in sorted(unknown)]
    if not content:
        return found
    media = headers.get("content-type", "").partition(";")[0]
    told = answer.get("content", {}).get(media) or answer.get("content", {}).get("*/*")
    if told is None:
        return [*found, f"{said} as {media}, which is not told"]
    if media.endswith("json"):
        errors = validator(json.dumps(told["schema"])).iter_errors(json.loads(content))
        found += [f"{said}: {list(error.instance_path)} {error.message[:300]}" for error in errors]
    return found


@cache
def validator(schema: str) -> Draft202012Validator:
    """Of a schema as JSON, whose references lead into the document."""
    return Draft202012Validator({**json.loads(schema), "components": document()["components"]}, validate_formats=True)


def _operation(method: str, path: str) -> Any:
    # A path without parameters wins, as it does at the gateway.
    for known in sorted(document()["paths"], key=lambda known: known.count("{")):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path):
            found = document()["paths"][known].get(method.lower())
            if found:
                return found
    return None
