"""What comes in: a request, or a batch of them, is accepted durably; a schedule, which makes requests, is kept; rows
that are too many for a request get a link."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Response

from report_queue import (
    again,
    batch_body,
    batch_desk,
    batch_views,
    desk,
    inputs_desk,
    prefer,
    ratelimit,
    schedule_body,
    schedule_views,
    schedules_desk,
    views,
)
from report_queue.api import body_of, entry, fits, json_answer, needs, resolver
from report_queue.keys import Principal
from report_queue.measured import submits
from report_queue.request import idempotency_key, parse
from report_queue.telemetry import logger
from report_queue.wiring import wiring

app = resolver()


@app.post("/api/v1/reports/generate", compress=True)
def generate(principal: Annotated[Principal, Depends(needs("submit"))]) -> Response[str]:
    """202 as soon as the ledger has the request. The same Idempotency-Key and request: the same job.

    With Prefer: wait=N, 200 and the job, if it ends in time.
    """
    wired = wiring()
    key = idempotency_key(app.current_event.headers.get("idempotency-key"))
    submission = parse(body_of(app), limit=wired.settings.body_bytes)
    accepted = desk.accept(wired, submission, tenant=principal.tenant, idempotency_key=key)
    logger.info(
        "accepted",
        job=accepted.id,
        report_type=submission.report_type,
        replayed=accepted.replayed,
        duplicate=accepted.duplicate,
        queued=accepted.queued,
    )
    submits.submitted(accepted, submission.report_type)
    where = _where(f"/api/jobs/{accepted.id}", replayed=accepted.replayed)
    where |= ratelimit.headers(wired.settings.limits_of(principal.tenant), accepted.left)
    if (wait := prefer.wait_of(app.current_event.headers.get("prefer"))) and (
        ended := _ended(principal, accepted, wait)
    ):
        return json_answer(ended, headers={"Preference-Applied": f"wait={wait}"} | where)
    return json_answer(
        {
            "statusCode": 202,
            "success": True,
            "message": _message(accepted),
            "data": {"jobId": accepted.id, **({"duplicate": True} if accepted.duplicate else {})},
        },
        status=202,
        headers={"Retry-After": str(_again(accepted))} | where,
    )


@app.post("/api/v1/batches")
def batch(principal: Annotated[Principal, Depends(needs("submit"))]) -> Response[str]:
    """202 as soon as the store has the batch, all of it. The same Idempotency-Key and batch: the same batch."""
    wired = wiring()
    key = idempotency_key(app.current_event.headers.get("idempotency-key"))
    draft = batch_body.parse(body_of(app), limit=wired.settings.body_bytes)
    accepted = batch_desk.accept(wired, draft, tenant=principal.tenant, idempotency_key=key)
    one = accepted.batch
    logger.info("accepted", batch=one.id, jobs=one.jobs, replayed=accepted.replayed, expanded=accepted.expanded)
    submits.submitted_batch((sent.report_type for sent in draft.submissions), replayed=accepted.replayed)
    last = one.member_id(one.jobs - 1)
    return json_answer(
        batch_views.accepted(accepted),
        status=202,
        headers={"Retry-After": str(again.after_acceptance(wired, last, due_at=accepted.due_at))}
        | _where(f"/api/v1/batches/{one.id}", replayed=accepted.replayed)
        | ratelimit.headers(wired.settings.limits_of(principal.tenant), accepted.left),
    )


@app.post("/api/v1/schedules")
def schedule(principal: Annotated[Principal, Depends(needs("submit"))]) -> Response[str]:
    """201 as soon as the store has the schedule. The same Idempotency-Key and schedule: the same schedule."""
    wired = wiring()
    key = idempotency_key(app.current_event.headers.get("idempotency-key"))
    draft = schedule_body.parse(body_of(app))
    made = schedules_desk.make(wired, draft, tenant=principal.tenant, idempotency_key=key)
    logger.info("scheduled", schedule=made.schedule.id, replayed=made.replayed)
    return json_answer(
        schedule_views.made(made.schedule, replayed=made.replayed, now_ms=wired.now_ms()),
        status=201,
        headers=_where(f"/api/v1/schedules/{made.schedule.id}", replayed=made.replayed),
    )


@app.post("/api/v1/inputs")
def upload(principal: Annotated[Principal, Depends(needs("submit"))]) -> Response[str]:
    """201 with a link by which an object of rows can be put where a request's dataRef may name it."""
    wired = wiring()
    link = inputs_desk.upload_link(wired, body_of(app), tenant=principal.tenant)
    logger.info("upload link made")
    return json_answer(views.upload(link), status=201)


def _ended(principal: Principal, accepted: desk.Accepted, wait: int) -> dict[str, Any] | None:
    """The job as GET /api/jobs/{id} shows it, if it ends within so many seconds."""
    left = app.lambda_context.get_remaining_time_in_millis() / 1000
    found = prefer.ended(wiring(), tenant=principal.tenant, id=accepted.id, within_s=wait, function_s=left)
    if found is None:
        return None
    shown = views.detail(found.seen, found.request, None)
    return shown if fits(app, shown) else views.without_payload(shown)


def _again(accepted: desk.Accepted) -> int:
    """Seconds after which the job may have ended."""
    if not accepted.queued:
        return again.AWAY_S
    return again.after_acceptance(wiring(), accepted.id, due_at=accepted.due_at, waits=accepted.waits)


def _where(location: str, *, replayed: bool) -> dict[str, str]:
    """Where to look at what was taken, and whether it was here before under the same Idempotency-Key."""
    return {"Location": location} | ({"Idempotency-Replayed": "true"} if replayed else {})


def _message(accepted: desk.Accepted) -> str:
    if accepted.duplicate:
        return "A job with this dedupKey is here already: this is its id."
    if accepted.replayed:
        return "This request was accepted before."
    return "The report is queued." if accepted.queued else "The report is accepted and will be queued."


handler = entry(app)
