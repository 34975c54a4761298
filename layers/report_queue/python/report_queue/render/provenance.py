"""Where a value in a template comes from: its path in the payload, read off the payload and the template's expressions.

    {% for row in data.rows %}{{ row.buyer.name }}      buyer is null in the fourth row
                                 └─ Name row ─► the very object data.rows[3] ─► data.rows[3].buyer

Lists and objects are found by identity: each stands in one place. A text, a number or null may stand in many, so the
expression that led to it is followed from a name that the template had. Paths quote a payload's key only where the
templates name it too; any other key may be somebody's name, and reads `*`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.utils import missing

from report_queue.render.rows import Rows

_SYNTAX = Environment(autoescape=True)  # parses, and never renders


@dataclass(frozen=True)
class Origin:
    """What an expression stands for: its value, its path in the payload's words, and the line that it is written in."""

    value: Any
    path: str
    line: int


@dataclass(frozen=True)
class Spot:
    """Where a template stopped: file, line, the names that it had there, the payload, all templates' text."""

    file: Path
    line: int  # 1 for the first
    names: Mapping[str, Any]
    data: Any
    source: str

    def path_of(self, wanted: Any) -> str | None:
        """The path of this very list or object in the payload: `data.rows[2]`."""
        if not isinstance(wanted, dict | list | Rows):
            return None
        return self._paths.get(id(wanted)) or self._path_of_row(wanted)

    def _path_of_row(self, wanted: Any) -> str | None:
        """The same for an object that is read from a file, and so in no payload."""
        members = self.data.items() if isinstance(self.data, dict) else ()
        for name, rows in members:
            if isinstance(rows, Rows) and (number := rows._number_of(wanted)) is not None:
                return f"data.{name}[{number}]"
        return None

    def member(self, owner: Any, name: str) -> Origin | None:
        """What stands before `.name` in the statement that stopped, where it is `owner`."""
        for node in self._expressions:
            if (isinstance(node, nodes.Getattr) and node.attr == name) or (
                isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and node.arg.value == name
            ):
                found = self._followed(node.node)
                if found and found.value is owner:
                    return Origin(owner, found.path, node.lineno)
        return None

    def argument(self, function: str, value: Any) -> Origin | None:
        """What the statement that stopped gives to a filter or function first, where it is `value`."""
        for node in self._expressions:
            if isinstance(node, nodes.Filter) and node.name == function and node.node:
                found = self._followed(node.node)
            elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == function:
                found = self._followed(node.args[0]) if node.args else None
            else:
                continue
            if found and found.value is value:
                return found
        return None

    @property
    def row(self) -> str | None:
        """The list's element that the template was at, the innermost of them: `data.rows[3]`."""
        paths = (self.path_of(value) for name, value in self.names.items() if name != "data")
        return max((path for path in paths if path and path.endswith("]")), key=len, default=None)

    def knows(self, name: str) -> bool:
        """Whether the templates name it: what they do not, came out of the payload."""
        if name.isidentifier():
            return name in self._words
        return f"'{name}'" in self.source or f'"{name}"' in self.source

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(re.findall(r"\w+", self.source))

    @cached_property
    def _paths(self) -> dict[int, str]:
        """Every list and object of the payload by its identity: a payload is walked once, however long it is."""
        paths: dict[int, str] = {}
        left = [("data", self.data)]
        while left:
            at, tree = left.pop()
            if isinstance(tree, dict):
                left += [(f"{at}.{key if self.knows(key) else '*'}", value) for key, value in tree.items()]
            elif isinstance(tree, Rows):
                pass  # its rows are looked for where they are read
            elif isinstance(tree, list):
                left += [(f"{at}[{index}]", value) for index, value in enumerate(tree)]
            else:
                continue
            paths[id(tree)] = at
        return paths

    @cached_property
    def _expressions(self) -> list[nodes.Expr]:
        """Those of the statements that begin at the line, in the order in which they are written."""
        try:
            tree = _SYNTAX.parse(self.file.read_text("utf-8"))
        except (OSError, TemplateSyntaxError):
            return []
        # An expression may be one of several statements' parts: what it leads to is the same.
        begun = [node for node in tree.find_all((nodes.Stmt, nodes.Expr)) if node.lineno == self.line]
        inside = [one for node in begun for one in (node, *node.find_all(nodes.Expr)) if isinstance(one, nodes.Expr)]
        return sorted(inside, key=lambda node: node.lineno)

    def _followed(self, node: nodes.Node) -> Origin | None:
        """A name, or a chain of members from one; nothing else is worked out a second time."""
        match node:
            case nodes.Name(name=name):
                value = self.names.get(name, missing)
                return None if value is missing else Origin(value, self.path_of(value) or name, node.lineno)
            case nodes.Getattr(node=base, attr=key) | nodes.Getitem(node=base, arg=nodes.Const(value=key)):
                owner = self._followed(base)
                if owner is None:
                    return None
                value = _member(owner.value, key)
                step = f"[{key}]" if isinstance(key, int) else f".{key}"
                return None if value is missing else Origin(value, owner.path + step, node.lineno)
            case _:
                return None


def _member(owner: Any, key: Any) -> Any:
    """By key or index, of a list or object; `missing` where there is none."""
    try:
        return owner[key] if isinstance(owner, dict | list) else missing
    except (LookupError, TypeError):
        return missing
