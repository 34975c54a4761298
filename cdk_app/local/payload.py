"""API Gateway's payload format 2.0: what an HTTP request looks like to a function, and a function's answer to HTTP.

Pure: no sockets, no clock. Names and casing are AWS's.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from cdk_app.local.aws import ACCOUNT, REGION
from cdk_app.topology import Route

API_ID = "local"
_TEXT = ("text/", "application/json", "application/xml", "application/javascript")


@dataclass(frozen=True)
class HttpRequest:
    """A request as it came in. `path` and `query` are still percent-encoded; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str
    protocol: str = "HTTP/1.1"


@dataclass(frozen=True)
class HttpAnswer:
    """What goes back to the caller."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


def api_event(
    request: HttpRequest,
    route: Route,
    parameters: Mapping[str, str],
    *,
    request_id: str,
    now: datetime,
    authorizer: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The event of a request. `authorizer`: the context that the authorizer returned, where it was asked."""
    event = _common(request, route, parameters, request_id=request_id, now=now)
    if authorizer is not None:
        event["requestContext"]["authorizer"] = {"lambda": dict(authorizer)}
    event["isBase64Encoded"] = False
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request)
    return event


def authorizer_event(
    request: HttpRequest, route: Route, parameters: Mapping[str, str], *, request_id: str, now: datetime, token: str
) -> dict[str, Any]:
    """The event that asks the authorizer about a request; it never sees the body."""
    return {
        "type": "REQUEST",
        "routeArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{API_ID}/$default/{route.method}{request.path}",
        "identitySource": [token],
        **_common(request, route, parameters, request_id=request_id, now=now),
    }


def _common(
    request: HttpRequest, route: Route, parameters: Mapping[str, str], *, request_id: str, now: datetime
) -> dict[str, Any]:
    headers = _joined([(name, value) for name, value in request.headers if name != "cookie"])
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{route.method} {route.path}",
        "rawPath": unquote(request.path),
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": headers.get("host", "localhost"),
            "domainPrefix": API_ID,
            "http": {
                "method": request.method,
                "path": unquote(request.path),
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": f"{route.method} {route.path}",
            "stage": "$default",
            "time": now.astimezone(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
    }
    # What is empty is left out, as it is on AWS.
    if cookies := [value for name, value in request.headers if name == "cookie"]:
        event["cookies"] = [part.strip() for value in cookies for part in value.split(";")]
    if query := parse_qsl(request.query, keep_blank_values=True):
        event["queryStringParameters"] = _joined(query)
    if parameters:
        event["pathParameters"] = dict(parameters)
    return event


def _joined(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Values of the same name, joined by commas."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(request: HttpRequest) -> tuple[str, bool]:
    """The body, and whether it had to be encoded in base64: binary types, and text that is no UTF-8."""
    kind = dict(request.headers).get("content-type", "application/json").lower()
    if kind.startswith(_TEXT):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def http_answer(payload: bytes) -> HttpAnswer:
    """A function's answer as HTTP; raises ValueError for one that API Gateway would not accept."""
    given = json.loads(payload)
    if not isinstance(given, dict) or "statusCode" not in given:
        inferred = given if isinstance(given, str) else json.dumps(given)
        return HttpAnswer(200, [("content-type", "application/json")], inferred.encode())
    status = int(given["statusCode"])
    if not 100 <= status <= 599:
        raise ValueError(f"status {status}")
    headers = [(str(name).lower(), str(value)) for name, value in (given.get("headers") or {}).items()]
    headers += [("set-cookie", str(cookie)) for cookie in given.get("cookies") or ()]
    text = "" if given.get("body") is None else given["body"]
    if not isinstance(text, str):
        raise ValueError("the body is no string")
    body = base64.b64decode(text, validate=True) if given.get("isBase64Encoded") else text.encode()
    if body and not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    return HttpAnswer(status, headers, body)
