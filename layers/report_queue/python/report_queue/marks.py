"""The marks of the ledger's objects: what looking at one must tell, kept in its metadata so that a HEAD is enough.

They are written in the same PUT as the object. It knows shapes only: S3 is `bucket`'s, the verbs are `ledger`'s.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from report_queue.job import PRIORITY, Backoff, NewJob, State
from report_queue.request import Request
from report_queue.result import Finding, Recipe, Result

FOREVER: Final = 1 << 40  # the round of a tombstone: no retry comes after it
_ROOM: Final = 1_200  # bytes for findings: S3 takes 2 KB of marks in all


@dataclass(frozen=True)
class Head:
    """What a HEAD says of an object, and its marks (the user metadata) as facts."""

    etag: str
    size: int
    marks: dict[str, str]
    changed_at: int = 0  # seconds since the epoch

    @property
    def round(self) -> int:
        return int(self.marks["round"])

    @property
    def purged(self) -> bool:
        """It stands for documents that are deleted, or are about to be."""
        return "purge" in self.marks

    @property
    def digest(self) -> str:
        return self.marks["digest"]

    @property
    def state(self) -> State:
        return State(self.marks["state"])

    def new_job(self, job_id: str) -> NewJob:
        backoff = self.marks.get("backoff", "").split()
        return NewJob(
            id=job_id,
            tenant=self.marks["tenant"],
            report_type=self.marks["report-type"],
            accepted_at=int(self.marks["accepted-at"]),
            attempts=int(self.marks["attempts"]),
            round=self.round,
            priority=int(self.marks.get("priority", PRIORITY)),
            due_at=self._moment("due-at"),
            expires_at=self._moment("expires-at"),
            backoff=Backoff(backoff[0], int(backoff[1]), float(backoff[2])) if backoff else None,  # type: ignore[arg-type]  # as written below
            retention_ms=self._moment("retention-ms"),
            tags=tuple(self.marks.get("tags", "").split()),
            batch=self.marks.get("batch"),
        )

    def _moment(self, name: str) -> int | None:
        return int(self.marks[name]) if name in self.marks else None

    def result(self, key: str) -> Result:
        return Result(
            key=key,
            size=self.size,
            pages=int(self.marks["pages"]),
            sha256=self.marks["sha256"],
            seconds=float(self.marks["seconds"]),
            peak_memory_mb=int(self.marks["peak-memory-mb"]),
            findings=tuple(Finding(*found) for found in json.loads(self.marks.get("findings", "[]"))),
            recipe=Recipe(*self.marks["recipe"].split(" ", 2)) if "recipe" in self.marks else None,
            unlocked_sha256=self.marks.get("unlocked-sha256"),
        )


def request_marks(request: Request) -> dict[str, str]:
    marks = {
        "tenant": request.tenant,
        "report-type": request.report_type,
        "accepted-at": str(request.accepted_at),
        "attempts": str(request.attempts),
        "round": str(request.round),
        "digest": request.digest,
    }
    backoff = request.backoff
    optional = {
        "priority": None if request.priority == PRIORITY else str(request.priority),
        "due-at": _text(request.due_at),
        "expires-at": _text(request.expires_at),
        "backoff": f"{backoff.kind} {backoff.ms} {backoff.jitter}" if backoff else None,
        "retention-ms": _text(request.retention_ms),
        "tags": " ".join(request.tags) or None,
        "batch": request.batch,
    }
    return marks | {name: mark for name, mark in optional.items() if mark is not None}


def purge_marks(*, tenant: str, report: str) -> dict[str, str]:
    """Of what stands in `open/` while a job's documents are deleted: a round that comes after all others."""
    return {"tenant": tenant, "round": str(FOREVER + 1), "digest": "none", "purge": report}


def tombstone_marks(*, tenant: str, state: State) -> dict[str, str]:
    """Of what stands in a receipt's place for good."""
    return {"tenant": tenant, "round": str(FOREVER), "digest": "none", "purge": "done", "state": state.value}


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def result_marks(result: Result) -> dict[str, str]:
    recipe = result.recipe
    optional = {
        "findings": _findings(result.findings),
        "recipe": f"{recipe.template} {recipe.fonts} {recipe.engine}" if recipe else None,
        "unlocked-sha256": result.unlocked_sha256,
    }
    return {name: mark for name, mark in optional.items() if mark} | {
        "pages": str(result.pages),
        "sha256": result.sha256,
        "seconds": str(result.seconds),
        "peak-memory-mb": str(result.peak_memory_mb),
    }


def _findings(findings: Sequence[Finding]) -> str | None:
    """As many of the first as there is room for, in ASCII: S3 takes nothing else."""
    told = [[one.code, one.message, one.page] for one in findings]
    while len(text := json.dumps(told)) > _ROOM:
        told.pop()
    return text if told else None
