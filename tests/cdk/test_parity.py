"""The template and the topology describe the same deployment: neither has anything that the other has not.

The template is read by what runs it on this machine (`up --assembly`), so that what passes here is what runs there.
"""

from dataclasses import replace

import pytest

from cdk_app import topology
from cdk_app.local import cors
from cdk_app.local.assembly import read_drawing
from cdk_app.local.code import HERE_ONLY
from cdk_app.local.environment import function_environment
from cdk_app.local.payload import HttpRequest
from cdk_app.local.stack import Drawing
from cdk_app.stacks.api import _cors
from report_queue.settings import Settings
from tests.cdk.conftest import Deployment

HERE = Settings(broker_url="unix:///here", bucket="here", bus="here", keys_secret="here")


@pytest.fixture
def drawing(deployment: Deployment) -> Drawing:
    """What the assembly would run as."""
    return read_drawing(deployment.folder)


def test_the_template_has_the_functions_of_the_topology(drawing: Drawing) -> None:
    assert [_unordered(function) for function in drawing.functions] == list(map(_unordered, topology.FUNCTIONS))


def test_the_template_has_the_routes_of_the_topology_and_asks_the_same_authorizer(drawing: Drawing) -> None:
    assert sorted(drawing.routes, key=str) == sorted(topology.ROUTES, key=str)
    assert (drawing.authorizer, drawing.authorizer_cache_s) == (topology.AUTHORIZER, topology.AUTHORIZER_CACHE_S)


def test_the_template_has_the_schedules_of_the_topology(drawing: Drawing) -> None:
    assert sorted(drawing.schedules, key=str) == sorted(topology.SCHEDULES, key=str)


def test_the_template_has_the_rules_of_the_topology(drawing: Drawing) -> None:
    expected = [replace(rule, name="") for rule in _rules(drawing)]
    assert [replace(rule, name="") for rule in drawing.rules] == expected


def test_a_function_finds_the_same_variables_in_aws_and_here(drawing: Drawing) -> None:
    for function in drawing.functions:
        here = function_environment(function, HERE, aws_url="http://aws", bus_url="http://bus")
        in_aws = drawing.code_of(function.name).variables
        assert in_aws is not None
        ours = {name for name in here if name.startswith(("REPORT_QUEUE_", "POWERTOOLS_"))}
        assert in_aws.keys() == ours, function.name


def test_only_addresses_differ_and_every_setting_of_the_template_holds_here(drawing: Drawing) -> None:
    for function in drawing.functions:
        code = drawing.code_of(function.name)
        assert code.variables
        here = function_environment(function, HERE, aws_url="http://aws", bus_url="http://bus")
        given = code.environment(here)
        assert Settings.read(given).bucket == "here"
        literal = {name: value for name, value in code.variables.items() if value is not None}
        assert len(literal) > 25
        assert {name: given[name] for name in literal.keys() - HERE_ONLY} == {
            name: literal[name] for name in literal.keys() - HERE_ONLY
        }


def test_the_code_that_would_be_uploaded_is_what_runs(deployment: Deployment, drawing: Drawing) -> None:
    for function in drawing.functions:
        code = drawing.code_of(function.name)
        for folder in (code.folder, *code.packages):
            assert folder.is_relative_to(deployment.folder.resolve()), function.name
        assert (code.folder / "handler.py").is_file()
        assert function.kind == "zip" or code.folder.name == function.name  # each its own of the image
        assert [path for path in code.packages if (path / "report_queue/__init__.py").is_file()], function.name


def _unordered(function: topology.Function) -> topology.Function:
    may = function.may
    ordered = {verb: tuple(sorted(getattr(may, verb))) for verb in ("read", "write", "delete")}
    return replace(function, may=replace(may, **ordered))


def _rules(drawing: Drawing) -> tuple[topology.Rule, ...]:
    """The topology's, for what carries wakes in this deployment."""
    variables = drawing.code_of("submit").variables or {}
    return topology.rules("bucket" if variables["REPORT_QUEUE_WAKE_BY"] == "bucket" else "bus")


def test_pages_of_other_origins_may_do_the_same_in_aws_and_here() -> None:
    origin = "https://app.example.com"
    there = _cors([origin])
    asks = [("origin", origin), ("access-control-request-method", "POST")]
    here = dict(cors.headers(HttpRequest("OPTIONS", "/", "", asks, b"", "127.0.0.1"), [origin]))
    assert here["access-control-allow-origin"].split(",") == there.allow_origins
    assert here["access-control-allow-methods"].split(",") == [method.name for method in there.allow_methods or ()]
    assert here["access-control-allow-headers"].split(",") == there.allow_headers
    assert here["access-control-expose-headers"].split(",") == there.expose_headers
    assert there.max_age
    assert int(here["access-control-max-age"]) == there.max_age.to_seconds()
    assert there.allow_credentials is None
    assert "access-control-allow-credentials" not in here


def test_no_page_of_another_origin_may_do_anything_by_default(deployment: Deployment) -> None:
    (api,) = deployment.properties("AWS::ApiGatewayV2::Api")
    assert "CorsConfiguration" not in api
