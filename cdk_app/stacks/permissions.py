"""`May` of the topology as IAM statements: what it names is granted on that ARN, and nothing else is.

It knows the services' own rules (what a missing key needs to be a 404, what an encrypted object needs) and nothing of
any function.
"""

from dataclasses import dataclass

from aws_cdk import aws_iam as iam

from cdk_app.topology import May


@dataclass(frozen=True)
class Resources:
    """The ARNs that permissions are granted on."""

    bucket: str
    bus: str
    keys_secret: str
    key: str  # of KMS; encrypts the bucket and the secret


def statements(may: May, resources: Resources) -> list[iam.PolicyStatement]:
    """What a function's role may do, beside writing its own log."""

    def objects(prefixes: tuple[str, ...]) -> list[str]:
        return [f"{resources.bucket}/{prefix}*" for prefix in prefixes]

    granted = []
    if may.read:
        granted.append(_allow("s3:GetObject", objects(may.read)))
        # Without it S3 answers 403 for a key that is not there. It cannot be narrowed by prefix: the check that S3
        # makes for a missing key carries none.
        granted.append(_allow("s3:ListBucket", [resources.bucket]))
        granted.append(_allow("kms:Decrypt", [resources.key]))
    if may.write:
        granted.append(_allow("s3:PutObject", objects(may.write)))
        granted.append(_allow("kms:GenerateDataKey", [resources.key]))
    if may.delete:
        granted.append(_allow("s3:DeleteObject", objects(may.delete)))
    if may.wake:
        granted.append(_allow("events:PutEvents", [resources.bus]))
    if may.keys:
        granted.append(_allow("secretsmanager:GetSecretValue", [resources.keys_secret]))
        granted.append(_allow("kms:Decrypt", [resources.key]))
    if may.broker:
        granted.append(NETWORK_INTERFACES)
    return granted


def log_statement(log_group_arn: str) -> iam.PolicyStatement:
    """Leave to write to one log group. The group itself is the stack's, so that its retention holds."""
    return iam.PolicyStatement(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group_arn])


def _allow(action: str, resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=[action], resources=resources)


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
