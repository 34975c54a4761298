"""What can go wrong, as a tree whose branches say what happens next.

    ClientError
    ├── Refused         the API says no, and would say it again (has the problem's members)
    │   ├── NotValid        the request is wrong: `errors` say where
    │   ├── NotAllowed      no key, a wrong one, or one that lacks the scope
    │   ├── NotFound        nothing there, or another tenant's; or not any more
    │   ├── NotNow          the state does not allow it
    │   └── TooMany         too many for now, also after waiting as long as was allowed
    ├── Away            no answer, also after asking again for as long as was allowed: later it may be there
    ├── Late            the job or batch has not ended in time; it goes on (has `id`)
    └── Broken          an answer that is none of this API's, or a document that is not the one that was published

No message holds a key, a payload or a link.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class ClientError(Exception):
    """Base of every error that a client raises on purpose."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a request; `pointer` is a JSON Pointer into what was sent."""

    pointer: str
    detail: str


class Refused(ClientError):
    """An answer of the 4xx kind. `type` is the problem's own word, "" where the gateway answered."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.type = str(problem.get("type", ""))
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail") or problem.get("message") or "no reason was given")
        self.request_id = str(problem.get("requestId", ""))
        self.errors = tuple(_faults(problem.get("errors")))
        super().__init__(f"{status}: {self.detail}")


class NotValid(Refused):
    """400, 413, 422."""


class NotAllowed(Refused):
    """401, 403."""


class NotFound(Refused):
    """404, 410."""


class NotNow(Refused):
    """409, 412."""


class TooMany(Refused):
    """429."""


class Away(ClientError):
    """Nobody answers, or only that it cannot be answered now."""


class Late(ClientError):
    """What was waited for has not ended, and goes on."""

    def __init__(self, id: str, message: str) -> None:  # noqa: A002 (the word of the API)
        super().__init__(message)
        self.id = id


class Broken(ClientError):
    """Not what this API answers with."""


_KINDS: Mapping[int, type[Refused]] = {
    400: NotValid,
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: NotNow,
    410: NotFound,
    412: NotNow,
    413: NotValid,
    422: NotValid,
    429: TooMany,
}


def refusal(status: int, problem: Mapping[str, Any]) -> Refused:
    """The error of an answer of the 4xx kind."""
    return _KINDS.get(status, Refused)(status, problem)


def _faults(errors: Any) -> Sequence[Fault]:
    listed = errors if isinstance(errors, list) else []
    return [Fault(str(one.get("pointer", "")), str(one.get("detail", ""))) for one in listed if isinstance(one, dict)]
