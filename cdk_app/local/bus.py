"""What functions and the command line reach inside a running stack: the event bus and Lambda's Invoke.

    POST /                                          PutEvents: moto validates, we deliver what a rule matches
    POST /2015-03-31/functions/{name}/invocations   Invoke, synchronous
    POST /objects                                   an object was created: S3's own event, where wakes are objects

moto's EventBridge never invokes a Lambda, and its S3 tells nobody; that is why this stands in front. The first two are
AWS's own wire formats, so any SDK can talk to it. A browser cannot: requests that carry an Origin are refused.
"""

import json
from collections.abc import Sequence
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Endpoint

from cdk_app.local.delivery import Delivery, Invoke
from cdk_app.local.pool import Throttled
from cdk_app.local.timers import CREATED, S3_SOURCE, bus_event, created_event
from cdk_app.topology import Rule

_FORWARDED = ("content-type", "x-amz-target", "authorization", "x-amz-date", "x-amz-security-token")


def bus_app(
    *, bus: str, rules: Sequence[Rule], aws_url: str, delivery: Delivery, invoke: Invoke, client: httpx.AsyncClient
) -> Starlette:
    """The application; `invoke` raises KeyError for a function that the stack does not run."""

    async def put_events(request: Request) -> Response:
        if "origin" in request.headers:
            return Response(status_code=403)
        body = await request.body()
        headers = {name: request.headers[name] for name in _FORWARDED if name in request.headers}
        answer = await client.post(aws_url, content=body, headers=headers)
        if answer.is_success and request.headers.get("x-amz-target") == "AWSEvents.PutEvents":
            for entry, accepted in zip(json.loads(body)["Entries"], answer.json()["Entries"], strict=True):
                if "EventId" in accepted and entry.get("EventBusName", "default").rpartition("/")[2] == bus:
                    _route(entry, accepted["EventId"])
        return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))

    def _route(entry: dict[str, Any], event_id: str) -> None:
        for rule in rules:
            if (rule.source, rule.detail_type) == (entry["Source"], entry["DetailType"]):
                event = bus_event(
                    source=entry["Source"],
                    detail_type=entry["DetailType"],
                    detail=json.loads(entry["Detail"]),
                    resources=entry.get("Resources", []),
                    event_id=event_id,
                )
                delivery.send(rule.function, event, retries=rule.retries, max_age_s=rule.max_age_s)

    async def object_created(request: Request) -> Response:
        if "origin" in request.headers:
            return Response(status_code=403)
        created = await request.json()
        for rule in rules:
            of_objects = (rule.source, rule.detail_type) == (S3_SOURCE, CREATED)
            if of_objects and created["key"].startswith(rule.prefix):
                delivery.send(rule.function, created_event(**created), retries=rule.retries, max_age_s=rule.max_age_s)
        return Response(status_code=204)

    async def invoke_function(request: Request) -> Response:
        if "origin" in request.headers:
            return Response(status_code=403)
        name = request.path_params["name"]
        try:
            answer = await invoke(name, await request.json())
        except KeyError:
            return JSONResponse({"Type": "User", "Message": f"Function not found: {name}"}, 404)
        except Throttled:
            return JSONResponse({"Type": "User", "Message": "Rate Exceeded."}, 429)
        headers = {"x-amz-function-error": "Unhandled"} if answer.error else {}
        return Response(answer.payload, headers=headers, media_type="application/json")

    return Starlette(
        routes=[
            Endpoint("/", put_events, methods=["POST"]),
            Endpoint("/objects", object_created, methods=["POST"]),
            Endpoint("/2015-03-31/functions/{name}/invocations", invoke_function, methods=["POST"]),
        ]
    )
