"""What a function may do is what `May` says, on the ARN that it says."""

import re
from typing import Any

import pytest

from cdk_app import topology
from tests.cdk.conftest import Deployment

# The only statements that may name no resource, and why.
WITHOUT_A_RESOURCE = {
    "EnterVpc": "Lambda checks these before there is a network interface that an ARN could name",
    "Trace": "X-Ray has no resources of its own to name",
}

MAY = [(plan.name, plan.may) for plan in topology.FUNCTIONS]


def test_no_statement_names_every_resource_unless_there_is_none_to_name(deployment: Deployment) -> None:
    for plan in topology.FUNCTIONS:
        for statement in deployment.statements(plan.name):
            if "*" in statement["Resource"]:
                assert _exception(statement) in WITHOUT_A_RESOURCE, statement


def test_no_action_is_a_wildcard(deployment: Deployment) -> None:
    for plan in topology.FUNCTIONS:
        for statement in deployment.statements(plan.name):
            assert not [action for action in statement["Action"] if "*" in action], statement


@pytest.mark.parametrize(("name", "may"), MAY, ids=[name for name, _ in MAY])
def test_a_function_may_do_what_the_topology_says_and_no_more(
    deployment: Deployment, name: str, may: topology.May
) -> None:
    granted = {
        (action, _plain(resource))
        for statement in deployment.statements(name)
        if _exception(statement) != "Trace"
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
    meant = {("logs:CreateLogStream", "log"), ("logs:PutLogEvents", "log")}
    meant |= {("s3:GetObject", f"bucket/{prefix}*") for prefix in may.read}
    meant |= {("s3:PutObject", f"bucket/{prefix}*") for prefix in may.write}
    meant |= {("s3:DeleteObject", f"bucket/{prefix}*") for prefix in may.delete}
    if may.read:
        meant |= {("s3:ListBucket", "bucket")}
    if may.read or may.keys:
        meant |= {("kms:Decrypt", "key")}
    if may.write:
        meant |= {("kms:GenerateDataKey", "key")}
    if may.wake:
        meant |= {("events:PutEvents", "bus")}
    if may.keys:
        meant |= {("secretsmanager:GetSecretValue", "secret")}
    network = {(action, resource) for action, resource in granted if action.startswith("ec2:")}
    assert granted - network == meant
    assert bool(network) is may.broker
    assert all(
        action.endswith(("NetworkInterface", "NetworkInterfaces", "Subnets", "IpAddresses")) for action, _ in network
    )


def test_a_function_reads_only_its_own_log_group(deployment: Deployment) -> None:
    for name, properties in deployment.functions.items():
        (log,) = [s["Resource"] for s in deployment.statements(name) if s["Action"][0].startswith("logs:")]
        assert log == [{"Fn::GetAtt": [properties["LoggingConfig"]["LogGroup"]["Ref"], "Arn"]}]


def test_a_role_is_lambdas_alone(deployment: Deployment) -> None:
    roles = deployment.properties("AWS::IAM::Role")
    assert len(roles) == len(topology.FUNCTIONS)
    for role in roles:
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


def _exception(statement: dict[str, Any]) -> str | None:
    if all(action.startswith("xray:Put") for action in statement["Action"]):
        return "Trace"
    sid = statement.get("Sid")
    return str(sid) if sid else None


# Which resource of ours a logical id means, by the construct's name that it begins with.
_NAMES = {"ledger": "bucket", "key": "key", "apikeys": "secret", "bus": "bus"}


def _plain(resource: Any) -> str:
    """An ARN of the template in plain words: bucket/open/*, key, bus, secret, log, or * itself."""
    match resource:
        case str():
            return resource
        case {"Fn::Join": [_, parts]}:
            return "".join(map(_plain, parts))
        case {"Fn::ImportValue": str(export)}:  # <stack>:ExportsOutput<FnGetAtt|Ref><construct><hash>…
            logical_id = re.sub(r"^.*:ExportsOutput(FnGetAtt|Ref)", "", export)
        case {"Fn::GetAtt": [str(logical_id), _]}:
            pass
        case _:
            raise AssertionError(f"an ARN of a new kind: {resource}")
    construct = re.split(r"[0-9A-F]{8}", logical_id)[0]
    return "log" if construct.endswith("log") else _NAMES[construct]
