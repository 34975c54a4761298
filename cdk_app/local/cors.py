"""CORS as API Gateway's HTTP API does it: preflights are answered in front of every route, and answers get headers.

The origins are a list and no pattern, and cookies are never let along; without origins nothing here does anything.
"""

from collections.abc import Mapping, Sequence

from cdk_app.local.payload import HttpAnswer, HttpRequest
from cdk_app.topology import CORS


def preflight(request: HttpRequest, origins: Sequence[str]) -> HttpAnswer | None:
    """The answer to a browser that asks beforehand; None where this is no such question."""
    sent = dict(request.headers)
    if not origins or request.method != "OPTIONS" or "access-control-request-method" not in sent:
        return None
    return HttpAnswer(204, [], b"")


def headers(request: HttpRequest, origins: Sequence[str]) -> list[tuple[str, str]]:
    """What an answer to this request has beside its own headers."""
    sent: Mapping[str, str] = dict(request.headers)
    origin = sent.get("origin", "")
    if origin not in origins:
        return []
    told = [("access-control-allow-origin", origin), ("access-control-expose-headers", ",".join(CORS.exposed))]
    if preflight(request, origins):
        told += [
            ("access-control-allow-methods", ",".join(CORS.methods)),
            ("access-control-allow-headers", ",".join(CORS.headers)),
            ("access-control-max-age", str(CORS.max_age_s)),
        ]
    return told
