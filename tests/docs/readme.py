"""README.md as the tests read it: sections, tables, code blocks, what stands in backticks, links.

It knows Markdown as far as the README uses it, and nothing of what the README says.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text("utf-8")

_FENCE = re.compile(
    r"(?:<!-- (?P<mark>[^>]+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of code; `mark` is the comment before it."""

    mark: str
    language: str
    text: str


def blocks(text: str = TEXT) -> list[Block]:
    """The code blocks, in order."""
    return [Block(found["mark"] or "", found["language"], found["text"]) for found in _FENCE.finditer(text)]


def prose(text: str = TEXT) -> str:
    """The text without its code blocks."""
    return _FENCE.sub("", text)


def headings() -> list[tuple[int, str]]:
    """Every heading with its level."""
    return [(len(marks), title) for marks, title in _HEADING.findall(prose())]


def section(title: str) -> str:
    """What stands below a heading, up to the next of its level or above."""
    outside = _FENCE.sub(lambda block: re.sub(r"^#", " ", block[0], flags=re.MULTILINE), TEXT)  # comments of shells
    start = re.search(rf"^(#+) {re.escape(title)}\n", outside, re.MULTILINE)
    assert start, f"README has no section {title!r}"
    end = re.search(rf"^#{{1,{len(start[1])}}} ", outside[start.end() :], re.MULTILINE)
    return TEXT[start.end() : start.end() + end.start() if end else len(TEXT)]


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a text: rows of cells, without the heads."""
    found: list[list[list[str]]] = []
    for chunk in re.findall(r"(?:^\|.*\|\n?)+", prose(text), re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in chunk.strip().splitlines()]
        found.append([[cell.strip("| ") for cell in row] for row in rows[2:]])
    return found


def ticked(text: str = TEXT) -> list[str]:
    """What stands in backticks outside code blocks."""
    return re.findall(r"`([^`\n]+)`", prose(text))


def anchor(title: str) -> str:
    """The anchor that a heading gets when the page is shown."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def shell() -> str:
    """All that the README would have typed: shell blocks, and what stands in backticks."""
    return "\n".join([*(block.text for block in blocks() if block.language == "sh"), *ticked()])
