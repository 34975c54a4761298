"""The topology's permissions, held on this machine too: moto lets everybody do all, IAM does not.

A function of the local stack signs with its own name as its access key. What its `May` does not name is refused, as IAM
and S3 would refuse it, and told in the log; so whatever runs here end to end shows that the permissions are sufficient.
So is a write under `reports/` that could replace one, which the bucket's policy refuses to everybody.
Whoever signs with another name (the command line, a test) may do everything. Signatures are not checked. It knows how
requests to S3, EventBridge and Secrets Manager look, and neither moto nor any function.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from cdk_app.topology import WAKE_PREFIX, May

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
_PUBLISHED: Final = "reports/"
_VERBS: Final = {"GET": "read", "HEAD": "read", "PUT": "write", "DELETE": "delete"}


def around(app: Wsgi, functions: Mapping[str, May]) -> Wsgi:
    """The middleware; `functions` by the name that they sign with."""

    def permitted(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        name, service = _signed(environ)
        refused = _refusal(environ, service, functions[name]) if name in functions else None
        if refused is None:
            return app(environ, start_response)
        print(f"denied: {name} may not {refused}", file=sys.stderr, flush=True)
        if service == "s3":
            kind, body = "application/xml", b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        else:
            kind, body = "application/x-amz-json-1.1", b'{"__type": "AccessDeniedException"}'
        status = "403 Forbidden" if service == "s3" else "400 Bad Request"
        body = b"" if environ["REQUEST_METHOD"] == "HEAD" else body
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return permitted


def _signed(environ: dict[str, Any]) -> tuple[str, str]:
    """Who signed, and for which service: in the header, or in the query of a link."""
    header: str = environ.get("HTTP_AUTHORIZATION", "")
    scope = header.partition("Credential=")[2].partition(",")[0]
    if not scope:
        (scope,) = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])
    name, *rest = scope.split("/")  # <access key>/<day>/<region>/<service>/aws4_request
    return name, rest[2] if len(rest) > 2 else ""


def _refusal(environ: dict[str, Any], service: str, may: May) -> str | None:
    """What is not allowed of a request, in words that name no job; None where all of it is."""
    operation: str = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    match service:
        case "s3":
            return _refusal_of_s3(environ, may)
        case "events" if operation == "PutEvents" and may.wake:
            return None
        case "secretsmanager" if operation == "GetSecretValue" and may.keys:
            return None
    return f"{operation or environ['REQUEST_METHOD']} of {service or 'an unknown service'}"


def _refusal_of_s3(environ: dict[str, Any], may: May) -> str | None:
    method, key = environ["REQUEST_METHOD"], environ["PATH_INFO"].lstrip("/").partition("/")[2]
    if not key:  # of the bucket itself only a listing, which goes with reading
        return None if method in {"GET", "HEAD"} and may.read else f"{method} the bucket"
    verb = _VERBS.get(method)
    written = (*may.write, WAKE_PREFIX) if may.wake else may.write
    allowed = {"read": may.read, "write": written, "delete": may.delete}.get(verb or "", ())
    prefix = f"{key.split('/')[0]}/"
    if not key.startswith(allowed):
        return f"{verb or method} {prefix}"
    if method == "PUT" and prefix == _PUBLISHED and "HTTP_IF_NONE_MATCH" not in environ:
        return f"replace what is under {prefix}: the bucket's own policy wants If-None-Match"
    if "HTTP_IF_MATCH" in environ and not key.startswith(may.read):
        return f"{verb} {prefix} by its etag, for it may not read it"
    return None
