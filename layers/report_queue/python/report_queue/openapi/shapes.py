"""What comes back: the schema of every JSON answer. Tests hold every answer that they get against these."""

from dataclasses import fields
from typing import Any, Final

from report_queue.batch import ResultKind
from report_queue.delivery import Outcome
from report_queue.job import Progress, State
from report_queue.keys import SCOPES
from report_queue.openapi.schema import (
    BOOLEAN,
    COUNT,
    DAY,
    MOMENT,
    NUMBER,
    TEXT,
    Schema,
    answered,
    integer,
    listed,
    mapped,
    maybe,
    one_of,
    ref,
    said,
)
from report_queue.replies import Minute
from report_queue.request import ID_PATTERN
from report_queue.schedule import CatchUp, Overlap
from report_queue.webhook import EVENTS, PING

ID: Final[Schema] = {"type": "string", "pattern": ID_PATTERN}

_SECONDS: Final[Schema] = {"type": "number", "minimum": 0, "description": "seconds"}
_COUNTS: Final = answered({state.value: COUNT for state in State})
_PERCENT: Final = integer(0, Progress.PUBLISHED)


def _done(**members: Schema) -> Schema:
    """The answer to something that was done."""
    return answered({"success": {"const": True}, "message": TEXT, "data": answered(members)})


def _taken(always: dict[str, Schema], sometimes: dict[str, Schema] | None = None) -> Schema:
    shape = _done()
    shape["properties"] = {"statusCode": {"const": 202}, **shape["properties"], "data": answered(always, sometimes)}
    return shape


_SUMMARY: Final[dict[str, Schema]] = {
    "id": ID,
    "name": said(TEXT, "the report type; `batch-result` is the job that assembles a batch"),
    "status": ref("State"),
    "progress": _PERCENT,
    "result": maybe(ref("Result")),
    "attempts": said(COUNT, "those of this round that count against `maxAttempts`"),
    "maxAttempts": COUNT,
    "attempt": said(COUNT, "how often it was claimed"),
    "stalls": COUNT,
    "round": said(COUNT, "one more by each retry by hand"),
    "worker": maybe(TEXT),
    "timestamp": said(MOMENT, "when it was accepted"),
    "dueAt": maybe(MOMENT),
    "processedOn": maybe(MOMENT),
    "finishedOn": maybe(MOMENT),
    "reason": said(maybe(TEXT), "stable code of the last failure, such as `render.timeout`"),
    "failedReason": said(maybe(TEXT), "the same for people"),
    "signature": maybe(TEXT),
    "priority": integer(0, 9),
    "expiresAt": maybe(MOMENT),
    "tags": listed(TEXT),
    "batch": maybe(ID),
}

_DATA_REF: Final = maybe(answered({"key": TEXT}, {"member": TEXT, "etag": TEXT, "size": said(COUNT, "bytes")}))
_METADATA: Final = said(mapped(TEXT), "what the caller keeps with the job")

_SCHEDULE: Final[dict[str, Schema]] = {
    "id": ID,
    "name": maybe(TEXT),
    "status": one_of("running", "paused", "over"),
    "cron": maybe(TEXT),
    "everySeconds": maybe(COUNT),
    "timeZone": TEXT,
    "reportType": TEXT,
    "overlap": one_of(*Overlap),
    "catchUp": one_of(*CatchUp),
    "startsAt": MOMENT,
    "endsAt": maybe(MOMENT),
    "timestamp": MOMENT,
    "nextRuns": listed(MOMENT),
    "lastRun": maybe(answered({"jobId": ID, "scheduledFor": MOMENT})),
    "fired": COUNT,
    "skipped": COUNT,
    "missed": COUNT,
    "failedReason": maybe(TEXT),
}

_USED: Final[dict[str, Schema]] = {
    "completed": COUNT,
    "failed": COUNT,
    "pages": COUNT,
    "bytes": COUNT,
    "renderSeconds": _SECONDS,
    "costUsd": said(NUMBER, "at most, as if each report had its worker for itself"),
}
_SECRET: Final[Schema] = {"type": "string", "pattern": "^whsec_", "description": "shown this once"}
_WEBHOOK: Final[dict[str, Schema]] = {
    "id": said(TEXT, "or `callback`, by which the callbacks of jobs are signed"),
    "url": maybe(TEXT),
    "events": listed(one_of(*EVENTS)),
    "description": maybe(TEXT),
    "status": one_of("enabled", "disabled"),
    "reason": said(maybe(TEXT), "why it is disabled"),
    "failingSince": maybe(MOMENT),
    "timestamp": MOMENT,
}

_FAULT: Final = answered({"pointer": said(TEXT, "JSON Pointer (RFC 6901) into the request"), "detail": TEXT})
_MEMBER: Final[dict[str, Schema]] = {"n": COUNT, "jobId": ID, "status": ref("State")}


def schemas() -> dict[str, Any]:
    """All of them by name, as they stand under components."""
    return {
        "State": one_of(*State),
        "Problem": answered(
            {
                "type": said(TEXT, "`/problems/` and a word that does not change: an address that explains it"),
                "title": TEXT,
                "status": integer(400, 599),
                "detail": TEXT,
                "success": said({"const": False}, "for older callers, as `message` and `errorMessages`"),
                "message": TEXT,
            },
            {
                "instance": TEXT,
                "requestId": TEXT,
                "reason": said(TEXT, "code of what a report failed with"),
                "errors": listed(_FAULT),
                "errorMessages": listed(answered({"path": TEXT, "message": TEXT})),
            },
        ),
        "Refusal": said(answered({"message": TEXT}), "API Gateway's own refusal"),
        "Result": answered(
            {
                "reportUrl": said(TEXT, "needs a key, and does not expire"),
                "fileName": TEXT,
                "fileSize": said(COUNT, "bytes"),
                "pages": COUNT,
                "sha256": TEXT,
                "seconds": said(_SECONDS, "of rendering"),
                "peakMemoryMb": COUNT,
                "warnings": listed(
                    answered({"code": TEXT, "message": TEXT, "page": maybe(COUNT)}),
                    description="what the preflight has against it",
                ),
                "recipe": maybe(answered({"template": TEXT, "fonts": TEXT, "engine": TEXT})),
            }
        ),
        "Job": answered(_SUMMARY),
        "CompletedJob": answered(
            {
                **_SUMMARY,
                "success": {"const": True},
                "reportUrl": maybe(TEXT),
                "fileName": maybe(TEXT),
                "fileSize": maybe(COUNT),
                "processedAt": MOMENT,
            }
        ),
        "JobDetail": answered(
            {
                **_SUMMARY,
                "jobData": {"description": "the payload as it was sent; null where it is not kept any more"},
                "options": said(
                    mapped({}), "what else was sent, as a submission takes it; no password and no `dedupKey` is told"
                ),
                "metadata": _METADATA,
                "dataRef": _DATA_REF,
                "timeline": listed(
                    answered(
                        {
                            "verb": TEXT,
                            "at": MOMENT,
                            "attempt": COUNT,
                            "worker": maybe(TEXT),
                            "reason": maybe(TEXT),
                            "message": maybe(TEXT),
                        }
                    )
                ),
                "outlook": said(
                    maybe(
                        answered(
                            {
                                "reasons": listed(
                                    one_of("paused", "limited", "behind", "no worker", "delayed", "backoff")
                                ),
                                "ahead": maybe(COUNT),
                                "startsAt": said(maybe(MOMENT), "a guess from the pace of the last minutes"),
                            }
                        )
                    ),
                    "why it has not started; null once it has",
                ),
            },
            {"jobDataOmitted": said(TEXT, "why `jobData` is null though there is one")},
        ),
        "Receipt": answered(
            {
                "id": ID,
                "name": TEXT,
                "status": ref("State"),
                "round": COUNT,
                "attempt": COUNT,
                "timestamp": MOMENT,
                "finishedOn": MOMENT,
                "reason": maybe(TEXT),
                "failedReason": maybe(TEXT),
                "result": maybe(ref("Result")),
                "digest": said(TEXT, "sha256, hex, of the request as it was sent"),
                "edition": said(mapped({}), "how the report was to be made"),
                "priority": integer(0, 9),
                "tags": listed(TEXT),
                "metadata": _METADATA,
                "batch": maybe(ID),
                "dataRef": _DATA_REF,
            }
        ),
        "JobList": _list("Job"),
        "CompletedJobList": _list("CompletedJob"),
        "JobDeleted": _done(jobId=ID),
        "JobActed": _done(jobId=ID, status=ref("State")),
        "Accepted": _taken({"jobId": ID}, {"duplicate": said(BOOLEAN, "true: another job has the `dedupKey`")}),
        "Retried": _done(dryRun=BOOLEAN, matched=listed(ID), retried=listed(ID), next=maybe(TEXT)),
        "Groups": answered(
            {
                "groups": listed(
                    answered(
                        {
                            "signature": TEXT,
                            "count": COUNT,
                            "newest": ID,
                            "reason": maybe(TEXT),
                            "failedReason": maybe(TEXT),
                        }
                    )
                )
            }
        ),
        "Download": answered({"url": TEXT, "viewUrl": TEXT, "fileName": TEXT, "expiresIn": said(COUNT, "seconds")}),
        "UploadLink": _done(
            key=said(TEXT, "what a request's `dataRef` names"),
            method={"const": "PUT"},
            url=TEXT,
            expiresAt=MOMENT,
            maxBytes=COUNT,
        ),
        "BatchAccepted": _taken({"batchId": ID, "jobs": COUNT}),
        "Batch": answered(
            {
                "id": ID,
                "name": maybe(TEXT),
                "jobs": COUNT,
                "result": one_of(*ResultKind),
                "timestamp": MOMENT,
                "status": one_of("running", "ended"),
                "counts": _COUNTS,
                "progress": {"type": "number", "minimum": 0, "maximum": 1},
                "failed": listed(answered({**_MEMBER, "reason": maybe(TEXT), "failedReason": maybe(TEXT)})),
                "members": listed(answered(_MEMBER)),
                "resultUrl": maybe(TEXT),
                "assembly": maybe(answered({"jobId": ID, "status": ref("State"), "failedReason": maybe(TEXT)})),
            }
        ),
        "BatchList": answered(
            {
                "batches": listed(
                    answered(
                        {
                            "id": ID,
                            "name": maybe(TEXT),
                            "jobs": COUNT,
                            "result": one_of(*ResultKind),
                            "timestamp": MOMENT,
                            "counts": maybe(_COUNTS),
                        }
                    )
                ),
                "after": maybe(TEXT),
            }
        ),
        "BatchActed": _done(batchId=ID, jobs=COUNT, left=said(COUNT, "jobs that want it asked for again")),
        "Schedule": answered(_SCHEDULE),
        "ScheduleDetail": answered({**_SCHEDULE, "report": {"type": "object"}}),
        "ScheduleList": answered({"schedules": listed(ref("Schedule")), "after": maybe(TEXT)}),
        "ScheduleMade": _done(scheduleId=ID, nextRuns=listed(MOMENT)),
        "ScheduleActed": _done(scheduleId=ID, status=TEXT, nextRuns=listed(MOMENT)),
        "ScheduleRun": _done(scheduleId=ID, jobId=ID),
        "ScheduleEnded": _done(scheduleId=ID),
        "Webhooks": answered({"webhooks": listed(ref("Webhook"))}),
        "Webhook": answered(_WEBHOOK),
        "WebhookDetail": answered({**_WEBHOOK, "deliveries": listed(ref("Delivery"))}),
        "WebhookMade": _done(webhookId=ID, secret=_SECRET),
        "WebhookRotated": _done(webhookId=TEXT, secret=_SECRET, beforeUntil=maybe(MOMENT)),
        "WebhookActed": _done(webhookId=TEXT),
        "WebhookTried": answered(
            {
                "success": said(BOOLEAN, "whether the receiver took it"),
                "message": TEXT,
                "data": answered({"webhookId": TEXT, "delivery": ref("Delivery")}),
            }
        ),
        "Delivery": answered(
            {
                "id": said(TEXT, "`webhook-id`"),
                "event": one_of(*EVENTS, PING),
                "status": one_of(*Outcome),
                "url": said(maybe(TEXT), "of a callback"),
                "timestamp": MOMENT,
                "dueAt": maybe(MOMENT),
                "tries": listed(
                    answered({"at": MOMENT, "seconds": _SECONDS, "status": maybe(COUNT), "reason": maybe(TEXT)})
                ),
            }
        ),
        "Key": answered({"id": TEXT, "tenant": TEXT, "scopes": listed(one_of(*SCOPES))}),
        "Stats": answered({"queue": TEXT, "counts": _COUNTS, "totalJobs": COUNT, "timestamp": MOMENT}),
        "Queue": answered(
            {
                "counts": _COUNTS,
                "paused": said(mapped(MOMENT), "report types, or `*` for all, and since when"),
                "workers": COUNT,
                "oldestWaitingSeconds": maybe(_SECONDS),
                "drainSeconds": said(maybe(NUMBER), "until nothing waits, at the pace of late; null: unknown"),
                "wait": ref("Spread"),
                "run": ref("Spread"),
                "minutes": listed(
                    answered({field.name: MOMENT if field.name == "at" else COUNT for field in fields(Minute)})
                ),
                "timestamp": MOMENT,
            }
        ),
        "Spread": answered({"count": COUNT, "mean": maybe(_SECONDS), "p50": maybe(_SECONDS), "p95": maybe(_SECONDS)}),
        "Usage": answered(
            {
                "since": DAY,
                "until": DAY,
                "total": answered(_USED),
                "days": listed(answered({"day": DAY, "reportType": TEXT, **_USED})),
                "complete": said(BOOLEAN, "false while the broker is away: the last ten minutes may be missing"),
                "timestamp": MOMENT,
            }
        ),
        "TenantsUsage": answered(
            {
                "since": DAY,
                "until": DAY,
                "total": answered(_USED),
                "tenants": listed(answered({"tenant": TEXT, **_USED})),
                "complete": said(BOOLEAN, "false where there are more tenants than are looked at"),
                "timestamp": MOMENT,
            }
        ),
        "Paused": _done(paused=said(TEXT, "a report type, or `*`")),
        "Resumed": _done(resumed=said(TEXT, "a report type, or `*`")),
        "Workers": answered(
            {
                "workers": listed(
                    answered(
                        {
                            "id": TEXT,
                            "pid": COUNT,
                            "uptime": _SECONDS,
                            "timestamp": said(MOMENT, "of its last heartbeat"),
                            "startedAt": MOMENT,
                            "slots": COUNT,
                            "active": COUNT,
                            "finished": COUNT,
                            "jobs": said(listed(ID), "those of yours that it holds"),
                            "memoryMb": COUNT,
                            "version": TEXT,
                        }
                    )
                ),
                "count": COUNT,
                "timestamp": MOMENT,
            }
        ),
        "ReportTypes": listed(
            answered({"name": TEXT, "title": TEXT, "description": TEXT, "schema": {"type": "object"}, "sample": {}})
        ),
        "Health": answered(
            {
                "status": one_of("ok", "degraded", "unavailable"),
                "broker": one_of("ok", "away"),
                "store": one_of("ok", "away"),
                "timestamp": MOMENT,
            }
        ),
    }


def _list(of: str) -> Schema:
    return answered(
        {
            "jobs": listed(ref(of)),
            "total": said(maybe(COUNT), "null where filters leave some out"),
            "page": COUNT,
            "limit": COUNT,
            "next": said(maybe(TEXT), "the next page's `after`; null at the end"),
        }
    )
