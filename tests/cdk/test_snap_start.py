"""SnapStart, where an environment asks for it: what is invoked is a version, for only those have a snapshot."""

from typing import Any

import pytest

from cdk_app import topology
from tests.cdk.conftest import Deployment, synthesise

ZIPS = {plan.name for plan in topology.FUNCTIONS if plan.kind == "zip"}


@pytest.fixture(scope="module")
def snapped() -> Deployment:
    return synthesise("dev", snap_start=True)


def test_functions_from_zips_have_snapshots_and_the_image_has_none(snapped: Deployment) -> None:
    starts = {name: properties.get("SnapStart") for name, properties in snapped.functions.items()}
    assert starts == {
        plan.name: {"ApplyOn": "PublishedVersions"} if plan.name in ZIPS else None for plan in topology.FUNCTIONS
    }
    assert all(plan.tmp_mb <= 512 for plan in topology.FUNCTIONS if plan.name in ZIPS), "SnapStart takes no more"


def test_routes_schedules_and_the_authorizer_invoke_the_version_with_the_snapshot(snapped: Deployment) -> None:
    aliases = snapped.resources("AWS::Lambda::Alias")
    assert {snapped.function_name(p["Properties"]["FunctionName"]) for p in aliases.values()} == ZIPS
    invoked: list[Any] = [p["IntegrationUri"] for p in snapped.properties("AWS::ApiGatewayV2::Integration")]
    invoked += [p["AuthorizerUri"] for p in snapped.properties("AWS::ApiGatewayV2::Authorizer")]
    invoked += [p["Targets"][0]["Arn"] for p in snapped.properties("AWS::Events::Rule") if "ScheduleExpression" in p]
    assert len(invoked) == len(ZIPS) + 1
    (plain,) = [target for target in invoked if not any(f"'{logical_id}'" in str(target) for logical_id in aliases)]
    assert snapped.function_name(plain) == "preview"  # an image


def test_a_late_event_is_dropped_for_the_version_too(snapped: Deployment) -> None:
    kept = {
        (snapped.function_name(p["FunctionName"]), "Alias" if p["Qualifier"] != "$LATEST" else "$LATEST"): (
            p["MaximumRetryAttempts"],
            p["MaximumEventAgeInSeconds"],
        )
        for p in snapped.properties("AWS::Lambda::EventInvokeConfig")
    }
    expected = {schedule.function: (0, 60) for schedule in topology.SCHEDULES}
    expected |= {rule.function: (rule.retries, rule.max_age_s) for rule in topology.RULES if rule.prefix}
    for function, late in expected.items():
        assert kept[function, "Alias"] == late


def test_without_it_there_is_no_version_to_keep(deployment: Deployment) -> None:
    assert deployment.properties("AWS::Lambda::Version") == []
    assert not any("SnapStart" in properties for properties in deployment.functions.values())
