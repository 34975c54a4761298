"""Which jobs a caller asks for: the filters of lists and of bulk retry, and the cursor from one page to the next.

A cursor is opaque to callers. It says where a page ended, and only together with the same filters does it say
anything; one that we did not make is refused.
"""

import base64
import binascii
import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from report_queue import strict_json
from report_queue.errors import Fault
from report_queue.job import State
from report_queue.problems import parameter_faults
from report_queue.replies import Where
from report_queue.request import ID_PATTERN, refuse_if

MOST_OFFSET: Final = 3_000  # further in, only a cursor leads

_ID: Final = ID_PATTERN.strip("^$")
_PLACE: Final = re.compile(rf"\d{{13}}\|{_ID}")
_PLACE_IN_BATCH: Final = re.compile(rf"([a-z]+\|)?{_ID}")


def _text(value: Any) -> Any:
    """A number would do for pydantic, and nobody knows whether it means seconds."""
    if not isinstance(value, str):
        raise ValueError("must be a moment with its offset from UTC, such as 2026-11-24T06:30:00+01:00")
    return value


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Tag = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}$")]
Signature = Annotated[str, Field(pattern=r"^[a-z0-9.-]{1,100}$")]
Id = Annotated[str, Field(pattern=ID_PATTERN)]
Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_text)]


Shape = TypeVar("Shape", bound=BaseModel)


class Retrying(BaseModel):
    """The body of POST /api/jobs/retry: which failed or cancelled jobs, at most so many of them, and whether to."""

    model_config = ConfigDict(extra="forbid", strict=True)

    state: Literal["failed", "cancelled"] = "failed"
    report_type: Name | None = Field(default=None, alias="type")
    tag: Tag | None = None
    signature: Signature | None = None
    batch: Id | None = None
    since: Moment | None = None
    until: Moment | None = None
    after: str | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 100
    dry_run: bool = Field(default=False, alias="dryRun")

    @property
    def where(self) -> Where:
        """The jobs that it is about."""
        return where(
            State(self.state),
            report_type=self.report_type,
            tag=self.tag,
            signature=self.signature,
            batch=self.batch,
            since=self.since,
            until=self.until,
        )


class Pausing(BaseModel):
    """The body of POST /api/queue/pause and resume; none, or an empty one, is about the whole queue."""

    model_config = ConfigDict(extra="forbid", strict=True)

    report_type: Name | None = Field(default=None, alias="reportType")


def parse(shape: type[Shape], body: bytes) -> Shape:
    """A body of that shape; no body is an empty one. Raises MalformedRequest or InvalidRequest."""
    sent = strict_json.parse(body) if body else {}
    try:
        return shape.model_validate(sent)
    except ValidationError as error:
        refuse_if(parameter_faults(error.errors(include_input=False, include_url=False)))
        raise


def where(
    state: State | None,
    *,
    report_type: str | None = None,
    tag: str | None = None,
    signature: str | None = None,
    batch: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Where:
    """The filters as the queue takes them; without state, tag, error or batch they mean the waiting jobs."""
    if state is None and tag is None and batch is None:
        state = State.FAILED if signature else State.WAITING
    return Where(state, report_type, tag, signature, batch, _ms(since), _ms(until))


def cursor(after: str | None) -> str | None:
    """Where a page ended, as callers see it."""
    return base64.urlsafe_b64encode(after.encode()).decode().rstrip("=") if after else None


def place(cursor: str | None, where: Where, *, pointer: str) -> str | None:
    """Where the last page ended; raises InvalidRequest where the cursor is none of ours, or of other filters."""
    if cursor is None:
        return None
    try:
        found = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        found = ""
    shape = _PLACE_IN_BATCH if where.batch and not (where.tag or where.signature) else _PLACE
    if not shape.fullmatch(found):
        refuse_if([Fault(pointer, "must be what the last page gave, with the same filters")])
    return found


def offset(*, page: int, limit: int) -> int:
    """How many jobs to pass over; raises InvalidRequest where these are too many."""
    passed = (page - 1) * limit
    if passed > MOST_OFFSET:
        refuse_if([Fault("/query/page", f"leads past {MOST_OFFSET:,} jobs: follow `next` instead, or narrow the list")])
    return passed


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
