"""The broker: a Valkey on ElastiCache, as the environment's profile says, with a user for each function that has one.

Whoever connects proves by IAM which user it is (`elasticache:Connect` on the broker and on the user), and the user's
access string says what it may do there. There is no default user: a connection that does not sign in may do nothing.
"""

import aws_cdk as cdk
from aws_cdk import aws_elasticache as elasticache
from constructs import Construct

from cdk_app import acl, topology
from cdk_app.environments import Environment
from cdk_app.stacks.acknowledged import acknowledge
from cdk_app.stacks.network import NetworkStack

_WHAT = "The order of the report queue; may be wiped at any time"


class Broker(Construct):
    """`url`, `arn` and `name` (for which sign-in tokens are made) of the broker; `users`' ARNs by function."""

    url: str
    arn: str
    name: str

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment, network: NetworkStack) -> None:
        super().__init__(scope, construct_id)
        self._environment = environment
        self._network = network
        self.name = environment.prefix

        users = {plan.name: self._user(plan.name) for plan in topology.FUNCTIONS if plan.may.broker}
        self.users = {name: user.attr_arn for name, user in users.items()}
        self._group = elasticache.CfnUserGroup(
            self,
            "users",
            engine="valkey",
            user_group_id=environment.prefix,
            user_ids=[user.ref for user in users.values()],
        )
        self._subnets = [subnet.subnet_id for subnet in network.vpc.isolated_subnets]
        if environment.broker.serverless:
            self._serverless()
        else:
            self._nodes()

    def _user(self, function: str) -> elasticache.CfnUser:
        name = self._environment.user(function)
        return elasticache.CfnUser(
            self,
            f"user-{function}",
            engine="valkey",
            user_id=name,  # for IAM, the same as the name, in small letters
            user_name=name,
            access_string=acl.access_string(function, queue=self._environment.shared.queue),
            authentication_mode={"Type": "iam"},
        )

    def _serverless(self) -> None:
        cache = elasticache.CfnServerlessCache(
            self,
            "cache",
            engine="valkey",
            major_engine_version=self._environment.broker.engine,
            serverless_cache_name=self.name,
            description=_WHAT,
            subnet_ids=self._subnets,
            security_group_ids=[self._network.broker.security_group_id],
            user_group_id=self._group.ref,
            cache_usage_limits=elasticache.CfnServerlessCache.CacheUsageLimitsProperty(
                data_storage=elasticache.CfnServerlessCache.DataStorageProperty(
                    unit="GB", maximum=self._environment.broker_storage_gb
                ),
                ecpu_per_second=elasticache.CfnServerlessCache.ECPUPerSecondProperty(
                    maximum=self._environment.broker_units_per_second
                ),
            ),
        )
        self.arn = cache.attr_arn
        # Serverless speaks TLS only, as do the nodes below.
        self.url = f"rediss://{cache.attr_endpoint_address}:{cache.attr_endpoint_port}"

    def _nodes(self) -> None:
        broker = self._environment.broker
        subnets = elasticache.CfnSubnetGroup(
            self, "subnets", description="The report queue's isolated subnets", subnet_ids=self._subnets
        )
        parameters = elasticache.CfnParameterGroup(
            self,
            "parameters",
            cache_parameter_group_family=broker.family,
            description="The report queue: a full broker refuses new jobs and forgets none",
            properties={
                "maxmemory-policy": "noeviction",
                "cluster-enabled": "yes" if broker.cluster else "no",
            },
        )
        nodes = elasticache.CfnReplicationGroup(
            self,
            "nodes",
            replication_group_id=self.name,
            replication_group_description=_WHAT,
            engine="valkey",
            engine_version=broker.engine,
            cache_node_type=broker.node,
            cache_parameter_group_name=parameters.ref,
            cluster_mode="enabled" if broker.cluster else "disabled",
            num_node_groups=1,  # all keys carry one hash tag
            replicas_per_node_group=1,
            multi_az_enabled=True,
            automatic_failover_enabled=True,
            durability="sync" if broker.durable else None,
            transit_encryption_enabled=True,
            at_rest_encryption_enabled=True,
            user_group_ids=[self._group.ref],
            cache_subnet_group_name=subnets.ref,
            security_group_ids=[self._network.broker.security_group_id],
            port=6379,
            auto_minor_version_upgrade=True,
        )
        acknowledge(
            nodes,
            {
                "AwsSolutions-AEC6": "Functions sign in by IAM, each as its own user; AUTH is one password for all.",
            },
        )
        address, port = (
            (nodes.attr_configuration_end_point_address, nodes.attr_configuration_end_point_port)
            if broker.cluster
            else (nodes.attr_primary_end_point_address, nodes.attr_primary_end_point_port)
        )
        self.url = f"rediss://{address}:{port}"
        self.arn = cdk.Stack.of(self).format_arn(
            service="elasticache",
            resource="replicationgroup",
            resource_name=self.name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
