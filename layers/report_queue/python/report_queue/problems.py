"""Where errors meet HTTP: one table, and the one shape of an answer that says no.

The shape is a problem (RFC 9457, application/problem+json) with the members of the system that this replaces beside
it: success, message, errorMessages. Nothing else in this package knows a status of the 4xx or 5xx kind.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from aws_lambda_powertools.event_handler import Response

from report_queue import errors
from report_queue.errors import Fault

CONTENT_TYPE: Final = "application/problem+json"
# Seconds by status. What is away is asked again soon, for the queue loses nothing by it; a backlog takes longer.
RETRY_AFTER_S: Final = {429: 30, 503: 5}

# A problem must not be kept by caches, nor be taken for a page.
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Problem(NamedTuple):
    """How one kind of error is told: `type` is the stable word for programs, `title` the same for people."""

    status: int
    title: str
    type: str


TABLE: Final[Mapping[type[Exception], Problem]] = {
    errors.MalformedRequest: Problem(400, "The request cannot be read", "malformed-request"),
    errors.Forbidden: Problem(403, "The key does not allow this", "forbidden"),
    errors.NotFound: Problem(404, "There is nothing here", "not-found"),
    errors.Conflict: Problem(409, "The job's state does not allow this", "conflict"),
    errors.TooLarge: Problem(413, "The request is too large", "too-large"),
    errors.InvalidRequest: Problem(422, "The request is not valid", "invalid-request"),
    errors.TooMany: Problem(429, "Too many jobs wait already", "too-many"),
    errors.BrokerAway: Problem(503, "The queue does not answer at the moment", "broker-away"),
    errors.StoreAway: Problem(503, "The store does not answer at the moment", "store-away"),
}

UNEXPECTED: Final = Problem(500, "Something went wrong here", "unexpected")


def problem_of(error: Exception) -> Problem:
    """The row of an error's class, or of its nearest base that has one; UNEXPECTED where none has."""
    return next((TABLE[base] for base in type(error).__mro__ if base in TABLE), UNEXPECTED)


def answer(error: Exception, *, instance: str, request_id: str) -> Response[str]:
    """The answer to an error. Only errors that this package raises on purpose are quoted: their messages are safe."""
    problem = problem_of(error)
    unexpected = problem is UNEXPECTED
    detail = f"It is logged under the request id {request_id}; trying again may help." if unexpected else str(error)
    faults = error.faults if isinstance(error, errors.InvalidRequest) else ()
    body = {
        "type": f"urn:report-queue:problem:{problem.type}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        "instance": instance,
        "requestId": request_id,
        "errors": [{"pointer": fault.pointer, "detail": fault.message} for fault in faults],
        "success": False,
        "message": detail,
        "errorMessages": [{"path": _path(fault), "message": fault.message} for fault in faults],
    }
    retry_after = RETRY_AFTER_S.get(problem.status)
    retry = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Response(problem.status, CONTENT_TYPE, json.dumps(body, ensure_ascii=False), headers=_HEADERS | retry)


def parameter_faults(found: Any) -> tuple[Fault, ...]:
    """What the resolver found wrong with the query or the path, as faults: `/query/page`. Values are not quoted."""
    return tuple(Fault("".join(f"/{step}" for step in fault["loc"]), str(fault["msg"])) for fault in found)


def _path(fault: Fault) -> str:
    """The place as the old system wrote it: data.rows.3.amount."""
    return ".".join(step.replace("~1", "/").replace("~0", "~") for step in fault.pointer.split("/")[1:])
