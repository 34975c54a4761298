"""Everything that may be deleted and deployed again: the functions, and what invokes them.

Read from the topology in its own order: functions, routes, schedules, rules. Nothing here names a function.
"""

from dataclasses import dataclass
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_app import bundling, topology
from cdk_app.environments import Environment
from cdk_app.stacks.acknowledged import acknowledge, of_function, of_role
from cdk_app.stacks.api import Api
from cdk_app.stacks.data import DataStack
from cdk_app.stacks.network import NetworkStack
from cdk_app.stacks.permissions import Resources, log_statement, statements
from report_queue.settings import Settings


class AppStack(cdk.Stack):
    """The topology, as CloudFormation; `functions` by the topology's names."""

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, network: NetworkStack, data: DataStack
    ) -> None:
        super().__init__(scope, construct_id, termination_protection=environment.protected)
        self._environment = environment
        self._network = network

        self.bus = None
        if environment.broker.wake_by == "bus":
            self.bus = events.EventBus(self, "bus", event_bus_name=environment.prefix)
        self._ledger = data.bucket
        self._ledger_export = self.resolve(data.export_value(data.bucket.bucket_arn))["Fn::ImportValue"]
        self._resources = Resources(
            bucket=data.bucket.bucket_arn,
            bus=self.bus.event_bus_arn if self.bus else None,
            keys_secret=data.keys_secret.secret_arn,
            key=data.key.key_arn,
            broker=data.broker.arn,
            users=data.broker.users,
        )
        self._settings = Settings(
            broker_url=data.broker_url,
            broker_cluster=data.broker_cluster,
            broker_auth="iam",
            broker_name=data.broker_name,
            broker_serverless=data.broker_serverless,
            wake_by=environment.broker.wake_by,
            bucket=data.bucket.bucket_name,
            bus=self.bus.event_bus_name if self.bus else "",
            keys_secret=data.keys_secret.secret_arn,
            **environment.settings,
        )
        self._layers = [
            self._layer("report-queue", bundling.source("layers/report_queue")),
            self._layer("dependencies", bundling.dependencies("layers/dependencies")),
        ]
        self.functions: dict[str, lambda_.Function] = {}
        self._invoked: dict[str, lambda_.IFunction] = {}  # the functions, or with SnapStart their versions' aliases
        for plan in topology.FUNCTIONS:
            self.functions[plan.name] = self._function(plan)
            self._invoked[plan.name] = self._entrance(plan)
        self.api = Api(self, "api", environment=environment, functions=self._invoked).http
        self._schedules()
        self._rules()

    def _layer(self, name: str, code: lambda_.Code) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            f"layer-{name}",
            code=code,
            compatible_runtimes=[bundling.PYTHON],
            compatible_architectures=[bundling.ARCHITECTURE],
        )

    def _function(self, plan: topology.Function) -> lambda_.Function:
        environment, image = self._environment, plan.kind == "image"
        name = f"{environment.prefix}-{plan.name}"
        log = logs.LogGroup(
            self,
            f"{plan.name}-log",
            log_group_name=f"/aws/lambda/{name}",
            retention=logs.RetentionDays[environment.log_retention],
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        role = iam.Role(
            self,
            f"{plan.name}-role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={
                "may": iam.PolicyDocument(
                    statements=[log_statement(log.log_group_arn), *statements(plan, self._resources)]
                )
            },
        )
        network = self._network if plan.may.broker else None
        lateness = LATENESS.get(plan.name)
        acknowledge(role, of_role(plan, environment, ledger=self._ledger_export))
        settings = self._settings.model_copy(
            update={"broker_user": environment.user(plan.name) if plan.may.broker else ""}
        )
        made = lambda_.Function(
            self,
            plan.name,
            function_name=name,
            runtime=lambda_.Runtime.FROM_IMAGE if image else bundling.PYTHON,
            handler=lambda_.Handler.FROM_IMAGE if image else "handler.handler",
            code=bundling.worker_image(plan.name) if image else bundling.source(f"functions/{plan.name}"),
            layers=None if image else self._layers,
            architecture=bundling.ARCHITECTURE,
            memory_size=plan.memory_mb,
            ephemeral_storage_size=cdk.Size.mebibytes(plan.tmp_mb),
            timeout=cdk.Duration.seconds(plan.timeout_s),
            environment={**settings.environment(), **_powertools(plan, environment)},
            # CDK grants the role leave to send traces; X-Ray has no ARN to narrow it to.
            tracing=lambda_.Tracing.ACTIVE if environment.tracing else lambda_.Tracing.DISABLED,
            log_group=log,
            role=role,
            vpc=network.vpc if network else None,
            vpc_subnets=network.isolated if network else None,
            security_groups=[network.functions] if network else None,
            retry_attempts=lateness.retries if lateness else None,
            max_event_age=cdk.Duration.seconds(lateness.max_age_s) if lateness else None,
            reserved_concurrent_executions=environment.reserved_concurrency.get(plan.name),
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if self._snapped(plan) else None,
        )
        acknowledge(made, of_function(plan, environment, queued=plan.name in LATENESS))
        return made

    def _snapped(self, plan: topology.Function) -> bool:
        return self._environment.snap_start and plan.kind == "zip"

    def _entrance(self, plan: topology.Function) -> lambda_.IFunction:
        """What is invoked: the function, or where it starts from a snapshot the alias of its version, which has one."""
        if not self._snapped(plan):
            return self.functions[plan.name]
        lateness = LATENESS.get(plan.name)
        return lambda_.Alias(
            self,
            f"{plan.name}-live",
            alias_name="live",
            version=self.functions[plan.name].current_version,
            retry_attempts=lateness.retries if lateness else None,
            max_event_age=cdk.Duration.seconds(lateness.max_age_s) if lateness else None,
        )

    def _schedules(self) -> None:
        for schedule in topology.SCHEDULES:
            rate = cdk.Duration.minutes(schedule.every_minutes)
            rule = events.Rule(
                self,
                f"{schedule.function}-schedule",
                schedule=events.Schedule.rate(rate),
                targets=[self._target(schedule.function)],
            )
            acknowledge(rule, {"Serverless-EventBusDLQ": "The next minute's event does all that this one would have."})

    def _rules(self) -> None:
        for plan in topology.rules(self._environment.broker.wake_by):
            rule = events.Rule(
                self,
                f"{plan.name}-rule",
                event_bus=None if plan.prefix else self.bus,  # S3 tells of its objects on the default one
                event_pattern=events.EventPattern(
                    source=[plan.source],
                    detail_type=[plan.detail_type],
                    detail=self._objects(plan.prefix) if plan.prefix else None,
                ),
                targets=[self._target(plan.function)],
            )
            lost = (
                "What an event that was lost told of is found by the next minute's."
                if plan.retries
                else "A wake that is late is worth nothing: the poller wakes instead."
            )
            acknowledge(rule, {"Serverless-EventBusDLQ": lost})

    def _objects(self, prefix: str) -> dict[str, object]:
        return {"bucket": {"name": [self._ledger.bucket_name]}, "object": {"key": [{"prefix": prefix}]}}

    def _target(self, function: str) -> targets.LambdaFunction:
        lateness = LATENESS[function]
        return targets.LambdaFunction(
            self._invoked[function],
            retry_attempts=lateness.retries,
            max_event_age=cdk.Duration.seconds(lateness.max_age_s),
        )


@dataclass(frozen=True)
class Lateness:
    """How often and for how long an event that could not be handed over is tried again."""

    retries: int
    max_age_s: int


# It holds twice: for EventBridge on its way to Lambda, and for Lambda's own queue of asynchronous invocations, which
# would otherwise try a failed one again after one and two minutes and a throttled one for hours. A schedule's event is
# void when the next one is there.
LATENESS: Final = {
    **{schedule.function: Lateness(0, schedule.every_minutes * 60) for schedule in topology.SCHEDULES},
    **{rule.function: Lateness(rule.retries, rule.max_age_s) for rule in (*topology.RULES, *topology.BUCKET_RULES)},
}


def _powertools(plan: topology.Function, environment: Environment) -> dict[str, str]:
    return {
        "POWERTOOLS_SERVICE_NAME": plan.name,
        "POWERTOOLS_METRICS_NAMESPACE": environment.metrics_namespace,
        "POWERTOOLS_LOG_LEVEL": environment.log_level,
        "POWERTOOLS_TRACE_DISABLED": str(not environment.tracing).lower(),
    }
