"""The marks of the ledger's objects: what looking at one must tell, kept in its metadata so that a HEAD is enough.

They are written in the same PUT as the object. It knows shapes only: S3 is `bucket`'s, the verbs are `ledger`'s.
"""

from dataclasses import dataclass

from report_queue.job import NewJob, Result, State
from report_queue.request import Request


@dataclass(frozen=True)
class Head:
    """What a HEAD says of an object, and its marks (the user metadata) as facts."""

    etag: str
    size: int
    marks: dict[str, str]

    @property
    def round(self) -> int:
        return int(self.marks["round"])

    @property
    def digest(self) -> str:
        return self.marks["digest"]

    @property
    def state(self) -> State:
        return State(self.marks["state"])

    def new_job(self, job_id: str) -> NewJob:
        due_at = self.marks.get("due-at")
        return NewJob(
            id=job_id,
            tenant=self.marks["tenant"],
            report_type=self.marks["report-type"],
            accepted_at=int(self.marks["accepted-at"]),
            attempts=int(self.marks["attempts"]),
            round=self.round,
            due_at=int(due_at) if due_at else None,
        )

    def result(self, key: str) -> Result:
        return Result(
            key=key,
            size=self.size,
            pages=int(self.marks["pages"]),
            sha256=self.marks["sha256"],
            seconds=float(self.marks["seconds"]),
            peak_memory_mb=int(self.marks["peak-memory-mb"]),
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
    return marks if request.due_at is None else marks | {"due-at": str(request.due_at)}


def result_marks(result: Result) -> dict[str, str]:
    return {
        "pages": str(result.pages),
        "sha256": result.sha256,
        "seconds": str(result.seconds),
        "peak-memory-mb": str(result.peak_memory_mb),
    }
