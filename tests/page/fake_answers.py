"""What the made-up API of the page's tests says of report types, of the queue, of batches and schedules."""

from typing import Any, Final

SALES: Final = {
    "name": "sales",
    "title": "Sales report",
    "description": "Orders of a period, by product and region, with a chart.",
    "schema": {
        "type": "object",
        "required": ["title", "rows"],
        "properties": {
            "title": {"type": "string", "title": "Title", "description": "What it is called", "maxLength": 120},
            "day": {"type": "string", "title": "Day", "format": "date"},
            "kind": {"type": "string", "title": "Kind", "enum": ["short", "long"]},
            "addresses": {"type": "array", "title": "Addresses", "items": {"type": "string"}},
            "seller": {
                "type": "object",
                "title": "Seller",
                "required": ["name"],
                "properties": {"name": {"type": "string", "title": "Name"}},
            },
            "rows": {
                "type": "array",
                "title": "Sales",
                "items": {
                    "type": "object",
                    "title": "Sale",
                    "required": ["product", "units"],
                    "properties": {
                        "product": {"type": "string", "title": "Product"},
                        "units": {"type": "number", "title": "Units"},
                    },
                },
            },
            "panels": {
                "type": "array",
                "title": "Panels",
                "items": {
                    "type": "object",
                    "title": "Panel",
                    "properties": {
                        "heading": {"type": "string", "title": "Heading"},
                        "points": {"type": "array", "title": "Points", "items": {"type": ["number", "null"]}},
                    },
                },
            },
        },
    },
    "sample": {
        "title": "Third quarter",
        "rows": [{"product": "Anvil", "units": 12}, {"product": "Rope", "units": 7}],
        "panels": [{"heading": "Growth", "points": [1, None, 2]}],
    },
}
INVOICE: Final = {
    "name": "invoice",
    "title": "Invoice",
    "description": "One invoice.",
    "schema": {"type": "object", "properties": {"number": {"type": "string", "title": "Number"}}},
    "sample": {"number": "2026-001"},
}
QUEUE: Final = {
    "counts": {"waiting": 0},
    "paused": {},
    "workers": 1,
    "oldestWaitingSeconds": 12.5,
    "drainSeconds": 90.0,
    "wait": {"count": 9, "mean": 1.2, "p50": 0.9, "p95": 4.2},
    "run": {"count": 9, "mean": 0.8, "p50": 0.4, "p95": 2.1},
    "minutes": [
        {"at": "2026-11-24T06:28:00Z", "enqueued": 9, "started": 9, "completed": 7, "failed": 2},
        {"at": "2026-11-24T06:30:00Z", "enqueued": 4, "started": 4, "completed": 12, "failed": 0},
    ],
    "timestamp": "2026-11-24T06:31:12Z",
}


USAGE: Final = {
    "since": "2026-11-01",
    "until": "2026-11-25",
    "total": {
        "completed": 1_204,
        "failed": 3,
        "pages": 4_100,
        "bytes": 52_000_000,
        "renderSeconds": 610.5,
        "costUsd": 0.0412,
    },
    "days": [
        {
            "day": day,
            "reportType": kind,
            "completed": completed,
            "failed": 1,
            "pages": 2_050,
            "bytes": 26_000_000,
            "renderSeconds": 305.25,
            "costUsd": 0.0206,
        }
        for day, kind, completed in (("2026-11-23", "sales", 1_000), ("2026-11-24", "invoice", 204))
    ],
    "complete": True,
    "timestamp": "2026-11-24T06:31:12Z",
}


def delivery(delivery_id: str, **more: Any) -> dict[str, Any]:
    """A message that its receiver took at the second try."""
    tries = [
        {"at": "2026-11-24T06:30:00Z", "seconds": 10.0, "status": None, "reason": "no answer within 10 seconds"},
        {"at": "2026-11-24T06:30:07Z", "seconds": 0.12, "status": 204, "reason": None},
    ]
    moments = {"timestamp": "2026-11-24T06:30:00Z", "dueAt": None}
    return (
        {"id": delivery_id, "event": "job.failed", "status": "delivered", "url": None, "tries": tries} | moments | more
    )


def webhook(webhook_id: str, **more: Any) -> dict[str, Any]:
    """A webhook, as the API shows one."""
    return {
        "id": webhook_id,
        "url": "https://example.com/hooks",
        "events": ["job.failed", "batch.ended"],
        "description": None,
        "status": "enabled",
        "reason": None,
        "failingSince": None,
        "timestamp": "2026-11-24T06:30:00Z",
        "deliveries": [delivery("msg_1"), delivery("msg_2", status="failed", tries=[])],
    } | more


def schedule(schedule_id: str, **more: Any) -> dict[str, Any]:
    """A schedule, as the API shows one."""
    return {
        "id": schedule_id,
        "status": "running",
        "cron": "30 6 * * 1-5",
        "everySeconds": None,
        "timeZone": "Europe/Berlin",
        "reportType": "sales",
        "overlap": "skip",
        "catchUp": "one",
        "timestamp": "2026-11-24T06:30:00Z",
        "nextRuns": ["2099-11-25T05:30:00Z", "2099-11-26T05:30:00Z"],
        "lastRun": {"jobId": "done", "scheduledFor": "2026-11-24T05:30:00Z"},
        "fired": 3,
        "skipped": 0,
        "missed": 0,
        "failedReason": None,
        "report": {"reportType": "sales", "data": SALES["sample"]},
    } | more


def batch(batch_id: str, **more: Any) -> dict[str, Any]:
    """A batch of three that has ended, with one failure."""
    failed = {"n": 1, "jobId": "failed", "status": "failed"}
    return {
        "id": batch_id,
        "name": "Invoices of May",
        "jobs": 3,
        "result": "zip",
        "status": "ended",
        "counts": {"completed": 2, "failed": 1},
        "progress": 1,
        "failed": [failed | {"reason": "template.error", "failedReason": "total is missing"}],
        "members": [{"n": 0, "jobId": "done", "status": "completed"}, failed],
        "resultUrl": f"/api/v1/batches/{batch_id}/download",
        "assembly": None,
        "timestamp": "2026-11-24T06:30:00Z",
    } | more
