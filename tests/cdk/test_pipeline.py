"""The role that the workflow deploys with: one repository in one environment takes it, to become the CDK's roles."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
import yaml

from cdk_app.environments import Environment
from cdk_app.stacks.pipeline import ISSUER, PipelineStack
from tests.cdk.conftest import ROOT, Deployment


@pytest.fixture(scope="module")
def role() -> dict[str, Any]:
    """The role of prod."""
    environments = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]["environments"]
    app = cdk.App()
    stack = PipelineStack(
        app,
        "report-queue-prod-pipeline",
        environment=Environment.named("prod", environments),
        repository="acme/reports",
    )
    template = app.synth().get_stack_by_name(stack.stack_name).template
    (found,) = [one for one in template["Resources"].values() if one["Type"] == "AWS::IAM::Role"]
    return dict(found["Properties"])


def test_only_the_repository_in_the_environment_takes_the_role(role: dict[str, Any]) -> None:
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRoleWithWebIdentity")
    assert statement["Condition"] == {
        "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": "repo:acme/reports:environment:prod"}
    }
    assert json.dumps(statement["Principal"]["Federated"]).endswith(f':oidc-provider/{ISSUER}"]]}}')


def test_all_that_it_may_is_to_become_the_bootstrap_roles_of_its_own_account_and_region(role: dict[str, Any]) -> None:
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole")
    arns = [
        "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in arn["Fn::Join"][1])
        for arn in statement["Resource"]
    ]
    assert arns == [
        f"arn:<AWS::Partition>:iam::<AWS::AccountId>:role/cdk-hnb659fds-{kind}-role-<AWS::AccountId>-<AWS::Region>"
        for kind in ("deploy", "file-publishing", "image-publishing", "lookup")
    ]
    assert "ManagedPolicyArns" not in role


def test_the_workflow_deploys_in_the_environments_that_there_are() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text("utf-8"))
    deployed = {job["environment"] for job in workflow["jobs"].values() if "environment" in job}
    assert deployed == set(json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]["environments"])


def test_without_a_repository_there_is_no_such_role(deployment: Deployment) -> None:
    assert "pipeline" not in deployment.templates
