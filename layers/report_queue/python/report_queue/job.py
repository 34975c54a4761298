"""A job's life: its states, the arrows between them, and what a worker holds while it works on one.

           enqueue            claim               complete
          ---------> waiting ---------> active --------------> completed --.
             |        ^   ^              | | |                             |
     delayed |        |   '--------------' | '---------------> failed -----+--> prune
             v promote|       requeue      |   fail, requeue               |
            delayed --'  <-----------------'     cancel ------> cancelled -'
                                fail (retry)

A state is a sorted set of the same name and a job is in exactly one; nothing else records the state. Failed and
cancelled jobs go back to waiting by `retry`, a new round of the same job. `cancel` also leaves waiting and delayed,
and so does `expire`, to failed, where a job was to have started by now.

This module knows words and shapes only: nothing of Redis (`queue` does), S3 (`ledger` does) or PDF (`render` does).
All moments are milliseconds since the epoch, read from the broker's clock.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from report_queue.result import Result


class State(StrEnum):
    """Where a job stands. The comment says who moves it out."""

    WAITING = "waiting"  # claim (a worker), expire, cancel
    DELAYED = "delayed"  # promote (any claim, the poller, by hand), expire, cancel
    ACTIVE = "active"  # complete and fail (its worker), requeue (lease over), cancel
    COMPLETED = "completed"  # prune, forget
    FAILED = "failed"  # retry, prune, forget
    CANCELLED = "cancelled"  # retry, prune, forget

    @property
    def is_terminal(self) -> bool:
        """True where no arrow but `retry`, `prune` and `forget` leads on."""
        return self in TERMINAL


# In a failure's message, what differs from job to job: quoted text, and words with a digit in them.
_DIFFERS: Final = re.compile(r"\"[^\"]*\"|'[^']*'|\w*\d\w*")

TERMINAL: Final = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})
RETRYABLE: Final = frozenset({State.FAILED, State.CANCELLED})  # ended, and came to nothing


PRIORITY: Final = 5  # of a job that names none; 9 is the highest


class Progress:
    """What a job's progress, 0 to 100, means: the last step that is behind it."""

    ACCEPTED: Final = 0
    CLAIMED: Final = 10
    LAID_OUT: Final = 60
    WRITTEN: Final = 80
    PUBLISHED: Final = 100


class Verdict(StrEnum):
    """The broker's answer to whoever reports on a job. The first four are states; the others refuse."""

    COMPLETED = "completed"
    DELAYED = "delayed"  # a retry is coming
    FAILED = "failed"
    CANCELLED = "cancelled"
    ACTIVE = "active"  # the answer to a beat: carry on
    SUPERSEDED = "superseded"  # another attempt owns the job, or the lease was over
    UNKNOWN = "unknown"  # the broker does not know the job (it was wiped); the reconciler brings it back


@dataclass(frozen=True)
class Backoff:
    """How long a job waits before a retry, where the queue's own is not wanted."""

    kind: Literal["fixed", "exponential"]  # exponential: doubles with each failure
    ms: int  # before the first retry
    jitter: float  # 0 to 1: a random share of the wait that is added to it


@dataclass(frozen=True)
class NewJob:
    """What `enqueue` needs to know; the payload stays in the ledger."""

    id: str
    tenant: str
    report_type: str
    accepted_at: int  # ms, when the ledger accepted it
    attempts: int = 3  # how many may fail before the job does
    round: int = 0  # 0 at first, one more by each manual retry
    priority: int = PRIORITY  # 0 to 9, before others of its tenant
    due_at: int | None = None  # ms; later than now: the job starts as delayed
    expires_at: int | None = None  # ms; not started by then, it fails as expired
    backoff: Backoff | None = None  # None: the queue's
    retention_ms: int | None = None  # how long the broker remembers its end; None: as the state's others
    tags: tuple[str, ...] = ()
    batch: str | None = None  # id of the batch that it belongs to


@dataclass(frozen=True)
class Lease:
    """A worker's right to one job: valid while `attempt` is the job's newest and the lease is renewed in time."""

    id: str
    tenant: str
    report_type: str
    attempt: int  # 1 at the first claim; the fence
    round: int
    accepted_at: int  # ms


@dataclass(frozen=True)
class Completed:
    """The end of an attempt that published its report."""

    lease: Lease
    result: Result


@dataclass(frozen=True)
class Failed:
    """The end of an attempt that did not. `permanent`: no retry."""

    lease: Lease
    reason: str  # a stable code: render.timeout
    message: str  # for people
    permanent: bool  # no attempt can help
    blameless: bool = False  # an outage of ours: it costs the job no attempt

    @property
    def signature(self) -> str:
        """The same for like failures, so that they can be counted together: the reason, and its message's hash
        without what differs from job to job (numbers, ids, what is quoted)."""
        alike = _DIFFERS.sub("#", self.message)
        return f"{self.reason}-{hashlib.sha256(alike.encode('utf-8', 'replace')).hexdigest()[:8]}"


Outcome = Completed | Failed


@dataclass(frozen=True)
class Event:
    """One arrow that a job took, in its timeline."""

    verb: str  # claim, fail, promote, …
    at: int  # ms
    attempt: int  # claims by then
    worker: str | None
    reason: str | None
    message: str | None  # of a failure, its first 300 characters


@dataclass(frozen=True)
class Job:
    """All that the broker knows of a job."""

    id: str
    tenant: str
    report_type: str
    state: State
    at: int  # ms, when it entered the state
    moment: int  # ms: since when (waiting), due (delayed), the lease's end (active), when it is forgotten (terminal)
    accepted_at: int  # ms
    attempts: int  # allowed failures
    attempt: int  # claims so far
    failures: int
    stalls: int
    round: int
    progress: int  # 0-100, see Progress
    worker: str | None  # the last that claimed it
    started_at: int | None  # ms, last claim
    reason: str | None  # of the last failure
    message: str | None
    result: Result | None
    signature: str | None = None  # of the last failure
    priority: int = PRIORITY
    expires_at: int | None = None  # ms; only until it has started
    tags: tuple[str, ...] = ()
    batch: str | None = None
    events: tuple[Event, ...] = ()  # the last 50, oldest first


@dataclass(frozen=True)
class WorkerBeat:
    """A live worker's heartbeat."""

    id: str
    pid: int
    started_at: int  # ms
    beat_at: int  # ms
    slots: int
    active: int  # jobs that it holds
    finished: int  # jobs that it ended since its start
    jobs: tuple[str, ...] = ()  # ids of those that it holds
    memory_mb: int = 0  # of it and its children
    version: str = ""  # of the software
