"""Parameters and headers by name, as they stand under components."""

from typing import Any, Final

from pydantic import TypeAdapter

from report_queue import search
from report_queue.batch_store import PLACE
from report_queue.job import State
from report_queue.openapi.schema import DAY, TEXT, Schema, integer, one_of
from report_queue.openapi.shapes import ID
from report_queue.options import WEBHOOK
from report_queue.webhook import CALLBACK, MESSAGE

_MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
_NAME: Final[Schema] = {"type": "string", "pattern": "^[A-Za-z0-9._-]+$"}


def parameters() -> dict[str, Any]:
    """What a path, a query or a header of a request may have."""
    return {
        "id": _path("id", ID, "26 letters and digits"),
        "webhook": _path("webhook", {"type": "string", "pattern": f"^({WEBHOOK}|{CALLBACK})$"}, "or `callback`"),
        "delivery": _path("delivery", {"type": "string", "pattern": f"^{MESSAGE}$"}, "the message's id"),
        "name": _path("name", _NAME, "of a file or a problem"),
        "state": _query("state", one_of(*State), "the state that they are in"),
        "type": _query("type", TypeAdapter(search.Name).json_schema(), "report type"),
        "tag": _query("tag", TypeAdapter(search.Tag).json_schema(), "one of their tags"),
        "signature": _query("signature", TypeAdapter(search.Signature).json_schema(), "of their error"),
        "batch": _query("batch", ID, "the batch that they belong to"),
        "since": _query("since", _MOMENT, "they entered their state then or later; with `tag`: were accepted"),
        "until": _query("until", _MOMENT, "they entered their state before; with `tag`: were accepted"),
        "sinceDay": _query("since", DAY, "the first day; 31 days before the last unless given"),
        "untilDay": _query("until", DAY, "the last day; today unless given"),
        "after": _query("after", TEXT, "the last answer's `next`, with the same filters"),
        "afterId": _query("after", ID, "the last answer's `after`"),
        "afterBatch": _query("after", {"type": "string", "pattern": PLACE}, "the last answer's `after`"),
        "page": _query("page", integer(1, 1_000_000, default=1), "no further in than 3,000 jobs; `after` leads on"),
        "limit": _query("limit", integer(1, 100, default=20), "how many"),
        "minutes": _query("minutes", integer(1, 1_440, default=60), "how far back"),
        "Idempotency-Key": _header(
            "Idempotency-Key", {"type": "string", "pattern": "^[!-~]{1,255}$"}, "makes it safe to send again"
        ),
        "Prefer": _header("Prefer", TEXT, "`wait=N`: rather wait so many seconds for the job's end, 25 at most"),
        "If-None-Match": _header("If-None-Match", TEXT, "the ETag that is known"),
        "Accept": _header("Accept", one_of("application/json", "*/*"), "JSON instead of a redirect"),
    }


def headers() -> dict[str, Any]:
    """What the header of an answer may have."""
    return {
        name: {"description": says, "schema": schema}
        for name, (schema, says) in {
            "Location": (TEXT, "where to look at it"),
            "Retry-After": (integer(1, 3_600), "seconds after which to look, or to ask, again"),
            "Idempotency-Replayed": ({"const": "true"}, "it was accepted before, under this Idempotency-Key"),
            "Preference-Applied": (TEXT, "`wait=N`, as it was waited"),
            "Link": (TEXT, "to the next page, `rel=next`; not at the end"),
            "RateLimit-Policy": (
                TEXT,
                "the tenant's limits, if any: jobs that may wait, and that may start",
            ),
            "RateLimit": (TEXT, "how many more jobs may wait"),
            "Content-Disposition": (TEXT, "`inline`, with the name of the file"),
            "Report-Warnings": (TEXT, "codes of what the preflight has against it, with commas between"),
            "ETag": (TEXT, "of this answer, for `If-None-Match`"),
        }.items()
    }


def _path(name: str, schema: Schema, says: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": says}


def _query(name: str, schema: Schema, says: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": says}


def _header(name: str, schema: Schema, says: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": schema, "description": says}
