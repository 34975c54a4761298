"""Where errors meet HTTP: one table, and the one shape of an answer that says no.

The shape is a problem (RFC 9457, application/problem+json) with the members of the system that this replaces beside
it: success, message, errorMessages. Its `type` is an address of this API, GET /problems/{name}, which says what the row
says. Nothing else in this package knows a status of the 4xx or 5xx kind.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from aws_lambda_powertools.event_handler import Response

from report_queue import errors
from report_queue.errors import Fault

CONTENT_TYPE: Final = "application/problem+json"
AWAY_AGAIN_S: Final = 5  # seconds: what is away is asked again soon, for the queue loses nothing by it
RETRIED: Final = frozenset({409, 429, 503})  # statuses that say when to ask again, 409 where it comes by itself

_OF_REPORTS: Final = frozenset({"render-failed", "render-interrupted"})  # these say what a job would have failed with

# A problem must not be kept by caches, nor be taken for a page.
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Problem(NamedTuple):
    """How one kind of error is told: `type` is the stable word for programs, `title` the same for people.

    `when` it comes and what to `do` stand on the page that the type leads to.
    """

    status: int
    title: str
    type: str
    when: str
    do: str

    @property
    def address(self) -> str:
        """The type as a URI: of this API, whichever host it is under."""
        return f"/problems/{self.type}"


TABLE: Final[Mapping[type[Exception], Problem]] = {
    errors.MalformedRequest: Problem(
        400,
        "The request cannot be read",
        "malformed-request",
        "The body is not JSON that we accept, or a header is not of its form.",
        "Send JSON (RFC 8259) in UTF-8, each key once, no NaN, not too deep; `detail` says what was in the way.",
    ),
    errors.Forbidden: Problem(
        403,
        "The key does not allow this",
        "forbidden",
        "The key is good, but lacks the scope.",
        "Use a key with the scope that `detail` names, or ask whoever gave you yours.",
    ),
    errors.NotFound: Problem(
        404,
        "There is nothing here",
        "not-found",
        "Nothing here by that name, or it is another tenant's: the two answers are the same.",
        "Look at the id and at the key's tenant; GET /api/jobs lists what there is.",
    ),
    errors.Conflict: Problem(
        409,
        "The job's state does not allow this",
        "conflict",
        "What is asked for does not fit the state that the thing is in.",
        "Look at it again: `detail` says the state, and what can be done in it.",
    ),
    errors.Gone: Problem(
        410,
        "The job's documents were deleted",
        "gone",
        "The job was the tenant's own, and DELETE took its request, receipt and report away for good.",
        "Submit a new request, with another Idempotency-Key, to have the report made again.",
    ),
    errors.TooLarge: Problem(
        413,
        "The request is too large",
        "too-large",
        "The body has more bytes than may be sent; or a preview takes longer, or comes out larger, than one may.",
        "Split the report, aggregate its rows, or put the rows there by POST /api/v1/inputs and name them. What is too "
        "much for a preview, submit: a job may be larger and take longer.",
    ),
    errors.InvalidRequest: Problem(
        422,
        "The request is not valid",
        "invalid-request",
        "The request can be read and is not what is asked for; or its Idempotency-Key belongs to another one.",
        "`errors` lists every place that is wrong and what should be there. Sent again as it is, it is refused again.",
    ),
    errors.PermanentFailure: Problem(
        422,
        "The report cannot be made",
        "render-failed",
        "A preview's template or data are at fault: a job would fail for the same reason.",
        "`detail` says what is wrong, and in which line of the template; `reason` is what a failed job would have.",
    ),
    errors.TooMany: Problem(
        429,
        "Too many jobs wait already",
        "too-many",
        "The tenant has as many jobs waiting and delayed as it may have.",
        "Submit again after Retry-After seconds, with the same Idempotency-Key.",
    ),
    errors.BrokerAway: Problem(
        503,
        "The queue does not answer at the moment",
        "broker-away",
        "The broker does not answer, or is full. Reports are accepted all the same; lists are not to be had.",
        "Ask again after Retry-After seconds.",
    ),
    errors.StoreAway: Problem(
        503,
        "The store does not answer at the moment",
        "store-away",
        "The bucket does not answer: nothing can be accepted.",
        "Send it again after Retry-After seconds, with the same Idempotency-Key.",
    ),
    errors.TransientFailure: Problem(
        503,
        "The report was not made this time",
        "render-interrupted",
        "The process that rendered a preview ended without a word.",
        "Ask again after Retry-After seconds. If it ends so each time, submit the report: its job is tried several "
        "times, and keeps what it failed with.",
    ),
}

UNEXPECTED: Final = Problem(
    500,
    "Something went wrong here",
    "unexpected",
    "It is our mistake; the log has it under the request id.",
    "Trying again may help. If it does not, tell us the `requestId`.",
)

ROWS: Final[Mapping[str, Problem]] = {row.type: row for row in (*TABLE.values(), UNEXPECTED)}
"""Every row by its word."""


def problem_of(error: Exception) -> Problem:
    """The row of an error's class, or of its nearest base that has one; UNEXPECTED where none has."""
    return next((TABLE[base] for base in type(error).__mro__ if base in TABLE), UNEXPECTED)


def answer(error: Exception, *, instance: str, request_id: str) -> Response[str]:
    """The answer to an error. Only errors that this package raises on purpose are quoted: their messages are safe."""
    problem = problem_of(error)
    unexpected = problem is UNEXPECTED
    detail = f"It is logged under the request id {request_id}; trying again may help." if unexpected else str(error)
    faults = error.faults if isinstance(error, errors.InvalidRequest) else ()
    reason = error.reason if isinstance(error, errors.AttemptFailure) and problem.type in _OF_REPORTS else None
    body = body_of(problem, detail=detail, instance=instance, request_id=request_id, faults=faults, reason=reason)
    again_s = _again(error)
    retry = {} if again_s is None else {"Retry-After": str(again_s)}
    return Response(problem.status, CONTENT_TYPE, json.dumps(body, ensure_ascii=False), headers=_HEADERS | retry)


def body_of(
    problem: Problem,
    *,
    detail: str,
    instance: str,
    request_id: str,
    faults: Sequence[Fault] = (),
    reason: str | None = None,
) -> dict[str, Any]:
    """A problem as JSON values; `reason` is the code that a job would have failed with."""
    return {
        "type": problem.address,
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        "instance": instance,
        "requestId": request_id,
        "errors": [{"pointer": fault.pointer, "detail": fault.message} for fault in faults],
        "success": False,
        "message": detail,
        "errorMessages": [{"path": _path(fault), "message": fault.message} for fault in faults],
        **({"reason": reason} if reason else {}),
    }


def parameter_faults(found: Any) -> tuple[Fault, ...]:
    """What the resolver found wrong with the query or the path, as faults: `/query/page`. Values are not quoted."""
    return tuple(Fault("".join(f"/{step}" for step in fault["loc"]), str(fault["msg"])) for fault in found)


def _again(error: Exception) -> int | None:
    if isinstance(error, errors.NotYet | errors.TooMany):
        return error.again_s
    return AWAY_AGAIN_S if isinstance(error, errors.TransientFailure) else None


def _path(fault: Fault) -> str:
    """The place as the old system wrote it: data.rows.3.amount."""
    return ".".join(step.replace("~1", "/").replace("~0", "~") for step in fault.pointer.split("/")[1:])
