"""What a caller asks for: parsed once, at the border; beyond it, types are facts.

    body ── parse ──► Submission ── Request.of ──► Request ── to_json ──► open/<id>.json

`parse` is the whole validation: size, JSON, the envelope {reportType, data, dataRef?, options?} and `data` against the
report type's schema; it lists everything that is wrong, not only the first. It knows nothing of HTTP (`api` does),
where the request is kept (`ledger` does) or how it becomes a PDF (`render` does).
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import chain, islice
from typing import Any, Final, Self

from report_queue import strict_json
from report_queue.data_ref import DataRef
from report_queue.edition import PDF, USUAL, UTC, Edition
from report_queue.errors import Fault, InvalidRequest, MalformedRequest, TooLarge
from report_queue.job import PRIORITY, Backoff, NewJob
from report_queue.options import Options
from report_queue.reports import ReportType, report_types
from report_queue.validation import MAX_FAULTS, faults

ID_PATTERN: Final = r"^[0-9a-v]{26}$"  # 16 bytes as base32hex, which sorts as the bytes do

_DEFAULTS: Final = {
    "delaySeconds": 0,
    "priority": PRIORITY,
    "tags": [],
    "metadata": {},
    "dedupMode": "drop",
    "timezone": UTC,
    "preflight": "warn",
    "format": PDF,
    "attachments": [],
}
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"
_PAIRS: Final = [high + low for high in _DIGITS for low in _DIGITS]
_IDEMPOTENCY_KEY: Final = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True)
class Submission:
    """What a caller sent, parsed and validated. The same request has the same `digest`, however it was written."""

    report_type: str
    data: Any  # the payload, as parsed JSON
    options: Options
    digest: str  # sha256, hex, of the canonical JSON of reportType, data, dataRef and options
    data_ref: DataRef | None = None  # where the payload's rows are, if they are not in it


@dataclass(frozen=True)
class Request:
    """What the ledger keeps of an accepted submission. Moments are milliseconds since the epoch."""

    id: str
    tenant: str
    report_type: str
    data: Any
    digest: str
    accepted_at: int
    attempts: int  # failures after which the job fails
    round: int = 0  # one more by each manual retry
    due_at: int | None = None  # not before; None: at once
    priority: int = PRIORITY
    expires_at: int | None = None  # not started by then, it fails as expired
    backoff: Backoff | None = None  # None: the queue's
    retention_ms: int | None = None  # how long the broker remembers its end; None: the queue's
    tags: tuple[str, ...] = ()
    batch: str | None = None  # the batch's id
    edition: Edition = USUAL
    data_ref: DataRef | None = None  # pinned: as the object was at the acceptance
    metadata: Mapping[str, str] = field(default_factory=dict)  # the caller's own
    tell: str | None = None  # the webhook that is told of its end; "": none, None: all that want to be
    callback: str | None = None  # a URL that is told too; it may hold a secret, and belongs in no log
    trace: str | None = None  # traceparent of the submit; nothing depends on it

    @classmethod
    def of(
        cls,
        submission: Submission,
        *,
        id: str,  # noqa: A002 (the word of the API)
        tenant: str,
        accepted_at: int,
        attempts: int,
        batch: str | None = None,
        trace: str | None = None,
    ) -> Self:
        """The request of a submission; `attempts` is the default for one that names none."""
        options = submission.options
        delay, retention = options.delay_seconds * 1000, options.retention_seconds
        return cls(
            id=id,
            tenant=tenant,
            report_type=submission.report_type,
            data=submission.data,
            digest=submission.digest,
            accepted_at=accepted_at,
            attempts=options.attempts or attempts,
            due_at=options.run_at or (accepted_at + delay if delay else None),
            priority=options.priority,
            expires_at=options.expires_at,
            backoff=options.backoff,
            retention_ms=None if retention is None else retention * 1000,
            tags=options.tags,
            batch=batch,
            edition=options.edition,
            data_ref=submission.data_ref,
            metadata=options.metadata,
            tell=options.tell,
            callback=options.callback,
            trace=trace,
        )

    def new_job(self) -> NewJob:
        """What the queue must know of it."""
        return NewJob(
            id=self.id,
            tenant=self.tenant,
            report_type=self.report_type,
            accepted_at=self.accepted_at,
            attempts=self.attempts,
            round=self.round,
            priority=self.priority,
            due_at=self.due_at,
            expires_at=self.expires_at,
            backoff=self.backoff,
            retention_ms=self.retention_ms,
            tags=self.tags,
            batch=self.batch,
        )

    def again(self) -> Self:
        """The next round of it: at once, and whenever it comes to it."""
        return replace(self, round=self.round + 1, due_at=None, expires_at=None)

    def to_json(self) -> bytes:
        """The request as the ledger writes it."""
        fields = {
            "id": self.id,
            "tenant": self.tenant,
            "reportType": self.report_type,
            "data": self.data,
            "digest": self.digest,
            "acceptedAt": self.accepted_at,
            "attempts": self.attempts,
            "round": self.round,
            "dueAt": self.due_at,
            "priority": self.priority,
            "expiresAt": self.expires_at,
            "backoff": self.backoff and asdict(self.backoff),
            "retentionMs": self.retention_ms,
            "tags": self.tags,
            "batch": self.batch,
            "edition": self.edition.to_fields(),
            "dataRef": self.data_ref and self.data_ref.to_fields(),
            "metadata": self.metadata,
            "tell": self.tell,
            "callback": self.callback,
            "trace": self.trace,
        }
        return json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """The request that `to_json` wrote."""
        return cls.from_fields(json.loads(text))

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """The same, where the JSON was parsed already, as a part of something larger."""
        return cls(
            id=fields["id"],
            tenant=fields["tenant"],
            report_type=fields["reportType"],
            data=fields["data"],
            digest=fields["digest"],
            accepted_at=fields["acceptedAt"],
            attempts=fields["attempts"],
            round=fields["round"],
            due_at=fields["dueAt"],
            priority=fields["priority"],
            expires_at=fields["expiresAt"],
            backoff=fields["backoff"] and Backoff(**fields["backoff"]),
            retention_ms=fields["retentionMs"],
            tags=tuple(fields["tags"]),
            batch=fields["batch"],
            edition=Edition.of(fields.get("edition")),
            data_ref=DataRef.of(fields.get("dataRef")),
            metadata=fields.get("metadata", {}),
            tell=fields.get("tell"),
            callback=fields.get("callback"),
            trace=fields.get("trace"),
        )


def parse(body: bytes, *, limit: int, types: Mapping[str, ReportType] | None = None) -> Submission:
    """The submission that a request's body holds; `limit` is the most bytes, `types` all report types unless given.

    Raises TooLarge, MalformedRequest (not JSON that we accept), or InvalidRequest with up to 100 faults, whose
    pointers lead into the body.
    """
    if len(body) > limit:
        raise TooLarge(
            f"The body has {len(body):,} bytes, the limit is {limit:,}: split the report, or aggregate its rows."
        )
    return submission(strict_json.parse(body), types=types)


def submission(
    envelope: Any, *, types: Mapping[str, ReportType] | None = None, beside: Iterable[Fault] = ()
) -> Submission:
    """The submission that an envelope, as parsed JSON, holds; raises InvalidRequest as `parse` does, also for what the
    caller has `beside`."""
    refuse_if(chain(beside, faults(envelope, report_types() if types is None else types)))
    given = envelope.get("options", {})
    wished = {name: value for name, value in given.items() if value != _DEFAULTS.get(name)}
    sent = {"reportType": envelope["reportType"], "data": envelope["data"], "options": wished}
    ref = DataRef.of(envelope.get("dataRef"))
    if ref:
        # As it was sent, without what the object is like: a request that is repeated finds its job, also where the
        # object has changed or gone since.
        sent["dataRef"] = ref.to_fields()
    return Submission(
        report_type=sent["reportType"],
        data=sent["data"],
        options=Options.of(given),
        digest=hashlib.sha256(strict_json.canonical(sent)).hexdigest(),
        data_ref=ref,
    )


def refuse_if(found: Iterable[Fault]) -> None:
    """Raise InvalidRequest with the faults, 100 at most, if there are any."""
    told = tuple(islice(found, MAX_FAULTS + 1))
    if told:
        count = f"more than {MAX_FAULTS} places" if len(told) > MAX_FAULTS else _places(len(told))
        raise InvalidRequest(f"The request is wrong in {count}: see errors.", told[:MAX_FAULTS])


def idempotency_key(header: str | None) -> str | None:
    """The header's value if it is one that we accept, None without the header; raises MalformedRequest."""
    if header is not None and not _IDEMPOTENCY_KEY.fullmatch(header):
        raise MalformedRequest("Idempotency-Key must be 1 to 255 visible ASCII characters, without spaces.")
    return header


def is_id(text: str) -> bool:
    """Whether this is of the form of an id, as a key of the store must be."""
    return re.fullmatch(ID_PATTERN, text) is not None


def job_id(tenant: str, idempotency_key: str) -> str:
    """The id that every submission with this key of this tenant gets: how a repeated request finds its job."""
    return _id(hashlib.sha256(f"{tenant}\0{idempotency_key}".encode()).digest()[:16])


def random_job_id(now_ms: int, entropy: bytes) -> str:
    """A new id from the moment and 10 random bytes; later ids sort later."""
    if len(entropy) != 10:
        raise ValueError("entropy must be 10 bytes")
    return _id(now_ms.to_bytes(6, "big") + entropy)


def _id(octets: bytes) -> str:
    # Base 32 of 16 octets, two digits at a time: `base64` takes longer than the rest of a job's way into the broker.
    number = int.from_bytes(octets, "big") << 2
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def _places(count: int) -> str:
    return "one place" if count == 1 else f"{count} places"
