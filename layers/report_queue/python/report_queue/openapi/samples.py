"""What answers look like: a day in the life of a queue, shown by `views` as it would be to a caller."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from report_queue import batch_views, problems, receipt_views, schedule_views, usage_views, views, webhook_views
from report_queue.batch import Batch, Member, ResultKind
from report_queue.batch_desk import Accepted, Acted, Listed, Look
from report_queue.delivery import Delivery, Reply
from report_queue.inputs_desk import UploadLink
from report_queue.job import Event, Job, State, WorkerBeat
from report_queue.keys import Principal
from report_queue.outlook import Outlook
from report_queue.receipt import Receipt
from report_queue.recurrence import Cron
from report_queue.replies import Gauges, Group, Minute, Numbers, Recent, Spread
from report_queue.reports import ReportType
from report_queue.request import Request
from report_queue.result import Recipe, Result
from report_queue.schedule import CatchUp, Overlap, Schedule
from report_queue.usage import Row, Shares, Span, Usage
from report_queue.used import Sums
from report_queue.webhook import Webhook
from report_queue.webhook_desk import Secret

_NOW: Final = 1_795_501_800_123  # ms
_DAY: Final = date(2026, 11, 24)
_ID: Final = "06fqk8p2h4t1n7c9d3v5s0b8ag"
_OTHER: Final = "06fqk8p2h4t1n7c9d3v5s0b8b0"
_HEX: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def samples(types: Mapping[str, ReportType]) -> dict[str, Any]:
    """A sample of an answer by the name of its schema."""
    kind = next(iter(types.values()))
    waiting = _job(kind.name)
    completed = _completed(waiting)
    failed = replace(
        waiting,
        state=State.FAILED,
        attempt=3,
        failures=3,
        reason="render.timeout",
        signature="render.timeout-1b2c3d4e",
        message="The report took longer than 300 s.",
    )
    used, span = Sums(1, 0, 3, 48_213, 410), Span(_DAY, _DAY)
    outlook = Outlook(("behind",), 12, _NOW + 8_000)
    request = Request(_ID, "acme", kind.name, kind.sample, _HEX, _NOW, 3)
    batch = Batch(_OTHER, "acme", "May", ResultKind.PDF, 2, _HEX, _NOW)
    look = Look(batch, (Member(0, _ID, State.COMPLETED, 0), Member(1, _OTHER, State.ACTIVE, 0, 60)), None, None)
    schedule = _schedule({"reportType": kind.name, "data": kind.sample})
    counts = {state: n for n, state in enumerate(State)}
    gauges = Gauges(counts, 1_200, 2, None, Recent(50, 60_000, 800.0), "noeviction")
    spread = Spread(50, 812.0, 700.0, 1_900.0)
    numbers = Numbers({}, (Minute(_NOW // 60_000 * 60_000, 9, 8, 7, 1, 1, 0, 0, 0),), spread, spread)
    beat = WorkerBeat("worker-1", 17, _NOW - 90_000, _NOW, 2, 1, 50, (_ID,), 210, "1.0")
    hook = Webhook(_OTHER, "acme", "https://example.com/hooks", ("job.failed",), "the shop", _NOW)
    secret = "whsec_" + "c2FtcGxlc2FtcGxlc2FtcGxlc2FtcGxlc2FtcGxlMDA="
    delivery = Delivery(f"msg_{_ID}", "acme", hook.id, "job.failed", "{}", _NOW, None).after(
        Reply(204, None), at=_NOW, took_ms=120, jitter=0
    )
    download = {"url": "https://…", "viewUrl": "https://…", "fileName": views.file_name(kind.name, _ID, "pdf")}
    return {
        "Accepted": {"statusCode": 202, **_done("The report is queued.", jobId=_ID)},
        "Download": {**download, "expiresIn": 300},
        "UploadLink": views.upload(
            UploadLink(f"inputs/acme/{_OTHER}/sales.jsonl", "https://…", _NOW + 3_600_000, 1_000_000_000)
        ),
        "BatchAccepted": batch_views.accepted(Accepted(batch, replayed=False, expanded=True)),
        "Batch": batch_views.detail(look),
        "BatchList": batch_views.page(
            Listed(((batch, {state: 2 * (state is State.COMPLETED) for state in State}),), None)
        ),
        "BatchActed": batch_views.acted(batch.id, Acted(2, 0), "queued again"),
        "ScheduleMade": schedule_views.made(schedule, replayed=False, now_ms=_NOW),
        "ScheduleList": schedule_views.page([schedule], after=None, now_ms=_NOW),
        "ScheduleDetail": schedule_views.detail(schedule, now_ms=_NOW),
        "ScheduleActed": schedule_views.acted(schedule, "The schedule is resumed.", now_ms=_NOW),
        "ScheduleRun": _done("The report is queued.", scheduleId=schedule.id, jobId=_ID),
        "ScheduleEnded": _done("The schedule has ended.", scheduleId=schedule.id),
        "Stats": views.stats("reports", counts, now_ms=_NOW),
        "Queue": views.queue(gauges, numbers, slots=2, now_ms=_NOW),
        "Usage": usage_views.usage(Usage((Row(_DAY, kind.name, used),), whole=True), span, now_ms=_NOW),
        "TenantsUsage": usage_views.shares(Shares((("acme", used),), whole=True), span, now_ms=_NOW),
        "Paused": _done("It is paused: jobs are accepted and wait.", paused="*"),
        "Resumed": _done("It goes on.", resumed="*"),
        "Workers": views.workers([beat], {_ID}, now_ms=_NOW),
        "JobList": views.page([views.summary(failed)], total=None, page=1, limit=20, after=None),
        "CompletedJobList": views.page([views.completed(completed)], total=1, page=1, limit=20, after=None),
        "Groups": views.groups([(Group("render.timeout-1b2c3d4e", 3, _ID), failed)]),
        "Retried": _done("1 jobs match, 0 are queued again.", dryRun=True, matched=[_ID], retried=[], next=None),
        "Webhooks": {"webhooks": [webhook_views.summary(hook)]},
        "WebhookDetail": webhook_views.detail(hook, [delivery]),
        "WebhookMade": webhook_views.made(Secret(hook, secret)),
        "WebhookRotated": webhook_views.rotated(Secret(hook, secret, _NOW + 86_400_000)),
        "WebhookActed": webhook_views.acted(hook.id, "The webhook is enabled."),
        "WebhookTried": webhook_views.tried(hook.id, delivery),
        "Key": views.key(Principal("acme", "k0000000", frozenset({"read", "submit"}))),
        "Receipt": receipt_views.receipt(Receipt(request, State.COMPLETED, 1, _NOW, result=completed.result)),
        "JobDetail": views.detail(waiting, request, outlook),
        "JobDeleted": _done("The job's documents are deleted.", jobId=_ID),
        "JobActed": _done("The job is cancelled.", jobId=_ID, status="cancelled"),
        "ReportTypes": [views.report_type(kind)],
        "Health": views.health(broker=True, store=True, now_ms=_NOW),
    }


def problem(row: problems.Problem) -> dict[str, Any]:
    """A sample of a problem."""
    return problems.body_of(row, detail=f"{row.title}.", instance=f"/api/jobs/{_ID}", request_id="JKJaXmPLvHcESHA=")


def _done(message: str, **members: Any) -> dict[str, Any]:
    return {"success": True, "message": message, "data": members}


def _job(report_type: str) -> Job:
    return Job(
        id=_ID,
        tenant="acme",
        report_type=report_type,
        state=State.WAITING,
        at=_NOW,
        moment=_NOW,
        accepted_at=_NOW,
        attempts=3,
        attempt=0,
        failures=0,
        stalls=0,
        round=0,
        progress=0,
        worker=None,
        started_at=None,
        reason=None,
        message=None,
        result=None,
        tags=("monthly",),
        events=(Event("enqueue", _NOW, 0, None, None, None),),
    )


def _completed(job: Job) -> Job:
    recipe = Recipe(_HEX, _HEX, "weasyprint 70")
    made = Result(48_213, 3, _HEX, 0.41, 96, recipe=recipe, key=f"reports/acme/{job.id}.pdf")
    return replace(job, state=State.COMPLETED, attempt=1, progress=100, worker="worker-1", started_at=_NOW, result=made)


def _schedule(report: dict[str, Any]) -> Schedule:
    return Schedule(
        id=_OTHER,
        tenant="acme",
        name="Daily",
        recurrence=Cron("30 6 * * *", "Europe/Berlin"),
        report=report,
        digest=_HEX,
        overlap=Overlap.SKIP,
        catch_up=CatchUp.ONE,
        starts_at=_NOW,
        ends_at=None,
        created_at=_NOW,
        fired_through=_NOW,
    )
