"""How HTTP shows what we know: the shapes of the answers, with the names of the system that this replaces.

Pure: from domain objects to JSON values. Moments become ISO 8601 in UTC with a Z, sizes stay bytes, times seconds.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from report_queue.batch import RESULT_TYPE
from report_queue.inputs_desk import UploadLink
from report_queue.job import PRIORITY, Job, State, WorkerBeat
from report_queue.keys import Principal
from report_queue.outlook import Outlook, drain_seconds
from report_queue.replies import Gauges, Group, Numbers, Spread
from report_queue.reports import ReportType
from report_queue.request import Request
from report_queue.result import Result

_STARTED = frozenset({State.ACTIVE, State.COMPLETED})


def moment(ms: int | None) -> str | None:
    """A moment, to the millisecond: 2026-11-24T06:30:00.123Z."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def key(principal: Principal) -> dict[str, Any]:
    """GET /api/key: the part of a key that may be shown, its tenant, and its scopes in alphabetical order."""
    return {"id": principal.key_id, "tenant": principal.tenant, "scopes": sorted(principal.scopes)}


def stats(queue: str, counts: Mapping[State, int], *, now_ms: int) -> dict[str, Any]:
    """GET /api/stats"""
    return {
        "queue": queue,
        "counts": {state.value: counts[state] for state in State},
        "totalJobs": sum(counts.values()),
        "timestamp": moment(now_ms),
    }


def queue(gauges: Gauges, numbers: Numbers, *, slots: int, now_ms: int) -> dict[str, Any]:
    """GET /api/queue: all tenants together. `drainSeconds`: until nothing waits, at the pace of late; null: unknown."""
    oldest, drain = gauges.oldest_waiting_ms, drain_seconds(gauges, slots=slots)
    return {
        "counts": {state.value: gauges.counts[state] for state in State},
        "paused": {what: moment(since) for what, since in numbers.paused.items()},
        "workers": gauges.workers,
        "oldestWaitingSeconds": None if oldest is None else oldest / 1000,
        "drainSeconds": round(drain, 1) if drain else drain,
        "wait": _spread(numbers.wait),
        "run": _spread(numbers.run),
        "minutes": [asdict(minute) | {"at": moment(minute.at)} for minute in numbers.minutes],
        "timestamp": moment(now_ms),
    }


def groups(found: Sequence[tuple[Group, Job | None]]) -> dict[str, Any]:
    """GET /api/jobs/groups: the tenant's failed jobs by their errors, the most frequent first."""
    return {
        "groups": [
            {
                "signature": group.signature,
                "count": group.count,
                "newest": group.newest,
                "reason": job and job.reason,
                "failedReason": job and job.message,
            }
            for group, job in sorted(found, key=lambda pair: -pair[0].count)
        ]
    }


def workers(beats: Sequence[WorkerBeat], mine: Collection[str], *, now_ms: int) -> dict[str, Any]:
    """GET /api/workers; `uptime` is in seconds, `timestamp` of a worker its last heartbeat, `jobs` those in `mine`."""
    return {
        "workers": [
            {
                "id": beat.id,
                "pid": beat.pid,
                "uptime": max(0, beat.beat_at - beat.started_at) / 1000,
                "timestamp": moment(beat.beat_at),
                "startedAt": moment(beat.started_at),
                "slots": beat.slots,
                "active": beat.active,
                "finished": beat.finished,
                "jobs": [job_id for job_id in beat.jobs if job_id in mine],
                "memoryMb": beat.memory_mb,
                "version": beat.version,
            }
            for beat in beats
        ],
        "count": len(beats),
        "timestamp": moment(now_ms),
    }


def page(
    jobs: Sequence[dict[str, Any]], *, total: int | None, page: int, limit: int, after: str | None
) -> dict[str, Any]:
    """One page of a list of jobs. `total` is null where filters leave some out; `next` is the next page's `after`."""
    return {"jobs": list(jobs), "total": total, "page": page, "limit": limit, "next": after}


def summary(job: Job) -> dict[str, Any]:
    """A job in a list. `attempts` are those of its round that count against `maxAttempts`, `attempt` counts claims."""
    return {
        "id": job.id,
        "name": job.report_type,
        "status": job.state.value,
        "progress": job.progress,
        "result": result(job.id, job.report_type, job.result) if job.result else None,
        "attempts": job.failures + (job.state in _STARTED),
        "maxAttempts": job.attempts,
        "attempt": job.attempt,
        "stalls": job.stalls,
        "round": job.round,
        "worker": job.worker,
        "timestamp": moment(job.accepted_at),
        "dueAt": moment(job.moment) if job.state is State.DELAYED else None,
        "processedOn": moment(job.started_at),
        "finishedOn": moment(job.at) if job.state.is_terminal else None,
        "reason": job.reason,
        "failedReason": job.message,
        "signature": job.signature if job.state is State.FAILED else None,
        "priority": job.priority,
        "expiresAt": moment(job.expires_at),
        "tags": list(job.tags),
        "batch": job.batch,
    }


def completed(job: Job) -> dict[str, Any]:
    """A job in GET /api/jobs/completed."""
    made = result(job.id, job.report_type, job.result) if job.result else {}
    return summary(job) | {
        "success": True,
        "reportUrl": made.get("reportUrl"),
        "fileName": made.get("fileName"),
        "fileSize": made.get("fileSize"),
        "processedAt": moment(job.at),
    }


def detail(job: Job, request: Request | None, outlook: Outlook | None) -> dict[str, Any]:
    """GET /api/jobs/{id}; `jobData` is the payload as it was sent, `dataRef` the object that holds its rows, `options`
    what else it takes to send the same once more, `outlook` why it has not started."""
    return summary(job) | {
        "jobData": request.data if request else None,
        "options": wishes(request) if request else {},
        "metadata": dict(request.metadata) if request else {},
        "dataRef": request.data_ref.to_fields() if request and request.data_ref else None,
        "timeline": [asdict(event) | {"at": moment(event.at)} for event in job.events],
        "outlook": outlook
        and {"reasons": list(outlook.reasons), "ahead": outlook.ahead, "startsAt": moment(outlook.starts_at)},
    }


def wishes(request: Request) -> dict[str, Any]:
    """What was wished of a job, as the options of a submission write it; what is as usual is left out.

    A delay has become the moment that it ended at. A password is told to nobody, and a dedup key is not kept.
    """
    edition, backoff, kept = request.edition, request.backoff, request.retention_ms
    wished = {
        "attempts": request.attempts,
        "priority": None if request.priority == PRIORITY else request.priority,
        "runAt": moment(request.due_at),
        "expiresAt": moment(request.expires_at),
        "backoff": backoff and {"type": backoff.kind, "delaySeconds": backoff.ms // 1000, "jitter": backoff.jitter},
        "retentionSeconds": None if kept is None else kept // 1000,
        "tags": list(request.tags) or None,
        "metadata": dict(request.metadata) or None,
        "webhook": False if request.tell == "" else request.tell,
        "callback": request.callback,
    }
    for name, value in edition.without_password().to_fields().items():
        wished["timezone" if name == "time_zone" else name] = value
    return {name: value for name, value in wished.items() if value is not None}


def _spread(spread: Spread) -> dict[str, Any]:
    """In seconds, of the last hour."""
    seconds = {"mean": spread.mean_ms, "p50": spread.p50_ms, "p95": spread.p95_ms}
    return {"count": spread.count} | {
        name: None if value is None else round(value / 1000, 3) for name, value in seconds.items()
    }


def steady(shown: dict[str, Any]) -> dict[str, Any]:
    """A job's detail without what changes while nothing happens to it: the guess when it starts."""
    outlook = shown["outlook"]
    return shown | {"outlook": outlook and outlook | {"startsAt": None}}


def without_payload(shown: dict[str, Any]) -> dict[str, Any]:
    """A job's detail for whom its payload is too large."""
    return shown | {"jobData": None, "jobDataOmitted": "too large to send plain: ask with Accept-Encoding: gzip"}


def result(job_id: str, report_type: str, made: Result) -> dict[str, Any]:
    """What became of a completed job. `reportUrl` needs a key, as everything here does, and does not expire."""
    url, name = f"/api/v1/reports/{job_id}/download", file_name(report_type, job_id, made.key.rpartition(".")[2])
    if report_type == RESULT_TYPE:
        batch, _, ending = made.key.rpartition("/")[2].split(".")
        url, name = f"/api/v1/batches/{batch}/download", f"batch-{batch}.{ending}"
    return {
        "reportUrl": url,
        "fileName": name,
        "fileSize": made.size,
        "pages": made.pages,
        "sha256": made.sha256,
        "seconds": made.seconds,
        "peakMemoryMb": made.peak_memory_mb,
        "warnings": [vars(one) for one in made.findings],
        "recipe": made.recipe and vars(made.recipe),
    }


def file_name(report_type: str, job_id: str, ending: str) -> str:
    """The name that a report is saved under; `ending` is its format."""
    return f"{report_type}-{job_id}.{ending}"


def upload(link: UploadLink) -> dict[str, Any]:
    """POST /api/v1/inputs; the link is a key and belongs in no log."""
    return {
        "success": True,
        "message": "Put the rows there with one PUT, then submit a report whose dataRef names the key.",
        "data": {
            "key": link.key,
            "method": "PUT",
            "url": link.url,
            "expiresAt": moment(link.expires_at),
            "maxBytes": link.most_bytes,
        },
    }


def report_type(kind: ReportType) -> dict[str, Any]:
    """A report type in GET /api/report-types."""
    return {
        "name": kind.name,
        "title": kind.title,
        "description": kind.schema.get("description", ""),
        "schema": kind.schema,
        "sample": kind.sample,
    }


def health(*, broker: bool, store: bool, now_ms: int) -> dict[str, Any]:
    """GET /health. Without the broker reports are still accepted, and kept; without the store nothing is."""
    return {
        "status": "ok" if broker and store else "degraded" if store else "unavailable",
        "broker": "ok" if broker else "away",
        "store": "ok" if store else "away",
        "timestamp": moment(now_ms),
    }
