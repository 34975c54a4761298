"""What a deployment costs in a month, line by line with its arithmetic: `python -m cdk_app.costs [--reports N]`.

    stands   what the templates of `make synth` hold, times its price        whether a report is made or not
    made     what one report takes, times reports, times its price       `USE`: measured and counted
    beside   two systems that do the same work: SQS with Lambda, one server

Prices are those of us-east-1 on demand, without free tiers and discounts, as AWS had published them by November 2026;
another region, or a later day, has others. Nothing here asks AWS.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cdk_app import topology
from cdk_app.profiles import BROKERS, Profile
from report_queue.cost import API_REQUEST, BUS_EVENT, GB_SECOND, LAMBDA_REQUEST, PUTS, S3_GET, S3_PUT
from report_queue.measures import MEASURES
from report_queue.reports import report_types

Template = Mapping[str, Any]

HOURS: Final = 730  # of a month
MINUTES: Final = HOURS * 60
_MILLION: Final = 1_000_000
_KB: Final = 1 / (1_024 * 1_024)  # in GB

# Dollars, beside those of `report_queue.cost`.
STORED_GB: Final = 0.023  # S3, a month
TRAFFIC_GB: Final = 0.09  # to the internet
LOGS_GB: Final = 0.50
METRIC: Final = 0.30  # a month; a name with its dimensions, in the hours in which it is told
UNIT: Final = 0.0023 / _MILLION  # of ElastiCache Serverless for Valkey (ECPU)
SERVERLESS_GB_HOUR: Final = 0.084  # of the same; it bills 0.1 GB at least
NODE_HOUR: Final = {"cache.t4g.micro": 0.0128, "cache.t4g.small": 0.0256, "cache.m7g.large": 0.1264}  # for Valkey
ENDPOINT_HOUR: Final = 0.01  # in one zone
MONTHLY: Final = {
    "AWS::KMS::Key": ("KMS keys", 1.00),
    "AWS::SecretsManager::Secret": ("secrets", 0.40),
    "AWS::CloudWatch::Dashboard": ("dashboards", 3.00),
    "AWS::CloudWatch::Alarm": ("alarms", 0.10),
    "AWS::CloudWatch::CompositeAlarm": ("composite alarms", 0.50),
}
IDLE_METRICS: Final = 23  # tests/functions/test_ticks.py
_REASONS: Final = 6  # classes of reasons that a month may see
SQS_REQUEST: Final = 0.40 / _MILLION
SERVER_HOUR: Final = 0.145  # c7g.xlarge: 4 vCPU, 8 GB
DISK_GB: Final = 0.08  # gp3, a month
ADDRESS_HOUR: Final = 0.005  # IPv4


@dataclass(frozen=True)
class Use:
    """What one sales report takes whose caller submits, asks twice and takes the PDF, with no other beside it."""

    requests: int = 4  # of the API
    invocations: float = 6  # submit, dashboard three times, worker, notify; the authorizer is asked once a minute
    gb_seconds: float = 1.58  # tests/bench/usage.py
    log_kb: float = 3.6  # tests/bench/usage.py
    gets: int = 14  # tests/functions/test_store_calls.py
    units: int = 100  # ten scripts, each at the price of ten small reads
    pdf_kb: float = 80


USE: Final = Use()
CHROMIUM: Final = 1.82  # times our worker's seconds, launched for each report: tests/bench/render.py


@dataclass(frozen=True)
class Line:
    """One line of a bill, in dollars a month."""

    what: str
    arithmetic: str
    dollars: float


def stands(templates: Iterable[Template]) -> Iterator[Line]:
    """What a month costs in which nobody asks for a report."""
    resources = [resource for template in templates for resource in template["Resources"].values()]

    def of(kind: str) -> list[Any]:
        return [resource.get("Properties", {}) for resource in resources if resource["Type"] == kind]

    for _ in of("AWS::ElastiCache::ServerlessCache"):
        yield _line("broker: GB-hours", (0.1, HOURS), SERVERLESS_GB_HOUR)
    for group in of("AWS::ElastiCache::ReplicationGroup"):
        nodes = int(group.get("NumNodeGroups", 1)) * (1 + int(group.get("ReplicasPerNodeGroup", 0)))
        nodes = max(nodes, int(group.get("NumCacheClusters", 0)))
        yield _line(f"broker: {group['CacheNodeType']}, hours", (nodes, HOURS), NODE_HOUR[group["CacheNodeType"]])
    for door in of("AWS::EC2::VPCEndpoint"):
        if door.get("VpcEndpointType") == "Interface":
            yield _line("interface endpoint: zones, hours", (len(door["SubnetIds"]), HOURS), ENDPOINT_HOUR)
    for kind, (what, price) in MONTHLY.items():
        if number := len(of(kind)):
            yield _line(what, (number,), price)
    yield _line("metrics that are told each minute", (IDLE_METRICS,), METRIC)
    ticks = sum(MINUTES // schedule.every_minutes for schedule in topology.SCHEDULES)
    yield _line("schedules: ticks, GB, s", (ticks, 0.25, 0.1), GB_SECOND)
    yield _line("schedules: minutes, LIST", (MINUTES, 5), S3_PUT)


def made(templates: Iterable[Template], reports: int) -> Iterator[Line]:
    """What so many reports add."""
    kinds = {resource["Type"] for template in templates for resource in template["Resources"].values()}
    yield _line("Lambda: reports, GB-seconds", (reports, USE.gb_seconds), GB_SECOND)
    yield _line("Lambda: reports, invocations", (reports, USE.invocations), LAMBDA_REQUEST)
    yield _line("API: reports, requests", (reports, USE.requests), API_REQUEST)
    yield _line("S3: reports, PUT", (reports, PUTS), S3_PUT)
    yield _line("S3: reports, GET", (reports, USE.gets), S3_GET)
    yield _line("S3: reports, GB kept for a month", (reports, USE.pdf_kb * _KB), STORED_GB)
    yield _line("downloads: reports, GB", (reports, USE.pdf_kb * _KB), TRAFFIC_GB)
    yield _line("wakes: reports", (reports,), BUS_EVENT if "AWS::Events::EventBus" in kinds else S3_PUT)
    yield _line("logs: reports, GB", (reports, USE.log_kb * _KB), LOGS_GB)
    yield _line("metrics of reports", (metrics() - IDLE_METRICS,), METRIC)
    if "AWS::ElastiCache::ServerlessCache" in kinds:
        yield _line("broker: reports, units", (reports, USE.units), UNIT)


def metrics() -> int:
    """How many metrics a month may see in which everything happens."""
    words = {None: 0, "report_type": len(report_types()), "reason": _REASONS}
    functions = len({route.function for route in topology.ROUTES})
    return sum((functions if measure.of_function else 1) + words[measure.by] for measure in MEASURES.values())


def queue_and_chromium(reports: int) -> Iterator[Line]:
    """SQS with Lambda, whose worker launches Chromium for each report. It has the same API, documents and logs; what
    waits, retries by hand, fairness, progress, receipts and webhooks are left to be written."""
    yield _line("Lambda: reports, GB-seconds, longer", (reports, USE.gb_seconds, CHROMIUM), GB_SECOND)
    yield _line("Lambda: reports, invocations", (reports, USE.invocations - 1), LAMBDA_REQUEST)
    yield _line("API: reports, requests", (reports, USE.requests), API_REQUEST)
    yield _line("SQS: reports, requests", (reports, 3), SQS_REQUEST)
    yield _line("S3: reports, PUT", (reports, 1), S3_PUT)
    yield _line("S3: reports, GB kept for a month", (reports, USE.pdf_kb * _KB), STORED_GB)
    yield _line("downloads: reports, GB", (reports, USE.pdf_kb * _KB), TRAFFIC_GB)
    yield _line("logs: reports, GB", (reports, USE.log_kb * _KB), LOGS_GB)


def server(reports: int) -> Iterator[Line]:
    """One server that renders and keeps its queue in its own memory. It is one machine in one zone."""
    yield _line("c7g.xlarge: hours", (HOURS,), SERVER_HOUR)
    yield _line("disk: GB", (50,), DISK_GB)
    yield _line("address: hours", (HOURS,), ADDRESS_HOUR)
    yield _line("S3: reports, PUT", (reports, 1), S3_PUT)
    yield _line("S3: reports, GB kept for a month", (reports, USE.pdf_kb * _KB), STORED_GB)
    yield _line("downloads: reports, GB", (reports, USE.pdf_kb * _KB), TRAFFIC_GB)


def total(lines: Iterable[Line]) -> float:
    """Dollars a month."""
    return sum(line.dollars for line in lines)


def _line(what: str, factors: Sequence[float], price: float) -> Line:
    dollars = price
    for factor in factors:
        dollars *= factor
    shown = [f"{factor:,.5g}" if factor < 1_000 else f"{factor:,.0f}" for factor in factors]
    return Line(what, " * ".join([*shown, f"${price:.10f}".rstrip("0").rstrip(".")]), dollars)


def main() -> None:
    """Print the tables of `COSTS.md`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=_MILLION, help="in a month")
    parser.add_argument(
        "--assemblies", type=Path, default=Path("cdk.out"), help="where `make synth` has written (cdk.out)"
    )
    options = parser.parse_args()
    profiles = {profile: synthesised(profile, below=options.assemblies) for profile in BROKERS}
    sys.stdout.write(page(profiles, options.reports) + "\n")


def page(profiles: Mapping[Profile, Sequence[Template]], reports: int) -> str:
    """The tables, as Markdown: all together, then each bill."""
    bills: dict[str, tuple[list[Line], list[Line]]] = {
        profile: ([*stands(templates)], [*made(templates, reports)]) for profile, templates in profiles.items()
    }
    bills["SQS, Lambda and Chromium"] = ([], [*queue_and_chromium(reports)])
    rented = [*server(reports)]
    bills["one server"] = (rented[:3], rented[3:])
    lines = [f"| a month | no report | {reports:,} reports | each |", "|---|---|---|---|"]
    for name, (idle, busy) in bills.items():
        both = total(idle) + total(busy)
        lines.append(f"| {name} | ${total(idle):,.2f} | ${both:,.2f} | ${both / reports:.6f} |")
    for name, (idle, busy) in bills.items():
        lines += ["", f"| {name} | | $ |", "|---|---|---|"]
        lines += [f"| {line.what} | {line.arithmetic} | {line.dollars:,.2f} |" for line in (*idle, *busy)]
    return "\n".join(lines)


def synthesised(profile: Profile, *, below: Path) -> list[Template]:
    """The templates of a production environment in that profile; ends with what to do where they are not there."""
    files = sorted((below / f"prod-{profile}").glob("*.template.json"))
    if not files:
        raise SystemExit(f"error: no templates in {below / f'prod-{profile}'}: `make synth ENV=prod` writes them")
    return [json.loads(file.read_text("utf-8")) for file in files]


if __name__ == "__main__":
    main()
