"""What is told of a job that has ended: small, and neither the payload nor a link that would be a key.

    receipt ──► event, {type, timestamp, data: {jobId, reportType, status, …}}

It knows nothing of who is told.
"""

import json
from typing import Any

from report_queue.batch import RESULT_TYPE
from report_queue.job import State
from report_queue.receipt import Receipt
from report_queue.views import moment, result

_SHOWN = ("reportUrl", "fileName", "fileSize", "pages", "sha256")


def event_of(receipt: Receipt) -> str:
    """Which event the end of this job is."""
    if receipt.request.report_type == RESULT_TYPE:
        return "batch.ended"
    if receipt.state is State.FAILED and receipt.reason == "expired":
        return "job.expired"
    return f"job.{receipt.state}"


def of_receipt(receipt: Receipt) -> str:
    """The message, as JSON."""
    request = receipt.request
    made = receipt.result and result(request.id, request.report_type, receipt.result)
    data: dict[str, Any] = {
        "jobId": request.id,
        "reportType": request.report_type,
        "status": receipt.state.value,
        "reason": receipt.reason,
        "round": request.round,
        "tags": list(request.tags),
        "metadata": dict(request.metadata),
        "batch": request.batch,
        "result": made and {name: made[name] for name in _SHOWN},
    }
    if request.report_type == RESULT_TYPE:
        data = {
            "batchId": request.data["batch"],
            "jobs": request.data["jobs"],
            "generation": request.data["generation"],
            **{name: data[name] for name in ("jobId", "status", "reason", "result")},
        }
    return text(event_of(receipt), receipt.finished_at, data)


def text(event: str, at: int, data: dict[str, Any]) -> str:
    """A message, as JSON; `at` is when it happened (ms)."""
    return json.dumps({"type": event, "timestamp": moment(at), "data": data}, ensure_ascii=False, separators=(",", ":"))
