"""Answers that are sent once: an ETag with each, and 304 where the caller has it.

The tags are weak: two answers with the same one mean the same, and differ in the moment at which they were given.
They stay out of caches all the same, for an answer may hold a payload; who asks again brings the tag along.
"""

import hashlib
import json
from typing import Any

from aws_lambda_powertools.event_handler import Response

from report_queue.api import json_answer


def answer(body: Any, *, steady: Any, if_none_match: str | None) -> Response[str]:
    """The answer, or 304. `steady`: the body without what changes by the mere passing of time."""
    text = json.dumps(steady, ensure_ascii=False, sort_keys=True)
    tag = f'"{hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]}"'
    headers = {"ETag": f"W/{tag}"}
    known = {sent.strip().removeprefix("W/") for sent in (if_none_match or "").split(",")}
    if known & {tag, "*"}:
        return Response(304, body="", headers={"Cache-Control": "no-store", **headers}, compress=False)
    return json_answer(body, headers=headers)
