"""What each command does: from what was typed, with a client, to an exit code (0, or 1 where a job failed)."""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from report_queue.client.answers import Job
from report_queue.client.client import Client
from report_queue.client.command import sheet, show
from report_queue.client.command.bar import progress
from report_queue.client.command.where import Usage
from report_queue.client.errors import ClientError

Act = Callable[[argparse.Namespace, Client], int]

_STATES: Final = ("waiting", "delayed", "active", "completed", "failed", "cancelled")
_LOOK_S: Final = 1.0


class Left(Exception):
    """Ctrl-C, after something was handed in; `str(error)` says what goes on."""


def submit(typed: argparse.Namespace, queue: Client) -> int:
    """One report; with --wait or --output until it has ended."""
    data = sheet.payload(typed.data)
    rows = queue.upload(typed.rows) if typed.rows else None
    submitted = queue.submit(
        typed.type, data, rows=rows, options=dict(typed.option), idempotency_key=typed.idempotency_key
    )
    if not (typed.wait or typed.output):
        told = {"id": submitted.id, "replayed": submitted.replayed, "duplicate": submitted.duplicate}
        show.as_json(told) if typed.json else show.line(submitted.id)
        return 0
    with _left(f"job {submitted.id} goes on: report-queue tail {submitted.id}"):
        with progress(typed.type) as bar:
            job = queue.wait(submitted.id, within=typed.within, seen=lambda job: bar(job.progress, job.state))
        saved = queue.download(job.id, typed.output) if job.completed and typed.output else None
    if typed.json:
        show.as_json(dict(job.raw) | {"savedAs": saved and str(saved)})
    else:
        show.line(f"{job.id}  {job.state}" + (f"  {saved}" if saved else ""))
    return _ended(job)


def preview(typed: argparse.Namespace, queue: Client) -> int:
    """One report, without a job."""
    options = dict(typed.option)
    document = queue.preview(typed.type, sheet.payload(typed.data), options=options)
    name = f"{typed.type}-preview.{options.get('format', 'pdf')}"
    file = typed.output / name if typed.output.is_dir() else typed.output
    file.write_bytes(document)
    show.as_json({"savedAs": str(file)}) if typed.json else show.line(str(file))
    return 0


def batch(typed: argparse.Namespace, queue: Client) -> int:
    """A row a report, and the result of all of them."""
    base = sheet.payload(typed.base) if typed.base else None
    rows = sheet.rows(typed.rows, _type(queue, typed.type)["schema"], base=base)
    options = {"options": dict(typed.option)} if typed.option else {}
    reports = [{"reportType": typed.type, "data": row.data, **options} for row in rows]
    typed.places = [row.place for row in rows]  # for what the API finds wrong with them
    id = queue.batches.submit(  # noqa: A001 (the word of the API)
        reports, name=typed.name, result=typed.result, idempotency_key=typed.idempotency_key
    )
    with _left(f"batch {id} goes on"):
        with progress(f"{len(reports)} reports") as bar:
            found = queue.batches.wait(
                id,
                within=typed.within,
                seen=lambda one: bar(one.progress, f"{one.counts['completed']} of {one.jobs}"),
            )
        saved = queue.batches.download(id, typed.output) if found.has_result and typed.output else None
    show.batch(found)
    if typed.json:
        show.as_json(dict(found.raw) | {"savedAs": saved and str(saved)})
    else:
        show.line(f"{id}" + (f"  {saved}" if saved else ""))
    return 0 if found.completed else 1


def list_jobs(typed: argparse.Namespace, queue: Client) -> int:
    """Jobs by what is known of them."""
    filters = {name: getattr(typed, name) for name in ("state", "type", "tag", "signature", "batch", "since", "until")}
    found = list(queue.jobs(limit=typed.limit, **filters))
    show.as_json([job.raw for job in found]) if typed.json else show.jobs(found)
    return 0


def show_job(typed: argparse.Namespace, queue: Client) -> int:
    """One job."""
    found = queue.get(typed.job)
    show.as_json(found.raw) if typed.json else show.job(found)
    return 0


def download(typed: argparse.Namespace, queue: Client) -> int:
    """A job's report."""
    saved = queue.download(typed.job, typed.output)
    show.as_json({"id": typed.job, "savedAs": str(saved)}) if typed.json else show.line(str(saved))
    return 0


def retry(typed: argparse.Namespace, queue: Client) -> int:
    """Once more."""
    queue.retry(typed.job)
    return _acted(typed, "waiting")


def cancel(typed: argparse.Namespace, queue: Client) -> int:
    """Its end."""
    queue.cancel(typed.job)
    return _acted(typed, "cancelled")


def promote(typed: argparse.Namespace, queue: Client) -> int:
    """Now."""
    queue.promote(typed.job)
    return _acted(typed, "waiting")


def tail(typed: argparse.Namespace, queue: Client) -> int:
    """What happens to a job, event by event; or the moves of all jobs."""
    if not typed.job:
        for move in _moves(queue):
            show.as_json(move, lines=True) if typed.json else show.line("  ".join(map(str, move.values())))
        return 0  # never: it ends by Ctrl-C
    told: set[str] = set()

    def seen(job: Job) -> None:
        for event in job.raw.get("timeline") or ():
            if (text := show.happened(event)) not in told:
                told.add(text)
                show.as_json(event, lines=True) if typed.json else show.line(text)

    return _ended(queue.wait(typed.job, seen=seen))


def types(typed: argparse.Namespace, queue: Client) -> int:
    """What can be asked for."""
    if typed.type:
        one = _type(queue, typed.type)
        show.as_json(one["sample"] if typed.sample else one["schema"])
        return 0
    found = queue.types()
    rows = [(one["name"], one["title"], one["description"]) for one in found]
    show.as_json(found) if typed.json else show.table(("TYPE", "TITLE", "DESCRIPTION"), rows)
    return 0


def stats(typed: argparse.Namespace, queue: Client) -> int:
    """The tenant's jobs."""
    found = queue.stats()
    show.as_json(found) if typed.json else show.table(("STATE", "JOBS"), list(found["counts"].items()))
    return 0


def _moves(queue: Client) -> Iterator[dict[str, Any]]:
    """Each move of the tenant's jobs, from the first look on; what comes and goes between two looks is not seen."""
    known: dict[str, tuple[Any, ...]] | None = None
    while True:
        now = {}
        for state in _STATES:
            for job in queue.jobs(state=state, limit=100):
                now[job.id] = (job.state, job.raw.get("attempt"))
                if known is not None and known.get(job.id) != now[job.id]:
                    at = time.strftime("%H:%M:%S")
                    yield {"at": at, "id": job.id, "type": job.report_type, "state": job.state, "why": job.reason or ""}
        known = now
        time.sleep(_LOOK_S)


def _type(queue: Client, name: str) -> dict[str, Any]:
    found = {one["name"]: one for one in queue.types()}
    if name not in found:
        raise Usage(f"there is no report type {name!r}: one of {', '.join(found)}")
    return found[name]


def _acted(typed: argparse.Namespace, state: str) -> int:
    show.as_json({"id": typed.job, "status": state}) if typed.json else show.line(f"{typed.job}  {state}")
    return 0


def _ended(job: Job) -> int:
    if job.completed:
        return 0
    show.aside(f"job {job.id} is {job.state}" + (f": {job.reason}: {job.message}" if job.reason else ""))
    return 1


@contextmanager
def _left(told: str) -> Iterator[None]:
    """What goes on, where it is not waited for any more."""
    try:
        yield
    except KeyboardInterrupt:
        raise Left(told) from None
    except ClientError:
        show.aside(told)
        raise
