"""A model of the queue: the drawing in `report_queue.job`, in Python, with what holds jobs back: two tenants, one of
which may have one active job at a time, two report types that can be paused, and priorities.

Whose turn it is between the tenants is left to the queue (`queue/test_fairness` has that); which of a tenant's jobs is
next, and how many jobs may start, is not. It moves jobs only as told, and knows nothing of Redis.
"""

from dataclasses import dataclass

from queue_words import SECOND, T0
from report_queue.job import Lease, State, Verdict
from report_queue.settings import Settings

TENANT = {"a": "acme", "b": "acme", "c": "acme", "d": "other", "e": "other"}
TYPE = {"a": "sales", "b": "test", "c": "sales", "d": "sales", "e": "test"}
NAMES = list(TENANT)
CONCURRENCY = {"acme": 1, "other": 99}

# (verb, from, to): the drawing.
ARROWS = {
    ("enqueue", None, State.WAITING),
    ("enqueue", None, State.DELAYED),
    ("promote", State.DELAYED, State.WAITING),
    ("promote by hand", State.DELAYED, State.WAITING),
    ("claim", State.WAITING, State.ACTIVE),
    ("complete", State.ACTIVE, State.COMPLETED),
    ("fail", State.ACTIVE, State.DELAYED),
    ("fail", State.ACTIVE, State.FAILED),
    ("requeue", State.ACTIVE, State.WAITING),
    ("requeue", State.ACTIVE, State.FAILED),
    ("expire", State.WAITING, State.FAILED),
    ("expire", State.DELAYED, State.FAILED),
    ("cancel", State.WAITING, State.CANCELLED),
    ("cancel", State.DELAYED, State.CANCELLED),
    ("cancel", State.ACTIVE, State.CANCELLED),
    ("retry", State.FAILED, State.WAITING),
    ("retry", State.CANCELLED, State.WAITING),
    ("forget", State.COMPLETED, None),
    ("forget", State.FAILED, None),
    ("forget", State.CANCELLED, None),
    ("prune", State.COMPLETED, None),
    ("prune", State.FAILED, None),
    ("prune", State.CANCELLED, None),
}


@dataclass
class Expected:
    """A job as the model has it."""

    name: str
    priority: int
    expires_at: int | None
    state: State | None = None
    moment: int = 0
    at: int = 0
    attempt: int = 0
    failures: int = 0
    outages: int = 0
    stalls: int = 0
    round: int = 0
    worker: str | None = None
    started_at: int = 0
    reason: str | None = None
    place: tuple[int, int] = (0, 0)  # in waiting: by priority, then by age
    came: int = 0  # to delayed, for those due in the same millisecond

    @property
    def tenant(self) -> str:
        return TENANT[self.name]


class Model:
    """What is true of the queue now. `taken` gathers the arrows."""

    settings: Settings
    taken: set[tuple[str, State | None, State | None]]

    def empty(self, settings: Settings) -> None:
        """Begin anew."""
        self.settings = settings
        self.now = T0
        self.jobs: dict[str, Expected] = {}
        self.paused: dict[str, int] = {}
        self.counted = 0

    def count(self) -> int:
        self.counted += 1
        return self.counted

    def counts(self, *tenants: str) -> dict[State, int]:
        mine = [job for job in self.jobs.values() if job.tenant in tenants]
        return {state: sum(job.state is state for job in mine) for state in State}

    def moves(self, verb: str, name: str, to: State, moment: int, *, back: bool = False) -> None:
        job = self.jobs[name]
        self.taken.add((verb, job.state, to))
        if to is State.WAITING:
            moment = self.now
            if not back:
                job.place = (-job.priority, self.count())
        elif to is State.DELAYED:
            job.came = self.count()
        else:
            job.expires_at = None
        job.state, job.moment, job.at = to, moment, self.now

    def ends(self, verb: str, name: str, to: State) -> None:
        self.moves(verb, name, to, self.now + 60 * SECOND)

    def refusal(self, job: Expected | None, by: str, lease: Lease) -> Verdict | None:
        if job is None:
            return Verdict.UNKNOWN
        if job.state is State.CANCELLED:
            return Verdict.CANCELLED
        return None if (job.attempt, job.worker) == (lease.attempt, by) else Verdict.SUPERSEDED

    def promote_expected(self) -> int:
        due = [job for job in self.jobs.values() if job.state is State.DELAYED and job.moment <= self.now]
        for job in sorted(due, key=lambda job: (job.moment, job.came)):
            self.moves("promote", job.name, State.WAITING, self.now)
        return len(due)

    def requeue_expected(self) -> set[str]:
        over = {name for name, job in self.jobs.items() if job.state is State.ACTIVE and job.moment <= self.now}
        for name in over:
            job = self.jobs[name]
            job.stalls += 1
            if job.stalls > self.settings.stalls:
                job.reason = "stalled"
                self.ends("requeue", name, State.FAILED)
            else:
                self.moves("requeue", name, State.WAITING, self.now, back=True)
        return over

    def prune_expected(self) -> int:
        over = [job for job in self.jobs.values() if job.state and job.state.is_terminal and job.moment <= self.now]
        for job in over:
            self.taken.add(("prune", job.state, None))
            del self.jobs[job.name]
        return len(over)

    def expire_expected(self) -> set[str]:
        late = {name for name, job in self.jobs.items() if job.expires_at and job.expires_at <= self.now}
        for name in late:
            self.jobs[name].reason = "expired"
            self.ends("expire", name, State.FAILED)
        return late

    def waiting(self, tenant: str) -> list[Expected]:
        """Those that no pause holds back, the next first."""
        if "*" in self.paused:
            return []
        mine = [job for job in self.jobs.values() if job.tenant == tenant and job.state is State.WAITING]
        return sorted((job for job in mine if TYPE[job.name] not in self.paused), key=lambda job: job.place)

    def room(self, tenant: str) -> int:
        return CONCURRENCY[tenant] - self.counts(tenant)[State.ACTIVE]

    def next_of(self, tenant: str) -> str | None:
        waiting = self.waiting(tenant)
        return waiting[0].name if waiting and self.room(tenant) > 0 else None

    def startable(self) -> int:
        return sum(min(len(self.waiting(tenant)), max(self.room(tenant), 0)) for tenant in CONCURRENCY)
