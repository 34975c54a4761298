"""Another tenant's anything is nothing: over every route, what is theirs answers as what never was."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
import redis
from gateway import Answer, Api, Context
from lives import Lives

from cdk_app.topology import ROUTES, Route
from functions.authorizer.handler import _secret
from functions.authorizer.handler import handler as authorizer
from report_queue import keys
from report_queue.reports import report_types
from report_queue.wiring import Wiring

PEPPER = "ab" * 32
MARK = "planted-by-acme"  # stands in everything of theirs that has a place for a text
NEVER = "0" * 26
SAMPLE = report_types()["test"].sample

# What the id in a path is of.
KINDS = {
    "/api/jobs/{id}": "jobs",
    "/api/v1/reports/{id}": "jobs",
    "/api/v1/batches/{id}": "batches",
    "/api/v1/schedules/{id}": "schedules",
    "/api/v1/webhooks/{webhook}": "webhooks",
}
# Routes without one that show or do what is the caller's alone, with the queries that might reach further.
OWN = {
    "GET /api/v1/batches": ("", "after=0000000000000-{batches}"),
    "GET /api/v1/schedules": ("", "after={schedules}"),
    "GET /api/v1/webhooks": ("",),
    "GET /api/stats": ("",),
    "GET /api/usage": ("",),
    "GET /api/workers": ("",),
    "GET /api/jobs": (
        *(f"state={state}" for state in ("waiting", "delayed", "active", "completed", "failed", "cancelled")),
        *("batch={batches}", f"tag={MARK}", "signature={signature}", "state=completed&after={cursor}"),
    ),
    "GET /api/jobs/completed": ("", "after={cursor}"),
    "GET /api/jobs/failed": ("",),
    "GET /api/jobs/groups": ("",),
    "POST /api/jobs/retry": ("",),
}
# What is the same for everybody and of nobody, or of the key itself; or, for who runs it all, of everybody.
SHARED = {
    *("GET /api/report-types", "GET /api/queue", "POST /api/queue/pause", "POST /api/queue/resume", "GET /api/key"),
    "POST /api/v1/reports/preview",  # shows what its caller sends, and may touch nothing
    "GET /api/usage/tenants",
}
# What makes something of the caller's own: that it is not another's stands in a test of its own.
MAKES = {
    "POST /api/v1/reports/generate",
    "POST /api/v1/inputs",
    "POST /api/v1/batches",
    "POST /api/v1/schedules",
    "POST /api/v1/webhooks",
}


@dataclass
class Theirs:
    """What tenant acme has, and how tenant umbrella asks about it."""

    api: Api
    other: Api
    ids: dict[str, list[str]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    deleted: str | None = None

    def seen(self) -> list[Any]:
        """All that acme can see of what it has; moments of now left out."""
        paths = [f"/api/jobs/{job}" for job in self.ids["jobs"] if job != self.deleted]
        paths += [f"/api/v1/batches/{batch}" for batch in self.ids["batches"]]
        paths += [f"/api/v1/{kind}/{one}" for kind in ("schedules", "webhooks") for one in self.ids[kind]]
        return [self.api.get(path).json for path in paths]


@pytest.fixture
def callers(environment: Callable[..., None]) -> Iterator[tuple[Api, Api]]:
    """Two tenants, each with what the authorizer says of its key."""
    entropies = {"acme": b"a" * 25, "umbrella": b"u" * 25}
    made = {tenant: keys.create(tenant, keys.SCOPES, PEPPER, entropy=entropy) for tenant, entropy in entropies.items()}
    secret = {"pepper": PEPPER, "keys": {key_id: record for _, key_id, record in made.values()}}
    _secret.cache_clear()
    boto3.client("secretsmanager").create_secret(Name="report-queue/keys", SecretString=json.dumps(secret))

    def caller(tenant: str) -> Api:
        event = {"headers": {"authorization": f"Bearer {made[tenant][0]}"}, "requestContext": {"requestId": "1"}}
        granted = authorizer(event, Context())["context"]
        return Api(tenant=granted["tenant"], scopes=granted["scopes"])

    yield caller("acme"), caller("umbrella")
    _secret.cache_clear()


@pytest.fixture
def theirs(callers: tuple[Api, Api], wired: Wiring) -> Theirs:
    """Something of acme's in every state and of every kind, with the mark wherever a text may be."""
    api, other = callers
    lives = Lives(wired, api)
    body = {"reportType": "test", "data": SAMPLE | {"title": MARK}, "options": {"tags": [MARK], "dedupKey": MARK}}
    failed, completed, gone = lives.failed(), lives.completed(), lives.completed()
    deleted = _if_there_is("DELETE", "/api/jobs/{id}", lambda: api.call("DELETE", f"/api/jobs/{gone}"))
    cancelled = lives.waiting()
    api.post(f"/api/jobs/{cancelled}/cancel")
    delayed = lives.waiting(delaySeconds=600)
    active = lives.active()
    waiting = str(api.submit(body, headers={"idempotency-key": MARK}).json["data"]["jobId"])
    reports = [{"reportType": "test", "data": SAMPLE | {"title": MARK}, "options": {"tags": [MARK]}}]
    batch = api.post("/api/v1/batches", body={"name": MARK, "reports": reports}).json["data"]["batchId"]
    schedule = {"name": MARK, "everySeconds": 3600, "report": {"reportType": "test", "data": SAMPLE}}
    made = api.post("/api/v1/schedules", body=schedule).json["data"]["scheduleId"]
    (group,) = api.get("/api/jobs/groups").json["groups"]
    hook = {"url": "https://93.184.215.14/hook", "description": MARK}
    hooked = _if_there_is("POST", "/api/v1/webhooks", lambda: api.post("/api/v1/webhooks", body=hook))
    lives.complete(lives.claim())  # so that there is a second page of completed ones, and a cursor to it
    cursor = api.get("/api/jobs/completed", query={"limit": "1"}).json["next"]
    jobs = [waiting, delayed, active, completed, failed, cancelled, gone]
    hooks = [hooked.json["data"]["webhookId"]] if hooked else []
    ids = {"jobs": jobs, "batches": [batch], "schedules": [made], "webhooks": hooks}
    words = {"batches": batch, "schedules": made, "signature": group["signature"], "cursor": cursor}
    return Theirs(api, other, ids, words, gone if deleted else None)


def test_every_route_is_one_of_those_whose_answers_are_compared() -> None:
    unknown = [
        name
        for route in ROUTES
        if not route.public
        and (name := f"{route.method} {route.path}") not in {*OWN, *SHARED, *MAKES}
        and _kind(route) is None
    ]
    assert unknown == [], "say in this file what another tenant may learn from it"


@pytest.mark.parametrize("broker", ["knows them", "was wiped"])
def test_what_another_tenant_has_answers_as_what_never_was(theirs: Theirs, valkey: str, broker: str) -> None:
    if broker == "was wiped":
        with redis.Redis.from_url(valkey) as client:
            client.flushall()
    before = theirs.seen()
    differ, asked = [], 0
    for route in ROUTES:
        if not (kind := _kind(route)):
            continue
        for id in theirs.ids[kind]:  # noqa: A001 (the word of the API)
            one, never = (_told(theirs.other.call(route.method, _path(route, name)), name) for name in (id, NEVER))
            asked += 1
            if one != never or one[0] != 404:
                differ.append((route.method, route.path, one, never))
    assert differ == []
    assert asked > 40
    assert theirs.seen() == before  # and nothing was done to it


def test_no_list_count_or_search_shows_anything_of_another_tenant(theirs: Theirs) -> None:
    nobody = Api(tenant="nobody", scopes=theirs.other.scopes)
    leaked, differ = [], []
    for route in ROUTES:
        name = f"{route.method} {route.path}"
        for query in OWN.get(name, ("",) if name in SHARED and route.method == "GET" else ()):
            pairs = dict(pair.split("=") for pair in query.format(**theirs.words).split("&") if pair)
            one, blank = (_asked(caller, route, pairs) for caller in (theirs.other, nobody))
            ids = [id for ids in theirs.ids.values() for id in ids]  # noqa: A001 (as above)
            leaked += [(name, query, word) for word in (*ids, MARK, "acme") if word in one.content.decode()]
            if name in OWN and _without_moments(one) != _without_moments(blank):
                differ.append((name, query))
    assert leaked == []
    assert differ == []  # with acme's jobs there it is as for a tenant of an empty queue
    seen = [_asked(theirs.api, Route("GET", path, ""), {"limit": "100"}) for path in ("/api/jobs", "/api/v1/schedules")]
    assert all(MARK in answer.content.decode() for answer in seen)  # whose it is sees it


def test_what_another_tenant_has_cannot_be_named_found_or_taken(theirs: Theirs, wired: Wiring) -> None:
    """By a request's own words: a reference to rows, an Idempotency-Key, a dedupKey, filters of a bulk retry."""
    before = theirs.seen()
    key = theirs.api.post("/api/v1/inputs", body={"name": "rows.jsonl"}).json["data"]["key"]
    boto3.client("s3").put_object(Bucket="reports", Key=key, Body=b'{"label": "x", "value": 1}\n')
    data = {"title": "x", "message": "x"}
    there, never = (
        theirs.other.submit({"reportType": "test", "data": data, "dataRef": {"key": name}})
        for name in (key, re.sub(r"[0-9a-v]{26}", NEVER, key))
    )
    assert there.status == 422
    assert _told(there, "") == _told(never, "")
    body = {"reportType": "test", "data": SAMPLE | {"title": MARK}, "options": {"tags": [MARK], "dedupKey": MARK}}
    mine = theirs.other.submit(body, headers={"idempotency-key": MARK})
    assert mine.status == 202
    assert "idempotency-replayed" not in mine.headers
    assert mine.json["data"]["jobId"] not in theirs.ids["jobs"]
    assert "duplicate" not in mine.json["data"]
    for filters in ({"batch": theirs.words["batches"]}, {"signature": theirs.words["signature"]}, {"tag": MARK}):
        for state in ("failed", "cancelled"):
            done = theirs.other.post("/api/jobs/retry", body={"state": state, **filters})
            assert done.json["data"]["matched"] == []
    assert theirs.seen() == before


def _kind(route: Route) -> str | None:
    return next((kind for path, kind in KINDS.items() if f"{route.path}/".startswith(f"{path}/")), None)


def _path(route: Route, id: str) -> str:  # noqa: A002 (the word of the API)
    """The route's path for that id; what else it names never was."""
    return re.sub(r"{\w+}", NEVER, re.sub(r"{\w+}", id, route.path, count=1))


def _if_there_is(method: str, path: str, ask: Callable[[], Answer]) -> Answer | None:
    """What is asked for, where the API has it."""
    answer = ask() if any((route.method, route.path) == (method, path) for route in ROUTES) else None
    assert answer is None or answer.status < 300, answer
    return answer


def _asked(caller: Api, route: Route, query: dict[str, str]) -> Answer:
    return caller.call(route.method, route.path, query=query)


def _told(answer: Answer, id: str) -> tuple[int, dict[str, str], Any]:  # noqa: A002 (as above)
    """An answer without what is of the asking alone."""
    text = answer.content.decode().replace(id, "ID") if id else answer.content.decode()
    body = json.loads(text) if text else None
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in {"instance", "requestId"}}
    headers = {name: value for name, value in answer.headers.items() if not name.startswith("ratelimit")}
    return answer.status, headers, body


def _without_moments(answer: Answer) -> tuple[int, str]:
    return answer.status, re.sub(r'"timestamp":"[^"]+"|"uptime":[\d.]+', "", answer.content.decode())
