"""How HTTP shows a receipt: how a job ended, what was asked for and what the report is made of; without the payload.

Pure, as `views`, whose words it uses.
"""

from typing import Any

from report_queue.receipt import Receipt
from report_queue.views import moment, result


def receipt(kept: Receipt) -> dict[str, Any]:
    """GET /api/jobs/{id}/receipt; `digest` is of the request as it was sent, `result.sha256` of the report."""
    request = kept.request
    return {
        "id": request.id,
        "name": request.report_type,
        "status": kept.state.value,
        "round": request.round,
        "attempt": kept.attempt,
        "timestamp": moment(request.accepted_at),
        "finishedOn": moment(kept.finished_at),
        "reason": kept.reason,
        "failedReason": kept.message,
        "result": result(request.id, request.report_type, kept.result) if kept.result else None,
        "digest": request.digest,
        "edition": request.edition.without_password().to_fields(),
        "priority": request.priority,
        "tags": list(request.tags),
        "metadata": dict(request.metadata),
        "batch": request.batch,
        "dataRef": request.data_ref and request.data_ref.to_fields(),
    }
