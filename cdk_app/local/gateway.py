"""An HTTP gateway that behaves like API Gateway's HTTP API: routes, the authorizer and its cache, limits, refusals.

The refusals are API Gateway's own words, which is why they are not problem+json. Knows no function by name but the
authorizer; what a request and an answer look like is in `payload`.
"""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from cdk_app.local import cors
from cdk_app.local.delivery import Invoke
from cdk_app.local.payload import HttpAnswer, HttpRequest, api_event, authorizer_event, http_answer
from cdk_app.local.pool import Throttled
from cdk_app.local.routes import match
from cdk_app.topology import Route

BODY_LIMIT = 10 * 1024 * 1024  # API Gateway's
EVENT_LIMIT = 6 * 1024 * 1024 + 100  # Lambda's, of a synchronous event: the body with every quote in it escaped
INTEGRATION_S = 30.0  # API Gateway waits this long for a function
_BODILESS = {204, 304}
_HOP_BY_HOP = {"connection", "content-length", "date", "transfer-encoding"}


class Refusal(Exception):
    """An answer that API Gateway gives itself."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = HttpAnswer(
            status, [("content-type", "application/json")], json.dumps({"message": message}).encode()
        )


class TooLarge(Refusal):
    """API Gateway's word for what neither it nor Lambda takes, with what its caller can do about it."""

    def __init__(self) -> None:
        super().__init__(413, "Request Too Long")
        problem = {
            "type": "about:blank",
            "title": "Content too large",
            "status": 413,
            "detail": "The body is larger than this API takes: send fewer rows, or split the report.",
            "success": False,
            "message": "Request Too Long",
        }
        self.answer = HttpAnswer(413, [("content-type", "application/problem+json")], json.dumps(problem).encode())


class Gateway:
    """The ASGI application. `authorizer`: the function to ask about routes that are not public."""

    def __init__(
        self,
        *,
        routes: Sequence[Route],
        authorizer: str,
        cache_s: float,
        invoke: Invoke,
        clock: Callable[[], float],
        cors_origins: Sequence[str] = (),
    ) -> None:
        self._cors_origins = cors_origins
        self._routes, self._authorizer, self._invoke, self._clock = routes, authorizer, invoke, clock
        self._cache_s = cache_s
        self._cache: dict[str, tuple[float, dict[str, Any]]] = {}  # token: until when, what the authorizer said

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id, allowed = str(uuid.uuid4()), list[tuple[str, str]]()
        try:
            request = await _read(Request(scope, receive))
            allowed = cors.headers(request, self._cors_origins)
            answer = cors.preflight(request, self._cors_origins) or await self._answer(request, request_id)
        except Refusal as refusal:
            answer = refusal.answer
        except ClientDisconnect:
            return
        body = b"" if answer.status in _BODILESS else answer.body
        headers = [(name, value) for name, value in answer.headers if name not in _HOP_BY_HOP]
        headers += [*allowed, ("apigw-requestid", request_id), ("content-length", str(len(body)))]
        raw = [(name.encode("latin-1"), value.encode("utf-8")) for name, value in headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, request: HttpRequest, request_id: str) -> HttpAnswer:
        matched = match(self._routes, request.method, request.path)
        if matched is None:
            raise Refusal(404, "Not Found")
        route, parameters = matched
        context = None if route.public else await self._authorize(request, route, parameters, request_id)
        event = api_event(request, route, parameters, request_id=request_id, now=datetime.now(UTC), authorizer=context)
        payload = await self._ask(route.function, event)
        try:
            return http_answer(payload)
        except (ValueError, TypeError):
            raise Refusal(500, "Internal Server Error") from None

    async def _authorize(
        self, request: HttpRequest, route: Route, parameters: Mapping[str, str], request_id: str
    ) -> dict[str, Any]:
        """The context that the authorizer gives the caller; it is asked once per token and `cache_s`."""
        token = dict(request.headers).get("authorization", "")
        if not token:
            raise Refusal(401, "Unauthorized")
        now = self._clock()
        self._cache = {known: entry for known, entry in self._cache.items() if entry[0] > now}
        if token not in self._cache:
            event = authorizer_event(
                request, route, parameters, request_id=request_id, now=datetime.now(UTC), token=token
            )
            said = json.loads(await self._ask(self._authorizer, event))
            if not isinstance(said, dict) or not isinstance(said.get("isAuthorized"), bool):
                raise Refusal(500, "Internal Server Error")
            self._cache[token] = (now + self._cache_s, said)
        said = self._cache[token][1]
        if not said["isAuthorized"]:
            raise Refusal(403, "Forbidden")
        return dict(said.get("context") or {})

    async def _ask(self, function: str, event: Any) -> bytes:
        if len(json.dumps(event, ensure_ascii=False).encode()) > EVENT_LIMIT:
            raise TooLarge
        try:
            answer = await self._invoke(function, event, within_s=INTEGRATION_S)
        except Throttled:
            raise Refusal(503, "Service Unavailable") from None
        if answer.error:
            raise Refusal(500, "Internal Server Error")
        return answer.payload


async def _read(request: Request) -> HttpRequest:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise TooLarge
    scope = request.scope
    own = {  # what the gateway adds, whatever the caller says
        "x-forwarded-for": _source(request),
        "x-forwarded-port": str(request.url.port or 80),
        "x-forwarded-proto": "http",
        "x-amzn-trace-id": f"Root=1-0-{uuid.uuid4().hex[:24]}",
    }
    sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    return HttpRequest(
        method=request.method,
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=[*((name, value) for name, value in sent if name not in own), *own.items()],
        body=bytes(body),
        source_ip=_source(request),
        protocol=f"HTTP/{scope['http_version']}",
    )


def _source(request: Request) -> str:
    return request.client.host if request.client else "127.0.0.1"
