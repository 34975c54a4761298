"""What a caller asks for with a batch: parsed once, at the border, all of it or nothing.

    {reports: [a submission, …], name?, result?}   ── parse ──► Draft ── batch_of ──► Batch, Requests

Each report within is held against the same rules as one that is submitted alone. It knows nothing of HTTP.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from report_queue import strict_json
from report_queue.batch import MOST, Batch, ResultKind
from report_queue.edition import PDF
from report_queue.errors import Fault, TooLarge
from report_queue.reports import ReportType, report_types
from report_queue.request import Request, Submission, refuse_if, submission
from report_queue.validation import faults, name_faults, stranger_faults

_NOT_MERGED: Final = frozenset({"attachments", "format", "password", "variant"})
_MEMBERS: Final = ("reports", "name", "result")


@dataclass(frozen=True)
class Draft:
    """A batch that is good, before it has an id. The same request has the same `digest`, however it was written."""

    name: str | None
    result: ResultKind
    submissions: tuple[Submission, ...]
    digest: str


def parse(body: bytes, *, limit: int, types: Mapping[str, ReportType] | None = None) -> Draft:
    """The draft that a body holds; `limit` is the most bytes. Raises as `request.parse` does, for any of it."""
    if len(body) > limit:
        raise TooLarge(
            f"The body has {len(body):,} bytes, the limit is {limit:,}: send the reports in several batches."
        )
    sent = strict_json.parse(body)
    known = report_types() if types is None else types
    refuse_if(_faults(sent, known))
    return Draft(
        name=sent.get("name"),
        result=ResultKind(sent.get("result", ResultKind.ZIP)),
        submissions=tuple(submission(report, types=known) for report in sent["reports"]),
        digest=hashlib.sha256(strict_json.canonical(sent)).hexdigest(),
    )


def batch_of(
    draft: Draft,
    *,
    id: str,  # noqa: A002 (the word of the API)
    tenant: str,
    accepted_at: int,
    attempts: int,
    trace: str | None = None,
) -> tuple[Batch, tuple[Request, ...]]:
    """The batch of a draft, and the requests of its jobs; `attempts` is for those that name none."""
    batch = Batch(
        id=id,
        tenant=tenant,
        name=draft.name,
        result=draft.result,
        jobs=len(draft.submissions),
        digest=draft.digest,
        accepted_at=accepted_at,
    )
    requests = tuple(
        Request.of(one, id=job, tenant=tenant, accepted_at=accepted_at, attempts=attempts, batch=id, trace=trace)
        for one, job in zip(draft.submissions, batch.member_ids, strict=True)
    )
    return batch, requests


def _faults(sent: Any, types: Mapping[str, ReportType]) -> Iterator[Fault]:
    if not isinstance(sent, dict):
        yield Fault("", "must be an object with reports and, if you like, name and result")
        return
    yield from stranger_faults(sent, _MEMBERS)
    yield from name_faults(sent)
    if "result" in sent and sent["result"] not in list(ResultKind):
        yield Fault("/result", f"must be one of {', '.join(ResultKind)}")
    reports = sent.get("reports")
    if not isinstance(reports, list) or not 1 <= len(reports) <= MOST:
        yield Fault(
            "/reports", f"must be a list of 1 to {MOST:,} objects with reportType, data and, if you like, options"
        )
        return
    merged = sent.get("result") == ResultKind.PDF
    for n, report in enumerate(reports):
        for fault in (*faults(report, types), *_alone(report, merged=merged)):
            yield replace(fault, pointer=f"/reports/{n}{fault.pointer}")


def _alone(report: Any, *, merged: bool) -> Iterator[Fault]:
    """What makes sense for a report that is submitted alone only: a batch has all of its jobs or none, and where their
    reports become one PDF, each of them is a plain one."""
    options = report.get("options") if isinstance(report, dict) else None
    for option, wish in options.items() if isinstance(options, dict) else ():
        if option.startswith("dedup"):
            yield Fault(f"/options/{option}", "is for a report that is submitted alone: leave it out")
        if merged and option in _NOT_MERGED and wish not in (PDF, []):
            yield Fault(f"/options/{option}", "would be lost where reports are merged into one PDF: ask for a zip")
