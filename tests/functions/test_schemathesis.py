"""Requests that schemathesis makes up from our OpenAPI, through the gateway's code and the functions' own.

Whatever is sent, good or bad: no 500, no status, media type or body that the document does not tell. The broker and
the store are there; seeds are fixed.
"""

import json
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from gateway import Context
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cdk_app import topology
from cdk_app.local.gateway import Gateway
from cdk_app.local.sandbox import Answer
from functions.dashboard import handler as dashboard
from functions.preview import handler as preview
from functions.submit import handler as submit
from functions.webhooks import handler as webhooks
from report_queue.openapi.document import document
from report_queue.openapi.operations import OPERATIONS

pytestmark = pytest.mark.usefixtures("environment")

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
LET_IN = {"tenant": "acme", "keyId": "k0000000", "scopes": "submit read operate admin"}


async def invoke(function: str, event: Any, *, within_s: float | None = None) -> Answer:
    """The functions, as the gateway calls them."""
    if function == topology.AUTHORIZER:
        return Answer(json.dumps({"isAuthorized": True, "context": LET_IN}).encode())
    functions = {"submit": submit, "preview": preview, "dashboard": dashboard, "webhooks": webhooks}
    return Answer(json.dumps(functions[function].handler(event, Context())).encode())


def operations() -> dict[str, Any]:
    """Every operation of the document, over the gateway, by its id."""
    gateway = Gateway(routes=topology.ROUTES, authorizer=topology.AUTHORIZER, cache_s=0, invoke=invoke, clock=lambda: 0)
    schema = schemathesis.openapi.from_dict(document())
    schema.app = gateway
    found = (result.ok() for result in schema.get_all_operations())
    return {operation.definition.raw["operationId"]: operation for operation in found}


@pytest.mark.parametrize("name", [row.id for row in OPERATIONS])
def test_no_request_brings_a_500_or_what_is_not_told(name: str) -> None:
    operation = operations()[name]
    for mode, many in ((GenerationMode.POSITIVE, 6), (GenerationMode.NEGATIVE, 4)):

        @settings(
            max_examples=many,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: Any) -> None:
            case.headers = {**(case.headers or {}), "Authorization": "Bearer of-the-test"}
            case.call_and_validate(checks=CHECKS)

        with suppress(Unsatisfiable):  # where nothing can be done wrong
            holds()
