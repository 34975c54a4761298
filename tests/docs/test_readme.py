"""README.md describes what is there: wherever it repeats a fact of the code, the two are compared."""

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import readme
from readme import ROOT

from cdk_app import topology
from cdk_app.environments import Environment
from cdk_app.local.__main__ import _parser
from report_queue import options, problems, secret
from report_queue.client.command import where, words
from report_queue.job import TERMINAL, Progress, State, Verdict
from report_queue.keys import SCOPES
from report_queue.measures import MEASURES
from report_queue.reports import report_types
from report_queue.settings import Settings

PACKAGE = ROOT / "layers/report_queue/python/report_queue"
SECTIONS = [
    "What it is",
    "Run it",
    "Follow one job",
    "Life of a job",
    "Architecture",
    "HTTP API",
    "Report types",
    "Where do I change…",
    "Local stack",
    "Deploying",
    "Settings",
    "Decisions",
    "Limits known",
    "Glossary",
    "License",
]
UNITS = {"ms": "ms", "seconds": "s", "bytes": "bytes", "mb": "MB"}
# What looks like a path and is none of the repository's: the store's keys, what a run makes, parts of paths.
STORE = ("open/", "closed/", "inputs/", "reports/", "wakes/")
ELSEWHERE = (*STORE, "ReportQueue/", "out/", "cdk.out/", ".venv/", ".data", "lua/", "_kit/", "application/", "pdf/")


def _module(name: str) -> Path | None:
    """The file of a module of ours."""
    base = PACKAGE.parent if name.startswith("report_queue") else ROOT
    path = base.joinpath(*name.split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def _top() -> set[str]:
    return {path.name for path in ROOT.iterdir() if path.name != ".git"}


# Sections and links.


def test_sections_stand_in_their_order_and_the_contents_lead_to_them() -> None:
    assert [title for level, title in readme.headings() if level == 2] == SECTIONS
    contents = readme.TEXT[: readme.TEXT.index("## ")]
    assert re.findall(r"\[([^\]]+)\]\(#", contents) == SECTIONS


def test_links_lead_somewhere() -> None:
    anchors = {readme.anchor(title) for _, title in readme.headings()}
    targets = re.findall(r"\]\(([^)]+)\)", readme.prose())
    assert targets
    for target in targets:
        assert target[1:] in anchors if target.startswith("#") else (ROOT / target).exists(), target


def test_every_path_that_is_named_exists() -> None:
    named = {word for text in readme.ticked() for word in text.split()}
    for block in readme.blocks():
        named |= (
            set(re.findall(r"(?:[\w.-]+/)+[\w.-]+\.(?:py|json|html|css)", block.text))
            if block.language == "sh"
            else set()
        )
    paths = {word for word in named if re.fullmatch(r"[\w.-][\w./<>-]*/[\w./<>-]*", word) or word in _top()}
    paths = {word for word in paths if not word.startswith(ELSEWHERE)}
    assert len(paths) > 60
    missing = [path for path in sorted(paths) if not list(ROOT.glob(re.sub(r"<\w+>", "*", path.rstrip("/"))))]
    assert missing == []


# Commands.


def test_every_make_target_that_is_named_exists() -> None:
    heads = re.findall(r"^([a-z -]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    targets = {target for head in heads for target in head.split()}
    named = set(re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)", readme.shell()))
    assert {"run", "demo", "test"} <= named <= targets
    variables = set(re.findall(r"\bmake [a-z-]+ ([A-Z]+)=", readme.shell()))
    assert variables <= set(re.findall(r"\$\(([A-Z]+)\)", (ROOT / "Makefile").read_text("utf-8")))


def test_every_module_that_is_run_exists_and_takes_these_arguments() -> None:
    commands = set(re.findall(r"python -m ([\w.]+)([^\n`]*)", readme.shell()))
    assert commands
    for module, arguments in commands:
        if module == "cdk_app.local":
            _parser().parse_args(shlex.split(arguments))  # ends the process, and so the test, where they are wrong
        else:
            command = [sys.executable, "-m", module, *shlex.split(arguments), "--help"]
            assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0, module


def test_every_option_of_the_local_stack_that_is_named_exists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        _parser().parse_args(["up", "--help"])
    told = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    named = {word for word in readme.ticked(readme.section("Local stack")) if word.startswith("--")}
    assert named == told - {"--help"}


def test_shell_blocks_are_shell() -> None:
    for block in readme.blocks():
        if block.language == "sh":
            checked = subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True, check=False)
            assert checked.stderr == ""


def test_deployment_names_the_environments_and_stacks_that_there_are() -> None:
    context = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    deploying = readme.section("Deploying")
    prefix = Environment.named(context["environment"], context["environments"]).prefix
    stacks = {word for word in readme.ticked(deploying) if word.startswith("report-queue-")}
    assert stacks == {f"{prefix}-{part}" for part in ("network", "data", "app", "monitoring")}
    assert set(re.findall(r"-c environment=(\w+)", deploying)) <= set(context["environments"])
    assert len(set(re.findall(r"aws-cdk@([\d.]+)", deploying))) == 1
    for output in ("KeysSecret", "Url"):
        assert f"`{output}`" in deploying
        stacks_code = [file.read_text("utf-8") for file in (ROOT / "cdk_app/stacks").glob("*.py")]
        assert any(re.search(rf'CfnOutput\(.+, "{output}"', code) for code in stacks_code)


# Facts of the code.


def test_the_drawing_is_the_one_in_the_code() -> None:
    drawing = readme.blocks(readme.section("Life of a job"))[0].text.rstrip()
    assert drawing in (PACKAGE / "job.py").read_text("utf-8")


def test_every_state_and_verdict_is_explained() -> None:
    verbs, verdicts, _ = readme.tables(readme.section("Life of a job"))
    assert {row[0].strip("`") for row in verdicts} == {verdict.value for verdict in Verdict}
    (glossary,) = readme.tables(readme.section("Glossary"))
    words = [row[0] for row in glossary]
    assert len(words) == len(set(words))
    assert {state.value for state in State} <= set(words)
    named = {row[0].strip("`") for row in verbs}
    assert named & {
        "enqueue",
        "claim",
        "beat",
        "complete",
        "fail",
        "requeue",
        "promote",
        "prune",
        "cancel",
        "retry",
    } <= set(words)


def test_every_lua_verb_stands_in_the_table() -> None:
    verbs = [row[0].strip("`") for row in readme.tables(readme.section("Life of a job"))[0]]
    assert sorted(verbs) == sorted(path.stem for path in (PACKAGE / "lua").glob("*.lua"))


def test_progress_is_told_as_it_is_counted() -> None:
    steps = ("accepted", "claimed", "laid out", "written", "published")
    numbers = (getattr(Progress, step.upper().replace(" ", "_")) for step in steps)
    told = ", ".join(f"{number} {step}" for number, step in zip(numbers, steps, strict=True))
    assert told in readme.section("Life of a job")


def test_settings_are_told_as_they_are() -> None:
    (rows,) = readme.tables(readme.section("Settings"))
    expected = []
    for name, field in Settings.model_fields.items():
        default = "none" if field.is_required() else f"`{field.default}`" if field.default != "" else '`""`'
        unit = UNITS.get(name.rpartition("_")[2], "–")  # noqa: RUF001 - an en dash: no unit
        expected.append([f"`REPORT_QUEUE_{name.upper()}`", default, unit, field.description])
    lines = "\n".join("| " + " | ".join(map(str, row)) + " |" for row in expected)
    assert rows == expected, f"the rows under Settings should be:\n{lines}"


def test_settings_in_words_have_the_values_of_the_defaults() -> None:
    words = " ".join(readme.TEXT.split())
    default = {name: field.default for name, field in Settings.model_fields.items()}
    assert f"a lease of {default['lease_ms'] // 1000} s" in words
    assert f"renews it every {default['beat_ms'] // 1000} s" in words
    assert f"at most {default['attempt_ms'] // 60_000} minutes; its child" in words
    assert f"after {default['backoff_ms'] // 1000} s, then {2 * default['backoff_ms'] // 1000} s" in words
    assert (default["attempts"], default["stalls"], default["backoff_jitter"]) == (3, 3, 0.5)  # three, four, up to half
    days = {default[f"retention_{state}_ms"] // 86_400_000 for state in TERMINAL}
    counts = {default[f"retention_{state}_count"] for state in TERMINAL}
    assert (len(days), len(counts)) == (1, 1)
    assert f"after {days.pop()} days, beyond {counts.pop():,} per state" in words
    assert f"a key for {default['link_seconds'] // 60} minutes" in words
    assert f"A body may have {default['body_bytes'] // 1_000_000} MB" in words
    assert f"for up to {topology.AUTHORIZER_CACHE_S + secret.FRESH_S} s more" in words
    assert f"{secret.STALE_S // 60} minutes while Secrets Manager is away" in words
    variables = {word for word in readme.ticked() if word.startswith("REPORT_QUEUE_")}
    assert variables == {f"REPORT_QUEUE_{name.upper()}" for name in default} | {where.URL, where.KEY}


def test_routes_are_those_of_the_topology() -> None:
    rows = readme.tables(readme.section("HTTP API"))[0]
    told = [(row[0].strip("`"), row[1], row[2] == "none") for row in rows]
    assert told == [(f"{route.method} {route.path}", route.function, route.public) for route in topology.ROUTES]
    assert {row[2] for row in rows} <= {*SCOPES, "none"}


def test_every_api_path_that_is_named_is_a_route() -> None:
    routes = [re.sub(r"\{\w+\}", "[^/]+", route.path) for route in topology.ROUTES]
    named = re.findall(r"(?:(?<=\$API)|(?<![\w.]))/(?:api|health|page)[\w/{}$.-]*", readme.TEXT)
    assert named
    assert [path for path in named if not any(re.fullmatch(route, path) for route in routes)] == []


def test_options_are_those_that_are_taken() -> None:
    rows = readme.tables(readme.section("HTTP API"))[1]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(named) == sorted(options.NAMES)


def test_exit_codes_of_the_command_are_those_that_its_help_tells() -> None:
    (rows,) = readme.tables(readme.section("Client"))
    told = re.findall(r"(?:^|  )(\d+)  ", words.parser().epilog or "", re.MULTILINE)
    assert [row[0] for row in rows] == sorted(told, key=int)


def test_errors_are_those_of_the_table() -> None:
    rows = readme.tables(readme.section("HTTP API"))[2]
    expected = [(problem.status, problem.type) for problem in (*problems.TABLE.values(), problems.UNEXPECTED)]
    assert sorted((int(row[0]), row[1]) for row in rows) == sorted(expected)


def test_every_metric_is_told_as_it_is_written() -> None:
    (rows,) = readme.tables(readme.section("What it tells"))
    by = {"report_type": "report type", "reason": "reason", None: "–"}  # noqa: RUF001 - an en dash: by nothing more
    expected = [
        [f"`{name}`", measure.unit, "function" if measure.of_function else by[measure.by], measure.means]
        for name, measure in MEASURES.items()
    ]
    lines = "\n".join("| " + " | ".join(row) + " |" for row in expected)
    assert rows == expected, f"the rows under What it tells should be:\n{lines}"


def test_report_types_are_those_in_the_folder_in_their_own_words() -> None:
    section = readme.section("Report types")
    rows = readme.tables(section)[0]
    assert rows == [[f"`{kind.name}`", kind.schema["description"]] for kind in report_types().values()]
    listing = readme.blocks(section)[0].text
    folder = ROOT / listing.split()[0]
    assert folder.parent == PACKAGE / "reports"
    assert re.findall(r"^  ([\w.]+) ", listing, re.MULTILINE) == [
        "template.html",
        "style.css",
        "schema.json",
        "sample.json",
    ]
    factur_x = {path.name for path in folder.glob("factur-x.*")}
    assert {path.name for path in folder.iterdir()} - factur_x == {
        "template.html",
        "style.css",
        "schema.json",
        "sample.json",
    }
    assert all(f"`{name}`" in section for name in factur_x)


def test_every_module_of_the_package_and_every_function_stands_in_the_code_map() -> None:
    package, functions, around = readme.tables(readme.section("Code map"))
    named = [row[0].strip("`") for row in (*package, *functions, *around)]
    assert [name for name in named if _module(name) is None] == []
    assert len(named) == len(set(named))
    relative = (path.relative_to(PACKAGE.parent).with_suffix("") for path in PACKAGE.rglob("*.py"))
    ours = {".".join(path.parts).removesuffix(".__init__") for path in relative} - {"report_queue"}
    assert {row[0].strip("`") for row in package} == ours
    assert {row[0].strip("`") for row in functions} == {f"functions.{one.name}.handler" for one in topology.FUNCTIONS}


def test_who_may_import_whom_is_told_as_it_is_tested() -> None:
    spec = importlib.util.spec_from_file_location("imports_rule", ROOT / "tests/unit/test_imports.py")
    assert spec
    assert spec.loader
    rule = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rule)
    (rows,) = readme.tables(readme.section("Who may import whom"))
    for libraries, knowers in rows:
        first, *others = libraries.split(", ")
        known, parts = next((known, parts) for known, parts in rule.KNOWN_ONLY_BY.items() if first in known)
        assert set(others) <= set(known)
        assert set(readme.ticked(knowers)) == set(parts)


def test_every_folder_of_tests_is_named() -> None:
    ran = " ".join(re.findall(r"addprefix tests/,([\w ]+)\)", (ROOT / "Makefile").read_text("utf-8")))
    named = re.findall(r"`tests/(\w+)/`", readme.section("Code map"))
    assert named == [folder for folder in ran.split() if (ROOT / "tests" / folder).is_dir()]


def test_invariants_that_the_sources_show() -> None:
    handlers = [file.read_text("utf-8") for file in (ROOT / "functions").glob("*/handler.py")]
    assert not any(re.search(r"^\s*try:", handler, re.MULTILINE) for handler in handlers)
    scripts = [file.read_text("utf-8") for file in (PACKAGE / "lua").glob("*.lua")]
    assert not any(re.search(r"'P?EXPIRE|'P?SETEX|'[EP]X'", script) for script in scripts)
    deletes = {prefix for function in topology.FUNCTIONS for prefix in function.may.delete}
    assert deletes == {"open/", "pending/", "schedules/", "reports/", "signing/", "untold/", "due/"}
    knows = [
        file.stem
        for file in PACKAGE.glob("*.py")
        if "report_key" in (text := file.read_text("utf-8")) and ".delete(" in text
    ]
    assert sorted(knows) == ["ledger", "purge"]
    ledger = (PACKAGE / "ledger.py").read_text("utf-8")
    assert set(re.findall(r"\.delete\((\w+)", ledger)) == {"open_key"}  # so only `purge` deletes a report


# Samples.


@pytest.mark.parametrize("event", sorted((ROOT / "events").iterdir()), ids=lambda event: event.name)
def test_an_event_is_json_and_named_after_its_function(event: Path) -> None:
    assert isinstance(json.loads(event.read_text("utf-8")), dict)
    assert event.suffix == ".json"
    assert any(re.match(rf"{one.name}(_|$)", event.stem) for one in topology.FUNCTIONS)
