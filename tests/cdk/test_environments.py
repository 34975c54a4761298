"""`cdk.json` is read strictly: a slip in it stops the synthesis, not the deployment."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from cdk_app.environments import Environment
from cdk_app.topology import FUNCTIONS
from tests.cdk.conftest import ROOT

GOOD: dict[str, Any] = {"profile": "lite", "protected": False, "log_retention": "ONE_WEEK"}


def test_every_environment_of_cdk_json_is_valid_and_the_default_is_one_of_them() -> None:
    context = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    for name in context["environments"]:
        assert Environment.named(name, context["environments"]).prefix == f"report-queue-{name}"
    assert context["environment"] in context["environments"]


def test_an_unknown_environment_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"no environment 'live' in cdk\.json: there are dev, prod"):
        Environment.named("live", {"dev": GOOD, "prod": GOOD})


@pytest.mark.parametrize(
    ("slip", "named"),
    [
        ({"profile": "cheap"}, "profile: Input should be 'lite', 'standard' or 'durable'"),
        (
            {"profile": "durable", "broker_node": "cache.t4g.small"},
            "broker_node: cache.t4g.small cannot be durable; take",
        ),
        ({"profile": "standard", "broker_node": "t4g.small"}, "broker_node"),
        ({"report_days": 3}, "report_days: jobs are listed for 7 days; keep it for as long"),
        ({"receipt_days": 400}, "receipt_days: a receipt says whose a report is; set report_days"),
        ({"receipt_days": 30, "report_days": 90}, "receipt_days"),
        ({"settings": {"wake_by": "bucket"}}, "settings: the stacks set them, so leave them out: wake_by"),
        ({"log_retentoin": "ONE_WEEK"}, "log_retentoin: no such field; there are broker_node"),
        ({"log_retention": "ONE_FORTNIGHT"}, "log_retention"),
        ({"protected": "no"}, "protected"),
        ({"requests_per_second": 0}, "requests_per_second"),
        ({"cors_origins": ["https://app.example.com", "*"]}, "cors_origins: *: no origin; name each as https://host"),
        ({"cors_origins": ["https://app.example.com/path"]}, "cors_origins"),
        ({"reserved_concurrency": {"wroker": 5}}, "reserved_concurrency: not in the topology: wroker"),
        ({"settings": {"wrokers": 5}}, "settings: wrokers: Extra inputs"),
        ({"settings": {"slots": 0}}, "settings: slots: "),
        ({"settings": {"bucket": "of-another"}}, "settings: the stacks set them, so leave them out: bucket"),
        ({"settings": {"attempt_ms": 900_000}}, "settings: attempt_ms"),  # no worker would ever have the time to claim
        ({"settings": {"slots": 4}}, "settings: slots x child_memory_mb"),
    ],
)
def test_a_slip_is_refused_by_name(slip: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=rf"cdk\.json: environments\.dev\.{re.escape(named)}"):
        Environment.named("dev", {"dev": {**GOOD, **slip}})


def test_what_is_wrong_is_told_line_by_line_and_what_is_missing_by_what_it_is() -> None:
    with pytest.raises(ValueError, match="must be set") as refusal:
        Environment.named("dev", {"dev": {"log_retention": "NEVER"}})
    assert [line.split(":")[1] for line in str(refusal.value).splitlines()] == [
        " environments.dev.profile",
        " environments.dev.protected",
        " environments.dev.log_retention",
    ]
    assert "must be set (bucket, key and secret outlive their stack" in str(refusal.value)


def test_a_name_that_elasticache_would_refuse_is_refused_here() -> None:
    with pytest.raises(ValueError, match="environments\\.production12\\.name"):
        Environment.named("production12", {"production12": GOOD})
    longest = Environment.named("production1", {"production1": GOOD})
    assert max(len(longest.user(plan.name)) for plan in FUNCTIONS) == 40


def test_a_profile_that_is_asked_for_replaces_the_environments_own() -> None:
    assert Environment.named("dev", {"dev": GOOD}).profile == "lite"
    assert Environment.named("dev", {"dev": GOOD}, profile="durable").profile == "durable"
    with pytest.raises(ValueError, match="environments\\.dev\\.profile: Input should be"):
        Environment.named("dev", {"dev": GOOD}, profile="cheap")


@pytest.mark.parametrize(
    ("profile", "node"), [("lite", None), ("standard", "cache.r7g.large"), ("durable", "cache.r7g.large")]
)
def test_nodes_are_of_the_type_that_is_asked_for_where_there_are_nodes(profile: str, node: str | None) -> None:
    asked = Environment.named("dev", {"dev": {**GOOD, "broker_node": "cache.r7g.large"}}, profile=profile)
    assert asked.broker.node == node


def test_the_app_ends_with_the_fault_and_what_to_do_and_no_traceback() -> None:
    context = {"environment": "dev", "environments": {"dev": {**GOOD, "profile": "cheap"}}}
    run = subprocess.run(
        [sys.executable, "-m", "cdk_app.app"],
        env=os.environ | {"CDK_CONTEXT_JSON": json.dumps(context)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 1
    assert "error: cdk.json: environments.dev.profile: Input should be 'lite', 'standard' or 'durable'" in run.stderr
    assert "Traceback" not in run.stderr
