"""A batch: up to 1,000 reports that are accepted together, and whose reports come as one file.

    batch ──► its jobs, n = 0 … jobs - 1 ──► all have ended ──► a job that assembles ──► one zip or PDF
                     ^                                                                   per generation
                     '──────────── retry: the next round of a job, the next generation ◄──────'

A job of a batch is an ordinary job, whose id follows from the batch and its place. The generation is the sum of its
jobs' rounds: it grows with each retry, nobody has to count it, and the same generation is the same file.
Shapes only: what is kept where is `batch_store`'s to know, what is done with it `batch_desk`'s.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from report_queue.job import State
from report_queue.request import Request, job_id

MOST: Final = 1_000  # reports in a batch
RESULT_TYPE: Final = "batch-result"  # of the job that assembles: no report type, so no caller can ask for it
_ATTEMPTS: Final = 10  # of that job: it waits for the receipts of the others by failing


class ResultKind(StrEnum):
    """What a batch's reports become."""

    ZIP = "zip"
    PDF = "pdf"  # one after the other


@dataclass(frozen=True)
class Batch:
    """All of a batch but its reports."""

    id: str
    tenant: str
    name: str | None
    result: ResultKind
    jobs: int  # how many
    digest: str  # sha256, hex, of the canonical JSON of the body
    accepted_at: int  # ms

    def member_id(self, n: int) -> str:
        """The id of the job at place n, from 0."""
        # Made of what no Idempotency-Key can be, for it has spaces.
        return job_id(self.tenant, f"batch {self.id} {n}")

    @cached_property
    def member_ids(self) -> tuple[str, ...]:
        """The ids of all of its jobs, in their order."""
        return tuple(self.member_id(n) for n in range(self.jobs))

    def result_id(self, generation: int) -> str:
        """The id of the job that assembles a generation."""
        return job_id(self.tenant, f"batch {self.id} result {generation}")

    def result_request(self, generation: int, *, accepted_at: int) -> Request:
        """That job, as the ledger keeps it: the same whenever it is asked for."""
        return Request(
            id=self.result_id(generation),
            tenant=self.tenant,
            report_type=RESULT_TYPE,
            data={"batch": self.id, "generation": generation, "jobs": self.jobs, "result": self.result.value},
            digest=hashlib.sha256(f"{self.id} {generation}".encode()).hexdigest(),
            accepted_at=accepted_at,
            attempts=_ATTEMPTS,
        )


@dataclass(frozen=True)
class Member:
    """Where one of a batch's jobs stands."""

    n: int  # its place in the batch, from 0
    job_id: str
    state: State
    round: int
    progress: int = 0  # 0-100
    reason: str | None = None  # of a failed job
    message: str | None = None


def has_ended(members: Sequence[Member]) -> bool:
    """Whether nothing more happens to any of them by itself."""
    return all(member.state.is_terminal for member in members)


def generation_of(members: Sequence[Member]) -> int:
    """Which generation they make."""
    return sum(member.round for member in members)
