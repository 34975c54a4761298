"""What keeps the documents safe: who may reach them, how, and what outlives a mistake."""

import re
from collections.abc import Callable

from cdk_app import topology
from report_queue.settings import DELIVERY_DAYS, INPUT_DAYS
from tests.cdk.conftest import ASSERTED, Deployment, synthesise


def test_synthesis_looks_nothing_up_in_any_environment_with_any_profile(any_deployment: Deployment) -> None:
    assert any_deployment.missing == []
    assert any_deployment.templates.keys() == {"network", "data", "app", "monitoring"}


def test_the_bucket_is_closed_to_the_public_and_to_plain_text(deployment: Deployment) -> None:
    bucket = deployment.only("AWS::S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    statements = deployment.only("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Deny"}
    (tls,) = [s for s in statements if s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}]
    assert (tls["Action"], tls["Principal"]) == ("s3:*", {"AWS": "*"})
    assert len(tls["Resource"]) == 2  # the bucket, and everything in it


def test_the_bucket_keeps_versions_and_is_encrypted_with_our_key(deployment: Deployment) -> None:
    bucket = deployment.only("AWS::S3::Bucket")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (key_id,) = deployment.resources("AWS::KMS::Key")
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == {"Fn::GetAtt": [key_id, "Arn"]}
    assert rule["BucketKeyEnabled"] is True


def test_a_report_that_is_there_is_never_replaced_whoever_writes(deployment: Deployment) -> None:
    statements = deployment.only("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    (denied,) = [s for s in statements if s["Action"] == "s3:PutObject"]
    assert (denied["Effect"], denied["Principal"]) == ("Deny", {"AWS": "*"})
    assert denied["Resource"]["Fn::Join"][1][-1] == "/reports/*"
    # Without the header; and of a multipart upload only the call that makes the object, for its parts cannot carry it.
    assert denied["Condition"] == {
        "Null": {"s3:if-none-match": "true"},
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }


def test_every_prefix_says_how_long_it_is_kept_and_no_accepted_job_is_ever_deleted_by_age(
    deployment: Deployment,
) -> None:
    rules = deployment.only("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    kept = {rule["Prefix"]: rule for rule in rules if "Prefix" in rule}
    assert kept.keys() == topology.PREFIXES.keys()
    assert all(rule["NoncurrentVersionExpiration"]["NoncurrentDays"] >= 1 for rule in kept.values())
    expiring = {prefix: rule["ExpirationInDays"] for prefix, rule in kept.items() if "ExpirationInDays" in rule}
    assert expiring == {
        "inputs/": INPUT_DAYS,
        "wakes/": 1,
        "untold/": 7,
        "deliveries/": DELIVERY_DAYS,
        "due/": DELIVERY_DAYS,
    }
    (everywhere,) = [rule for rule in rules if "Prefix" not in rule]
    assert everywhere["ExpiredObjectDeleteMarker"] is True
    assert everywhere["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_reports_and_receipts_are_kept_as_long_as_the_environment_says() -> None:
    rules = synthesise("dev", report_days=90, receipt_days=400).only("AWS::S3::Bucket")["LifecycleConfiguration"][
        "Rules"
    ]
    days = {rule.get("Prefix"): rule.get("ExpirationInDays") for rule in rules}
    assert (days["reports/"], days["closed/"], days["batches/"], days["open/"]) == (90, 400, 400, None)


def test_the_key_is_used_through_bucket_secret_and_alarms_only_and_nobody_may_decrypt_by_it_directly(
    deployment: Deployment,
) -> None:
    statements = deployment.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    for statement in statements:
        assert statement["Effect"] == "Allow"
        if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}:
            assert statement["Condition"]["StringEquals"].keys() == {"aws:SourceAccount"}  # alarms write to the topic
            continue
        actions = {statement["Action"]} if isinstance(statement["Action"], str) else set(statement["Action"])
        if actions & {"kms:*", "kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKey*", "kms:CreateGrant"}:
            condition = statement["Condition"]["StringEquals"]
            if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}:  # its alarms page by a topic
                assert condition == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
                continue
            services = condition["kms:ViaService"]
            for service in services if isinstance(services, list) else [services]:
                assert service["Fn::Join"][1][0] in {"s3.", "secretsmanager."}


def test_the_secret_starts_with_a_pepper_in_hexadecimal_and_without_keys(deployment: Deployment) -> None:
    secret = deployment.only("AWS::SecretsManager::Secret")
    made = secret["GenerateSecretString"]
    assert made["SecretStringTemplate"] == '{"keys": {}}'
    assert made["GenerateStringKey"] == "pepper"
    left = set("abcdefghijklmnopqrstuvwxyz0123456789") - set(made["ExcludeCharacters"])
    assert left == set("0123456789abcdef")
    assert made["ExcludeUppercase"]
    assert made["ExcludePunctuation"]
    assert not made["RequireEachIncludedType"]
    assert made["PasswordLength"] == 64
    assert "KmsKeyId" in secret


def test_in_production_what_holds_the_truth_outlives_its_stack(deployed: Callable[..., Deployment]) -> None:
    kinds = ("AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret")
    policies = {
        name: {
            (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])
            for kind in kinds
            for resource in deployed(name, profile).resources(kind).values()
        }
        for name, profile in ASSERTED
    }
    assert policies == {"dev": {("Delete", "Delete")}, "prod": {("Retain", "Retain")}}


def test_there_is_no_way_from_the_subnets_to_the_internet(deployment: Deployment) -> None:
    for kind in ("AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route"):
        assert deployment.properties(kind) == []
    assert len(deployment.properties("AWS::EC2::Subnet")) == 2
    assert not any(p["MapPublicIpOnLaunch"] for p in deployment.properties("AWS::EC2::Subnet"))


def test_the_subnets_have_a_door_to_the_ledger_and_where_there_is_a_bus_one_to_it(deployment: Deployment) -> None:
    doors = {p["VpcEndpointType"]: p for p in deployment.properties("AWS::EC2::VPCEndpoint")}
    by_bus = deployment.environment.broker.wake_by == "bus"
    assert doors.keys() == ({"Gateway", "Interface"} if by_bus else {"Gateway"})
    assert doors["Gateway"]["ServiceName"]["Fn::Join"][1][-1] == ".s3"
    assert len(doors["Gateway"]["RouteTableIds"]) == len(deployment.properties("AWS::EC2::RouteTable"))
    if by_bus:
        assert doors["Interface"]["ServiceName"]["Fn::Join"][1][-1] == ".events"
        assert doors["Interface"]["PrivateDnsEnabled"] is True


def test_the_doors_let_this_account_through_to_its_own_ledger_and_bus_and_to_nothing_else(
    deployment: Deployment,
) -> None:
    account = {"Ref": "AWS::AccountId"}
    for door in deployment.properties("AWS::EC2::VPCEndpoint"):
        (statement,) = door["PolicyDocument"]["Statement"]
        assert statement["Effect"] == "Allow"
        assert statement["Condition"]["StringEquals"]["aws:PrincipalAccount"] == account
        if door["VpcEndpointType"] == "Gateway":
            # The bucket's name is CloudFormation's, which begins it with the stack's.
            named = [resource["Fn::Join"][1][-1] for resource in statement["Resource"]]
            assert named == [f":s3:::{deployment.prefix}-data-*", f":s3:::{deployment.prefix}-data-*/*"]
            assert statement["Condition"]["StringEquals"]["aws:ResourceAccount"] == account
            granted = {
                action
                for name in deployment.functions
                for grant in deployment.statements(name)
                for action in grant["Action"]
                if action.startswith("s3:")
            }
            assert set(statement["Action"]) == granted
        else:
            assert statement["Action"] == "events:PutEvents"
            assert statement["Resource"]["Fn::Join"][1][-1] == f":event-bus/{deployment.prefix}"


def test_the_doors_policy_names_the_ledger_by_how_its_name_begins(deployment: Deployment) -> None:
    assert "BucketName" not in deployment.only("AWS::S3::Bucket"), "then the endpoint's policy should name it"
    assert deployment.app.node.try_find_child(f"{deployment.prefix}-data").stack_name == f"{deployment.prefix}-data"


def test_the_functions_reach_the_broker_the_bus_and_https_and_nothing_else_is_let_in_anywhere(
    deployment: Deployment,
) -> None:
    environment = deployment.environment
    groups = deployment.resources("AWS::EC2::SecurityGroup")
    assert not any("SecurityGroupIngress" in group["Properties"] for group in groups.values())
    last = 6380 if environment.broker.serverless else 6379
    doors = [(443, 443, "functions")] if environment.broker.wake_by == "bus" else []
    assert _peers(deployment, "Ingress", "SourceSecurityGroupId") == sorted([*doors, (6379, last, "functions")])
    doors = [(443, 443, "eventsdoor")] if environment.broker.wake_by == "bus" else []
    assert _peers(deployment, "Egress", "DestinationSecurityGroupId") == sorted([*doors, (6379, last, "broker")])
    for logical_id, group in groups.items():
        for rule in group["Properties"].get("SecurityGroupEgress", []):
            if logical_id.startswith("functions"):
                assert (rule["CidrIp"], rule["FromPort"], rule["ToPort"]) == ("0.0.0.0/0", 443, 443)
            else:
                assert rule["CidrIp"] == "255.255.255.255/32", "CDK's way to say none"


def _peers(deployment: Deployment, direction: str, peer: str) -> list[tuple[int, int, str]]:
    return sorted(
        (p["FromPort"], p["ToPort"], re.split(r"[0-9A-F]{8}", p[peer]["Fn::GetAtt"][0])[0])
        for p in deployment.properties(f"AWS::EC2::SecurityGroup{direction}")
    )
