"""What was used, as sums: how jobs ended, what came of them and how long it took. Shapes only."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import date
from typing import Self


@dataclass(frozen=True)
class Sums:
    """Ends of jobs, and what they made."""

    completed: int = 0
    failed: int = 0  # each end: a job that was retried may end again
    pages: int = 0
    size: int = 0  # bytes
    ms: int = 0  # of rendering

    @classmethod
    def of(cls, parts: Iterable[Self]) -> Self:
        """All of them together."""
        return cls(*map(sum, zip(*map(astuple, parts), strict=True)))


Days = Mapping[date, Mapping[str, Sums]]
"""By day (UTC) and report type."""
