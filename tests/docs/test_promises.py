"""What is promised names the tests that hold it, in README, THREATS.md and SECURITY.md, and each of them exists."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import readme
from readme import ROOT

THREATS = ROOT / "cdk_app/THREATS.md"
SECURITY = ROOT / ".github/SECURITY.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
PROMISES = ("What it is", "Invariants", "What keeps it safe")


@cache
def _tests(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8")) if path.is_file() else ast.Module([], [])
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def _bullets(text: str) -> list[str]:
    return [" ".join(found.split()) for found in re.findall(r"^- ((?:.+\n)(?:  .*\n)*)", text, re.MULTILINE)]


def _rows() -> Iterator[tuple[str, list[str]]]:
    parts = re.split(r"^## (.+)$", THREATS.read_text("utf-8"), flags=re.MULTILINE)
    for who, text in zip(parts[1::2], parts[2::2], strict=True):
        for table in readme.tables(text):
            for row in table:
                yield who, row


@pytest.mark.parametrize("page", [ROOT / "README.md", THREATS, SECURITY], ids=lambda page: page.name)
def test_every_test_that_is_named_exists(page: Path) -> None:
    named = TEST.findall(page.read_text("utf-8"))
    assert [f"{path}::{name}" for path, name in named if name not in _tests(ROOT / path)] == []
    assert len(re.findall(r"`tests/[^`]+::", page.read_text("utf-8"))) == len(named)


@pytest.mark.parametrize("section", PROMISES)
def test_every_promise_names_its_test(section: str) -> None:
    promises = _bullets(readme.section(section))
    assert len(promises) >= 3
    assert [promise for promise in promises if not TEST.search(promise)] == []


def test_the_promise_that_nothing_is_lost_names_the_run_that_tries_to_break_it() -> None:
    first = readme.section("Never lost, never twice").strip().partition("\n\n")[0]
    assert {path for path, _ in TEST.findall(first)} >= {"tests/chaos/test_chaos.py"}


def test_every_threat_says_where_it_is_held_and_by_which_test() -> None:
    rows = list(_rows())
    assert len(rows) > 40
    for who, (what, held, proved) in rows:
        assert what, who
        assert held, what
        assert TEST.search(proved), f"{who}: {what}"
        paths = [word for word in readme.ticked(held) if "/" in word or "." in word]
        assert [path for path in paths if not (ROOT / path).exists()] == []


def test_of_everybody_it_is_said_what_is_not_held() -> None:
    parts = re.split(r"^## .+$", THREATS.read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert len(parts) == len({who for who, _ in _rows()}) == 9
    assert [part for part in parts if part.count("**Not held:**") != 1] == []


@pytest.mark.parametrize("page", [THREATS, SECURITY], ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8"))
    assert targets
    assert [target for target in targets if not (page.parent / target).exists()] == []
