"""The HTTP API: the topology's routes, who may call them, how often, and a line of log for each request."""

import json
from collections.abc import Mapping
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as api_gateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_authorizers import HttpLambdaAuthorizer, HttpLambdaResponseType
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from cdk_app import topology
from cdk_app.environments import Environment
from cdk_app.stacks.acknowledged import acknowledge

# Numbers are strings too: what has no value is a dash. The route stands for the path, which names a job; and there is
# no query, no header and no body.
_LINE: Final = {
    "time": "$context.requestTimeEpoch",  # ms
    "request": "$context.requestId",
    "trace": "$context.xrayTraceId",
    "route": "$context.routeKey",
    "status": "$context.status",
    "tenant": "$context.authorizer.tenant",
    "address": "$context.identity.sourceIp",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
    "function_ms": "$context.integrationLatency",
    "authorizer_ms": "$context.authorizer.latency",
    "error": "$context.error.responseType",
}

_PUBLIC: Final = {
    "/health": "Whoever watches has no key, and it says no more than whether broker and bucket answer.",
    "/openapi.json": "What the API is, the same for everyone: it must be read before there is a key.",
    "/docs": "The same document for people, who read it before they have a key.",
    "/problems/{name}": "A problem's type leads there, from wherever it is read.",
    "/": "A browser asks for the page before anyone can enter a key; it holds no job.",
    "/page/{name}": "The page's own style and script, the same for everyone.",
}
"""Why a public route needs no key; a route that is public without a reason here stops the synthesis."""


class Api(Construct):
    """`http`: the API; its URL is among the stack's outputs."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        functions: Mapping[str, lambda_.IFunction],
    ) -> None:
        super().__init__(scope, construct_id)
        self.http = api_gateway.HttpApi(
            self,
            "http",
            api_name=environment.prefix,
            create_default_stage=False,
            cors_preflight=_cors(environment.cors_origins) if environment.cors_origins else None,
        )
        url = self._stage(environment).url
        authorizer = HttpLambdaAuthorizer(
            "authorizer",
            functions[topology.AUTHORIZER],
            response_types=[HttpLambdaResponseType.SIMPLE],
            identity_source=["$request.header.Authorization"],
            results_cache_ttl=cdk.Duration.seconds(topology.AUTHORIZER_CACHE_S),
        )
        integrations = {
            name: HttpLambdaIntegration(name, functions[name], scope_permission_to_route=False)
            for name in dict.fromkeys(route.function for route in topology.ROUTES)
        }
        for route in topology.ROUTES:
            made = api_gateway.HttpRoute(
                self,
                f"{route.method} {route.path}",
                http_api=self.http,
                route_key=api_gateway.HttpRouteKey.with_(route.path, api_gateway.HttpMethod[route.method]),
                integration=integrations[route.function],
                authorizer=None if route.public else authorizer,
            )
            if route.public:
                acknowledge(made, {"AwsSolutions-APIG4": _PUBLIC[route.path]})
        cdk.CfnOutput(cdk.Stack.of(self), "Url", value=url)

    def _stage(self, environment: Environment) -> api_gateway.HttpStage:
        rate = environment.requests_per_second
        stage = self.http.add_stage(
            "live",
            stage_name="$default",
            auto_deploy=True,
            throttle=api_gateway.ThrottleSettings(rate_limit=rate, burst_limit=2 * rate),
        )
        log = logs.LogGroup(
            self,
            "log",
            # Under this name CloudWatch Logs needs no policy for each group.
            log_group_name=f"/aws/vendedlogs/apis/{environment.prefix}",
            retention=logs.RetentionDays[environment.log_retention],
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        resource = stage.node.default_child
        assert isinstance(resource, api_gateway.CfnStage)
        resource.access_log_settings = api_gateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=cdk.Stack.of(self).format_arn(
                service="logs",
                resource="log-group",
                resource_name=log.log_group_name,
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            ),
            format=json.dumps(_LINE),
        )
        return stage


def _cors(origins: list[str]) -> api_gateway.CorsPreflightOptions:
    """With these API Gateway answers OPTIONS itself, and adds to every answer what a browser looks for."""
    return api_gateway.CorsPreflightOptions(
        allow_origins=origins,
        allow_methods=[api_gateway.CorsHttpMethod[method] for method in topology.CORS.methods],
        allow_headers=list(topology.CORS.headers),
        expose_headers=list(topology.CORS.exposed),
        max_age=cdk.Duration.seconds(topology.CORS.max_age_s),
    )
