"""What a function may do is what `May` says, on the ARN that it says."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from cdk_app import topology
from tests.cdk.conftest import Deployment, listed

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


def test_no_policy_of_any_kind_allows_every_action_or_every_resource(any_deployment: Deployment) -> None:
    """Roles, the bucket's policy, the key's and the endpoints'. A denial may name everything."""
    policies = [
        (kind, statement)
        for template in any_deployment.templates.values()
        for resource in template["Resources"].values()
        for kind, statement in _allowing(resource)
    ]
    assert {kind for kind, _ in policies} >= {"AWS::IAM::Role", "AWS::KMS::Key", "AWS::EC2::VPCEndpoint"}
    for kind, statement in policies:
        assert not [action for action in listed(statement["Action"]) if re.fullmatch(r"(\w+:)?\*", action)], statement
        if "*" in listed(statement["Resource"]):
            # In a key's policy * is the key itself: there is no other way to name it.
            assert kind == "AWS::KMS::Key" or _exception(statement) in WITHOUT_A_RESOURCE, statement


@pytest.mark.parametrize(("name", "may"), MAY, ids=[name for name, _ in MAY])
def test_a_function_may_do_what_the_topology_says_and_no_more(
    deployment: Deployment, name: str, may: topology.May
) -> None:
    granted = {
        (action, _plain(resource))
        for statement in deployment.statements(name)
        if _exception(statement) != "Trace" and statement["Effect"] == "Allow"
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
    meant = {("logs:CreateLogStream", "log"), ("logs:PutLogEvents", "log")}
    meant |= {("s3:GetObject", f"bucket/{prefix}*") for prefix in may.read}
    by_bucket = may.wake and deployment.environment.broker.wake_by == "bucket"
    written = (*may.write, "wakes/") if by_bucket else may.write
    meant |= {("s3:PutObject", f"bucket/{prefix}*") for prefix in written}
    meant |= {("s3:DeleteObject", f"bucket/{prefix}*") for prefix in may.delete}
    if may.read:
        meant |= {("s3:ListBucket", "bucket")}
    if may.read or may.keys:
        meant |= {("kms:Decrypt", "key")}
    if written:
        meant |= {("kms:GenerateDataKey", "key")}
    if may.wake and not by_bucket:
        meant |= {("events:PutEvents", "bus")}
    if may.broker:
        meant |= {("elasticache:Connect", "broker"), ("elasticache:Connect", f"user {name}")}
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
    if all(action.startswith("xray:Put") for action in listed(statement["Action"])):
        return "Trace"
    sid = statement.get("Sid")
    return str(sid) if sid else None


# Which resource of ours a logical id means, by the construct's name that it begins with.
_NAMES = {"ledger": "bucket", "key": "key", "apikeys": "secret", "bus": "bus", "brokercache": "broker"}


def _plain(resource: Any) -> str:
    """An ARN of the template in plain words: bucket/open/*, key, bus, secret, log, or * itself."""
    match resource:
        case str():
            return resource
        case {"Fn::Join": [_, [*_, str(last)]]} if ":replicationgroup:report-queue-" in last:
            return "broker"
        case {"Fn::Join": [_, parts]}:
            return "".join(map(_plain, parts))
        case {"Fn::ImportValue": str(export)}:  # <stack>:ExportsOutput<FnGetAtt|Ref><construct><hash>…
            logical_id = re.sub(r"^.*:ExportsOutput(FnGetAtt|Ref)", "", export)
        case {"Fn::GetAtt": [str(logical_id), _]}:
            pass
        case _:
            raise AssertionError(f"an ARN of a new kind: {resource}")
    construct = re.split(r"[0-9A-F]{8}", logical_id)[0]
    if construct.startswith("brokeruser"):
        (name,) = [plan.name for plan in topology.FUNCTIONS if f"brokeruser{plan.name.replace('_', '')}" == construct]
        return f"user {name}"
    return "log" if construct.endswith("log") else _NAMES[construct]


def _allowing(resource: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    properties = resource.get("Properties", {})
    documents = [properties.get("PolicyDocument"), properties.get("KeyPolicy")]
    documents += [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    for document in filter(None, documents):
        for statement in document["Statement"]:
            if statement["Effect"] == "Allow":
                yield resource["Type"], statement
