"""AWS's own metrics that we look at, with the page that describes them: those of ours are in `report_queue.measures`.

Each is published by the service itself, at no cost. Names and units were looked up on 2026-11-25, some in excerpts of
these pages only. No page was found that names the dimension of a serverless cache, `clusterId`: hold it against the
console at the first deployment, for an alarm on a dimension that is not there never rings.
"""

from dataclasses import dataclass
from typing import Final

_LAMBDA: Final = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"
_API: Final = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html"
_NODES: Final = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html"
_SERVERLESS: Final = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/serverless-metrics-events-redis.html"
_S3: Final = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html"


@dataclass(frozen=True)
class AwsMetric:
    """One metric of a service."""

    namespace: str
    name: str
    unit: str
    dimensions: tuple[str, ...]
    source: str


def _all(
    namespace: str, dimensions: tuple[str, ...], source: str, **names: str
) -> dict[tuple[str, str, tuple[str, ...]], AwsMetric]:
    return {
        (namespace, name.lstrip("_"), dimensions): AwsMetric(namespace, name.lstrip("_"), unit, dimensions, source)
        for name, unit in names.items()
    }


AWS_METRICS: Final = {
    **_all(
        "AWS/Lambda",
        ("FunctionName",),
        _LAMBDA,
        Invocations="Count",
        Errors="Count",
        Throttles="Count",
        Duration="Milliseconds",
        ConcurrentExecutions="Count",
        AsyncEventsDropped="Count",
    ),
    **_all(
        "AWS/ApiGateway",
        ("ApiId",),
        _API,
        Count="Count",
        _4xx="Count",
        _5xx="Count",
        Latency="Milliseconds",
        IntegrationLatency="Milliseconds",
    ),
    **_all(
        "AWS/ElastiCache",
        ("CacheClusterId",),
        _NODES,
        DatabaseMemoryUsagePercentage="Percent",
        EngineCPUUtilization="Percent",
        Evictions="Count",
        CurrConnections="Count",
        ReplicationLag="Seconds",
        AuthenticationFailures="Count",
        CommandAuthorizationFailures="Count",
    ),
    **_all(
        "AWS/ElastiCache",
        ("clusterId",),
        _SERVERLESS,
        BytesUsedForCache="Bytes",
        ElastiCacheProcessingUnits="Count",
        ThrottledCmds="Count",
        Evictions="Count",
        CurrConnections="Count",
        SuccessfulWriteRequestLatency="Microseconds",
        AuthenticationFailures="Count",
        CommandAuthorizationFailures="Count",
    ),
    **_all("AWS/S3", ("BucketName", "StorageType"), _S3, BucketSizeBytes="Bytes", NumberOfObjects="Count"),
}
"""By namespace, name and the dimensions that it is looked at with."""
