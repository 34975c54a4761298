"""What a caller asks for with a schedule: parsed once, at the border, and everything that is wrong with it is said.

    {name?, cron | everySeconds, timeZone, report: {reportType, data, options?},
     overlap?, catchUp?, startsAt?, endsAt?}     ── parse ──► Draft ── schedule_of ──► Schedule

The report within is held against the same rules as one that is submitted. It knows nothing of HTTP.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from report_queue import strict_json
from report_queue.errors import Fault, TooLarge
from report_queue.options import EARLIEST, moment_of
from report_queue.recurrence import FOREVER, LEAST_SECONDS, MOST_SECONDS, Cron, Interval, cron_fault, zone_fault
from report_queue.reports import ReportType, report_types
from report_queue.request import refuse_if
from report_queue.schedule import CatchUp, Overlap, Schedule
from report_queue.validation import faults, name_faults, stranger_faults

LIMIT: Final = 250_000  # bytes: a schedule is written anew with each run, and lists read a hundred of them

_MEMBERS: Final = ("name", "cron", "everySeconds", "timeZone", "report", "overlap", "catchUp", "startsAt", "endsAt")
_ONE_MOMENT: Final = "is one moment, and a schedule has many: leave it out"
_OVERLAP: Final = "is not for schedules, whose overlap policy says this: leave it out"
# Options of a report that a schedule's cannot have.
_NOT_HERE: Final = {"runAt": _ONE_MOMENT, "expiresAt": _ONE_MOMENT, "dedupKey": _OVERLAP}


@dataclass(frozen=True)
class Draft:
    """A schedule that is good, before it has an id. The same request has the same `digest`, however it was written."""

    name: str | None
    cron: str | None
    every_seconds: int | None  # the one or the other
    time_zone: str
    report: dict[str, Any]
    overlap: Overlap
    catch_up: CatchUp
    starts_at: int | None  # ms; None: from its creation on
    ends_at: int | None
    digest: str


def parse(body: bytes, *, types: Mapping[str, ReportType] | None = None) -> Draft:
    """The draft that a body holds. Raises TooLarge, MalformedRequest or InvalidRequest, as `request.parse` does."""
    if len(body) > LIMIT:
        raise TooLarge(
            f"The body has {len(body):,} bytes, the limit for a schedule is {LIMIT:,}: what is that large changes from"
            " run to run, so submit it as a report each time."
        )
    sent = strict_json.parse(body)
    refuse_if(_faults(sent, report_types() if types is None else types))
    return Draft(
        name=sent.get("name"),
        cron=sent.get("cron"),
        every_seconds=sent.get("everySeconds"),
        time_zone=sent.get("timeZone", "UTC"),
        report=sent["report"],
        overlap=Overlap(sent.get("overlap", Overlap.SKIP)),
        catch_up=CatchUp(sent.get("catchUp", CatchUp.ONE)),
        starts_at=moment_of(sent["startsAt"]) if "startsAt" in sent else None,
        ends_at=moment_of(sent["endsAt"]) if "endsAt" in sent else None,
        digest=hashlib.sha256(strict_json.canonical(sent)).hexdigest(),
    )


def schedule_of(draft: Draft, *, id: str, tenant: str, created_at: int) -> Schedule:  # noqa: A002 (the word of the API)
    """The schedule of a draft. What would have been before its creation is not caught up with.

    Raises InvalidRequest where nothing is left to run.
    """
    starts_at = created_at if draft.starts_at is None else draft.starts_at
    schedule = Schedule(
        id=id,
        tenant=tenant,
        name=draft.name,
        recurrence=_recurrence(draft, starts_at),
        report=draft.report,
        digest=draft.digest,
        overlap=draft.overlap,
        catch_up=draft.catch_up,
        starts_at=starts_at,
        ends_at=draft.ends_at,
        created_at=created_at,
        fired_through=created_at,
    )
    if not schedule.next_runs(1, after=created_at):
        place = "/cron" if draft.ends_at is None else "/endsAt"
        refuse_if([Fault(place, "leaves nothing to run: the first time would be after the end, or never")])
    return schedule


def _faults(sent: Any, types: Mapping[str, ReportType]) -> Iterator[Fault]:
    if not isinstance(sent, dict):
        yield Fault("", "must be an object with cron or everySeconds, timeZone and report")
        return
    yield from stranger_faults(sent, _MEMBERS)
    yield from name_faults(sent)
    yield from _recurrence_faults(sent)
    for member, words in (("overlap", Overlap), ("catchUp", CatchUp)):
        if member in sent and sent[member] not in list(words):
            yield Fault(f"/{member}", f"must be one of {', '.join(words)}")
    yield from _moment_faults(sent)
    if "report" not in sent:
        yield Fault("/report", "is missing: an object with reportType, data and, if you like, options")
        return
    yield from (replace(fault, pointer="/report" + fault.pointer) for fault in faults(sent["report"], types))
    if isinstance(sent["report"], dict) and "dataRef" in sent["report"]:
        yield Fault("/report/dataRef", "is not for schedules: the rows are kept for days, and a schedule goes on")
    options = sent["report"].get("options") if isinstance(sent["report"], dict) else None
    for option, why in _NOT_HERE.items():
        if isinstance(options, dict) and option in options:
            yield Fault(f"/report/options/{option}", why)


def _recurrence_faults(sent: dict[str, Any]) -> Iterator[Fault]:
    if "cron" in sent and "everySeconds" in sent:
        yield Fault("/everySeconds", "stands beside cron: give the one or the other")
    elif "cron" in sent:
        if fault := cron_fault(sent["cron"]):
            yield Fault("/cron", fault)
        if "timeZone" not in sent:
            yield Fault("/timeZone", "is missing: a cron goes by the clock of a time zone, such as Europe/Berlin")
    elif "everySeconds" in sent:
        every = sent["everySeconds"]
        if type(every) is not int or not LEAST_SECONDS <= every <= MOST_SECONDS:  # a bool is an int to isinstance
            yield Fault("/everySeconds", f"must be an integer from {LEAST_SECONDS} to {MOST_SECONDS}")
    else:
        yield Fault("/cron", "is missing: give cron, or everySeconds instead")
    if "timeZone" in sent and (fault := zone_fault(sent["timeZone"])):
        yield Fault("/timeZone", fault)


def _moment_faults(sent: dict[str, Any]) -> Iterator[Fault]:
    found: dict[str, int] = {}
    for member in ("startsAt", "endsAt"):
        if member not in sent:
            continue
        try:
            found[member] = moment_of(sent[member])
        except ValueError:
            yield Fault(f"/{member}", "must be a moment with its offset from UTC, such as 2026-11-24T06:30:00+01:00")
            continue
        if not EARLIEST <= found[member] < FOREVER:
            yield Fault(f"/{member}", "must be within the years 2000 to 2099")
    if len(found) == 2 and found["endsAt"] <= found["startsAt"]:
        yield Fault("/endsAt", "must be later than startsAt")


def _recurrence(draft: Draft, starts_at: int) -> Cron | Interval:
    if draft.cron is not None:
        return Cron(draft.cron, draft.time_zone)
    assert draft.every_seconds is not None
    return Interval(draft.every_seconds, starts_at, draft.time_zone)
