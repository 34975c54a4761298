"""A line of a graph, or what an alarm watches: one metric, or arithmetic over some.

`Names` are what only a deployment knows. Lines are made from `report_queue.measures` and `aws`, and from nothing else,
so none can be drawn that nobody writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cdk_app.monitoring.aws import AWS_METRICS
from cdk_app.topology import FUNCTIONS
from report_queue.measures import QUEUE, Measure

MINUTE: Final = 60  # s


@dataclass(frozen=True)
class Names:
    """What the metrics of one deployment are told apart by."""

    prefix: str
    namespace: str  # of our own metrics
    api: str  # id
    bucket: str
    broker: str
    nodes: tuple[str, ...] = ()  # of the broker; none: it is serverless

    def function(self, name: str) -> str:
        """A function's name on AWS."""
        return f"{self.prefix}-{name}"


@dataclass(frozen=True)
class Line:
    """One metric."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    unit: str
    stat: str
    label: str = ""
    period: int = MINUTE  # s

    @property
    def lines(self) -> tuple["Line", ...]:
        """Itself."""
        return (self,)


@dataclass(frozen=True)
class Sum:
    """Arithmetic over metrics, in CloudWatch's words: `100 * m1 / m2`."""

    expression: str
    of: Mapping[str, Line]
    label: str
    period: int = MINUTE
    lines: tuple[Line, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(self.of.values()))


@dataclass(frozen=True)
class Search:
    """Whatever values a word of a measure of ours has had: by reason, which no one can list."""

    namespace: str
    measure: Measure
    stat: str
    lines: tuple[Line, ...] = ()

    @property
    def expression(self) -> str:
        """In CloudWatch's words."""
        schema = ",".join([self.namespace, "service", str(self.measure.by)])
        return f"SEARCH('{{{schema}}} MetricName=\"{self.measure.name}\" service=\"{QUEUE}\"', '{self.stat}', {MINUTE})"


Drawn = Line | Sum | Search


def ours(names: Names, measure: Measure, stat: str, *, label: str = "", period: int = MINUTE, **words: str) -> Line:
    """A measure of the queue, or with `service=` of that function; with `report_type=` or `reason=` by that word."""
    dimensions = {"service": QUEUE, **words}
    assert tuple(dimensions) in measure.dimensions, f"{measure.name} is not told by {', '.join(dimensions)}"
    assert measure.of_function == (dimensions["service"] != QUEUE), f"{measure.name}: of whom?"
    return Line(names.namespace, measure.name, dimensions, measure.unit, stat, label or measure.name, period)


def of_aws(
    namespace: str, name: str, dimensions: Mapping[str, str], stat: str, *, label: str = "", period: int = MINUTE
) -> Line:
    """A metric of AWS's own; raises KeyError where `aws` does not list it."""
    known = AWS_METRICS[namespace, name, tuple(dimensions)]
    return Line(namespace, name, dimensions, known.unit, stat, label or name, period)


def of_functions(names: Names, name: str, stat: str, *, functions: tuple[str, ...] = ()) -> list[Line]:
    """A metric of Lambda, of each function."""
    return [
        of_aws("AWS/Lambda", name, {"FunctionName": names.function(function)}, stat, label=function)
        for function in functions or tuple(plan.name for plan in FUNCTIONS)
    ]


def of_api(names: Names, name: str, stat: str, *, label: str = "", period: int = MINUTE) -> Line:
    """A metric of the HTTP API."""
    return of_aws("AWS/ApiGateway", name, {"ApiId": names.api}, stat, label=label, period=period)


def of_broker(names: Names, name: str, stat: str) -> list[Line]:
    """A metric of the broker: of each node, or of the cache where it has none."""
    if not names.nodes:
        return [of_aws("AWS/ElastiCache", name, {"clusterId": names.broker}, stat)]
    return [of_aws("AWS/ElastiCache", name, {"CacheClusterId": node}, stat, label=node) for node in names.nodes]


def total(lines: list[Line], *, label: str, op: str = "SUM", period: int = MINUTE) -> Sum:
    """All of them as one: SUM, or MAX."""
    return Sum(f"{op}([{', '.join(f'FILL(m{n}, 0)' for n in range(len(lines)))}])", _numbered(lines), label, period)


def _numbered(lines: list[Line]) -> dict[str, Line]:
    return {f"m{n}": line for n, line in enumerate(lines)}


def fields(line: Line) -> list[Any]:
    """A line as a dashboard writes it."""
    words = [word for pair in line.dimensions.items() for word in pair]
    return [line.namespace, line.name, *words]
