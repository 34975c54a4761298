"""How HTTP shows schedules. Pure: from what is known to JSON values; moments as everywhere (see `views`)."""

from collections.abc import Sequence
from typing import Any, Final

from report_queue.recurrence import Cron
from report_queue.schedule import Schedule
from report_queue.views import moment

MASK: Final = "********"


def summary(schedule: Schedule, *, now_ms: int) -> dict[str, Any]:
    """A schedule in a list: all but the payload of its report."""
    recurrence = schedule.recurrence
    upcoming = schedule.next_runs(after=now_ms)
    over = next(schedule.occurrences(after=max(now_ms, schedule.fired_through)), None) is None
    return {
        "id": schedule.id,
        "name": schedule.name,
        "status": "over" if over else "paused" if schedule.paused else "running",
        "cron": recurrence.expression if isinstance(recurrence, Cron) else None,
        "everySeconds": None if isinstance(recurrence, Cron) else recurrence.every_seconds,
        "timeZone": recurrence.time_zone,
        "reportType": schedule.report["reportType"],
        "overlap": schedule.overlap.value,
        "catchUp": schedule.catch_up.value,
        "startsAt": moment(schedule.starts_at),
        "endsAt": moment(schedule.ends_at),
        "timestamp": moment(schedule.created_at),
        "nextRuns": [moment(at) for at in upcoming],
        "lastRun": schedule.last_run
        and {"jobId": schedule.last_run.job_id, "scheduledFor": moment(schedule.last_run.moment)},
        "fired": schedule.fired,
        "skipped": schedule.skipped,
        "missed": schedule.missed,
        "failedReason": schedule.fault,
    }


def detail(schedule: Schedule, *, now_ms: int) -> dict[str, Any]:
    """GET /api/v1/schedules/{id}; `report` is as it was sent, but for a password."""
    options = schedule.report.get("options", {})
    shown = schedule.report | {"options": options | {"password": MASK}} if "password" in options else schedule.report
    return summary(schedule, now_ms=now_ms) | {"report": shown}


def page(schedules: Sequence[Schedule], *, after: str | None, now_ms: int) -> dict[str, Any]:
    """GET /api/v1/schedules; `after` asks for the next page, and is null at the end."""
    return {"schedules": [summary(schedule, now_ms=now_ms) for schedule in schedules], "after": after}


def made(schedule: Schedule, *, replayed: bool, now_ms: int) -> dict[str, Any]:
    """POST /api/v1/schedules"""
    return {
        "success": True,
        "message": "This schedule was made before." if replayed else "The schedule is kept.",
        "data": {
            "scheduleId": schedule.id,
            "nextRuns": [moment(at) for at in schedule.next_runs(after=now_ms)],
        },
    }


def acted(schedule: Schedule, message: str, *, now_ms: int) -> dict[str, Any]:
    """POST /api/v1/schedules/{id}/pause and resume"""
    shown = summary(schedule, now_ms=now_ms)
    data = {"scheduleId": schedule.id, "status": shown["status"], "nextRuns": shown["nextRuns"]}
    return {"success": True, "message": message, "data": data}
