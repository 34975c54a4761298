"""The table: one row for each route of the topology, and what it may answer.

What holds for all of a kind is not in the rows: `Operation.problems` adds what keys, bodies, queries and ids bring.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from report_queue.edition import CONTENT_TYPES

Scope = Literal["submit", "read", "operate", "admin"]

LISTED: Final = ("after", "page", "limit")
FILTERS: Final = ("state", "type", "tag", "signature", "batch", "since", "until")
_RETRIED: Final = "Idempotency-Key"


@dataclass(frozen=True)
class Answered:
    """An answer that is no problem: its component, or another media type, and the headers that it may have."""

    says: str
    schema: str | None = None
    media: str | tuple[str, ...] = "application/json"
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """A route. `scope`: what the key must have; None: no key is needed."""

    route: str  # GET /api/stats
    id: str
    tag: str
    says: str
    scope: Scope | None
    answers: Mapping[int, Answered]
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()  # of the request
    body: str | None = None  # its component
    body_required: bool = False
    refusals: tuple[str, ...] = ()  # words of `problems` beyond those that follow from the rest
    apart: bool = False  # it asks neither broker nor store

    @property
    def method(self) -> str:
        """In lower case, as OpenAPI writes it."""
        return self.route.partition(" ")[0].lower()

    @property
    def path(self) -> str:
        """With its parameters in braces."""
        return self.route.partition(" ")[2]

    @property
    def problems(self) -> tuple[str, ...]:
        """The words of every problem that it may answer with."""
        found = {*self.refusals, "unexpected"}
        if self.scope:
            found |= {"forbidden"} if self.apart else {"forbidden", "broker-away", "store-away"}
        if self.body:
            found |= {"malformed-request", "invalid-request", "too-large"}
        if _RETRIED in self.headers:
            found |= {"malformed-request", "invalid-request"}
        if self.query:
            found |= {"invalid-request"}
        if "{" in self.path:
            found |= {"not-found"}
        return tuple(sorted(found))


def _ok(says: str, schema: str, *headers: str) -> dict[int, Answered]:
    return {200: Answered(says, schema, headers=headers)}


_ACCEPTED: Final = ("Location", "Retry-After", "Idempotency-Replayed", "RateLimit-Policy", "RateLimit")
_UNCHANGED: Final = {304: Answered("It is as it was under the ETag that was sent", headers=("ETag",))}
_PAGE: Final = {200: Answered("HTML", media="text/html", headers=("ETag",))} | _UNCHANGED
_LINK: Final = {
    200: Answered("The link, where `Accept` is `application/json`", "Download"),
    302: Answered("To the link", headers=("Location",)),
}

OPERATIONS: Final = (
    Operation(
        "POST /api/v1/reports/generate",
        "submitReport",
        "Reports",
        "Submit a report. It is accepted once it is written to the store; the same `Idempotency-Key` is the same job. "
        "With `Prefer: wait=N` the answer is the job, completed, failed or cancelled, if it ends in time.",
        "submit",
        {
            200: Answered(
                "It has ended within the time that `Prefer` gave: `status` says how",
                "JobDetail",
                headers=("Preference-Applied", *_ACCEPTED),
            ),
            202: Answered("It is accepted", "Accepted", headers=_ACCEPTED),
        },
        headers=(_RETRIED, "Prefer"),
        body="Submission",
        body_required=True,
        refusals=("conflict", "gone", "too-many"),
    ),
    Operation(
        "POST /api/v1/reports/preview",
        "previewReport",
        "Reports",
        "The document at once, and no job. Nothing of it is kept. It has limits of its own: what is too large, or "
        "takes too long, is to be submitted. What asks for something later is refused: `delaySeconds`, `runAt`, "
        "`expiresAt`, `dedupKey`, `webhook`, `callback`, `dataRef`. The other options of a job's alone change nothing.",
        "submit",
        {
            200: Answered(
                "The document, as `format` asks for it",
                media=tuple(media.partition(";")[0] for media in CONTENT_TYPES.values()),
                headers=("Content-Disposition", "Report-Warnings"),
            )
        },
        body="Submission",
        body_required=True,
        refusals=("render-failed", "render-interrupted"),
        apart=True,
    ),
    Operation(
        "GET /api/v1/reports/{id}/download",
        "downloadReport",
        "Reports",
        "A fresh link to the report.",
        "read",
        _LINK,
        headers=("Accept",),
        refusals=("conflict", "gone"),
    ),
    Operation(
        "POST /api/v1/inputs",
        "createUploadLink",
        "Reports",
        "A link by which rows can be put where a request's `dataRef` may name them.",
        "submit",
        {201: Answered("The link", "UploadLink")},
        body="NewUpload",
    ),
    Operation(
        "POST /api/v1/batches",
        "submitBatch",
        "Batches",
        "Submit up to 1,000 reports that become one file: all of them are accepted, or none.",
        "submit",
        {202: Answered("It is accepted", "BatchAccepted", headers=_ACCEPTED)},
        headers=(_RETRIED,),
        body="NewBatch",
        body_required=True,
        refusals=("too-many",),
    ),
    Operation(
        "GET /api/v1/batches",
        "listBatches",
        "Batches",
        "The batches, the newest first.",
        "read",
        _ok("A page of them", "BatchList", "Link"),
        query=("afterBatch", "limit"),
    ),
    Operation(
        "GET /api/v1/batches/{id}", "getBatch", "Batches", "How far a batch is.", "read", _ok("The batch", "Batch")
    ),
    Operation(
        "GET /api/v1/batches/{id}/download",
        "downloadBatch",
        "Batches",
        "A fresh link to the batch's result.",
        "read",
        _LINK,
        headers=("Accept",),
        refusals=("conflict",),
    ),
    Operation(
        "POST /api/v1/batches/{id}/retry",
        "retryBatch",
        "Batches",
        "Those of its jobs that failed or were cancelled, once more.",
        "operate",
        _ok("How many", "BatchActed"),
        refusals=("conflict",),
    ),
    Operation(
        "POST /api/v1/batches/{id}/cancel",
        "cancelBatch",
        "Batches",
        "Cancel those of its jobs that have not ended.",
        "operate",
        _ok("How many", "BatchActed"),
        refusals=("conflict",),
    ),
    Operation(
        "POST /api/v1/schedules",
        "createSchedule",
        "Schedules",
        "A report that is made again and again.",
        "submit",
        {201: Answered("It is kept", "ScheduleMade", headers=("Location", "Idempotency-Replayed"))},
        headers=(_RETRIED,),
        body="NewSchedule",
        body_required=True,
        refusals=("conflict", "not-found"),
    ),
    Operation(
        "GET /api/v1/schedules",
        "listSchedules",
        "Schedules",
        "The schedules, in the order of their ids.",
        "read",
        _ok("A page of them", "ScheduleList", "Link"),
        query=("afterId", "limit"),
    ),
    Operation(
        "GET /api/v1/schedules/{id}",
        "getSchedule",
        "Schedules",
        "One schedule, with its report and its next runs.",
        "read",
        _ok("The schedule", "ScheduleDetail"),
        refusals=("conflict",),
    ),
    Operation(
        "POST /api/v1/schedules/{id}/pause",
        "pauseSchedule",
        "Schedules",
        "Nothing runs until it is resumed.",
        "operate",
        _ok("It is paused", "ScheduleActed"),
        refusals=("conflict",),
    ),
    Operation(
        "POST /api/v1/schedules/{id}/resume",
        "resumeSchedule",
        "Schedules",
        "It runs again from now on.",
        "operate",
        _ok("It is resumed", "ScheduleActed"),
        refusals=("conflict",),
    ),
    Operation(
        "POST /api/v1/schedules/{id}/run",
        "runSchedule",
        "Schedules",
        "A job at once, beside the schedule's own.",
        "operate",
        {202: Answered("The job is accepted", "ScheduleRun", headers=("Location",))},
        headers=(_RETRIED,),
        refusals=("conflict",),
    ),
    Operation(
        "POST /api/v1/schedules/{id}/end",
        "endSchedule",
        "Schedules",
        "Forget the schedule; the jobs that it made go on.",
        "operate",
        _ok("It has ended", "ScheduleEnded"),
        refusals=("conflict",),
    ),
    Operation(
        "GET /api/key",
        "getKey",
        "About",
        "Whose key this is, and what it may do.",
        "read",
        _ok("What is known of the key", "Key"),
    ),
    Operation(
        "POST /api/v1/webhooks",
        "createWebhook",
        "Webhooks",
        "An address that is told of what ends. Its secret is in this answer and in no other.",
        "operate",
        {201: Answered("It is kept", "WebhookMade", headers=("Location",))},
        body="NewWebhook",
        body_required=True,
        refusals=("conflict",),
    ),
    Operation("GET /api/v1/webhooks", "listWebhooks", "Webhooks", "All of them.", "read", _ok("All", "Webhooks")),
    Operation(
        "GET /api/v1/webhooks/{webhook}",
        "getWebhook",
        "Webhooks",
        "One webhook, with its newest deliveries.",
        "read",
        _ok("The webhook", "WebhookDetail"),
    ),
    Operation(
        "POST /api/v1/webhooks/{webhook}/rotate",
        "rotateWebhook",
        "Webhooks",
        "A new secret, in this answer and in no other. The one before signs too, for a day.",
        "operate",
        _ok("The secret", "WebhookRotated"),
    ),
    Operation(
        "POST /api/v1/webhooks/{webhook}/enable",
        "enableWebhook",
        "Webhooks",
        "One that was disabled is told again.",
        "operate",
        _ok("It is enabled", "WebhookActed"),
    ),
    Operation(
        "POST /api/v1/webhooks/{webhook}/test",
        "testWebhook",
        "Webhooks",
        "Send it a ping, and wait for what comes of it.",
        "operate",
        _ok("What came of it", "WebhookTried"),
        refusals=("conflict",),
    ),
    Operation(
        "POST /api/v1/webhooks/{webhook}/deliveries/{delivery}/redeliver",
        "redeliver",
        "Webhooks",
        "Send a message once more, and wait for what comes of it.",
        "operate",
        _ok("What came of it", "WebhookTried"),
        refusals=("conflict",),
    ),
    Operation(
        "DELETE /api/v1/webhooks/{webhook}",
        "deleteWebhook",
        "Webhooks",
        "Forget it, and its secrets.",
        "operate",
        _ok("It is forgotten", "WebhookActed"),
    ),
    Operation(
        "GET /api/stats",
        "getStats",
        "Queue",
        "The tenant's jobs by state.",
        "read",
        _ok("The counts", "Stats", "ETag") | _UNCHANGED,
        headers=("If-None-Match",),
    ),
    Operation(
        "GET /api/queue",
        "getQueue",
        "Queue",
        "How the whole queue is going: numbers over all tenants, and nobody's jobs.",
        "read",
        _ok("The numbers", "Queue"),
        query=("minutes",),
    ),
    Operation(
        "POST /api/queue/pause",
        "pauseQueue",
        "Queue",
        "No job of a report type starts, or none at all.",
        "admin",
        _ok("It is paused", "Paused"),
        body="Pausing",
        refusals=("not-found",),
    ),
    Operation(
        "POST /api/queue/resume",
        "resumeQueue",
        "Queue",
        "They start again.",
        "admin",
        _ok("It goes on", "Resumed"),
        body="Pausing",
        refusals=("not-found",),
    ),
    Operation(
        "GET /api/usage",
        "getUsage",
        "Reports",
        "What the tenant's reports come to, by day and report type.",
        "read",
        _ok("The sums", "Usage"),
        query=("sinceDay", "untilDay"),
    ),
    Operation(
        "GET /api/usage/tenants",
        "getUsageOfTenants",
        "Queue",
        "What each tenant's reports come to, as it was kept in the last ten minutes.",
        "admin",
        _ok("The sums", "TenantsUsage"),
        query=("sinceDay", "untilDay"),
    ),
    Operation("GET /api/workers", "listWorkers", "Queue", "The workers that are alive.", "read", _ok("All", "Workers")),
    Operation(
        "GET /api/jobs",
        "listJobs",
        "Jobs",
        "The jobs by what is known of them, those that entered their state last first; without a filter, the waiting.",
        "read",
        _ok("A page of them", "JobList", "Link"),
        query=(*FILTERS, *LISTED),
    ),
    Operation(
        "GET /api/jobs/completed",
        "listCompletedJobs",
        "Jobs",
        "The completed jobs.",
        "read",
        _ok("A page of them", "CompletedJobList", "Link"),
        query=LISTED,
    ),
    Operation(
        "GET /api/jobs/failed",
        "listFailedJobs",
        "Jobs",
        "The failed jobs.",
        "read",
        _ok("A page of them", "JobList", "Link"),
        query=LISTED,
    ),
    Operation(
        "GET /api/jobs/groups",
        "listFailureGroups",
        "Jobs",
        "The failed jobs by their errors: those that differ in numbers, ids and quoted words only are one group.",
        "read",
        _ok("All of them, the largest first", "Groups"),
    ),
    Operation(
        "POST /api/jobs/retry",
        "retryJobs",
        "Jobs",
        "Failed or cancelled jobs by what is known of them, once more; or, with `dryRun`, only which these would be.",
        "operate",
        _ok("Which", "Retried"),
        body="Retrying",
    ),
    Operation(
        "GET /api/jobs/{id}",
        "getJob",
        "Jobs",
        "One job, with its payload, its timeline, and why it waits.",
        "read",
        _ok("The job", "JobDetail", "ETag") | _UNCHANGED,
        headers=("If-None-Match",),
        refusals=("conflict", "gone"),
    ),
    Operation(
        "DELETE /api/jobs/{id}",
        "deleteJob",
        "Jobs",
        "Delete the documents of a job that has ended, for good: request, payload, receipt and report.",
        "operate",
        _ok("They are deleted, now or before", "JobDeleted"),
        refusals=("conflict", "gone"),
    ),
    Operation(
        "GET /api/jobs/{id}/receipt",
        "getReceipt",
        "Jobs",
        "What is kept of a job for good: how it ended, and what its report is made of.",
        "read",
        _ok("The receipt", "Receipt"),
        refusals=("conflict", "gone"),
    ),
    Operation(
        "POST /api/jobs/{id}/retry",
        "retryJob",
        "Jobs",
        "A failed or cancelled job, once more.",
        "operate",
        _ok("It is queued again", "JobActed"),
        refusals=("conflict", "gone"),
    ),
    Operation(
        "POST /api/jobs/{id}/cancel",
        "cancelJob",
        "Jobs",
        "End a job that has not ended.",
        "operate",
        _ok("It is cancelled", "JobActed"),
        refusals=("conflict", "gone"),
    ),
    Operation(
        "POST /api/jobs/{id}/promote",
        "promoteJob",
        "Jobs",
        "Start a delayed job at once.",
        "operate",
        _ok("It waits for a worker", "JobActed"),
        refusals=("conflict", "gone"),
    ),
    Operation(
        "GET /api/report-types",
        "listReportTypes",
        "Reports",
        "What can be asked for, each with its schema and a sample.",
        "read",
        _ok("All of them", "ReportTypes"),
    ),
    Operation(
        "GET /health",
        "getHealth",
        "About",
        "Whether reports are accepted, and whether they are worked on.",
        None,
        {200: Answered("Reports are accepted", "Health"), 503: Answered("They are not", "Health")},
    ),
    Operation(
        "GET /openapi.json",
        "getOpenApi",
        "About",
        "This document.",
        None,
        {200: Answered("OpenAPI 3.1", "OpenApi", headers=("ETag",))} | _UNCHANGED,
        headers=("If-None-Match",),
    ),
    Operation("GET /docs", "getDocs", "About", "This document, for people.", None, _PAGE, headers=("If-None-Match",)),
    Operation(
        "GET /problems/{name}",
        "getProblem",
        "About",
        "What a problem's `type` means: when it comes, and what to do.",
        None,
        _PAGE,
        headers=("If-None-Match",),
    ),
    Operation("GET /", "getPage", "About", "The web page.", None, _PAGE, headers=("If-None-Match",)),
    Operation(
        "GET /page/{name}",
        "getPageFile",
        "About",
        "One of the web page's files.",
        None,
        {200: Answered("The file", media="*/*", headers=("ETag",))} | _UNCHANGED,
        headers=("If-None-Match",),
    ),
)
