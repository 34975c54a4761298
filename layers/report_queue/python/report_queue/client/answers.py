"""What comes back, as far as a caller looks at it; `raw` is all of it, as it was answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from report_queue.client.errors import Broken

_ENDED: Final = frozenset({"completed", "failed", "cancelled"})

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """A job as it stands. `progress` is from 0 to 1."""

    id: str
    report_type: str
    state: str
    progress: float
    reason: str | None
    message: str | None
    raw: Raw = field(repr=False)  # the payload may be in it

    @classmethod
    def of(cls, raw: Raw) -> Self:
        """The job of an answer; raises Broken."""
        try:
            return cls(
                raw["id"],
                raw["name"],
                raw["status"],
                raw["progress"] / 100,
                raw["reason"],
                raw["failedReason"],
                raw,
            )
        except (KeyError, TypeError):
            raise Broken("an answer about a job is not one of this API") from None

    @property
    def ended(self) -> bool:
        """Nothing comes any more."""
        return self.state in _ENDED

    @property
    def completed(self) -> bool:
        """The report is there."""
        return self.state == "completed"


@dataclass(frozen=True)
class Submitted:
    """A job that was accepted; `replayed`: by an earlier request of the same key, `duplicate`: it has the dedupKey.

    `job` is there where it has ended while the answer was waited for.
    """

    id: str
    replayed: bool
    duplicate: bool
    job: Job | None = None


@dataclass(frozen=True)
class Batch:
    """A batch as it stands. `progress` is from 0 to 1; `ended`: no job and no result comes any more."""

    id: str
    jobs: int
    ended: bool
    progress: float
    counts: Mapping[str, int]
    has_result: bool
    raw: Raw = field(repr=False)

    @classmethod
    def of(cls, raw: Raw) -> Self:
        """The batch of an answer; raises Broken."""
        try:
            return cls(
                raw["id"],
                raw["jobs"],
                raw["status"] == "ended",
                raw["progress"],
                raw["counts"],
                raw["resultUrl"] is not None,
                raw,
            )
        except (KeyError, TypeError):
            raise Broken("an answer about a batch is not one of this API") from None

    @property
    def completed(self) -> bool:
        """Each of its reports is there, and so is the result."""
        return self.has_result and self.counts["completed"] == self.jobs
