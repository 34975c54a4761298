"""`cdk_app.monitoring` as CloudFormation: the dashboard, the alarms, the one composite that pages, the saved queries.

It may be deleted and deployed again at any time; nothing else depends on it.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from cdk_app.environments import Environment
from cdk_app.monitoring import alarms, dashboard
from cdk_app.monitoring.lines import Line, Names, Sum
from cdk_app.monitoring.queries import QUERIES
from cdk_app.stacks.app import AppStack
from cdk_app.stacks.data import DataStack


class MonitoringStack(cdk.Stack):
    """What whoever is on call looks at, and what calls them."""

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, data: DataStack, app: AppStack
    ) -> None:
        super().__init__(scope, construct_id, termination_protection=environment.protected)
        self._environment = environment
        self._names = Names(
            prefix=environment.prefix,
            namespace=environment.metrics_namespace,
            api=app.api.api_id,
            bucket=data.bucket.bucket_name,
            broker=data.broker_name,
            nodes=() if data.broker_serverless else nodes(data.broker_name, cluster=data.broker_cluster),
        )
        topic = self._topic(data.key)
        watched = [self._alarm(alarm) for alarm in alarms.alarms(self._names, environment)]
        page = self._page(topic)
        self._dashboard([page, *watched])
        self._queries()

    def _topic(self, key: kms.IKey) -> sns.Topic:
        """Where pages go: to the environment's address, and to whatever else is subscribed by hand."""
        topic = sns.Topic(
            self,
            "pages",
            topic_name=f"{self._environment.prefix}-pages",
            display_name=f"Report queue, {self._environment.name}",
            master_key=key,
            enforce_ssl=True,
        )
        cloudwatch_itself = iam.ServicePrincipal(
            "cloudwatch.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": self.account}}
        )
        topic.grant_publish(cloudwatch_itself)  # and the use of its key: else only the alarm's history says why not
        if self._environment.pages_to:
            topic.add_subscription(subscriptions.EmailSubscription(self._environment.pages_to))
        cdk.CfnOutput(self, "Pages", value=topic.topic_arn)
        return topic

    def _alarm(self, alarm: alarms.Alarm) -> cloudwatch.CfnAlarm:
        return cloudwatch.CfnAlarm(
            self,
            f"alarm-{alarm.name}",
            alarm_name=f"{self._environment.prefix}-{alarm.name}",
            alarm_description=alarm.description(self._environment.runbook),
            comparison_operator=alarm.comparison,
            threshold=alarm.threshold,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.beyond,
            treat_missing_data=alarm.missing,
            metrics=_queries_of(alarm.watches),
        )

    def _page(self, topic: sns.Topic) -> cloudwatch.CfnCompositeAlarm:
        watched = [alarm for alarm in alarms.alarms(self._names, self._environment) if alarm.pages]
        prefix, runbook = self._environment.prefix, self._environment.runbook
        page = cloudwatch.CfnCompositeAlarm(
            self,
            "page",
            alarm_name=f"{prefix}-{alarms.PAGE}",
            alarm_description=(
                "Users feel it, or accepted work may be lost. Look first at the alarms below that are red, and at the"
                f" dashboard {prefix} from its top. What to do: {runbook}#{alarms.PAGE}"
            ),
            alarm_rule=" OR ".join(f'ALARM("{prefix}-{alarm.name}")' for alarm in watched),
            alarm_actions=[topic.topic_arn],
            ok_actions=[topic.topic_arn],
        )
        for alarm in watched:
            page.node.add_dependency(self.node.find_child(f"alarm-{alarm.name}"))
        return page

    def _dashboard(self, shown: list[Any]) -> None:
        body = dashboard.body(
            self._names,
            self._environment,
            region=self.region,
            alarm_arns=[alarm.attr_arn for alarm in shown],
            runbook=self._environment.runbook,
        )
        cloudwatch.CfnDashboard(
            self, "dashboard", dashboard_name=self._environment.prefix, dashboard_body=self.to_json_string(body)
        )
        console = f"https://{self.region}.console.aws.amazon.com/cloudwatch/home#dashboards:name="
        cdk.CfnOutput(self, "Dashboard", value=f"{console}{self._environment.prefix}")

    def _queries(self) -> None:
        for query in QUERIES:
            logs.CfnQueryDefinition(
                self,
                f"query-{query.name.replace(' ', '-')}",
                name=f"{self._environment.prefix}/{query.name}",
                query_string=query.text,
                log_group_names=[f"/aws/lambda/{self._names.function(name)}" for name in query.functions],
            )


def nodes(broker: str, *, cluster: bool) -> tuple[str, ...]:
    """What ElastiCache calls the two nodes of a replication group: in cluster mode with the number of their shard."""
    shard = "-0001" if cluster else ""
    return tuple(f"{broker}{shard}-{number:03}" for number in (1, 2))


def _queries_of(watched: Line | Sum) -> list[cloudwatch.CfnAlarm.MetricDataQueryProperty]:
    if isinstance(watched, Line):
        return [_query("watched", watched, returned=True)]
    return [
        cloudwatch.CfnAlarm.MetricDataQueryProperty(
            id="watched", expression=watched.expression, label=watched.label, return_data=True
        ),
        *(_query(name, line, returned=False) for name, line in watched.of.items()),
    ]


def _query(name: str, line: Line, *, returned: bool) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
    dimensions = [
        cloudwatch.CfnAlarm.DimensionProperty(name=dimension, value=value)
        for dimension, value in line.dimensions.items()
    ]
    return cloudwatch.CfnAlarm.MetricDataQueryProperty(
        id=name,
        label=line.label,
        return_data=returned,
        metric_stat=cloudwatch.CfnAlarm.MetricStatProperty(
            metric=cloudwatch.CfnAlarm.MetricProperty(
                namespace=line.namespace, metric_name=line.name, dimensions=dimensions
            ),
            period=line.period,
            stat=line.stat,
        ),
    )
