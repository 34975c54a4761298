"""The bill: everything that is deployed is either on it or known to cost nothing, and its page is what is printed."""

from collections.abc import Callable

import pytest

from cdk_app import costs
from cdk_app.profiles import BROKERS
from tests.cdk.conftest import ROOT, Deployment

# Paid for by use or not at all, by the beginnings of their types.
FREE = (
    *("AWS::ApiGatewayV2::", "AWS::CDK::", "AWS::EC2::", "AWS::Events::", "AWS::IAM::", "AWS::KMS::Alias"),
    *("AWS::Lambda::", "AWS::Logs::", "AWS::S3::", "AWS::SNS::"),
    *("AWS::ElastiCache::ParameterGroup", "AWS::ElastiCache::SubnetGroup", "AWS::ElastiCache::User"),
)
PRICED = {*costs.MONTHLY, "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::ServerlessCache"}
MILLION = 1_000_000


@pytest.fixture(scope="session")
def profiles(deployed: Callable[..., Deployment]) -> dict[str, list[costs.Template]]:
    """The templates of production with each profile."""
    return {profile: [*deployed("prod", profile).templates.values()] for profile in BROKERS}


def test_whatever_is_deployed_has_a_price_or_costs_nothing(any_deployment: Deployment) -> None:
    kinds = {one["Type"] for template in any_deployment.templates.values() for one in template["Resources"].values()}
    assert {kind for kind in kinds - PRICED if not kind.startswith(FREE)} == set()


def test_the_page_of_costs_is_what_the_program_prints(profiles: dict[str, list[costs.Template]]) -> None:
    page = (ROOT / "cdk_app/COSTS.md").read_text("utf-8")
    printed = costs.page(profiles, MILLION)
    assert printed in page, f"the tables of cdk_app/COSTS.md should be:\n{printed}"


def test_a_bill_adds_up(profiles: dict[str, list[costs.Template]]) -> None:
    lines = [*costs.stands(profiles["standard"]), *costs.made(profiles["standard"], MILLION)]
    assert costs.total(lines) == pytest.approx(sum(line.dollars for line in lines))
    by_what = {line.what: line.dollars for line in lines}
    assert by_what["API: reports, requests"] == pytest.approx(4.00)
    assert by_what["broker: cache.t4g.small, hours"] == pytest.approx(2 * 730 * 0.0256)
    assert by_what["interface endpoint: zones, hours"] == pytest.approx(14.60)


def test_lite_pays_for_no_node_and_no_endpoint(profiles: dict[str, list[costs.Template]]) -> None:
    by_what = {line.what: line.dollars for line in costs.stands(profiles["lite"])}
    assert by_what["broker: GB-hours"] == pytest.approx(0.1 * 730 * 0.084)
    assert not any("endpoint" in what or "cache." in what for what in by_what)


def test_reports_that_nobody_asks_for_cost_nothing(profiles: dict[str, list[costs.Template]]) -> None:
    assert costs.total(line for line in costs.made(profiles["lite"], 0) if "metrics" not in line.what) == 0
