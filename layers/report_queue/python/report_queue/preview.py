"""A report as it would come out: made while its caller waits, answered with, and kept nowhere.

    body ── parse ──► Submission ── make ──► Preview: the document, and what the preflight has against it

The same validation as a job's, and the same kind of child. What only a job can have is refused, or plays no part. What
takes more than an answer may is TooLarge: it is to be submitted. It knows nothing of HTTP, of the queue and of S3.
"""

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from report_queue import strict_json
from report_queue.edition import Format
from report_queue.errors import AttemptFailure, Fault, TooLarge, TransientFailure
from report_queue.render import Renderer, RenderJob
from report_queue.request import Submission, submission
from report_queue.result import Made

MOST_BYTES: Final = 4_400_000  # of a document: in base64 they are the 6 MB that Lambda answers with
NAME: Final = "preview"  # stands where a report says its job's id

# Options that ask for something later, or of someone else. The others that are a job's alone (priority, tags, metadata,
# attempts, backoff, retentionSeconds) change nothing of what is seen: so a submission can be shown as it is.
_OF_JOBS: Final = ("delaySeconds", "runAt", "expiresAt", "dedupKey", "webhook", "callback")
_INSTEAD: Final = "submit it to the queue instead, with POST /api/v1/reports/generate"


@dataclass(frozen=True)
class Preview:
    """A report that was made, and its bytes."""

    report_type: str
    format: Format
    made: Made
    document: bytes

    @property
    def file_name(self) -> str:
        """The name that it is saved under, as that of a job's report but for its id."""
        return f"{self.report_type}-{NAME}.{self.format}"


def parse(body: bytes, *, limit: int) -> Submission:
    """The submission that a request's body holds; `limit` is the most bytes. Raises as `request.parse` does."""
    if len(body) > limit:
        raise TooLarge(f"The body has {len(body):,} bytes, and of a preview {limit:,} at most: {_INSTEAD}.")
    envelope = strict_json.parse(body)
    return submission(envelope, beside=_faults(envelope))


def make(asked: Submission, renderer: Renderer, *, memory_mb: int, seconds: float, now_ms: int) -> Preview:
    """The report, dated now. Its child may add `memory_mb` to what it has, and take `seconds`.

    Raises TooLarge where it takes longer or comes out larger; PermanentFailure where the report is at fault, and
    TransientFailure where the child ended without a word.
    """
    edition = asked.options.edition
    job = RenderJob(
        job_id=NAME,
        report_type=asked.report_type,
        data=asked.data,
        created_at=now_ms,
        memory_mb=memory_mb,
        cpu_seconds=math.ceil(seconds),
        edition=edition,
    )
    with tempfile.TemporaryFile() as file:
        try:
            made = renderer.start(job, file).wait(seconds=seconds, progress=lambda _: None)
        except AttemptFailure as error:
            if error.reason == "render.timeout":
                raise TooLarge(f"A preview may take {seconds:.0f} s, and this takes longer: {_INSTEAD}.") from None
            if isinstance(error, TransientFailure):
                raise TransientFailure(f"{error}: ask again, or {_INSTEAD}", reason=error.reason) from None
            raise
        if made.size > MOST_BYTES:
            raise TooLarge(f"The report has {made.size:,} bytes, and a preview {MOST_BYTES:,} at most: {_INSTEAD}.")
        file.seek(0)
        return Preview(asked.report_type, edition.format, made, file.read())


def _faults(envelope: Any) -> Iterator[Fault]:
    """What only a job can have, where the envelope asks for it: `"webhook": false` does not."""
    sent = envelope if isinstance(envelope, dict) else {}
    if "dataRef" in sent:
        yield Fault("/dataRef", "is for a job: put some of the rows into data, or submit the report")
    options = sent.get("options")
    for name in _OF_JOBS:
        if isinstance(options, dict) and options.get(name):
            yield Fault(f"/options/{name}", "is for a job: leave it out of a preview, or submit the report")
