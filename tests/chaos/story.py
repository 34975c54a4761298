"""A history, read for what the invariants ask of it: when each operation began, in which life of the broker it was."""

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Line = dict[str, Any]


@dataclass(frozen=True)
class Rules:
    """What the run's settings promise."""

    lease_ms: int
    attempt_ms: int
    stalls: int
    attempts: int = 3


class Story:
    """The lines in their order; an operation that ended also says when it `began`, by both clocks."""

    def __init__(self, history: Sequence[Line], rules: Rules) -> None:
        self.lines, self.rules = history, rules
        self._breaks = [line["t"] for line in history if line["op"] == "wipe"]
        self._born = min((line["t"] for line in history), default=0)
        invoked: dict[tuple[str, int], Line] = {}
        for line in history:
            if "n" in line and line["how"] == "invoked":
                invoked[line["who"], line["n"]] = line
            elif "n" in line:
                first = invoked.get((line["who"], line["n"]), line)
                line["began"], line["began_day"] = first["t"], first["day"]

    def life(self, line: Line) -> int | None:
        """Which life of the broker that was; None: while it was wiped or restarted, or across that."""
        life = bisect(self._breaks, line["began"])
        return None if life % 2 or life != bisect(self._breaks, line["t"]) else life

    @property
    def forgets(self) -> bool:
        """The broker was wiped, or lost its newest writes."""
        return bool(self._breaks)

    def ok(self, op: str) -> Iterator[Line]:
        return (line for line in self.lines if line["op"] == op and line["how"] == "ok")

    def writes(self, prefix: str) -> Iterator[Line]:
        """What the store took: puts and deletes."""
        return (
            line
            for line in self.lines
            if line["op"] in ("put", "delete") and line["how"] == "ok" and line["key"].startswith(prefix)
        )

    def ends(self) -> Iterator[tuple[Line, str, int, str, str]]:
        """What the broker was told of attempts: the line, job, attempt, verb, verdict."""
        for line in self.lines:
            if line["op"] in ("claim", "leave") and line["how"] == "ok":
                for (job, attempt, verb), verdict in zip(line["finished"], line["verdicts"], strict=True):
                    yield line, job, attempt, verb, verdict


def job_of(key: str) -> str:
    """The job that an object is of."""
    return key.rpartition("/")[2].partition(".")[0]
