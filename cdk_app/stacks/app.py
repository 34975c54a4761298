"""Everything that may be deleted and deployed again: the functions, and what invokes them.

Read from the topology in its own order: functions, routes, schedules, rules. Nothing here names a function.
"""

from dataclasses import dataclass
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as api_gateway
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_authorizers import HttpLambdaAuthorizer, HttpLambdaResponseType
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from cdk_app import bundling, topology
from cdk_app.environments import Environment
from cdk_app.stacks.data import DataStack
from cdk_app.stacks.network import NetworkStack
from cdk_app.stacks.permissions import Resources, log_statement, statements
from report_queue.settings import Settings


class AppStack(cdk.Stack):
    """The topology, as CloudFormation."""

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, network: NetworkStack, data: DataStack
    ) -> None:
        super().__init__(scope, construct_id, termination_protection=environment.protected)
        self._environment = environment
        self._network = network

        self.bus = events.EventBus(self, "bus", event_bus_name=environment.prefix)
        self._resources = Resources(
            bucket=data.bucket.bucket_arn,
            bus=self.bus.event_bus_arn,
            keys_secret=data.keys_secret.secret_arn,
            key=data.key.key_arn,
        )
        self._settings = Settings(
            broker_url=data.broker_url,
            broker_cluster=data.broker_cluster,
            bucket=data.bucket.bucket_name,
            bus=self.bus.event_bus_name,
            keys_secret=data.keys_secret.secret_arn,
            **environment.settings,
        )
        self._layers = [
            self._layer("report-queue", bundling.source("layers/report_queue")),
            self._layer("dependencies", bundling.dependencies("layers/dependencies")),
        ]
        self.functions = {plan.name: self._function(plan) for plan in topology.FUNCTIONS}
        self.api = self._http()
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
                    statements=[log_statement(log.log_group_arn), *statements(plan.may, self._resources)]
                )
            },
        )
        network = self._network if plan.may.broker else None
        lateness = LATENESS.get(plan.name)
        return lambda_.Function(
            self,
            plan.name,
            function_name=name,
            runtime=lambda_.Runtime.FROM_IMAGE if image else bundling.PYTHON,
            handler=lambda_.Handler.FROM_IMAGE if image else "handler.handler",
            code=bundling.worker_image() if image else bundling.source(f"functions/{plan.name}"),
            layers=None if image else self._layers,
            architecture=bundling.ARCHITECTURE,
            memory_size=plan.memory_mb,
            ephemeral_storage_size=cdk.Size.mebibytes(plan.tmp_mb),
            timeout=cdk.Duration.seconds(plan.timeout_s),
            environment={**self._settings.environment(), **_powertools(plan, environment)},
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
        )

    def _http(self) -> api_gateway.HttpApi:
        api = api_gateway.HttpApi(self, "api", api_name=self._environment.prefix, create_default_stage=False)
        rate = self._environment.requests_per_second
        stage = api.add_stage(
            "live",
            stage_name="$default",
            auto_deploy=True,
            throttle=api_gateway.ThrottleSettings(rate_limit=rate, burst_limit=2 * rate),
        )
        authorizer = HttpLambdaAuthorizer(
            "authorizer",
            self.functions[topology.AUTHORIZER],
            response_types=[HttpLambdaResponseType.SIMPLE],
            identity_source=["$request.header.Authorization"],
            results_cache_ttl=cdk.Duration.seconds(topology.AUTHORIZER_CACHE_S),
        )
        integrations = {
            name: HttpLambdaIntegration(name, self.functions[name], scope_permission_to_route=False)
            for name in dict.fromkeys(route.function for route in topology.ROUTES)
        }
        for route in topology.ROUTES:
            api_gateway.HttpRoute(
                self,
                f"{route.method} {route.path}",
                http_api=api,
                route_key=api_gateway.HttpRouteKey.with_(route.path, api_gateway.HttpMethod[route.method]),
                integration=integrations[route.function],
                authorizer=None if route.public else authorizer,
            )
        cdk.CfnOutput(self, "Url", value=stage.url)
        return api

    def _schedules(self) -> None:
        for schedule in topology.SCHEDULES:
            rate = cdk.Duration.minutes(schedule.every_minutes)
            events.Rule(
                self,
                f"{schedule.function}-schedule",
                schedule=events.Schedule.rate(rate),
                targets=[self._target(schedule.function)],
            )

    def _rules(self) -> None:
        for rule in topology.RULES:
            events.Rule(
                self,
                f"{rule.name}-rule",
                event_bus=self.bus,
                event_pattern=events.EventPattern(source=[rule.source], detail_type=[rule.detail_type]),
                targets=[self._target(rule.function)],
            )

    def _target(self, function: str) -> targets.LambdaFunction:
        lateness = LATENESS[function]
        return targets.LambdaFunction(
            self.functions[function],
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
    **{rule.function: Lateness(rule.retries, rule.max_age_s) for rule in topology.RULES},
}


def _powertools(plan: topology.Function, environment: Environment) -> dict[str, str]:
    return {
        "POWERTOOLS_SERVICE_NAME": plan.name,
        "POWERTOOLS_METRICS_NAMESPACE": environment.metrics_namespace,
        "POWERTOOLS_LOG_LEVEL": environment.log_level,
        "POWERTOOLS_TRACE_DISABLED": str(not environment.tracing).lower(),
    }
