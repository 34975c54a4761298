"""What must not be lost, and what may be: the ledger's bucket and the keys' secret; the broker.

The bucket holds the documents and the truth. The broker holds only the order, and the reconciler fills an empty one
from the bucket, so it needs neither snapshots nor protection.
"""

import json
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from cdk_app.environments import Environment
from cdk_app.stacks.acknowledged import acknowledge
from cdk_app.stacks.broker import Broker
from cdk_app.stacks.network import NetworkStack
from cdk_app.stacks.permissions import by_way_of
from cdk_app.topology import WAKE_PREFIX
from report_queue.settings import DELIVERY_DAYS, INPUT_DAYS


class DataStack(cdk.Stack):
    """The bucket, the secret, the key that encrypts both, and the broker."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment, network: NetworkStack) -> None:
        super().__init__(scope, construct_id, termination_protection=environment.protected)
        # Unprotected, a bucket that holds anything still refuses deletion: whoever wants it gone empties it.
        self._removal = cdk.RemovalPolicy.RETAIN if environment.protected else cdk.RemovalPolicy.DESTROY

        self.key = self._key(environment)
        self.bucket = self._ledger(environment)
        self.keys_secret = self._api_keys()
        self.broker = Broker(self, "broker", environment=environment, network=network)
        self.broker_url = self.broker.url
        self.broker_name = self.broker.name
        self.broker_cluster = environment.broker.cluster
        self.broker_serverless = environment.broker.serverless

        cdk.CfnOutput(self, "Bucket", value=self.bucket.bucket_name)
        cdk.CfnOutput(self, "KeysSecret", value=self.keys_secret.secret_arn)

    def _key(self, environment: Environment) -> kms.Key:
        account = iam.AccountRootPrincipal()  # whom of the account, its own policies say
        return kms.Key(
            self,
            "key",
            alias=f"alias/{environment.prefix}",
            description="Encrypts the report queue's bucket and its API keys' hashes",
            enable_key_rotation=True,
            removal_policy=self._removal,
            policy=iam.PolicyDocument(
                statements=[
                    iam.PolicyStatement(
                        sid="Administer", principals=[account], actions=list(_ADMINISTER), resources=["*"]
                    ),
                    iam.PolicyStatement(
                        sid="UseForBucketAndSecret",
                        principals=[account],
                        actions=["kms:Decrypt", "kms:GenerateDataKey"],
                        resources=["*"],
                        conditions=by_way_of("s3", "secretsmanager"),
                    ),
                ]
            ),
        )

    def _ledger(self, environment: Environment) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "ledger",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,  # one call to KMS for many objects
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            lifecycle_rules=[
                # A marker over nothing, and an upload that nobody finished, are of no use to anyone.
                s3.LifecycleRule(
                    expired_object_delete_marker=True,
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                ),
                *(kept.rule() for kept in _kept(environment)),
            ],
            removal_policy=self._removal,
        )
        acknowledge(
            bucket,
            {
                "AwsSolutions-S1": "An access log would hold the links that callers download by; who asked for which"
                " job stands in the functions' logs and in the receipts."
            },
        )
        # A report is published once. Parts of a multipart upload cannot carry the condition; its completion can.
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="ReportsAreNeverReplaced",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects("reports/*")],
                conditions={"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
            )
        )
        # It tells of its objects. Of the L1: the L2's own flag would add a function that sets it.
        resource = bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        )
        return bucket

    def _api_keys(self) -> secretsmanager.Secret:
        # Starts with a pepper of its own and no keys; `report_queue.keys` says what it holds.
        secret = secretsmanager.Secret(
            self,
            "api-keys",
            description="Hashes of the report queue's API keys",
            encryption_key=self.key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"keys": {}}),
                generate_string_key="pepper",
                password_length=64,
                exclude_characters="ghijklmnopqrstuvwxyz",  # what is left is hexadecimal
                exclude_uppercase=True,
                exclude_punctuation=True,
                require_each_included_type=False,
            ),
            removal_policy=self._removal,
        )
        acknowledge(
            secret,
            {
                "AwsSolutions-SMG4": "The pepper is in every hash: rotated by itself it would end all keys at once."
                " Keys are rotated one by one, by whoever holds them."
            },
        )
        return secret


@dataclass(frozen=True)
class _Kept:
    """For how long objects of a prefix are kept, and their versions after they were replaced or deleted."""

    prefix: str
    days: int  # 0: until someone deletes them
    version_days: int

    def rule(self) -> s3.LifecycleRule:
        return s3.LifecycleRule(
            prefix=self.prefix,
            expiration=cdk.Duration.days(self.days) if self.days else None,
            noncurrent_version_expiration=cdk.Duration.days(self.version_days),
        )


def _kept(environment: Environment) -> tuple[_Kept, ...]:
    """Versions are for a mistake of ours to be undone, so where it is noticed late they are kept for long."""
    return (
        _Kept("open/", 0, 7),  # every job ends with its entry deleted, and the receipt has the request too
        _Kept("closed/", environment.receipt_days, 30),
        _Kept("reports/", environment.report_days, 30),
        _Kept("batches/", environment.receipt_days, 30),
        _Kept("pending/", 0, 1),
        _Kept("schedules/", 0, 30),
        _Kept("controls/", 0, 30),
        _Kept("usage/", environment.receipt_days, 30),
        _Kept("inputs/", INPUT_DAYS, 1),  # for the time that reports need their rows
        _Kept(WAKE_PREFIX, 1, 1),
        _Kept("webhooks/", 0, 30),
        _Kept("signing/", 0, 1),  # a secret that was replaced or deleted is to be gone
        _Kept("untold/", 7, 1),
        _Kept("deliveries/", DELIVERY_DAYS, 1),
        _Kept("due/", DELIVERY_DAYS, 1),
    )


_ADMINISTER = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
"""What the account may do with the key itself; decrypting is not among it."""
