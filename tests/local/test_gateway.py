"""The gateway speaks API Gateway's HTTP API: events, routes, refusals, answers."""

import asyncio
import base64
import json
import time

import httpx
import pytest

from cdk_app.local.gateway import BODY_LIMIT, EVENT_LIMIT, Gateway
from cdk_app.local.payload import http_answer
from cdk_app.local.pool import Throttled
from cdk_app.local.routes import match
from cdk_app.local.sandbox import Answer
from cdk_app.topology import CORS, ROUTES, Route


@pytest.fixture
def http(stub):
    with httpx.Client(base_url=stub.url, trust_env=False, timeout=20) as client:
        yield client


def test_a_request_becomes_an_event_of_payload_format_2(http):
    headers = [
        ("X-Two", "a"),
        ("X-Two", "b"),
        ("Cookie", "c=1; d=2"),
        ("User-Agent", "tester"),
        ("X-Forwarded-For", "1.2.3.4"),
    ]
    event = http.get("/things/a%20b?q=1&q=2&empty=&u=%C3%BC", headers=headers).json()
    assert event["version"] == "2.0"
    assert event["routeKey"] == "GET /things/{id}"
    assert event["rawPath"] == "/things/a b"
    assert event["rawQueryString"] == "q=1&q=2&empty=&u=%C3%BC"
    assert event["queryStringParameters"] == {"q": "1,2", "empty": "", "u": "ü"}
    assert event["pathParameters"] == {"id": "a b"}
    assert event["cookies"] == ["c=1", "d=2"]
    assert event["headers"]["x-two"] == "a,b"
    assert event["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert "cookie" not in event["headers"]
    assert event["isBase64Encoded"] is False
    assert "body" not in event
    context = event["requestContext"]
    assert context["http"] == {
        "method": "GET",
        "path": "/things/a b",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "tester",
    }
    assert context["routeKey"] == "GET /things/{id}"
    assert context["stage"] == "$default"
    assert context["requestId"]
    assert abs(context["timeEpoch"] / 1000 - time.time()) < 60
    assert "authorizer" not in context


def test_text_bodies_travel_as_they_are_and_others_in_base64(http):
    sent = http.post("/things", content='{"ü": 1}'.encode(), headers={"content-type": "application/json"}).json()
    assert (sent["body"], sent["isBase64Encoded"]) == ('{"ü": 1}', False)
    for body, kind in ((b"\x00\x01", "application/pdf"), (b"\xff{", "application/json")):
        sent = http.post("/things", content=body, headers={"content-type": kind}).json()
        assert sent["isBase64Encoded"] is True
        assert base64.b64decode(sent["body"]) == body


def test_static_segments_win_over_parameters(http):
    assert http.get("/things/named").json()["routeKey"] == "GET /things/named"
    for path in ("/api/jobs/completed", "/api/jobs/failed"):
        assert match(ROUTES, "GET", path)[0].path == path
    route, parameters = match(ROUTES, "GET", "/api/jobs/a%2Fb")
    assert (route.path, parameters) == ("/api/jobs/{id}", {"id": "a/b"})


@pytest.mark.parametrize("path", ["/nothing", "/things", "/things/", "/things/a/b", "/THINGS/a"])
def test_what_has_no_route_is_not_found(http, path):
    response = http.get(path)
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize(
    "body", [b"x" * (BODY_LIMIT + 1), b'"' * (EVENT_LIMIT // 2)], ids=["over ten megabytes", "grows in its event"]
)
def test_a_body_that_does_not_fit_is_refused(http, body):
    response = http.post("/things", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["message"] == "Request Too Long"
    assert "fewer rows" in response.json()["detail"]


def test_an_answer_that_must_have_no_body_has_none(http):
    response = http.get("/unchanged")
    assert (response.status_code, response.content, response.headers["content-length"]) == (304, b"", "0")


def test_a_function_that_raises_is_an_internal_server_error(http):
    response = http.get("/raise")
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})


def test_binary_answers_and_cookies_reach_the_caller(http):
    response = http.get("/binary")
    assert response.status_code == 201
    assert response.content == b"\x00\x01\xff"
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_a_private_route_asks_the_authorizer_and_passes_its_context_on(http):
    event = http.get("/private/1", headers={"Authorization": "Bearer good-acme"}).json()
    assert event["requestContext"]["authorizer"] == {"lambda": {"tenant": "acme"}}


def test_no_key_is_unauthorized_and_a_wrong_one_forbidden(http):
    missing = http.get("/private/1")
    assert (missing.status_code, missing.json()) == (401, {"message": "Unauthorized"})
    wrong = http.get("/private/1", headers={"Authorization": "Bearer bad"})
    assert (wrong.status_code, wrong.json()) == (403, {"message": "Forbidden"})


def test_the_authorizer_is_asked_once_for_a_token(http, stub):
    for token in ("Bearer good-twice", "Bearer bad-twice"):
        for _ in range(2):
            http.get("/private/1", headers={"Authorization": token})
    asked = (stub.code / "authorizer" / "asked").read_text().splitlines()
    assert [asked.count("Bearer good-twice"), asked.count("Bearer bad-twice")] == [1, 1]


class Asked:
    """Stands for the functions, and for the clock."""

    def __init__(self, *, answer=Answer(b'{"isAuthorized": true}')):  # noqa: B008  - frozen
        self.names, self.answer, self.now = [], answer, 0.0

    async def invoke(self, function, event, *, within_s=None):
        self.names.append(function)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def get(self, *, token="t"):
        gateway = Gateway(
            routes=[Route("GET", "/p", "f")], authorizer="a", cache_s=60, invoke=self.invoke, clock=lambda: self.now
        )
        return gateway, token


async def _get(gateway, token):
    transport = httpx.ASGITransport(gateway)
    async with httpx.AsyncClient(transport=transport, base_url="http://local") as client:
        return await client.get("/p", headers={"authorization": token})


def test_the_authorizers_answer_is_forgotten_when_its_time_is_over():
    asked = Asked()
    gateway, token = asked.get()

    async def run():
        for asked.now in (0.0, 59.0, 61.0):
            await _get(gateway, token)

    asyncio.run(run())
    assert asked.names == ["a", "f", "f", "a", "f"]


def test_an_authorizer_that_fails_lets_nobody_in():
    for answer in (Answer(b'{"errorType": "x"}', error=True), Answer(b"null"), Answer(b'{"isAuthorized": "yes"}')):
        asked = Asked(answer=answer)
        response = asyncio.run(_get(*asked.get()))
        assert response.status_code == 500
        assert asked.names == ["a"]


def test_no_free_sandbox_is_service_unavailable():
    response = asyncio.run(_get(*Asked(answer=Throttled()).get()))
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})


@pytest.mark.parametrize("given", [{"statusCode": 99}, {"statusCode": "x"}, {"statusCode": 200, "body": {}}])
def test_an_answer_that_api_gateway_would_not_accept_is_refused(given):
    with pytest.raises(ValueError):  # noqa: PT011  - the gateway asks for no more
        http_answer(json.dumps(given).encode())


def test_an_answer_without_a_status_is_the_body_of_a_200():
    answer = http_answer(b'{"a": 1}')
    assert (answer.status, json.loads(answer.body)) == (200, {"a": 1})


ORIGIN = "https://app.example.com"


def _asked_from(origin, *, origins, method="GET", **headers):
    gateway = Gateway(
        routes=[Route("GET", "/p", "f")],
        authorizer="a",
        cache_s=60,
        invoke=Asked().invoke,
        clock=lambda: 0,
        cors_origins=origins,
    )

    async def run():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://local") as client:
            return await client.request(method, "/p", headers={"origin": origin, "authorization": "t", **headers})

    return asyncio.run(run())


def test_a_page_of_a_named_origin_may_ask_and_read_and_no_other_may():
    preflight = {"method": "OPTIONS", "access-control-request-method": "POST"}
    allowed = _asked_from(ORIGIN, origins=[ORIGIN], **preflight)
    assert (allowed.status_code, allowed.content) == (204, b"")
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert allowed.headers["access-control-allow-methods"].split(",") == list(CORS.methods)
    assert allowed.headers["access-control-allow-headers"].split(",") == list(CORS.headers)
    assert "access-control-allow-credentials" not in allowed.headers
    read = _asked_from(ORIGIN, origins=[ORIGIN])
    assert read.headers["access-control-allow-origin"] == ORIGIN
    assert read.headers["access-control-expose-headers"].split(",") == list(CORS.exposed)
    for other in (f"{ORIGIN}.evil.example", "null", "https://app.example.com:444"):
        for asked in ({}, preflight):
            assert not [name for name in _asked_from(other, origins=[ORIGIN], **asked).headers if "access" in name]


def test_without_origins_no_page_of_elsewhere_may_ask():
    answer = _asked_from(ORIGIN, origins=[], method="OPTIONS", **{"access-control-request-method": "POST"})
    assert answer.status_code == 404
    assert not [name for name in answer.headers if "access" in name]
