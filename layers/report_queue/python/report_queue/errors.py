"""What can go wrong, as a tree whose branches say what happens next.

    ReportQueueError
    ├── CallerError            the caller can fix it: an HTTP answer of the 4xx kind
    │   ├── MalformedRequest       not JSON that we accept
    │   ├── Forbidden              the key lacks the scope
    │   ├── NotFound               no such job here, or another tenant's
    │   ├── Gone                   it was here, and its documents were deleted
    │   ├── Conflict               the job's state does not allow it
    │   │   └── NotYet                 it is on its way
    │   ├── TooLarge               over a limit of size
    │   ├── TooMany                the tenant has as many jobs waiting as it may
    │   └── InvalidRequest         JSON, but not what the report type's schema says (has `faults`)
    ├── PermanentFailure       no attempt can help: the job fails at once (has `reason`)
    ├── TransientFailure       another attempt may help: the job is retried (has `reason`)
    │   ├── BrokerAway             Redis does not answer, or is full
    │   └── StoreAway              S3 does not answer
    └── LeaseLost              someone else owns the job now: drop the work, say nothing to the queue

How each meets HTTP stands in one table, in `problems`; how each meets the queue stands in `attempt`.
Messages are for the reader who must act; they never hold a payload, a key or a link.
"""

import traceback
from dataclasses import dataclass
from typing import Final

_FRAMES: Final = 8  # the innermost: enough to find the place


class ReportQueueError(Exception):
    """Base of every error that this package raises on purpose."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a request, and where: `pointer` is a JSON Pointer (RFC 6901) into the body."""

    pointer: str
    message: str


class CallerError(ReportQueueError):
    """The caller can fix it. `str(error)` says what is wrong and what to do."""


class MalformedRequest(CallerError):
    """The body is not JSON that we accept (syntax, duplicate keys, NaN, lone surrogates, depth, digits)."""


class Forbidden(CallerError):
    """The key is good, but does not carry the scope that this needs."""


class NotFound(CallerError):
    """Nothing here by that name, or it is another tenant's: the two answers are the same."""


class Gone(CallerError):
    """It was here and is the caller's, and its documents were deleted."""


class Conflict(CallerError):
    """The job is in a state that does not allow this."""


class NotYet(Conflict):
    """What is asked for is on its way: later it is there, perhaps in `again_s` seconds."""

    def __init__(self, message: str, *, again_s: int) -> None:
        super().__init__(message)
        self.again_s = again_s


class TooLarge(CallerError):
    """Over a limit of size."""


class TooMany(CallerError):
    """The tenant has as many jobs waiting as it may: later it may have more, perhaps in `again_s` seconds."""

    def __init__(self, message: str, *, again_s: int) -> None:
        super().__init__(message)
        self.again_s = again_s


class InvalidRequest(CallerError):
    """Well-formed, but not what is asked for; `faults` lists everything that is wrong, not only the first."""

    def __init__(self, message: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class AttemptFailure(ReportQueueError):
    """An attempt at a job went wrong. `reason` is a stable code such as `render.timeout`.

    `place` is the file and line of the template that is at fault, where that is known: for who writes it.
    """

    def __init__(self, message: str, *, reason: str, place: tuple[str, int] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.place = place


class PermanentFailure(AttemptFailure):
    """No further attempt can help: the template or the payload is at fault."""


class TransientFailure(AttemptFailure):
    """Another attempt may help: a crash, a deadline, something away."""


class BrokerAway(TransientFailure):
    """Redis does not answer, refuses the connection, or has no memory left."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="broker.away")


class StoreAway(TransientFailure):
    """S3 does not answer, refuses, or is not in the state that a conditional write expects."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="store.away")


class LeaseLost(ReportQueueError):
    """The job was cancelled, or belongs to another attempt by now."""


def whereabouts(error: BaseException) -> str:
    """An error's class and where it came from, for logs: not its message, which may quote a payload."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return " < ".join(
        [type(error).__qualname__, *(f"{frame.name} {frame.filename}:{frame.lineno}" for frame in reversed(frames))]
    )
