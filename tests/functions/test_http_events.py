"""Every sample event of the HTTP functions and the authorizer does what its name says, as it stands in the folder."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters import clear_caches
from gateway import Answer, Api, Context, answer

from cdk_app.topology import ROUTES
from functions.authorizer import handler as authorizer
from functions.dashboard import handler as dashboard
from functions.preview import handler as preview
from functions.submit import handler as submit
from functions.webhooks import handler as webhooks
from report_queue import keys
from report_queue.reports import report_types

EVENTS = Path(__file__).parents[2] / "events"
STATUS = {  # of those that do not just answer 200 (dashboard) or 202 (submit)
    "submit_invalid": 422,
    "submit_batch_invalid": 422,
    "submit_schedule": 201,
    "submit_upload": 201,
    "submit_rows_missing": 422,  # nothing is uploaded
    "submit_schedule_invalid": 422,
    "dashboard_retry": 409,  # the job still waits
    "dashboard_download": 409,
    "dashboard_batch_download": 409,
    "dashboard_schedule_run": 202,
    "dashboard_receipt": 409,
    "dashboard_delete": 404,
    "preview_invalid": 422,
    "webhooks_make": 201,
    "webhooks_invalid": 422,
    "webhooks_test": 409,  # callbacks have an address for each job
    "webhooks_redeliver": 404,  # nothing was delivered
}


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    return event


def samples(function: str) -> list[str]:
    return sorted(path.stem for path in EVENTS.glob(f"{function}*.json"))


def run(name: str) -> Answer:
    function = {"submit": submit, "preview": preview, "webhooks": webhooks}.get(name.partition("_")[0], dashboard)
    return answer(function.handler(sample(name), Context()))


@pytest.mark.parametrize("name", samples("submit"))
def test_a_sample_submission_is_answered(name: str, api: Api) -> None:
    assert run(name).status == STATUS.get(name, 202)


@pytest.mark.parametrize("name", samples("dashboard"))
def test_a_sample_question_about_the_sample_report_batch_or_schedule_is_answered(name: str, api: Api) -> None:
    for submitted in ("submit_sales", "submit_batch", "submit_schedule"):
        run(submitted)
    assert run(name).status == STATUS.get(name, 200)


@pytest.mark.parametrize("name", samples("webhooks"))
def test_a_sample_question_about_webhooks_is_answered(name: str, api: Api) -> None:
    run("webhooks_rotate")
    assert run(name).status == STATUS.get(name, 200)


@pytest.mark.parametrize("name", samples("preview"))
def test_a_sample_preview_is_answered(name: str, environment: Any) -> None:
    assert run(name).status == STATUS.get(name, 200)


def test_every_report_type_and_every_route_has_its_sample() -> None:
    assert set(samples("submit")) >= {f"submit_{kind}" for kind in report_types()}
    functions = {route.function for route in ROUTES}
    asked = {sample(name)["routeKey"] for function in functions for name in samples(function)}
    assert asked == {f"{route.method} {route.path}" for route in ROUTES}


def test_every_route_of_the_topology_is_a_route_of_its_function() -> None:
    functions = {"submit": submit, "preview": preview, "dashboard": dashboard, "webhooks": webhooks}
    apps = {name: function.app for name, function in functions.items()}
    served = {
        (name, f"{route.method} {route.openapi_path}")
        for name, app in apps.items()
        for route in app._static_routes + app._dynamic_routes
    }
    assert served == {(route.function, f"{route.method} {route.path}") for route in ROUTES}


@pytest.mark.parametrize(("name", "gets_in"), [("authorizer", True), ("authorizer_unknown_key", False)])
def test_a_sample_key_is_judged(name: str, gets_in: bool, environment: Any) -> None:
    key = sample("authorizer")["headers"]["authorization"].removeprefix("Bearer ")
    key_id, record = keys.record_of(key, tenant="acme", scopes=keys.SCOPES, pepper="ab" * 32)
    secret = json.dumps({"pepper": "ab" * 32, "keys": {key_id: record}})
    clear_caches()
    boto3.client("secretsmanager").create_secret(Name="report-queue/keys", SecretString=secret)
    assert authorizer.handler(sample(name), Context())["isAuthorized"] is gets_in
    clear_caches()
