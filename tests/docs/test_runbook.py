"""RUNBOOK.md and what is there are one: each alarm has its section, and whatever a section names exists."""

import re

import botocore.session
import pytest
import readme
from botocore import xform_name

from cdk_app import topology
from cdk_app.environments import Environment
from cdk_app.keys.__main__ import _parser
from cdk_app.monitoring import dashboard
from cdk_app.monitoring.alarms import PAGE, alarms
from cdk_app.monitoring.aws import AWS_METRICS
from cdk_app.monitoring.queries import QUERIES
from deployments import ENVIRONMENT, names
from report_queue.keys import SCOPES
from report_queue.measures import MEASURES
from report_queue.settings import Limits, Settings

TEXT = (readme.ROOT / "cdk_app/RUNBOOK.md").read_text("utf-8")
BROKERS = [names(), names("one", "two")]
OTHERS = ("Recovery after broker loss", "Key rotation", "Upgrade order")
ALARMS = {alarm.name: alarm for broker in BROKERS for alarm in alarms(broker, ENVIRONMENT)}
GLOBAL_OPTIONS = {"query", "output"}
CUSTOM_COMMANDS = {("logs", "tail"): {"since", "filter-pattern", "follow"}}  # of the CLI itself, not of the API


def sections() -> dict[str, str]:
    """The text of each section, by its heading."""
    parts = re.split(r"^## (.+)$", TEXT, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_alarm_has_its_section_and_every_section_its_alarm() -> None:
    assert set(sections()) == {PAGE, *ALARMS, *OTHERS}
    headings = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    assert headings == [PAGE, *ALARMS, *OTHERS]  # in the order of the dashboard


@pytest.mark.parametrize("name", [PAGE, *ALARMS])
def test_a_section_says_what_it_means_where_to_look_what_to_do_and_when_it_is_over(name: str) -> None:
    assert re.findall(r"^- \*\*(\w+)\*\*", sections()[name], re.MULTILINE) == ["Means", "Look", "Do", "Over"]


@pytest.mark.parametrize("name", ALARMS)
def test_what_an_alarm_says_to_look_at_stands_in_its_section(name: str) -> None:
    titles = set(re.findall(r"'([^']+)'", ALARMS[name].look)) & (_widgets() | {query.name for query in QUERIES})
    missing = [title for title in titles if f"`{title}`" not in sections()[name]]
    assert missing == []


def test_widgets_and_queries_that_are_named_exist() -> None:
    widgets = re.findall(r"widget\s+`([^`]+)`", TEXT)
    queries = re.findall(r"[Qq]uery\s+`([^`]+)`", TEXT)
    assert len(widgets) > 30
    assert set(widgets) <= _widgets()
    assert set(queries) == {query.name for query in QUERIES}


def test_every_word_in_backticks_is_something_that_there_is() -> None:
    known = {
        *MEASURES,
        *(name for _, name, _ in AWS_METRICS),
        *ALARMS,
        *_widgets(),
        *(query.name for query in QUERIES),
        *Settings.model_fields,
        *Limits.model_fields,
        *Environment.model_fields,
        *(plan.name for plan in topology.FUNCTIONS),
        *SCOPES,
        "network",
        "data",
        "app",
        "monitoring",
        "memory_mb",
        ENVIRONMENT.prefix,
    }
    # Reasons and states, as the log's lines have them; and what logs say word for word.
    said = {
        "template",
        "asset",
        "table",
        "format",
        "render",
        "stalled",
        "expired",
        "ledger",
        "store",
        "broker",
        "worker",
    }
    said |= {
        "batch",
        "active",
        "away",
        "unexpected",
        "key_id",
        "correlation_id",
        "apigw-requestid",
        "ledger.missing",
        "preflight",
        "of it, functions p99",
    }
    said |= {"Runtime exited", "timed out", "beat:", "Runtime.ImportModuleError", "elasticache:Connect"}
    for word in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)):
        if route := re.fullmatch(r"(GET|POST) (/\S+)", word):
            assert (route[1], route[2]) in {(one.method, one.path) for one in topology.ROUTES}, word
        elif word.startswith("npx "):
            assert word.removesuffix(" diff").removesuffix(" deploy --all") == "npx --yes aws-cdk@2.1148.1"
        elif "/" in word and not word.startswith("{"):
            assert word == "open/" or (readme.ROOT / word).exists(), word
        elif word.endswith(".json"):
            assert (readme.ROOT / word).exists(), word
        elif not word.startswith("{"):
            assert word in known | said, word


def test_links_lead_to_sections() -> None:
    anchors = {readme.anchor(title) for title in sections()}
    targets = re.findall(r"\]\(#([^)]+)\)", TEXT)
    assert targets
    assert set(targets) <= anchors


def test_every_aws_command_exists_with_its_options() -> None:
    session = botocore.session.get_session()
    commands = re.findall(r"^aws .+$", TEXT, re.MULTILINE)
    commands += re.findall(r"\$\((aws .+?)\)\"", TEXT)
    assert len(commands) > 10
    for command in commands:
        _, service, action, *_ = command.split()
        text = re.sub(r"\$\(.*?\)", "", re.sub(r"'[^']*'|\"queryDef[^\"]*\"", "", command))
        options = set(re.findall(r"(?<= --)[a-z-]+", text)) - GLOBAL_OPTIONS
        if (service, action) in CUSTOM_COMMANDS:
            assert options <= CUSTOM_COMMANDS[service, action], command
            continue
        model = session.get_service_model({"s3api": "s3"}.get(service, service))
        operations = {xform_name(name, "-"): name for name in model.operation_names}
        assert action in operations, command
        shape = model.operation_model(operations[action]).input_shape
        assert options <= ({xform_name(member, "-") for member in shape.members} if shape else set()), command


def test_functions_and_logs_that_are_named_exist() -> None:
    prefix = ENVIRONMENT.prefix
    named = set(re.findall(rf"(?:--function-name |/aws/lambda/){prefix}-(\w+)", TEXT))
    assert named <= {plan.name for plan in topology.FUNCTIONS}
    assert {"worker", "poller", "requeue_stalled"} <= named


def test_commands_on_keys_are_those_that_there_are() -> None:
    commands = re.findall(r"python -m cdk_app\.keys (.+)$", TEXT, re.MULTILINE)
    assert len(commands) == 3
    for words in commands:
        _parser().parse_args(words.split())  # ends the process, and so the test, where they are wrong


def _widgets() -> set[str]:
    return {graph.title for broker in BROKERS for row in dashboard.rows(broker, ENVIRONMENT) for graph in row.graphs}
