"""What the command writes: texts that a terminal can bear, or JSON."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from report_queue.client.answers import Batch, Job
from report_queue.client.errors import ClientError, Refused


def plain(text: object) -> str:
    """A text without what a terminal would obey: control characters, and those that turn the direction."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in str(text))


def line(text: str) -> None:
    """A line of what was asked for."""
    print(plain(text), flush=True)


def aside(text: str) -> None:
    """A line beside it."""
    print(plain(text), file=sys.stderr, flush=True)


def as_json(value: Any, *, lines: bool = False) -> None:
    """A value for programs; one a line where many follow each other."""
    print(json.dumps(value, indent=None if lines else 2), flush=True)  # ASCII: nothing that a terminal obeys


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows below a head, column by column."""
    cells = [list(head), *([plain("-" if cell is None else cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def jobs(found: Sequence[Job]) -> None:
    """Jobs, one a line."""
    rows = [(job.id, job.report_type, job.state, _percent(job), job.raw.get("timestamp"), _why(job)) for job in found]
    table(("ID", "TYPE", "STATE", "DONE", "SUBMITTED", "WHY"), rows)


def job(found: Job) -> None:
    """One job: what is known of it, and what happened to it."""
    raw, made = found.raw, found.raw.get("result") or {}
    outlook = raw.get("outlook") or {}
    facts = {
        "id": found.id,
        "type": found.report_type,
        "state": f"{found.state} ({_percent(found)})",
        "submitted": raw.get("timestamp"),
        "started": raw.get("processedOn"),
        "ended": raw.get("finishedOn"),
        "attempts": f"{raw.get('attempts')} of {raw.get('maxAttempts')}",
        "waits for": ", ".join(outlook.get("reasons", ())) or None,
        "starts at": outlook.get("startsAt"),
        "batch": raw.get("batch"),
        "tags": ", ".join(raw.get("tags") or ()) or None,
        "why": _why(found),
        "report": made and f"{made.get('fileName')}, {made.get('fileSize'):,} bytes, {made.get('pages')} pages",
    }
    for name, fact in facts.items():
        if fact:
            line(f"{name:<10} {fact}")
    for warning in made.get("warnings") or ():
        line(f"{'warning':<10} {warning.get('message') or warning}")
    for event in raw.get("timeline") or ():
        line(f"{'':<10} {happened(event)}")


def happened(event: dict[str, Any]) -> str:
    """One event of a timeline."""
    parts = [event.get("at"), event.get("verb"), f"attempt {event['attempt']}" if event.get("attempt") else None]
    parts += [event.get("worker"), event.get("reason"), event.get("message")]
    return "  ".join(str(part) for part in parts if part)


def batch(found: Batch) -> None:
    """A batch's end, and why some of it failed."""
    counted = ", ".join(f"{count} {state}" for state, count in found.counts.items() if count)
    aside(f"batch {found.id}: {counted}")
    for one in found.raw.get("failed") or ():
        aside(f"report {one.get('n', 0) + 1}, job {one.get('jobId')}: {one.get('reason')}: {one.get('failedReason')}")


def error(failed: ClientError, *, places: Sequence[str] = ()) -> None:
    """Why it was refused, fault by fault; `places` are where the reports of a batch came from."""
    aside(f"error: {failed}")
    for fault in failed.errors if isinstance(failed, Refused) else ():
        aside(f"  {_place(fault.pointer, places)}: {fault.detail}")
    if isinstance(failed, Refused) and failed.request_id:
        aside(f"  request id {failed.request_id}")


def error_as_json(failed: ClientError) -> None:
    """The same for programs, on stderr."""
    said: dict[str, Any] = {"error": type(failed).__name__, "message": str(failed)}
    if isinstance(failed, Refused):
        faults = [{"pointer": fault.pointer, "detail": fault.detail} for fault in failed.errors]
        said |= {"status": failed.status, "type": failed.type, "requestId": failed.request_id, "errors": faults}
    print(json.dumps(said), file=sys.stderr, flush=True)


def _place(pointer: str, places: Sequence[str]) -> str:
    first, _, rest = pointer.removeprefix("/reports/").partition("/")
    if pointer.startswith("/reports/") and first.isdecimal() and int(first) < len(places):
        return f"{places[int(first)]}: /{rest.removeprefix('data/')}"
    return pointer or "the request"


def _percent(job: Job) -> str:
    return f"{job.progress:.0%}"


def _why(job: Job) -> str | None:
    return f"{job.reason}: {job.message}" if job.reason else None
