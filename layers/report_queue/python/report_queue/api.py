"""What all HTTP functions share: the resolver, who asks, and one entry that watches.

    event ── entry: watched ── resolver: route, validation ── needs(scope) ── the function's own route
                                                   └── any error ── problems: the one table ── problem+json

It knows Powertools and the HTTP API's payload format 2.0; it knows nothing of jobs. No payload and no key reaches a
log or a trace: events are not logged, responses and errors are not captured.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Request, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from report_queue import problems
from report_queue.errors import (
    BrokerAway,
    Forbidden,
    InvalidRequest,
    MalformedRequest,
    NotFound,
    StoreAway,
    TransientFailure,
    whereabouts,
)
from report_queue.keys import Principal
from report_queue.measures import BROKER_AWAY, REFUSED, REQUESTS, STORE_AWAY, UNEXPECTED
from report_queue.telemetry import Handler, logger, tell, watched
from report_queue.trace import current

_ANSWER_BYTES: Final = 6_000_000
_AWAY: Final = {BrokerAway: BROKER_AWAY, StoreAway: STORE_AWAY}


def resolver() -> APIGatewayHttpResolver:
    """A resolver without routes whose every error is a problem."""
    # 500: an answer of ours that is not what its route says is our fault, never the caller's.
    app = APIGatewayHttpResolver(enable_validation=True, response_validation_error_http_code=500, debug=False)

    def told(error: Exception) -> Response[str]:
        context = app.current_event.request_context
        _note(error, problems.problem_of(error).status)
        return problems.answer(error, instance=app.current_event.path, request_id=context.request_id)

    def no_route(_: Exception) -> Response[str]:
        return told(
            NotFound(f"{app.current_event.http_method} finds nothing at this address; GET /api/jobs is where to start.")
        )

    def bad_parameters(error: RequestValidationError) -> Response[str]:
        return told(InvalidRequest("Parameters are wrong: see errors.", problems.parameter_faults(error.errors())))

    app.not_found(no_route)
    app.exception_handler(RequestValidationError)(bad_parameters)
    app.exception_handler(Exception)(told)
    return app


def entry(app: APIGatewayHttpResolver) -> Handler:
    """The Lambda handler of a resolver."""

    @watched(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        tell({REQUESTS: 1})
        if here := current():
            logger.append_keys(trace=here.xray_id)
        return app.resolve(event, context)

    return handler


def needs(scope: str) -> Callable[[Request], Principal]:
    """A dependency of routes: whoever asks, if the key has the scope, or else Forbidden."""

    def principal(request: Request) -> Principal:
        # Absent only where a gateway forgot its authorizer: then nobody may do anything.
        granted = (request.resolved_event["requestContext"].get("authorizer") or {}).get("lambda") or {}
        scopes = frozenset(str(granted.get("scopes", "")).split())
        if scope not in scopes:
            raise Forbidden(f'This needs a key with the scope "{scope}"; ask whoever gave you yours.')
        logger.append_keys(tenant=granted["tenant"], key_id=granted["keyId"])
        return Principal(tenant=granted["tenant"], key_id=granted["keyId"], scopes=scopes)

    return principal


def body_of(app: APIGatewayHttpResolver) -> bytes:
    """The request's body as bytes, as they were sent; raises MalformedRequest."""
    text: str = app.current_event.body or ""
    if not app.current_event.is_base64_encoded:
        return text.encode("utf-8", "surrogatepass")  # whoever reads them as UTF-8 finds what cannot be
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise MalformedRequest("The body did not arrive whole: send it again.") from None


def json_answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[str]:
    """A JSON answer that no cache keeps. Text travels as it is: escaped, a large payload would outgrow its answer."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(status, "application/json", text, headers={"Cache-Control": "no-store", **(headers or {})})


def next_page(app: APIGatewayHttpResolver, after: str | None) -> dict[str, str]:
    """The header that leads to the next page of a list, with the same filters (RFC 8288); none at its end."""
    if after is None:
        return {}
    query = {name: value for name, value in app.current_event.query_string_parameters.items() if name != "page"}
    return {"Link": f'<{app.current_event.path}?{urlencode(query | {"after": after})}>; rel="next"'}


def fits(app: APIGatewayHttpResolver, body: Any) -> bool:
    """Whether a compressed route can answer with this: always to who takes gzip, else up to what Lambda lets by."""
    if "gzip" in app.current_event.headers.get("accept-encoding", ""):
        return True
    # The answer is a string within Lambda's own JSON: every quote in it counts twice.
    return len(json.dumps(json.dumps(body, ensure_ascii=False), ensure_ascii=False).encode("utf-8")) < _ANSWER_BYTES


def answers(ping: Callable[[], None]) -> bool:
    """Whether what is pinged is there."""
    try:
        ping()
    except TransientFailure:
        return False
    return True


def _note(error: Exception, status: int) -> None:
    if isinstance(error, TransientFailure):
        logger.warning("away", reason=error.reason, message_for_people=str(error))
        tell({_AWAY.get(type(error), UNEXPECTED): 1})
    elif status >= 500:
        logger.error("unexpected", error=whereabouts(error))
        tell({UNEXPECTED: 1})
    else:
        logger.info("refused", status=status, error=type(error).__name__)
        tell({REFUSED: 1})
