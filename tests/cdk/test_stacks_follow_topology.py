"""The templates hold exactly what the topology says: nothing more, nothing less."""

import json
from typing import Any

import pytest

from cdk_app import topology
from cdk_app.environments import Environment
from report_queue.settings import Settings
from tests.cdk.conftest import ROOT, Deployment


def test_the_functions_are_the_topologys_with_its_memory_and_timeouts(deployment: Deployment) -> None:
    templated = {
        name: (
            p["MemorySize"],
            p["EphemeralStorage"]["Size"],
            p["Timeout"],
            {"Zip": "zip", "Image": "image"}[p.get("PackageType", "Zip")],
        )
        for name, p in deployment.functions.items()
    }
    assert templated == {
        plan.name: (plan.memory_mb, plan.tmp_mb, plan.timeout_s, plan.kind) for plan in topology.FUNCTIONS
    }
    assert len(deployment.resources("AWS::Lambda::Function")) == len(topology.FUNCTIONS)  # no custom resource's Lambda


def test_zip_functions_have_the_handler_runtime_and_both_layers_and_the_image_has_none(deployment: Deployment) -> None:
    layers = [{"Ref": logical_id} for logical_id in deployment.resources("AWS::Lambda::LayerVersion")]
    assert len(layers) == 2
    for plan in topology.FUNCTIONS:
        properties = deployment.functions[plan.name]
        assert properties["Architectures"] == ["arm64"]
        if plan.kind == "zip":
            assert (properties["Handler"], properties["Runtime"]) == ("handler.handler", "python3.13")
            assert properties["Layers"] == layers
        else:
            assert properties.keys().isdisjoint({"Handler", "Runtime", "Layers"})
            assert "ImageUri" in properties["Code"]


def test_the_routes_are_the_topologys_and_only_its_public_ones_need_no_key(deployment: Deployment) -> None:
    integrations = deployment.resources("AWS::ApiGatewayV2::Integration")

    def function(target: Any) -> str:
        (logical_id,) = [part["Ref"] for part in target["Fn::Join"][1] if isinstance(part, dict)]
        return deployment.function_name(integrations[logical_id]["Properties"]["IntegrationUri"])

    routes = deployment.properties("AWS::ApiGatewayV2::Route")
    (authorizer_id,) = deployment.resources("AWS::ApiGatewayV2::Authorizer")
    assert {(p["RouteKey"], function(p["Target"]), p["AuthorizationType"] == "NONE") for p in routes} == {
        (f"{route.method} {route.path}", route.function, route.public) for route in topology.ROUTES
    }
    assert len(routes) == len(topology.ROUTES)
    for properties in routes:
        if properties["AuthorizationType"] != "NONE":
            assert properties["AuthorizationType"] == "CUSTOM"
            assert properties["AuthorizerId"] == {"Ref": authorizer_id}


def test_the_authorizer_answers_simply_and_is_asked_once_a_minute_for_each_key(deployment: Deployment) -> None:
    properties = deployment.only("AWS::ApiGatewayV2::Authorizer")
    assert deployment.function_name(properties["AuthorizerUri"]) == topology.AUTHORIZER
    assert properties["EnableSimpleResponses"] is True
    assert properties["AuthorizerPayloadFormatVersion"] == "2.0"
    assert properties["AuthorizerResultTtlInSeconds"] == topology.AUTHORIZER_CACHE_S
    assert properties["IdentitySource"] == ["$request.header.Authorization"]


def test_requests_reach_functions_as_payload_2_0(deployment: Deployment) -> None:
    assert {p["PayloadFormatVersion"] for p in deployment.properties("AWS::ApiGatewayV2::Integration")} == {"2.0"}


def test_the_schedules_are_the_topologys(deployment: Deployment) -> None:
    rules = [p for p in deployment.properties("AWS::Events::Rule") if "ScheduleExpression" in p]
    assert {(_function(deployment, p), p["ScheduleExpression"]) for p in rules} == {
        (s.function, f"rate({s.every_minutes} minute{'s' if s.every_minutes > 1 else ''})") for s in topology.SCHEDULES
    }
    assert len(rules) == len(topology.SCHEDULES)
    assert all(p["State"] == "ENABLED" and "EventBusName" not in p for p in rules)


def test_the_bus_rules_are_the_topologys(deployment: Deployment) -> None:
    rules = [p for p in deployment.properties("AWS::Events::Rule") if "ScheduleExpression" not in p]
    (bus_id,) = deployment.resources("AWS::Events::EventBus")
    assert [(p["EventPattern"], _function(deployment, p)) for p in rules] == [
        ({"source": [rule.source], "detail-type": [rule.detail_type]}, rule.function) for rule in topology.RULES
    ]
    assert all(p["State"] == "ENABLED" and p["EventBusName"] == {"Ref": bus_id} for p in rules)


def test_a_wake_that_is_late_is_dropped_on_both_of_its_ways(deployment: Deployment) -> None:
    on_the_bus = {
        _function(deployment, p): p["Targets"][0]["RetryPolicy"] for p in deployment.properties("AWS::Events::Rule")
    }
    in_lambda = {
        deployment.function_name(p["FunctionName"]): {
            "MaximumRetryAttempts": p["MaximumRetryAttempts"],
            "MaximumEventAgeInSeconds": p["MaximumEventAgeInSeconds"],
        }
        for p in deployment.properties("AWS::Lambda::EventInvokeConfig")
    }
    assert on_the_bus == in_lambda
    (wake,) = topology.RULES
    assert (wake.retries, wake.max_age_s) == (0, 60)
    assert in_lambda[wake.function] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}


def test_only_what_the_topology_names_may_invoke_a_function(deployment: Deployment) -> None:
    permitted = [
        (deployment.function_name(p["FunctionName"]), p["Principal"], bool(p.get("SourceArn")))
        for p in deployment.properties("AWS::Lambda::Permission")
    ]
    gateway = {route.function for route in topology.ROUTES} | {topology.AUTHORIZER}
    events = [s.function for s in topology.SCHEDULES] + [rule.function for rule in topology.RULES]
    assert sorted(permitted) == sorted(
        [(name, "apigateway.amazonaws.com", True) for name in gateway]
        + [(name, "events.amazonaws.com", True) for name in events]
    )


def test_every_functions_environment_reads_back_as_what_was_meant(deployment: Deployment) -> None:
    environment = Environment.named(deployment.prefix.rpartition("-")[2], _environments())
    addresses = {"broker_url", "bucket", "bus", "keys_secret"}
    for name, properties in deployment.functions.items():
        variables = properties["Environment"]["Variables"]
        settings = Settings.read({key: value if isinstance(value, str) else "?" for key, value in variables.items()})
        meant = Settings(
            broker_url="?", bucket="?", bus="?", keys_secret="?", broker_cluster=True, **environment.settings
        )
        assert settings == meant
        assert {key for key, value in variables.items() if not isinstance(value, str)} == {
            f"REPORT_QUEUE_{field.upper()}" for field in addresses
        }
        assert variables["REPORT_QUEUE_BROKER_URL"]["Fn::Join"][1][0] == "rediss://"
        assert {key: value for key, value in variables.items() if not key.startswith("REPORT_QUEUE_")} == {
            "POWERTOOLS_SERVICE_NAME": name,
            "POWERTOOLS_METRICS_NAMESPACE": f"ReportQueue/{environment.name}",
            "POWERTOOLS_LOG_LEVEL": environment.log_level,
            "POWERTOOLS_TRACE_DISABLED": "false" if environment.tracing else "true",
        }
        traced = properties.get("TracingConfig", {}).get("Mode") == "Active"
        assert traced is environment.tracing


def test_each_function_writes_to_a_log_group_of_its_own_that_forgets(deployment: Deployment) -> None:
    groups = {p["LogGroupName"]: p["RetentionInDays"] for p in deployment.properties("AWS::Logs::LogGroup")}
    assert groups.keys() == {f"/aws/lambda/{deployment.prefix}-{plan.name}" for plan in topology.FUNCTIONS}
    assert all(days > 0 for days in groups.values())
    group_ids = [{"Ref": logical_id} for logical_id in deployment.resources("AWS::Logs::LogGroup")]
    used = [p["LoggingConfig"]["LogGroup"] for p in deployment.functions.values()]
    assert sorted(map(str, used)) == sorted(map(str, group_ids))


def test_functions_with_a_broker_stand_in_the_network_and_the_others_do_not(deployment: Deployment) -> None:
    in_network = {name for name, properties in deployment.functions.items() if "VpcConfig" in properties}
    assert in_network == {plan.name for plan in topology.FUNCTIONS if plan.may.broker}
    assert topology.AUTHORIZER not in in_network


@pytest.mark.parametrize("plan", topology.FUNCTIONS, ids=lambda plan: plan.name)
def test_every_function_of_the_topology_has_its_handler(plan: topology.Function) -> None:
    assert (ROOT / "functions" / plan.name / "handler.py").is_file()


def _function(deployment: Deployment, rule: dict[str, Any]) -> str:
    (target,) = rule["Targets"]
    return deployment.function_name(target["Arn"])


def _environments() -> dict[str, Any]:
    environments: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]["environments"]
    return environments
