"""The manifest of a batch's result: how each of its jobs ended, and which file of the result is whose.

It is written from receipts when a result is assembled, and read where the broker has forgotten the jobs. The same
receipts give the same bytes.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from report_queue.batch import Member
from report_queue.job import State
from report_queue.receipt import Receipt


def write(batch_id: str, generation: int, receipts: Sequence[Receipt], kept: Sequence[int]) -> bytes:
    """The manifest as JSON; `receipts` in the jobs' order, `kept` the places of those whose report is in the result."""
    there = frozenset(kept)
    counts = Counter(receipt.state for receipt in receipts)
    told = {
        "batchId": batch_id,
        "generation": generation,
        "jobs": len(receipts),
        "counts": {state.value: counts[state] for state in State if state.is_terminal},
        "members": [_line(n, receipt, n in there) for n, receipt in enumerate(receipts)],
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def members(manifest: Any) -> dict[int, Member]:
    """The jobs of a manifest, which is parsed JSON, by their places."""
    return {line["n"]: _member(line) for line in manifest["members"]}


def file_name(n: int, receipt: Receipt) -> str:
    """The name of a job's report within the result."""
    return f"{n:03}-{receipt.request.report_type}-{receipt.request.id}.{receipt.request.edition.format}"


def _line(n: int, receipt: Receipt, kept: bool) -> dict[str, Any]:
    gone = receipt.state is State.COMPLETED and not kept
    return {
        "n": n,
        "jobId": receipt.request.id,
        "reportType": receipt.request.report_type,
        "status": receipt.state.value,
        "round": receipt.request.round,
        "fileName": file_name(n, receipt) if kept else None,
        "pages": receipt.result.pages if receipt.result and kept else None,
        "reason": "report.missing" if gone else receipt.reason,
        "failedReason": "the report is not kept any more" if gone else receipt.message,
    }


def _member(line: Any) -> Member:
    return Member(
        n=line["n"],
        job_id=line["jobId"],
        state=State(line["status"]),
        round=line["round"],
        reason=line["reason"],
        message=line["failedReason"],
    )
