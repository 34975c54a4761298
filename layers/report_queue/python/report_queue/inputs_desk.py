"""What a caller can do with objects of rows: get a link to upload one, and name it in a submission.

    upload_link ──► the caller's PUT ──► submit ── pin ──► the request that is kept says which object, by its etag

It knows nothing of HTTP. Every function raises StoreAway.
"""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

from report_queue import strict_json
from report_queue.data_ref import ENDINGS, NAME
from report_queue.errors import Fault
from report_queue.inputs import Inputs, Uploaded
from report_queue.request import Submission, refuse_if
from report_queue.settings import INPUT_DAYS
from report_queue.wiring import Wiring

_AT_ONCE: Final = 8  # each waits for the store most of its time
_NAME: Final = re.compile(NAME)
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True)
class UploadLink:
    """Where an object may be put. The link is a key: whoever has it may put one."""

    key: str  # what dataRef names
    url: str
    expires_at: int  # ms
    most_bytes: int


def upload_link(wiring: Wiring, body: bytes, *, tenant: str) -> UploadLink:
    """A link to upload an object under a key that nobody has had before, as a body {name?} asks for it.

    Raises MalformedRequest or InvalidRequest.
    """
    sent = strict_json.parse(body) if body.strip() else {}
    refuse_if(_faults(sent))
    key = f"inputs/{tenant}/{wiring.new_id(tenant, None)}/{sent.get('name', 'rows.jsonl')}"
    seconds = wiring.settings.upload_seconds
    return UploadLink(
        key=key,
        url=wiring.ledger.upload_link(key, seconds=seconds),
        expires_at=wiring.now_ms() + seconds * 1000,
        most_bytes=wiring.settings.input_bytes,
    )


def pinned(wiring: Wiring, submissions: Sequence[Submission], *, tenant: str, at: str = "") -> tuple[Submission, ...]:
    """The submissions, with the etag and size of what their references name; one without a reference stays as it is.

    Raises InvalidRequest where one names another tenant's object, one that is not there, or is too large, or will be
    gone when the job is due. `at` leads to them in the body, with {} for their place.
    """
    refs = {one.data_ref.key for one in submissions if one.data_ref and one.data_ref.tenant == tenant}
    if not any(one.data_ref for one in submissions):
        return tuple(submissions)
    keys, inputs = sorted(refs), Inputs.beside(wiring.ledger)
    with ThreadPoolExecutor(_AT_ONCE) as others:
        there = dict(zip(keys, others.map(inputs.look, keys), strict=True))
    refuse_if(_ref_faults(wiring, submissions, there, tenant, at))
    return tuple(_pinned(one, there) for one in submissions)


def _pinned(submission: Submission, there: dict[str, Uploaded | None]) -> Submission:
    ref = submission.data_ref
    found = there.get(ref.key) if ref else None
    if ref is None or found is None:
        return submission
    return replace(submission, data_ref=replace(ref, etag=found.etag, size=found.size))


def _ref_faults(
    wiring: Wiring, submissions: Sequence[Submission], there: dict[str, Uploaded | None], tenant: str, at: str
) -> Iterator[Fault]:
    most = wiring.settings.input_bytes
    for place, one in enumerate(submissions):
        if one.data_ref is None:
            continue
        pointer, found = f"{at.format(place)}/dataRef/key", there.get(one.data_ref.key)
        if one.data_ref.tenant != tenant:
            yield Fault(pointer, f"must begin with inputs/{tenant}/: POST /api/v1/inputs gives such a key")
        elif found is None:
            yield Fault(
                pointer, "names no object that is there: upload it by the link of POST /api/v1/inputs, then submit"
            )
        elif found.size > most:
            yield Fault(pointer, f"names an object of {found.size:,} bytes, the limit is {most:,}: split the report")
        elif found.size == 0:
            yield Fault(pointer, "names an object that is empty: upload it again")
        elif _due(one, wiring.now_ms()) > found.at * 1000 + INPUT_DAYS * _DAY_MS:
            yield Fault(
                f"{at.format(place)}/options/{'runAt' if one.options.run_at else 'delaySeconds'}",
                f"is later than the rows are kept, {INPUT_DAYS} days from their upload: submit it nearer to its time",
            )


def _due(submission: Submission, now: int) -> int:
    return submission.options.run_at or now + submission.options.delay_seconds * 1000


def _faults(sent: Any) -> Iterator[Fault]:
    if not isinstance(sent, dict):
        yield Fault("", "must be an object with, if you like, name")
        return
    yield from (Fault(strict_json.pointer(name), "is not known here: only name is") for name in sent if name != "name")
    name = sent.get("name", "rows.jsonl")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not name.endswith(ENDINGS) or ".." in name:
        yield Fault("/name", f"must be 1 to 100 letters, digits and . _ -, and end in one of {', '.join(ENDINGS)}")
