"""How HTTP shows batches. Pure: from what is known to JSON values; moments as everywhere (see `views`)."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from report_queue.batch import Batch, Member
from report_queue.batch_desk import Accepted, Acted, Listed, Look
from report_queue.job import State
from report_queue.views import moment


def accepted(answer: Accepted) -> dict[str, Any]:
    """POST /api/v1/batches"""
    return {
        "statusCode": 202,
        "success": True,
        "message": "This batch was accepted before." if answer.replayed else "The batch is accepted.",
        "data": {"batchId": answer.batch.id, "jobs": answer.batch.jobs},
    }


def detail(found: Look) -> dict[str, Any]:
    """GET /api/v1/batches/{id}; `progress` is from 0 to 1, `n` a report's place in the batch, from 0."""
    counts = Counter(member.state for member in found.members)
    failed = [member for member in found.members if member.state is State.FAILED]
    return {
        **_facts(found.batch),
        "status": "running" if found.running else "ended",
        "counts": {state.value: counts[state] for state in State},
        "progress": round(sum(map(_progress, found.members)) / found.batch.jobs, 4),
        "failed": [_member(member) | _why(member) for member in failed],
        "members": [_member(member) for member in found.members],
        "resultUrl": f"/api/v1/batches/{found.batch.id}/download" if found.current else None,
        "assembly": found.assembly
        and {"jobId": found.assembly[0], "status": found.assembly[1].value, "failedReason": found.assembly[2]},
    }


def page(found: Listed) -> dict[str, Any]:
    """GET /api/v1/batches; `after` asks for the next page, and is null at the end."""
    return {"batches": [_summary(batch, counts) for batch, counts in found.batches], "after": found.after}


def acted(batch_id: str, done: Acted, word: str) -> dict[str, Any]:
    """POST /api/v1/batches/{id}/retry and cancel; `left` jobs want it asked for again."""
    message = f"{done.done} jobs are {word}." + (f" {done.left} are left: ask again." if done.left else "")
    return {"success": True, "message": message, "data": {"batchId": batch_id, "jobs": done.done, "left": done.left}}


def _facts(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.id,
        "name": batch.name,
        "jobs": batch.jobs,
        "result": batch.result.value,
        "timestamp": moment(batch.accepted_at),
    }


def _summary(batch: Batch, counts: Mapping[State, int] | None) -> dict[str, Any]:
    """`counts` is null where the broker does not know all of its jobs, or is away: the batch itself says more."""
    known = counts if counts is not None and sum(counts.values()) == batch.jobs else None
    return {**_facts(batch), "counts": known and {state.value: known[state] for state in State}}


def _progress(member: Member) -> float:
    return 1 if member.state.is_terminal else member.progress / 100


def _member(member: Member) -> dict[str, Any]:
    return {"n": member.n, "jobId": member.job_id, "status": member.state.value}


def _why(member: Member) -> dict[str, Any]:
    return {"reason": member.reason, "failedReason": member.message}
