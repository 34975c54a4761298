"""The broker of each profile: where it stands, who may sign in to it, and what it does when it is full."""

from typing import Any

from cdk_app import acl, topology
from tests.cdk.conftest import Deployment

WITH_A_BROKER = [plan.name for plan in topology.FUNCTIONS if plan.may.broker]


def test_a_profile_is_one_broker_behind_its_own_group_in_the_isolated_subnets(deployment: Deployment) -> None:
    broker = _broker(deployment)
    (group,) = broker["SecurityGroupIds"]
    assert "broker" in group["Fn::ImportValue"]
    assert broker["Engine"] == "valkey"
    subnets = broker.get("SubnetIds") or deployment.only("AWS::ElastiCache::SubnetGroup")["SubnetIds"]
    assert len(subnets) == 2
    assert all("isolatedSubnet" in subnet["Fn::ImportValue"] for subnet in subnets)


def test_lite_is_serverless_and_limited(deployment: Deployment) -> None:
    if deployment.environment.profile != "lite":
        assert deployment.properties("AWS::ElastiCache::ServerlessCache") == []
        return
    cache = deployment.only("AWS::ElastiCache::ServerlessCache")
    assert cache["CacheUsageLimits"] == {
        "DataStorage": {"Unit": "GB", "Maximum": deployment.environment.broker_storage_gb},
        "ECPUPerSecond": {"Maximum": deployment.environment.broker_units_per_second},
    }


def test_with_nodes_there_are_two_in_two_zones_that_speak_tls_and_evict_nothing(deployment: Deployment) -> None:
    if deployment.environment.profile == "lite":
        assert deployment.properties("AWS::ElastiCache::ReplicationGroup") == []
        return
    durable = deployment.environment.profile == "durable"
    nodes = deployment.only("AWS::ElastiCache::ReplicationGroup")
    meant = {
        "NumNodeGroups": 1,
        "ReplicasPerNodeGroup": 1,
        "MultiAZEnabled": True,
        "AutomaticFailoverEnabled": True,
        "TransitEncryptionEnabled": True,
        "AtRestEncryptionEnabled": True,
        "EngineVersion": "9.0",
        "ClusterMode": "enabled" if durable else "disabled",
        "CacheNodeType": "cache.m7g.large" if durable else "cache.t4g.small",
    }
    assert {key: nodes[key] for key in meant} == meant
    assert nodes.get("Durability") == ("sync" if durable else None)
    (group_id,) = deployment.resources("AWS::ElastiCache::ParameterGroup")
    assert nodes["CacheParameterGroupName"] == {"Ref": group_id}
    group = deployment.only("AWS::ElastiCache::ParameterGroup")
    assert group["CacheParameterGroupFamily"] == "valkey9"
    assert group["Properties"] == {
        "maxmemory-policy": "noeviction",
        "cluster-enabled": "yes" if durable else "no",
    }


def test_each_function_with_a_broker_is_a_user_of_its_own_that_signs_in_by_iam(deployment: Deployment) -> None:
    users = {p["UserId"]: p for p in deployment.properties("AWS::ElastiCache::User")}
    assert users.keys() == {deployment.environment.user(name) for name in WITH_A_BROKER}
    for name in WITH_A_BROKER:
        user = users[deployment.environment.user(name)]
        assert user["UserName"] == user["UserId"] == user["UserId"].lower()
        assert len(user["UserId"]) <= 40
        assert user["AuthenticationMode"] == {"Type": "iam"}
        assert user["AccessString"] == acl.access_string(name, queue="reports")
        assert user.keys().isdisjoint({"Passwords", "NoPasswordRequired"})


def test_nobody_else_may_sign_in_and_there_is_no_default_user(deployment: Deployment) -> None:
    group = deployment.only("AWS::ElastiCache::UserGroup")
    user_ids = [{"Ref": logical_id} for logical_id in deployment.resources("AWS::ElastiCache::User")]
    assert group["UserIds"] == user_ids
    (group_id,) = deployment.resources("AWS::ElastiCache::UserGroup")
    broker = _broker(deployment)
    assert broker.get("UserGroupId", *broker.get("UserGroupIds", [None])) == {"Ref": group_id}


def test_functions_find_the_broker_at_the_address_that_moves_with_its_primary(deployment: Deployment) -> None:
    address = deployment.functions["worker"]["Environment"]["Variables"]["REPORT_QUEUE_BROKER_URL"]
    imported = address["Fn::Join"][1][1]["Fn::ImportValue"].rpartition(":")[2]
    exported = {
        output["Export"]["Name"].rpartition(":")[2]: output["Value"]["Fn::GetAtt"][1]
        for output in deployment.templates["data"]["Outputs"].values()
        if "Fn::GetAtt" in output["Value"] and "Export" in output
    }
    assert (
        exported[imported]
        == {
            "lite": "Endpoint.Address",
            "standard": "PrimaryEndPoint.Address",
            "durable": "ConfigurationEndPoint.Address",
        }[deployment.environment.profile]
    )


def _broker(deployment: Deployment) -> dict[str, Any]:
    kind = "ServerlessCache" if deployment.environment.broker.serverless else "ReplicationGroup"
    return deployment.only(f"AWS::ElastiCache::{kind}")
