"""What the queue's verbs take and give, beside the job itself (`job`). Shapes only; all moments are ms since the epoch,
by the broker's clock.
"""

from dataclasses import dataclass

from report_queue.job import Job, Lease, State, Verdict


@dataclass(frozen=True)
class Worker:
    """Who claims: a worker process, shown to people by its beat."""

    id: str
    pid: int
    slots: int
    started_at: int  # ms
    version: str = ""  # of the software


@dataclass(frozen=True)
class Shown:
    """What else a beat shows of a worker."""

    jobs: tuple[str, ...] = ()  # ids of those that it holds
    done: int = 0  # jobs that it has ended
    memory_mb: int = 0  # of it and its children


@dataclass(frozen=True)
class Claimed:
    """The answer to claim."""

    leases: tuple[Lease, ...]
    verdicts: tuple[Verdict, ...]  # one per outcome that was reported, in order
    left: bool  # none may start and the worker holds nothing: it is signed off and ends
    again_at: int | None = None  # ms by the broker's clock; a rate, or its retry, holds the next job back until then
    over: "Requeued | None" = None  # others' leases that ran out, if any
    expired: tuple[str, ...] = ()  # ids of jobs that were to start by now


@dataclass(frozen=True)
class Left:
    """The answer to leave."""

    verdicts: tuple[Verdict, ...]
    wakes: tuple[str, ...]


@dataclass(frozen=True)
class Retried:
    """The answer to retry: `verdict` is waiting where it worked."""

    verdict: State | Verdict
    wakes: tuple[str, ...]


@dataclass(frozen=True)
class Requeued:
    """The answer to requeue: ids whose lease was over, by where they went."""

    requeued: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Dedup:
    """A key that one job of a tenant has at a time."""

    key: str
    window_ms: int  # it is the job's for so long
    instead_of: str | None = None  # the job that may lose it to this one


@dataclass(frozen=True)
class Admitted:
    """The answer to admit: in, where `full` is False and there is no holder."""

    full: bool  # the tenant has as many jobs waiting and delayed as it may
    backlog: int | None  # how many these are; None: not counted, for the job is known
    holder: str | None  # the job that has the dedup key
    holder_state: State | None
    holder_since: int | None = None  # when it got the key


@dataclass(frozen=True)
class Where:
    """Which jobs to list: at least one of state, tag, signature and batch is given."""

    state: State | None = None
    report_type: str | None = None
    tag: str | None = None
    signature: str | None = None  # of the error of failed jobs
    batch: str | None = None
    since: int | None = None  # ms: when it entered its state; with a tag, when it was accepted
    until: int | None = None  # ms, the same


@dataclass(frozen=True)
class Page:
    """Some jobs, and where to go on; `after` is None at the end."""

    jobs: tuple[Job, ...]
    after: str | None


@dataclass(frozen=True)
class Group:
    """Failed jobs whose error is alike."""

    signature: str
    count: int
    newest: str  # id


@dataclass(frozen=True)
class Recent:
    """The pace of late."""

    ended: int  # jobs that completed or failed
    over_ms: int  # in so long
    run_ms: float | None  # mean of the last hour; None: nothing ran


@dataclass(frozen=True)
class Waits:
    """Why a job waits."""

    paused_since: int | None  # ms; the queue, or its report type
    limited: str | None  # its tenant's rate or concurrency
    again_at: int | None  # ms, when the limit is looked at again
    ahead: int  # jobs of its tenant before it
    share: float  # its tenant's part of the turns, 0 to 1
    waiting: int  # jobs of all tenants
    active: int
    workers: int  # alive
    recent: Recent


@dataclass(frozen=True)
class Enqueued:
    """The answer to enqueue."""

    wakes: tuple[str, ...]  # tokens: one worker is to be woken for each
    waits: Waits | None = None  # of the job that was to be explained, while it waits


@dataclass(frozen=True)
class Spread:
    """How long something took, from a histogram: exact to a quarter of a doubling."""

    count: int
    mean_ms: float | None
    p50_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True)
class Minute:
    """What happened in one minute."""

    at: int  # ms, its beginning
    enqueued: int
    started: int
    completed: int
    failed: int
    retried: int
    cancelled: int
    stalled: int
    expired: int


@dataclass(frozen=True)
class Numbers:
    """How it is going, over all tenants."""

    paused: dict[str, int]  # since when: report types, or `*` for all
    minutes: tuple[Minute, ...]  # those in which anything happened, oldest first
    wait: Spread  # of the last hour
    run: Spread


@dataclass(frozen=True)
class Gauges:
    """The queue at a glance, over all tenants."""

    counts: dict[State, int]
    oldest_waiting_ms: int | None  # how long the first in line has waited
    workers: int  # alive
    next_due_at: int | None  # ms, at which a delayed job is due or any job expires
    recent: Recent
    eviction_policy: str  # anything but noeviction loses jobs silently
    memory_bytes: int | None = None  # that the broker uses; None: it does not say
