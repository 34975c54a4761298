"""The receipt: what is kept of a job for good, once it has ended.

It knows its JSON shape and how it follows from the broker's record; where it is kept is `ledger`'s to know.
"""

import json
from dataclasses import dataclass, replace
from typing import Any, Self

from report_queue.job import Job, State
from report_queue.request import Request
from report_queue.result import Finding, Recipe, Result


@dataclass(frozen=True)
class Receipt:
    """A job's end: the request as it was accepted, and what came of it."""

    request: Request  # its round is the round that ended
    state: State  # terminal
    attempt: int  # claims that it took
    finished_at: int  # ms
    reason: str | None = None  # of the failure, a stable code
    message: str | None = None  # of the failure, for people
    result: Result | None = None  # of a completed job

    def __post_init__(self) -> None:
        assert self.state.is_terminal, f"{self.state} is not the end of a job"

    def outranks(self, *, round: int, state: State) -> bool:  # noqa: A002 — the domain's word
        """True where this receipt may take the place of one of that round and state.

        Within a round the first receipt stands, except that a report which is there outweighs a failure: a broker that
        was wiped in between may give one round to two workers, and the slower one may succeed. A cancel is someone's
        decision and stands.
        """
        if self.request.round != round:
            return self.request.round > round
        return self.state is State.COMPLETED and state is State.FAILED

    def to_json(self) -> bytes:
        """UTF-8 JSON. The request's own JSON stands in it as it is: a payload is not written twice over."""
        ending = {
            "state": self.state,
            "attempt": self.attempt,
            "finishedAt": self.finished_at,
            "reason": self.reason,
            "message": self.message,
            "result": self.result and _result_to_json(self.result),
        }
        return b'{"request": ' + self._kept().to_json() + b", " + json.dumps(ending).encode()[1:]

    def _kept(self) -> Request:
        """The request. Its password has served once the report is there; until then, a retry would need it."""
        request = self.request
        if self.state is not State.COMPLETED or request.edition.password is None:
            return request
        return replace(request, edition=request.edition.without_password())

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """The receipt that `to_json` wrote; of a completed job it has no password."""
        given = json.loads(body)
        return cls(
            request=Request.from_fields(given["request"]),
            state=State(given["state"]),
            attempt=given["attempt"],
            finished_at=given["finishedAt"],
            reason=given["reason"],
            message=given["message"],
            result=given["result"] and _result_from_json(given["result"]),
        )


def receipt_of(job: Job, request: Request) -> Receipt:
    """The receipt that follows from the broker's record of a job that has ended."""
    return Receipt(
        request=request,
        state=job.state,
        attempt=job.attempt,
        finished_at=job.at,
        reason=job.reason if job.state is State.FAILED else None,
        message=job.message if job.state is State.FAILED else None,
        result=job.result if job.state is State.COMPLETED else None,
    )


def _result_to_json(result: Result) -> dict[str, Any]:
    return {
        "key": result.key,
        "size": result.size,
        "pages": result.pages,
        "sha256": result.sha256,
        "seconds": result.seconds,
        "peakMemoryMb": result.peak_memory_mb,
        "unlockedSha256": result.unlocked_sha256,
        "findings": [vars(one) for one in result.findings],
        "recipe": result.recipe and vars(result.recipe),
    }


def _result_from_json(given: Any) -> Result:
    recipe = given.get("recipe")
    return Result(
        key=given["key"],
        size=given["size"],
        pages=given["pages"],
        sha256=given["sha256"],
        seconds=given["seconds"],
        peak_memory_mb=given["peakMemoryMb"],
        unlocked_sha256=given.get("unlockedSha256"),
        findings=tuple(Finding(**one) for one in given.get("findings", ())),
        recipe=Recipe(**recipe) if recipe else None,
    )
