"""What must not be lost, and what may be: the ledger's bucket and the keys' secret; the broker.

The bucket holds the documents and the truth. The broker holds only the order, and the reconciler fills an empty one
from the bucket, so it needs neither snapshots nor protection.
"""

import json

import aws_cdk as cdk
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from cdk_app.environments import Environment
from cdk_app.stacks.network import NetworkStack
from report_queue.settings import INPUT_DAYS


class DataStack(cdk.Stack):
    """The bucket, the secret, the key that encrypts both, and the broker."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment, network: NetworkStack) -> None:
        super().__init__(scope, construct_id, termination_protection=environment.protected)
        # Unprotected, a bucket that holds anything still refuses deletion: whoever wants it gone empties it.
        removal = cdk.RemovalPolicy.RETAIN if environment.protected else cdk.RemovalPolicy.DESTROY

        self.key = kms.Key(
            self,
            "key",
            alias=f"alias/{environment.prefix}",
            description="Encrypts the report queue's bucket and its API keys' hashes",
            enable_key_rotation=True,
            removal_policy=removal,
        )

        self.bucket = s3.Bucket(
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
                # Every job ends with its open/ entry deleted; the version beneath is kept for a mistake, not for ever.
                s3.LifecycleRule(
                    noncurrent_version_expiration=cdk.Duration.days(30),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                ),
                s3.LifecycleRule(expired_object_delete_marker=True),
                # Rows that callers upload, for the time that their reports need them.
                s3.LifecycleRule(
                    prefix="inputs/",
                    expiration=cdk.Duration.days(INPUT_DAYS),
                    noncurrent_version_expiration=cdk.Duration.days(1),
                ),
            ],
            removal_policy=removal,
        )

        # Starts with a pepper of its own and no keys; `report_queue.keys` says what it holds.
        self.keys_secret = secretsmanager.Secret(
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
            removal_policy=removal,
        )

        broker = elasticache.CfnServerlessCache(
            self,
            "broker",
            engine="valkey",
            major_engine_version="8",
            serverless_cache_name=environment.prefix,
            description="The order of the report queue; may be wiped at any time",
            subnet_ids=[subnet.subnet_id for subnet in network.vpc.isolated_subnets],
            security_group_ids=[network.broker.security_group_id],
            cache_usage_limits=elasticache.CfnServerlessCache.CacheUsageLimitsProperty(
                data_storage=elasticache.CfnServerlessCache.DataStorageProperty(
                    unit="GB", maximum=environment.broker_storage_gb
                ),
                ecpu_per_second=elasticache.CfnServerlessCache.ECPUPerSecondProperty(
                    maximum=environment.broker_units_per_second
                ),
            ),
        )
        # Serverless speaks TLS and the cluster protocol only.
        self.broker_url = f"rediss://{broker.attr_endpoint_address}:{broker.attr_endpoint_port}"
        self.broker_cluster = True
        self.broker_name = environment.prefix
        self.broker_serverless = True

        cdk.CfnOutput(self, "Bucket", value=self.bucket.bucket_name)
        cdk.CfnOutput(self, "KeysSecret", value=self.keys_secret.secret_arn)
