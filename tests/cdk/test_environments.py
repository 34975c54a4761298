"""`cdk.json` is read strictly: a slip in it stops the synthesis, not the deployment."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from cdk_app.environments import Environment
from tests.cdk.conftest import ROOT

GOOD: dict[str, Any] = {"protected": False, "log_retention": "ONE_WEEK"}


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
        ({"log_retentoin": "ONE_WEEK"}, "log_retentoin"),
        ({"log_retention": "ONE_FORTNIGHT"}, "log_retention"),
        ({"protected": "no"}, "protected"),
        ({"requests_per_second": 0}, "requests_per_second"),
        ({"reserved_concurrency": {"wroker": 5}}, "wroker"),
        ({"settings": {"wrokers": 5}}, "wrokers"),
        ({"settings": {"slots": 0}}, "slots"),
        ({"settings": {"bucket": "of-another"}}, "bucket"),
        ({"settings": {"attempt_ms": 900_000}}, "attempt_ms"),  # no worker would ever have the time to claim
        ({"settings": {"slots": 4}}, "child_memory_mb"),
    ],
)
def test_a_slip_is_refused_by_name(slip: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Environment.named("dev", {"dev": {**GOOD, **slip}})
