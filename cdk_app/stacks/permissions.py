"""`May` of the topology as IAM statements: what it names is granted on that ARN, and nothing else is.

It knows the services' own rules (what a missing key needs to be a 404, what an encrypted object needs) and nothing of
any function.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from cdk_app.topology import WAKE_PREFIX, Function

LEDGER_ACTIONS: Final = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket")
"""All that any function does with the bucket."""


@dataclass(frozen=True)
class Resources:
    """The ARNs that permissions are granted on."""

    bucket: str
    bus: str | None  # None: wakes go through the bucket
    keys_secret: str
    key: str  # of KMS; encrypts the bucket and the secret
    broker: str
    users: Mapping[str, str]  # of the broker, by function


def statements(plan: Function, resources: Resources) -> list[iam.PolicyStatement]:
    """What a function's role may do, beside writing its own log."""

    def objects(prefixes: tuple[str, ...]) -> list[str]:
        return [f"{resources.bucket}/{prefix}*" for prefix in prefixes]

    may, granted = plan.may, []
    written = may.write + ((WAKE_PREFIX,) if may.wake and resources.bus is None else ())
    if may.read:
        granted.append(_allow("s3:GetObject", objects(may.read)))
        # Without it S3 answers 403 for a key that is not there. It cannot be narrowed by prefix: the check that S3
        # makes for a missing key carries none.
        granted.append(_allow("s3:ListBucket", [resources.bucket]))
        granted.append(_allow("kms:Decrypt", [resources.key], through="s3"))
    if written:
        granted.append(_allow("s3:PutObject", objects(written)))
        granted.append(_allow("kms:GenerateDataKey", [resources.key], through="s3"))
    if may.delete:
        granted.append(_allow("s3:DeleteObject", objects(may.delete)))
    if may.wake and resources.bus is not None:
        granted.append(_allow("events:PutEvents", [resources.bus]))
    if may.keys:
        granted.append(_allow("secretsmanager:GetSecretValue", [resources.keys_secret]))
        granted.append(_allow("kms:Decrypt", [resources.key], through="secretsmanager"))
    if may.broker:
        granted.append(_allow("elasticache:Connect", [resources.broker, resources.users[plan.name]]))
        granted.append(NETWORK_INTERFACES)
    return granted


def log_statement(log_group_arn: str) -> iam.PolicyStatement:
    """Leave to write to one log group. The group itself is the stack's, so that its retention holds."""
    return iam.PolicyStatement(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group_arn])


def by_way_of(*services: str) -> dict[str, dict[str, list[str]]]:
    """The condition that a key is used by these services on somebody's behalf, and by nobody directly."""
    return {"StringEquals": {"kms:ViaService": [f"{name}.{cdk.Aws.REGION}.amazonaws.com" for name in services]}}


def _allow(action: str, resources: list[str], *, through: str | None = None) -> iam.PolicyStatement:
    conditions = by_way_of(through) if through else None
    return iam.PolicyStatement(actions=[action], resources=resources, conditions=conditions)


# The broker stands in the VPC, and Lambda enters a VPC with the function's own role. Lambda checks for exactly these
# actions without naming an interface, since there is none yet, so no ARN can stand here. It is the network half of the
# managed policy AWSLambdaVPCAccessExecutionRole, whose other half would grant every log group too.
NETWORK_INTERFACES = iam.PolicyStatement(
    sid="EnterVpc",
    actions=[
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    ],
    resources=["*"],
)
