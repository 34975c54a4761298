"""Everything but submitting: what there is, how it is going, retry, cancel, download, and the page that shows it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import AwareDatetime

from report_queue import (
    batch_desk,
    batch_store,
    batch_views,
    conditional,
    desk,
    measures,
    page,
    problems,
    receipt_views,
    schedule_views,
    schedules_desk,
    search,
    standing,
    usage_views,
    views,
)
from report_queue import usage as used
from report_queue.api import answers, body_of, entry, fits, json_answer, needs, next_page, resolver
from report_queue.controls import ALL
from report_queue.errors import NotFound
from report_queue.job import Job, State
from report_queue.keys import Principal
from report_queue.outlook import outlook
from report_queue.replies import Where
from report_queue.reports import report_types
from report_queue.request import ID_PATTERN, idempotency_key
from report_queue.telemetry import logger, tell
from report_queue.wiring import wiring

app = resolver()

Reader = Annotated[Principal, Depends(needs("read"))]
Admin = Annotated[Principal, Depends(needs("admin"))]
Operator = Annotated[Principal, Depends(needs("operate"))]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
PageSize = Annotated[int, Query(ge=1, le=100)]
Minutes = Annotated[int, Query(ge=1, le=1_440)]
Day = Annotated[date, Query()]
AfterBatch = Annotated[str, Query(pattern=batch_store.PLACE)]
AfterId = Annotated[str, Query(pattern=ID_PATTERN)]

PAGE: Final = Path(__file__).parent / "page"


@app.get("/api/key")
def key(principal: Reader) -> Response[str]:
    """Whose key this is and what it may do, so that a page shows nothing that would be refused."""
    return json_answer(views.key(principal))


@app.get("/api/stats")
def stats(principal: Reader) -> Response[str]:
    """The tenant's jobs by state."""
    wired = wiring()
    shown = views.stats(wired.settings.queue, wired.queue.counts(principal.tenant), now_ms=wired.now_ms())
    return _if_new(shown, steady=shown | {"timestamp": None})


@app.get("/api/queue")
def queue(_: Reader, minutes: Minutes = 60) -> Response[str]:
    """How the whole queue is going: numbers over all tenants, and nobody's jobs."""
    wired = wiring()
    gauges, numbers = wired.queue.gauges(), wired.queue.numbers(minutes=minutes)
    return json_answer(views.queue(gauges, numbers, slots=wired.settings.slots, now_ms=wired.now_ms()))


@app.post("/api/queue/pause")
def pause(_: Admin) -> Response[str]:
    """No job of a report type starts, or none at all."""
    wired, what = wiring(), _paused()
    wired.controls.pause(what, now=wired.now_ms())
    return json_answer(
        {"success": True, "message": "It is paused: jobs are accepted and wait.", "data": {"paused": what}}
    )


@app.post("/api/queue/resume")
def resume(_: Admin) -> Response[str]:
    """They start again."""
    wired, what = wiring(), _paused()
    wired.bus.wake(wired.controls.resume(what))
    return json_answer({"success": True, "message": "It goes on.", "data": {"resumed": what}})


@app.get("/api/usage", compress=True)
def usage(principal: Reader, since: Day | None = None, until: Day | None = None) -> Response[str]:
    """What the tenant's reports come to, by day and report type, and what they cost."""
    wired = wiring()
    now, span = wired.now_ms(), _span(since, until)
    found = used.usage(wired.meter, wired.usage, principal.tenant, span)
    return json_answer(usage_views.usage(found, span, now_ms=now))


@app.get("/api/usage/tenants", compress=True)
def usage_of_tenants(_: Admin, since: Day | None = None, until: Day | None = None) -> Response[str]:
    """What each tenant's reports come to."""
    wired, span = wiring(), _span(since, until)
    return json_answer(usage_views.shares(used.shares(wired.usage, span), span, now_ms=wired.now_ms()))


@app.get("/api/workers")
def workers(principal: Reader) -> Response[str]:
    """The workers that are alive; they work for all tenants, and show each its own jobs."""
    wired = wiring()
    beats = wired.queue.workers()
    held = wired.queue.find(*(job_id for beat in beats for job_id in beat.jobs))
    mine = {job.id for job in held if job and job.tenant == principal.tenant}
    return json_answer(views.workers(beats, mine, now_ms=wired.now_ms()))


@app.get("/api/jobs")
def jobs(
    principal: Reader,
    state: State | None = None,
    type: Annotated[search.Name | None, Query()] = None,  # noqa: A002 (the word of the API)
    tag: Annotated[search.Tag | None, Query()] = None,
    signature: Annotated[search.Signature | None, Query()] = None,
    batch: Annotated[search.Id | None, Query()] = None,
    since: Annotated[AwareDatetime | None, Query()] = None,
    until: Annotated[AwareDatetime | None, Query()] = None,
    after: str | None = None,
    page: PageNumber = 1,
    limit: PageSize = 20,
) -> Response[str]:
    """The tenant's jobs by what is known of them, those that entered their state last first."""
    where = search.where(state, report_type=type, tag=tag, signature=signature, batch=batch, since=since, until=until)
    return _list(principal, where, views.summary, page=page, limit=limit, after=after)


@app.get("/api/jobs/completed")
def completed(principal: Reader, after: str | None = None, page: PageNumber = 1, limit: PageSize = 20) -> Response[str]:
    """The tenant's completed jobs."""
    return _list(principal, Where(State.COMPLETED), views.completed, page=page, limit=limit, after=after)


@app.get("/api/jobs/failed")
def failed(principal: Reader, after: str | None = None, page: PageNumber = 1, limit: PageSize = 20) -> Response[str]:
    """The tenant's failed jobs."""
    return _list(principal, Where(State.FAILED), views.summary, page=page, limit=limit, after=after)


@app.get("/api/jobs/groups")
def groups(principal: Reader) -> Response[str]:
    """The tenant's failed jobs by their errors."""
    wired = wiring()
    found = wired.queue.groups(principal.tenant)
    newest = wired.queue.find(*(group.newest for group in found))
    return json_answer(views.groups(list(zip(found, newest, strict=True))))


@app.post("/api/jobs/retry")
def retry_all(principal: Operator) -> Response[str]:
    """Failed or cancelled jobs by what is known of them, once more; or only which these would be."""
    asked = search.parse(search.Retrying, body_of(app))
    where = asked.where
    after = search.place(asked.after, where, pointer="/after")
    done = desk.retry_all(
        wiring(), where, tenant=principal.tenant, limit=asked.limit, after=after, dry_run=asked.dry_run
    )
    return json_answer(
        {
            "success": True,
            "message": f"{len(done.matched)} jobs match, {len(done.retried)} are queued again.",
            "data": {
                "dryRun": asked.dry_run,
                "matched": list(done.matched),
                "retried": list(done.retried),
                "next": search.cursor(done.after),
            },
        }
    )


@app.get("/api/jobs/<id>", compress=True)
def job(principal: Reader, id: str) -> Response[str]:  # noqa: A002 (the word of the API)
    """One job, with its payload, its timeline, and why it waits."""
    wired = wiring()
    found = standing.find(wired.queue, wired.ledger, tenant=principal.tenant, id=id)
    waits = wired.queue.explain(id) if found.in_broker and found.state is State.WAITING else None
    expected = outlook(found.seen, waits, slots=wired.settings.slots, now=wired.now_ms())
    shown = views.detail(found.seen, found.request, expected)
    shown = shown if fits(app, shown) else views.without_payload(shown)
    return _if_new(shown, steady=views.steady(shown))


@app.delete("/api/jobs/<id>")
def delete(principal: Operator, id: str) -> Response[str]:  # noqa: A002 (as above)
    """The documents of a job that has ended, away for good."""
    desk.delete(wiring(), tenant=principal.tenant, id=id)
    logger.info("deleted", job=id)
    return json_answer({"success": True, "message": "The job's documents are deleted.", "data": {"jobId": id}})


@app.get("/api/jobs/<id>/receipt")
def receipt(principal: Reader, id: str) -> Response[str]:  # noqa: A002 (as above)
    """What is kept of a job for good: how it ended, and what its report is made of."""
    return json_answer(receipt_views.receipt(desk.receipt(wiring(), tenant=principal.tenant, id=id)))


@app.post("/api/jobs/<id>/retry")
def retry(principal: Operator, id: str) -> Response[str]:  # noqa: A002 (as above)
    """A failed or cancelled job, once more."""
    desk.retry(wiring(), tenant=principal.tenant, id=id)
    logger.info("retried", job=id)
    return _done(id, State.WAITING, "The job is queued again.")


@app.post("/api/jobs/<id>/cancel")
def cancel(principal: Operator, id: str) -> Response[str]:  # noqa: A002 (as above)
    """A job that has not ended, ended."""
    desk.cancel(wiring(), tenant=principal.tenant, id=id)
    logger.info("cancelled", job=id)
    tell({measures.CANCELLED: 1})
    return _done(id, State.CANCELLED, "The job is cancelled.")


@app.post("/api/jobs/<id>/promote")
def promote(principal: Operator, id: str) -> Response[str]:  # noqa: A002 (as above)
    """A delayed job, at once."""
    desk.promote(wiring(), tenant=principal.tenant, id=id)
    logger.info("promoted", job=id)
    return _done(id, State.WAITING, "The job waits for a worker.")


@app.get("/api/v1/reports/<id>/download")
def download(principal: Reader, id: str) -> Response[str]:  # noqa: A002 (as above)
    """A fresh link to the report: as a redirect, or as JSON for a page, which cannot see where a redirect leads."""
    return _link(desk.download(wiring(), tenant=principal.tenant, id=id))


@app.get("/api/v1/schedules")
def schedules(principal: Reader, after: AfterId | None = None, limit: PageSize = 20) -> Response[str]:
    """The tenant's schedules, in the order of their ids."""
    wired = wiring()
    found = schedules_desk.page(wired, tenant=principal.tenant, after=after or "", limit=limit)
    return json_answer(
        schedule_views.page(found.schedules, after=found.after, now_ms=wired.now_ms()),
        headers=next_page(app, found.after),
    )


@app.get("/api/v1/schedules/<id>", compress=True)
def schedule(principal: Reader, id: str) -> Response[str]:  # noqa: A002 (as above)
    """One schedule, with its report and its next runs."""
    wired = wiring()
    found = schedules_desk.get(wired, tenant=principal.tenant, id=id)
    return json_answer(schedule_views.detail(found, now_ms=wired.now_ms()))


@app.post("/api/v1/schedules/<id>/pause")
def pause_schedule(principal: Operator, id: str) -> Response[str]:  # noqa: A002 (as above)
    """Nothing runs until it is resumed."""
    wired = wiring()
    paused = schedules_desk.pause(wired, tenant=principal.tenant, id=id)
    return json_answer(schedule_views.acted(paused, "The schedule is paused.", now_ms=wired.now_ms()))


@app.post("/api/v1/schedules/<id>/resume")
def resume_schedule(principal: Operator, id: str) -> Response[str]:  # noqa: A002 (as above)
    """It runs again from now on."""
    wired = wiring()
    resumed = schedules_desk.resume(wired, tenant=principal.tenant, id=id)
    return json_answer(schedule_views.acted(resumed, "The schedule is resumed.", now_ms=wired.now_ms()))


@app.post("/api/v1/schedules/<id>/run")
def run_schedule(principal: Operator, id: str) -> Response[str]:  # noqa: A002 (as above)
    """A job at once, beside the schedule's own."""
    key = idempotency_key(app.current_event.headers.get("idempotency-key"))
    job_id = schedules_desk.run(wiring(), tenant=principal.tenant, id=id, idempotency_key=key)
    logger.info("accepted", job=job_id, schedule=id)
    tell({measures.ACCEPTED: 1})
    return json_answer(
        {"success": True, "message": "The report is queued.", "data": {"scheduleId": id, "jobId": job_id}},
        status=202,
        headers={"Location": f"/api/jobs/{job_id}"},
    )


@app.post("/api/v1/schedules/<id>/end")
def end_schedule(principal: Operator, id: str) -> Response[str]:  # noqa: A002 (as above)
    """The schedule is forgotten; the jobs that it made go on."""
    schedules_desk.end(wiring(), tenant=principal.tenant, id=id)
    return json_answer({"success": True, "message": "The schedule has ended.", "data": {"scheduleId": id}})


@app.get("/api/v1/batches")
def batches(principal: Reader, after: AfterBatch | None = None, limit: PageSize = 20) -> Response[str]:
    """The tenant's batches, the newest first."""
    found = batch_desk.page(wiring(), tenant=principal.tenant, after=after or "", limit=limit)
    return json_answer(batch_views.page(found), headers=next_page(app, found.after))


@app.get("/api/v1/batches/<id>", compress=True)
def batch(principal: Reader, id: str) -> Response[str]:  # noqa: A002 (as above)
    """How far a batch is: each of its jobs, why some failed, and whether its result is there."""
    return json_answer(batch_views.detail(batch_desk.look(wiring(), tenant=principal.tenant, id=id)))


@app.get("/api/v1/batches/<id>/download")
def download_batch(principal: Reader, id: str) -> Response[str]:  # noqa: A002 (as above)
    """A fresh link to the batch's result, as with a report's."""
    return _link(batch_desk.download(wiring(), tenant=principal.tenant, id=id))


@app.post("/api/v1/batches/<id>/retry")
def retry_batch(principal: Operator, id: str) -> Response[str]:  # noqa: A002 (as above)
    """Those of its jobs that failed or were cancelled, once more."""
    retried = batch_desk.retry(wiring(), tenant=principal.tenant, id=id)
    return json_answer(batch_views.acted(id, retried, "queued again"))


@app.post("/api/v1/batches/<id>/cancel")
def cancel_batch(principal: Operator, id: str) -> Response[str]:  # noqa: A002 (as above)
    """Those of its jobs that have not ended, ended."""
    cancelled = batch_desk.cancel(wiring(), tenant=principal.tenant, id=id)
    logger.info("cancelled", batch=id, jobs=cancelled.done)
    tell({measures.CANCELLED: cancelled.done})
    return json_answer(batch_views.acted(id, cancelled, "cancelled"))


@app.get("/api/report-types", compress=True)
def types(_: Reader) -> Response[str]:
    """What can be asked for, each with its schema and a sample."""
    return json_answer([views.report_type(kind) for kind in report_types().values()])


@app.get("/health")
def health() -> Response[str]:
    """Whether reports are accepted (200), and whether they are worked on; needs no key."""
    wired = wiring()
    broker, store = answers(wired.queue.ping), answers(wired.ledger.ping)
    return json_answer(
        views.health(broker=broker, store=store, now_ms=wired.now_ms()),
        status=200 if store else 503,
    )


@app.get("/openapi.json", compress=True)
def openapi() -> Response[bytes]:
    """What this API is, for programs."""
    return _made("openapi.json")


@app.get("/docs", compress=True)
def docs() -> Response[bytes]:
    """The same for people."""
    return _made("docs.html")


@app.get("/problems/<name>", compress=True)
def problem(name: str) -> Response[bytes]:
    """What a problem's type means."""
    if name not in problems.ROWS:
        raise NotFound("No problem has this name; GET /docs lists them.")
    return _made(f"{name}.html")


@app.get("/", compress=True)
def index() -> Response[bytes]:
    """The page; it asks for a key itself."""
    return _page("index.html")


@app.get("/page/<name>", compress=True)
def page_file(name: str) -> Response[bytes]:
    """One of the page's files."""
    return _page(name)


def _list(
    principal: Principal,
    where: Where,
    view: Callable[[Job], dict[str, Any]],
    *,
    page: int,
    limit: int,
    after: str | None,
) -> Response[str]:
    queue = wiring().queue
    passed = 0 if after else search.offset(page=page, limit=limit)
    place = search.place(after, where, pointer="/query/after")
    found = queue.list(principal.tenant, where, offset=passed, limit=limit, after=place)
    total = queue.counts(principal.tenant)[where.state] if where.state and where == Where(where.state) else None
    shown = [view(job) for job in found.jobs]
    leads_on = search.cursor(found.after)
    return json_answer(
        views.page(shown, total=total, page=page, limit=limit, after=leads_on), headers=next_page(app, leads_on)
    )


def _span(since: date | None, until: date | None) -> used.Span:
    return used.Span.of(since, until, today=datetime.fromtimestamp(wiring().now_ms() / 1_000, UTC).date())


def _if_new(body: Any, *, steady: Any) -> Response[str]:
    return conditional.answer(body, steady=steady, if_none_match=app.current_event.headers.get("if-none-match"))


def _paused() -> str:
    """What is to be paused or resumed."""
    name = search.parse(search.Pausing, body_of(app)).report_type
    if name is not None and name not in report_types():
        raise NotFound(f"There is no such report type: one of {', '.join(report_types())}.")
    return name or ALL


def _done(job_id: str, state: State, message: str) -> Response[str]:
    return json_answer({"success": True, "message": message, "data": {"jobId": job_id, "status": state.value}})


def _link(link: desk.Download) -> Response[str]:
    if "application/json" in app.current_event.headers.get("accept", ""):
        return json_answer(
            {"url": link.url, "viewUrl": link.view_url, "fileName": link.file_name, "expiresIn": link.seconds}
        )
    return Response(302, body="", headers={"Location": link.url, "Cache-Control": "no-store"})


def _made(name: str) -> Response[bytes]:
    """What is told of the API itself. It is loaded and made when it is first asked for, which is seldom."""
    from report_queue.openapi import pages

    return page.given(pages.files()[name], if_none_match=app.current_event.headers.get("if-none-match"))


def _page(name: str) -> Response[bytes]:
    return page.answer(
        PAGE,
        name,
        if_none_match=app.current_event.headers.get("if-none-match"),
        store=wiring().ledger.origin,
    )


handler = entry(app)
