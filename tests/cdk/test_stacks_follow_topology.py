"""The templates hold exactly what the topology says: nothing more, nothing less."""

import json
import re
from typing import Any

import pytest

from cdk_app import topology
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
            assert properties["ImageConfig"] == {"Command": [f"{plan.name}.handler.handler"]}
    images = [
        properties["Code"]["ImageUri"] for properties in deployment.functions.values() if "ImageConfig" in properties
    ]
    assert images == [images[0]] * sum(plan.kind == "image" for plan in topology.FUNCTIONS)  # built once


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


def test_events_come_by_the_rules_of_the_topology_from_the_bus_or_else_from_the_bucket(deployment: Deployment) -> None:
    rules = [p for p in deployment.properties("AWS::Events::Rule") if "ScheduleExpression" not in p]
    wake_by = deployment.environment.broker.wake_by
    bus_ids = list(deployment.resources("AWS::Events::EventBus"))
    assert len(bus_ids) == (1 if wake_by == "bus" else 0)
    for properties, rule in zip(rules, topology.rules(wake_by), strict=True):
        pattern = properties["EventPattern"]
        assert (pattern["source"], pattern["detail-type"]) == ([rule.source], [rule.detail_type])
        assert _function(deployment, properties) == rule.function
        assert properties["State"] == "ENABLED"
        if not rule.prefix:
            assert "detail" not in pattern
            assert properties["EventBusName"] == {"Ref": bus_ids[0]}
        else:
            assert "EventBusName" not in properties  # the default one, where S3 tells of its objects
            assert pattern["detail"]["object"] == {"key": [{"prefix": rule.prefix}]}
            (bucket,) = pattern["detail"]["bucket"]["name"]
            assert "ledger" in bucket["Fn::ImportValue"]


def test_the_bucket_tells_of_its_objects(deployment: Deployment) -> None:
    told = deployment.only("AWS::S3::Bucket")["NotificationConfiguration"]
    assert told == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def test_a_wake_that_is_late_is_dropped_on_both_of_its_ways_and_a_receipts_event_is_not(deployment: Deployment) -> None:
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
    wake, ended = topology.rules(deployment.environment.broker.wake_by)
    assert (wake.retries, wake.max_age_s) == (0, 60)
    assert in_lambda[ended.function] == {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3_600}
    assert in_lambda[wake.function] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}


def test_only_what_the_topology_names_may_invoke_a_function(deployment: Deployment) -> None:
    permitted = [
        (deployment.function_name(p["FunctionName"]), p["Principal"], bool(p.get("SourceArn")))
        for p in deployment.properties("AWS::Lambda::Permission")
    ]
    gateway = {route.function for route in topology.ROUTES} | {topology.AUTHORIZER}
    rules = topology.rules(deployment.environment.broker.wake_by)
    events = [s.function for s in topology.SCHEDULES] + [rule.function for rule in rules]
    assert sorted(permitted) == sorted(
        [(name, "apigateway.amazonaws.com", True) for name in gateway]
        + [(name, "events.amazonaws.com", True) for name in events]
    )


@pytest.mark.parametrize("plan", topology.FUNCTIONS, ids=lambda plan: plan.name)
def test_a_functions_environment_reads_back_as_what_was_meant(deployment: Deployment, plan: topology.Function) -> None:
    environment, broker = deployment.environment, deployment.environment.broker
    variables = deployment.functions[plan.name]["Environment"]["Variables"]
    settings = Settings.read({key: value if isinstance(value, str) else "?" for key, value in variables.items()})
    assert settings == Settings(
        broker_url="?",
        broker_cluster=broker.cluster,
        broker_auth="iam",
        broker_user=environment.user(plan.name) if plan.may.broker else "",
        broker_name=environment.prefix,
        broker_serverless=broker.serverless,
        wake_by=broker.wake_by,
        bucket="?",
        bus="?" if broker.wake_by == "bus" else "",
        keys_secret="?",
        **environment.settings,
    )
    addresses = {"broker_url", "bucket", "keys_secret"} | ({"bus"} if broker.wake_by == "bus" else set())
    assert {key for key, value in variables.items() if not isinstance(value, str)} == {
        f"REPORT_QUEUE_{field.upper()}" for field in addresses
    }
    assert variables["REPORT_QUEUE_BROKER_URL"]["Fn::Join"][1][0] == "rediss://"


def test_beside_its_settings_a_function_has_those_of_its_logger_and_tracer_only(deployment: Deployment) -> None:
    environment = deployment.environment
    for name, properties in deployment.functions.items():
        variables = properties["Environment"]["Variables"]
        assert {key: value for key, value in variables.items() if not key.startswith("REPORT_QUEUE_")} == {
            "POWERTOOLS_SERVICE_NAME": name,
            "POWERTOOLS_METRICS_NAMESPACE": f"ReportQueue/{environment.name}",
            "POWERTOOLS_LOG_LEVEL": environment.log_level,
            "POWERTOOLS_TRACE_DISABLED": "false" if environment.tracing else "true",
        }
        traced = properties.get("TracingConfig", {}).get("Mode") == "Active"
        assert traced is environment.tracing


def test_each_function_and_the_api_write_to_log_groups_of_their_own_that_forget(deployment: Deployment) -> None:
    groups = {p["LogGroupName"]: p["RetentionInDays"] for p in deployment.properties("AWS::Logs::LogGroup")}
    api = f"/aws/vendedlogs/apis/{deployment.prefix}"
    assert groups.keys() == {api} | {f"/aws/lambda/{deployment.prefix}-{plan.name}" for plan in topology.FUNCTIONS}
    assert all(days > 0 for days in groups.values())
    group_ids = {
        p["Properties"]["LogGroupName"]: logical_id
        for logical_id, p in deployment.resources("AWS::Logs::LogGroup").items()
    }
    for name, properties in deployment.functions.items():
        group = group_ids[f"/aws/lambda/{deployment.prefix}-{name}"]
        assert properties["LoggingConfig"]["LogGroup"] == {"Ref": group}


def test_the_apis_log_names_routes_and_tenants_and_no_job_key_or_query(deployment: Deployment) -> None:
    (stage,) = deployment.properties("AWS::ApiGatewayV2::Stage")
    line = json.loads(stage["AccessLogSettings"]["Format"])
    assert "$context.requestId" in line.values()  # the API takes no format without it
    for told in line.values():
        assert told.startswith("$context.")
        assert not re.search(r"(?i)path|query|header|userAgent|authorizer\.(?!tenant|latency)", told)


def test_the_api_is_throttled_as_the_environment_says(deployment: Deployment) -> None:
    (stage,) = deployment.properties("AWS::ApiGatewayV2::Stage")
    rate = deployment.environment.requests_per_second
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": 2 * rate}
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)


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
