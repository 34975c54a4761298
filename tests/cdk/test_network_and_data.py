"""What keeps the documents safe: who may reach them, how, and what outlives a mistake."""

from collections.abc import Callable

from report_queue.settings import INPUT_DAYS
from tests.cdk.conftest import Deployment


def test_synthesis_looks_nothing_up(deployment: Deployment) -> None:
    assert deployment.missing == []


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


def test_rows_that_callers_upload_are_kept_for_days_only(deployment: Deployment) -> None:
    rules = deployment.only("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    (rule,) = [rule for rule in rules if "ExpirationInDays" in rule]
    assert (rule["Prefix"], rule["ExpirationInDays"], rule["Status"]) == ("inputs/", INPUT_DAYS, "Enabled")
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert all(rule.get("Prefix", "inputs/") == "inputs/" for rule in rules)


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


def test_in_production_what_holds_the_truth_outlives_its_stack(deployed: Callable[[str], Deployment]) -> None:
    kinds = ("AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret")
    policies = {
        name: {
            (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])
            for kind in kinds
            for resource in deployed(name).resources(kind).values()
        }
        for name in ("dev", "prod")
    }
    assert policies == {"dev": {("Delete", "Delete")}, "prod": {("Retain", "Retain")}}


def test_there_is_no_way_from_the_subnets_to_the_internet(deployment: Deployment) -> None:
    for kind in ("AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route"):
        assert deployment.properties(kind) == []
    assert len(deployment.properties("AWS::EC2::Subnet")) == 2
    assert not any(p["MapPublicIpOnLaunch"] for p in deployment.properties("AWS::EC2::Subnet"))


def test_the_subnets_have_a_door_to_the_bucket_and_one_to_the_bus(deployment: Deployment) -> None:
    doors = {p["VpcEndpointType"]: p for p in deployment.properties("AWS::EC2::VPCEndpoint")}
    assert doors.keys() == {"Gateway", "Interface"}
    assert doors["Gateway"]["ServiceName"]["Fn::Join"][1][-1] == ".s3"
    assert doors["Interface"]["ServiceName"]["Fn::Join"][1][-1] == ".events"
    assert doors["Interface"]["PrivateDnsEnabled"] is True
    assert len(doors["Gateway"]["RouteTableIds"]) == len(deployment.properties("AWS::EC2::RouteTable"))


def test_only_the_functions_reach_the_broker_and_the_bus(deployment: Deployment) -> None:
    rules = deployment.properties("AWS::EC2::SecurityGroupIngress")
    assert sorted((p["FromPort"], p["ToPort"]) for p in rules) == [(443, 443), (6379, 6380)]
    groups = deployment.resources("AWS::EC2::SecurityGroup")
    for properties in rules:
        assert properties["SourceSecurityGroupId"]["Fn::GetAtt"][0].startswith("functions")
    assert not any("SecurityGroupIngress" in group["Properties"] for group in groups.values())


def test_the_broker_stands_in_the_subnets_behind_its_own_group(deployment: Deployment) -> None:
    broker = deployment.only("AWS::ElastiCache::ServerlessCache")
    assert broker["Engine"] == "valkey"
    assert len(broker["SubnetIds"]) == 2
    (group,) = broker["SecurityGroupIds"]
    assert "broker" in group["Fn::ImportValue"]
