"""The monitoring stack is `cdk_app.monitoring` in CloudFormation's words."""

import json

from cdk_app.monitoring.alarms import PAGE, alarms
from cdk_app.monitoring.lines import Names
from cdk_app.monitoring.queries import QUERIES
from cdk_app.stacks.monitoring import nodes
from tests.cdk.conftest import Deployment
from tests.cdk.test_environments import ROOT, Environment


def names_of(deployment: Deployment) -> tuple[Names, Environment]:
    context = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    environment = Environment.named(deployment.prefix.rpartition("-")[2], context["environments"])
    serverless = bool(deployment.resources("AWS::ElastiCache::ServerlessCache"))
    groups = deployment.properties("AWS::ElastiCache::ReplicationGroup")
    there = () if serverless else nodes(deployment.prefix, cluster=groups[0].get("ClusterMode") == "enabled")
    return Names(deployment.prefix, f"ReportQueue/{environment.name}", "?", "?", deployment.prefix, there), environment


def test_the_alarms_are_those_of_the_list(deployment: Deployment) -> None:
    names, environment = names_of(deployment)
    templated = {properties["AlarmName"]: properties for properties in deployment.properties("AWS::CloudWatch::Alarm")}
    listed = {f"{deployment.prefix}-{alarm.name}": alarm for alarm in alarms(names, environment)}
    assert templated.keys() == listed.keys()
    for name, alarm in listed.items():
        properties = templated[name]
        assert properties["AlarmDescription"] == alarm.description(environment.runbook)
        assert properties["TreatMissingData"] == alarm.missing
        assert (properties["DatapointsToAlarm"], properties["EvaluationPeriods"]) == (alarm.beyond, alarm.periods)
        assert [query["Id"] for query in properties["Metrics"] if query["ReturnData"]] == ["watched"]
        metrics = [query["MetricStat"]["Metric"] for query in properties["Metrics"] if "MetricStat" in query]
        assert [(metric["Namespace"], metric["MetricName"]) for metric in metrics] == [
            (line.namespace, line.name) for line in alarm.watches.lines
        ]


def test_one_composite_pages_and_its_topic_is_encrypted_with_a_key_that_cloudwatch_may_use(
    deployment: Deployment,
) -> None:
    names, environment = names_of(deployment)
    page = deployment.only("AWS::CloudWatch::CompositeAlarm")
    assert page["AlarmName"] == f"{deployment.prefix}-{PAGE}"
    paging = [alarm.name for alarm in alarms(names, environment) if alarm.pages]
    assert page["AlarmRule"] == " OR ".join(f'ALARM("{deployment.prefix}-{name}")' for name in paging)
    (topic_id,) = deployment.resources("AWS::SNS::Topic")
    assert page["AlarmActions"] == page["OKActions"] == [{"Ref": topic_id}]
    assert "KmsMasterKeyId" in deployment.only("AWS::SNS::Topic")
    cloudwatch = {"Service": "cloudwatch.amazonaws.com"}
    statements = deployment.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    (granted,) = [statement for statement in statements if statement["Principal"] == cloudwatch]
    assert granted["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert "aws:SourceAccount" in granted["Condition"]["StringEquals"]
    published = deployment.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    assert [s["Action"] for s in published if s["Effect"] == "Allow" and s["Principal"] == cloudwatch] == [
        "sns:Publish"
    ]
    assert [s["Condition"] for s in published if s["Effect"] == "Deny"] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_every_alarm_stands_on_the_dashboard(deployment: Deployment) -> None:
    body = json.dumps(deployment.only("AWS::CloudWatch::Dashboard")["DashboardBody"])
    for logical_id in (
        *deployment.resources("AWS::CloudWatch::Alarm"),
        *deployment.resources("AWS::CloudWatch::CompositeAlarm"),
    ):
        assert f'["{logical_id}", "Arn"]' in body


def test_the_queries_are_saved_for_the_functions_own_logs(deployment: Deployment) -> None:
    saved = {p["Name"]: p for p in deployment.properties("AWS::Logs::QueryDefinition")}
    assert saved.keys() == {f"{deployment.prefix}/{query.name}" for query in QUERIES}
    groups = {p["LogGroupName"] for p in deployment.properties("AWS::Logs::LogGroup")}
    assert all(set(properties["LogGroupNames"]) <= groups for properties in saved.values())


def test_functions_write_into_the_namespace_that_is_looked_at(deployment: Deployment) -> None:
    names, _ = names_of(deployment)
    variables = [properties["Environment"]["Variables"] for properties in deployment.functions.values()]
    assert {one["POWERTOOLS_METRICS_NAMESPACE"] for one in variables} == {names.namespace}
    looked_at = {
        query["MetricStat"]["Metric"]["Namespace"]
        for properties in deployment.properties("AWS::CloudWatch::Alarm")
        for query in properties["Metrics"]
        if "MetricStat" in query
    }
    assert {namespace for namespace in looked_at if not namespace.startswith("AWS/")} == {names.namespace}


def test_nodes_are_called_as_elasticache_calls_them() -> None:
    assert nodes("broker", cluster=False) == ("broker-001", "broker-002")
    assert nodes("broker", cluster=True) == ("broker-0001-001", "broker-0001-002")
