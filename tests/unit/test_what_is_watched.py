"""Dashboard, alarms and queries as data: they can be drawn, and they are decided in everything."""

import json
import re
from itertools import combinations
from typing import Any

import pytest

import deployments
from cdk_app.monitoring import dashboard
from cdk_app.monitoring.alarms import Alarm, alarms
from cdk_app.monitoring.aws import AWS_METRICS
from cdk_app.monitoring.lines import Names, ours
from cdk_app.monitoring.queries import QUERIES
from cdk_app.topology import FUNCTIONS
from deployments import ENVIRONMENT
from report_queue import measures

SERVERLESS = deployments.names()
NODES = deployments.names("node-1", "node-2")
BOTH = pytest.mark.parametrize("names", [SERVERLESS, NODES], ids=["serverless", "nodes"])


def body_of(names: Names) -> dict[str, Any]:
    return dashboard.body(names, ENVIRONMENT, region="eu-central-1", alarm_arns=["arn"], runbook="RUNBOOK.md")


def named(names: Names) -> dict[str, Alarm]:
    return {alarm.name: alarm for alarm in alarms(names, ENVIRONMENT)}


@BOTH
def test_the_dashboard_is_json_and_fits_into_its_grid_without_overlap(names: Names) -> None:
    widgets = json.loads(json.dumps(body_of(names), allow_nan=False))["widgets"]
    taken = [
        {(x, y) for x in range(w["x"], w["x"] + w["width"]) for y in range(w["y"], w["y"] + w["height"])}
        for w in widgets
    ]
    assert all(w["x"] >= 0 and w["x"] + w["width"] <= 24 and w["height"] >= 1 for w in widgets)
    assert not any(one & other for one, other in combinations(taken, 2))
    assert len(widgets) < 500  # CloudWatch's limit
    assert len(json.dumps(body_of(names))) < 1_000_000


@BOTH
def test_rows_go_from_what_users_feel_down_to_money_and_fill_the_width(names: Names) -> None:
    rows = dashboard.rows(names, ENVIRONMENT)
    assert [row.title for row in rows] == [
        "What users feel",
        "Queue",
        "Rendering",
        "Functions",
        "Broker",
        "API",
        "Money",
    ]
    assert all(sum(graph.width for graph in row.graphs) % 24 == 0 for row in rows)
    titles = [graph.title for row in rows for graph in row.graphs]
    assert len(titles) == len(set(titles))


@BOTH
def test_every_row_leads_to_the_sections_of_its_alarms_and_none_is_left_out(names: Names) -> None:
    sections = [section for row in dashboard.rows(names, ENVIRONMENT) for section in row.sections]
    assert sections == sorted(sections, key=sections.index)
    assert sorted(sections) == sorted(named(names))
    text = " ".join(w["properties"].get("markdown", "") for w in body_of(names)["widgets"])
    assert all(f"(RUNBOOK.md#{section})" in text for section in sections)


@BOTH
def test_ids_in_a_widget_are_its_own_and_expressions_name_only_those(names: Names) -> None:
    for widget in body_of(names)["widgets"]:
        metrics = widget["properties"].get("metrics", [])
        options = [metric[-1] for metric in metrics]
        ids = [option["id"] for option in options if "id" in option]
        assert len(ids) == len(set(ids))
        assert all(re.fullmatch(r"[a-z]\w*", name) for name in ids)
        for option in options:
            expression = option.get("expression", "")
            if not expression.startswith("SEARCH"):
                assert set(re.findall(r"\b[a-z]\w*", expression)) <= set(ids)


@BOTH
def test_every_alarm_says_what_it_means_where_to_look_and_what_to_do(names: Names) -> None:
    found = alarms(names, ENVIRONMENT)
    assert len(found) == len(named(names)) > 20
    for alarm in found:
        description = alarm.description("RUNBOOK.md")
        assert len(description) <= 1_024
        assert "Look first at the " in description
        assert description.endswith(f"What to do: RUNBOOK.md#{alarm.name}")
        assert re.fullmatch(r"[A-Zr][^.]+\.", alarm.means), alarm.means
        assert 1 <= alarm.beyond <= alarm.periods
        period = {line.period for line in alarm.watches.lines}
        assert len(period) == 1
        assert period.pop() * alarm.periods <= 86_400  # CloudWatch's limit


@BOTH
def test_widgets_and_queries_that_alarms_point_to_exist(names: Names) -> None:
    titles = {graph.title for row in dashboard.rows(names, ENVIRONMENT) for graph in row.graphs}
    rows = {row.title for row in dashboard.rows(names, ENVIRONMENT)}
    pointed = [word for alarm in alarms(names, ENVIRONMENT) for word in re.findall(r"'([^']+)'", alarm.look)]
    assert set(pointed) <= titles | rows | {query.name for query in QUERIES}
    assert len(pointed) > 20


@BOTH
def test_gauges_that_come_once_a_minute_are_missed_and_counters_are_not(names: Names) -> None:
    gauges = {
        "oldest-waits",
        "poller-silent",
        "recovery-silent",
        "drift",
        "unresolved",
        "schedules-fail",
        "notify-silent",
    }
    assert {alarm.name for alarm in alarms(names, ENVIRONMENT) if alarm.missing == "breaching"} == gauges


@BOTH
def test_what_users_feel_and_what_may_lose_work_pages_and_nothing_else(names: Names) -> None:
    assert {alarm.name for alarm in alarms(names, ENVIRONMENT) if alarm.pages} == {
        "reports-fail",
        "start-slow",
        "api-fails",
        "oldest-waits",
        "poller-silent",
        "recovery-silent",
        "drift",
    }


def test_a_line_that_nobody_writes_cannot_be_drawn() -> None:
    with pytest.raises(AssertionError, match="Cancelled is not told by"):
        ours(SERVERLESS, measures.CANCELLED, "Sum", report_type="sales")
    with pytest.raises(AssertionError, match="of whom"):
        ours(SERVERLESS, measures.REQUESTS, "Sum")


def test_aws_own_metrics_name_their_source() -> None:
    assert all(metric.source.startswith("https://docs.aws.amazon.com/") for metric in AWS_METRICS.values())


@BOTH
def test_every_metric_of_aws_that_is_listed_is_looked_at(names: Names) -> None:
    drawn = [
        line
        for row in dashboard.rows(names, ENVIRONMENT)
        for graph in row.graphs
        for one in graph.lines
        for line in one.lines
    ]
    watched = [line for alarm in alarms(names, ENVIRONMENT) for line in alarm.watches.lines]
    used = {(line.namespace, line.name, tuple(line.dimensions)) for line in (*drawn, *watched)}
    other = "clusterId" if names.nodes else "CacheClusterId"
    assert {key for key in AWS_METRICS if key[2] != (other,)} == {key for key in used if key[0].startswith("AWS/")}


def test_queries_are_asked_in_logs_that_there_are() -> None:
    functions = {plan.name for plan in FUNCTIONS}
    assert [query.name for query in QUERIES] == [
        "follow one job",
        "failures by signature",
        "slowest types",
        "cold starts",
        "noisiest tenant",
    ]
    for query in QUERIES:
        assert set(query.functions) <= functions
        assert not query.text.startswith("|")
