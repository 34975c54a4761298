"""Stands in for the HTTP API in front of the functions, and looks at what they left in the bucket and on the bus."""

import base64
import gzip
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Powertools reads these where a handler is imported.
os.environ |= {"POWERTOOLS_SERVICE_NAME": "test", "POWERTOOLS_TRACE_DISABLED": "true"}

import boto3

from contract import broken
from functions.dashboard import handler as dashboard
from functions.submit import handler as submit
from functions.webhooks import handler as webhooks

PREVIEW = "/api/v1/reports/preview"
_SUBMITS = {("POST", f"/api/v1/{path}") for path in ("reports/generate", "inputs", "batches", "schedules")}


@dataclass(frozen=True)
class Context:
    """Lambda's context object, as far as Powertools looks at it."""

    function_name: str = "test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:test"
    aws_request_id: str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Api:
    """Calls the functions as the gateway does: a tenant and its scopes are what the authorizer would have said."""

    tenant: str = "acme"
    scopes: str = "submit read operate"
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **given: Any) -> Answer:
        return self.call("GET", path, **given)

    def post(self, path: str, **given: Any) -> Answer:
        return self.call("POST", path, **given)

    def delete(self, path: str, **given: Any) -> Answer:
        return self.call("DELETE", path, **given)

    def submit(self, body: Any, **given: Any) -> Answer:
        return self.post("/api/v1/reports/generate", body=body, **given)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        binary: bool = False,
    ) -> Answer:
        if body is not None and not isinstance(body, str | bytes):
            body = json.dumps(body)
        if isinstance(body, bytes):
            body = base64.b64encode(body).decode() if binary else body.decode("utf-8", "surrogatepass")
        event = {
            "version": "2.0",
            "routeKey": f"{method} {path}",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {**self.headers, **(headers or {})},
            "queryStringParameters": dict(query or {}),
            "requestContext": {
                "authorizer": {"lambda": {"tenant": self.tenant, "keyId": "k0000000", "scopes": self.scopes}},
                "http": {"method": method, "path": path, "sourceIp": "203.0.113.7"},
                "requestId": "request-1",
                "stage": "$default",
            },
            "body": body,
            "isBase64Encoded": binary,
        }
        found = answer(_function(method, path).handler(event, Context()))
        # Whatever a test is about: no answer breaks what the OpenAPI document says of it.
        breaks = broken(method, path, status=found.status, headers=found.headers, content=found.content)
        assert not breaks, breaks
        return found


def _function(method: str, path: str) -> Any:
    """The module of the function that the gateway would call."""
    if path == PREVIEW:
        from functions.preview import handler as preview  # starts a renderer, which few tests need

        return preview
    if path.startswith("/api/v1/webhooks"):
        return webhooks
    return submit if (method, path) in _SUBMITS else dashboard


def answer(response: Mapping[str, Any]) -> Answer:
    """What a client would see of a function's response."""
    headers = {name.lower(): str(value) for name, value in response["headers"].items()}
    body = response["body"] or ""
    content = base64.b64decode(body) if response["isBase64Encoded"] else body.encode()
    if headers.get("content-encoding") == "gzip":
        content = gzip.decompress(content)
    return Answer(response["statusCode"], headers, content)


def keys_in_bucket() -> list[str]:
    """Every key that the bucket holds."""
    return [entry["Key"] for entry in boto3.client("s3").list_objects_v2(Bucket="reports").get("Contents", [])]


def wakes() -> int:
    """How many events the bus has taken."""
    return int(boto3.client("events").describe_archive(ArchiveName="wakes")["EventCount"])
