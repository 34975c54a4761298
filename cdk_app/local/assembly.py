"""What a synthesised assembly would deploy, as the drawing that runs on this machine.

    manifest.json ─► stacks' templates ─► functions, routes, schedules, rules, variables
                  └► assets            ─► each function's code, as it would be uploaded

It reads the templates alone and knows neither the topology's functions nor the CDK. What this machine has no stand-in
for is refused by name: a stack that left it out would not be the one of the template.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, cast

from cdk_app.local.assets import code_in
from cdk_app.local.errors import StackError
from cdk_app.local.stack import Drawing
from cdk_app.local.templates import FUNCTION, Assembly, Resource
from cdk_app.topology import WAKE_PREFIX, Function, May, Route, Rule, Schedule

# What a role may be granted: what `May` has words for, and what nothing here asks for.
_GRANTED: Final = (
    *("s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject"),
    *("events:PutEvents", "secretsmanager:GetSecretValue"),
)
_BESIDE: Final = ("ec2:", "elasticache:Connect", "kms:", "logs:", "xray:Put")


def read_drawing(folder: Path) -> Drawing:
    """The drawing of the assembly in that folder; raises StackError for what is no assembly or cannot run here."""
    assembly = Assembly.read(folder)
    functions = {assembly.name(resource): resource for resource in assembly.all(FUNCTION)}
    routes, authorizers = _routes(assembly)
    (authorizer, cache_s), *others = authorizers or [("", 0)]
    if others:
        raise StackError(f"{folder}: the gateway here has one authorizer, and the template {len(authorizers)}")
    schedules, rules = _events(assembly)
    return Drawing(
        functions=[_function(assembly, name, resource) for name, resource in functions.items()],
        routes=routes,
        schedules=schedules,
        rules=rules,
        codes={name: code_in(assembly, name, resource) for name, resource in functions.items()},
        authorizer=authorizer,
        authorizer_cache_s=cache_s,
    )


def _function(assembly: Assembly, name: str, resource: Resource) -> Function:
    given = resource.properties
    return Function(
        name,
        memory_mb=given["MemorySize"],
        timeout_s=given["Timeout"],
        may=_may(assembly, resource),
        kind="image" if given.get("PackageType") == "Image" else "zip",
        tmp_mb=given.get("EphemeralStorage", {}).get("Size", 512),
    )


def _may(assembly: Assembly, resource: Resource) -> May:
    """What the policies of a function's role grant; that it stands in the network is leave to use the broker."""
    role = assembly.one(resource, resource.properties["Role"], "AWS::IAM::Role")
    documents = [policy["PolicyDocument"] for policy in role.properties.get("Policies", [])]
    documents += [
        policy.properties["PolicyDocument"]
        for policy in assembly.all("AWS::IAM::Policy")
        if role in assembly.meant(policy.stack, policy.properties["Roles"])
    ]
    granted: dict[str, list[str]] = {}
    for statement in (statement for document in documents for statement in document["Statement"]):
        for action in _listed(statement["Action"]):
            prefixes = granted.setdefault(action, [])
            prefixes += [_prefix(arn) for arn in _listed(statement["Resource"])]
    if unknown := [action for action in granted if action not in _GRANTED and not action.startswith(_BESIDE)]:
        raise StackError(f"{assembly.folder}: function {assembly.name(resource)} may {unknown[0]}, unknown here")
    written = granted.get("s3:PutObject", [])
    return May(
        broker="VpcConfig" in resource.properties,
        read=tuple(granted.get("s3:GetObject", [])),
        write=tuple(prefix for prefix in written if prefix != WAKE_PREFIX),
        delete=tuple(granted.get("s3:DeleteObject", [])),
        wake="events:PutEvents" in granted or WAKE_PREFIX in written,
        keys="secretsmanager:GetSecretValue" in granted,
    )


def _prefix(arn: Any) -> str:
    """The prefix of the objects that an ARN means; empty where it means no objects."""
    match arn:
        case {"Fn::Join": ["", [*_, str(end)]]} if end.startswith("/") and end.endswith("/*"):
            return end[1:-1]
        case _:
            return ""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _routes(assembly: Assembly) -> tuple[list[Route], list[tuple[str, float]]]:
    """The routes, and the authorizers that they ask: function, and seconds that an answer is kept."""
    routes, authorizers = [], {}
    for route in assembly.all("AWS::ApiGatewayV2::Route"):
        method, path = str(route.properties["RouteKey"]).split()
        integration = assembly.one(route, route.properties["Target"], "AWS::ApiGatewayV2::Integration")
        function = assembly.function(integration, integration.properties["IntegrationUri"])
        public = route.properties.get("AuthorizationType", "NONE") == "NONE"
        if not public:
            asked = assembly.one(route, route.properties.get("AuthorizerId"), "AWS::ApiGatewayV2::Authorizer")
            ttl_s = float(asked.properties.get("AuthorizerResultTtlInSeconds", 0))
            authorizers[asked.id] = (assembly.function(asked, asked.properties["AuthorizerUri"]), ttl_s)
        routes.append(Route(cast(Literal["GET", "POST", "DELETE"], method), path, function, public))
    return routes, list(authorizers.values())


def _events(assembly: Assembly) -> tuple[list[Schedule], list[Rule]]:
    """What invokes functions by itself: schedules at a rate, and rules that match an event."""
    schedules, rules = [], []
    for resource in assembly.all("AWS::Events::Rule"):
        given = resource.properties
        if given.get("State", "ENABLED") != "ENABLED":
            raise StackError(f"{assembly.folder}: rule {resource.id} is {given['State']}")
        for target in given.get("Targets", []):
            function = assembly.function(resource, target["Arn"])
            if "ScheduleExpression" in given:
                schedules.append(Schedule(function, every_minutes=_minutes(assembly, given["ScheduleExpression"])))
            else:
                retries, max_age_s = _lateness(assembly, function, target.get("RetryPolicy", {}))
                pattern = _pattern(assembly, resource)
                rules.append(Rule(resource.id, **pattern, function=function, retries=retries, max_age_s=max_age_s))
    return schedules, rules


def _lateness(assembly: Assembly, function: str, on_the_way: Mapping[str, int]) -> tuple[int, int]:
    """How often a function that failed is invoked again, and for how many seconds an event is worth anything.

    The latter holds twice, on EventBridge's way to Lambda and in Lambda's own queue; what is shorter wins.
    """
    own: Mapping[str, int] = {}
    for config in assembly.all("AWS::Lambda::EventInvokeConfig"):
        if assembly.function(config, config.properties["FunctionName"]) == function:
            own = config.properties
    ages = on_the_way.get("MaximumEventAgeInSeconds", 86_400), own.get("MaximumEventAgeInSeconds", 21_600)
    return own.get("MaximumRetryAttempts", 2), min(ages)


def _minutes(assembly: Assembly, expression: str) -> int:
    rate = re.fullmatch(r"rate\((\d+) minutes?\)", expression)
    if rate is None:
        raise StackError(f"{assembly.folder}: schedules here have a rate in minutes, and one is {expression}")
    return int(rate[1])


def _pattern(assembly: Assembly, resource: Resource) -> dict[str, str]:
    """What a rule matches: source and detail type, and the prefix of an object's key where it is a bucket's event."""
    match resource.properties["EventPattern"]:
        case {"source": [str(source)], "detail-type": [str(kind)], **rest} if not rest:
            return {"source": source, "detail_type": kind}
        case {
            "source": [str(source)],
            "detail-type": [str(kind)],
            "detail": {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": str(prefix)}]}},
        }:
            assembly.one(resource, bucket, "AWS::S3::Bucket")
            return {"source": source, "detail_type": kind, "prefix": prefix}
        case other:
            raise StackError(f"{assembly.folder}: rule {resource.id} matches by {json.dumps(other)}, unknown here")
