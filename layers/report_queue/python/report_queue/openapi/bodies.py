"""What may be sent: the schema of every request body. The payload's are the report types' own, one submission each.

Whatever such a schema refuses the code refuses too. The code refuses more, which no schema says well: moments in the
wrong order, a time zone that is none, two options that exclude each other.
"""

import json
from typing import Any, Final

from report_queue import metadata, options
from report_queue.batch import MOST, ResultKind
from report_queue.data_ref import KINDS, lists_of
from report_queue.edition import ATTACHED, CONTENT_TYPES, LOCALE, VARIANTS
from report_queue.job import PRIORITY
from report_queue.openapi.schema import TEXT, Schema, integer, listed, one_of, ref, said, taken
from report_queue.recurrence import LEAST_SECONDS, MOST_SECONDS
from report_queue.reports import ReportType
from report_queue.schedule import CatchUp, Overlap
from report_queue.search import Pausing, Retrying
from report_queue.targets import MOST_LETTERS
from report_queue.webhook import EVENTS

_MOMENT: Final[Schema] = {"type": "string", "format": "date-time", "examples": ["2026-11-24T06:30:00+01:00"]}
_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 100, "description": "for people"}
_URL: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": MOST_LETTERS}
_VISIBLE: Final[Schema] = {"type": "string", "pattern": "^[!-~]{1,255}$"}

OPTIONS: Final[dict[str, Schema]] = {
    "attempts": said(integer(1, 10), "failures after which the job fails"),
    "priority": said(integer(0, 9, default=PRIORITY), "before others of the tenant"),
    "delaySeconds": said(integer(0, 7 * options.DAY), "not before; or `runAt`"),
    "runAt": said(_MOMENT, "not before; or `delaySeconds`"),
    "expiresAt": said(_MOMENT, "not started by then, the job fails with the reason `expired`"),
    "backoff": said(
        taken(
            {"type": one_of("fixed", "exponential"), "delaySeconds": integer(1, 3_600)},
            {"jitter": {"type": "number", "minimum": 0, "maximum": 1}},
        ),
        "how long it waits before a retry",
    ),
    "dedupKey": said(_VISIBLE, "one job of the tenant has it at a time"),
    "dedupSeconds": said(integer(1, 7 * options.DAY, default=options.DAY), "how long it has the key; with `dedupKey`"),
    "dedupMode": said(one_of("drop", "replace"), "which of the two stays; with `dedupKey`"),
    "retentionSeconds": said(integer(60, 90 * options.DAY), "how long lists show the job after its end"),
    "tags": listed(
        {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}$"},
        maxItems=options.MOST_TAGS,
        uniqueItems=True,
    ),
    "metadata": {
        "type": "object",
        "additionalProperties": TEXT,
        "propertyNames": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}$"},
        "maxProperties": metadata.MOST_NAMES,
        "description": f"names and texts that stay with the job; at most {metadata.MOST_BYTES:,} bytes of JSON",
    },
    "locale": {"type": "string", "pattern": f"^{LOCALE}$", "examples": ["de", "fr-CH"]},
    "timezone": said(TEXT, "name of an IANA time zone"),
    "preflight": said(one_of("warn", "fail"), "what a finding of the preflight does"),
    "format": one_of(*CONTENT_TYPES),
    "variant": said(one_of(*VARIANTS), "what the PDF keeps to"),
    "attachments": said(listed(one_of(*ATTACHED), uniqueItems=True), "embedded in the PDF"),
    "password": said({"type": "string", "minLength": 1, "maxLength": 127}, "opens the PDF"),
    "webhook": {
        "anyOf": [{"type": "string", "pattern": f"^{options.WEBHOOK}$"}, {"const": False}],
        "description": "the one webhook that is told of its end; false: none",
    },
    "callback": said(_URL, "a URL that is told too"),
}
"""Every option of a submission; a test holds them to `options.NAMES`, and to what these checks take."""


def schemas(types: dict[str, ReportType]) -> dict[str, Any]:
    """All of them by name, as they stand under components."""
    return {
        **{_payload(kind): own(kind.schema, at=_payload(kind)) for kind in types.values()},
        **{_submission(kind): _alone(kind) for kind in types.values()},
        "Options": taken({}, OPTIONS),
        "DataRef": said(
            taken({"key": TEXT}, {"member": TEXT}),
            f"an object of rows ({', '.join(KINDS)}) that POST /api/v1/inputs gave a link for, as the payload's list",
        ),
        "SubmissionOfRows": taken(
            {
                "reportType": one_of(*(kind.name for kind in types.values() if lists_of(kind))),
                "data": said({"type": "object"}, "the payload without that list"),
                "dataRef": ref("DataRef"),
            },
            {"options": ref("Options")},
        ),
        "Submission": {"oneOf": [*(ref(_submission(kind)) for kind in types.values()), ref("SubmissionOfRows")]},
        "NewBatch": taken(
            {"reports": listed(ref("Submission"), minItems=1, maxItems=MOST)},
            {"name": _NAME, "result": one_of(*ResultKind)},
        ),
        "NewSchedule": taken(
            {"report": ref("Submission")},
            {
                "name": _NAME,
                "cron": said(TEXT, "five fields, as in crontab(5); or `everySeconds`"),
                "everySeconds": integer(LEAST_SECONDS, MOST_SECONDS),
                "timeZone": said(TEXT, "name of an IANA time zone; a cron needs one"),
                "overlap": one_of(*Overlap),
                "catchUp": one_of(*CatchUp),
                "startsAt": _MOMENT,
                "endsAt": _MOMENT,
            },
        )
        | {"oneOf": [{"required": ["cron", "timeZone"]}, {"required": ["everySeconds"]}]},
        "NewWebhook": taken(
            {"url": _URL},
            {
                "events": said(listed(one_of(*EVENTS)), "none: all"),
                "description": {"type": "string", "maxLength": 200},
            },
        ),
        "NewUpload": taken({}, {"name": {"type": "string", "pattern": f"^{_FILE}$", "examples": ["sales.jsonl"]}}),
        "Retrying": own(Retrying.model_json_schema(by_alias=True), at="Retrying"),
        "Pausing": own(Pausing.model_json_schema(by_alias=True), at="Pausing"),
    }


def samples(types: dict[str, ReportType]) -> dict[str, dict[str, Any]]:
    """What a body may be, by the schema's name and a word for the sample."""
    sent = {kind.name: {"reportType": kind.name, "data": kind.sample} for kind in types.values()}
    first = next(iter(sent.values()))
    return {
        "Submission": {
            **sent,
            "with-options": {**first, "options": {"priority": 9, "tags": ["monthly"], "locale": "de"}},
        },
        "NewBatch": {"two": {"name": "May", "result": "pdf", "reports": [first, first]}},
        "NewSchedule": {
            "every-morning": {"name": "Daily", "cron": "30 6 * * *", "timeZone": "Europe/Berlin", "report": first},
            "every-hour": {"everySeconds": 3_600, "report": first},
        },
        "NewWebhook": {
            "all": {"url": "https://example.com/hooks"},
            "failures": {"url": "https://example.com/hooks", "events": ["job.failed", "job.expired"]},
        },
        "NewUpload": {"rows": {"name": "sales.jsonl"}},
        "Retrying": {"what-it-would-do": {"type": "sales", "dryRun": True}},
        "Pausing": {"all": {}, "one-type": {"reportType": "sales"}},
    }


def own(schema: dict[str, Any], *, at: str) -> dict[str, Any]:
    """A schema that stood alone, as a component: its references lead to its own definitions."""
    moved: dict[str, Any] = json.loads(json.dumps(schema).replace('"#/$defs/', f'"#/components/schemas/{at}/$defs/'))
    moved.pop("$schema", None)
    return moved


def _alone(kind: ReportType) -> Schema:
    return taken(
        {"reportType": {"const": kind.name}, "data": ref(_payload(kind))},
        {"options": ref("Options")},
    )


def _payload(kind: ReportType) -> str:
    return f"{kind.name.title().replace('-', '')}Report"


def _submission(kind: ReportType) -> str:
    return f"{kind.name.title().replace('-', '')}Submission"


_FILE: Final = rf"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9_.-]*\.({'|'.join(KINDS)})"
