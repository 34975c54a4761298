"""The queue against a model of it: any order of verbs, at any time, leaves both in the same state.

The model is the drawing in `report_queue.job`, in Python. The test fails unless every arrow of the drawing was taken,
so it cannot become one that proves nothing.
"""

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from brokers import settings_for
from queue_words import SECOND, T0, completed, failed, new_job, worker
from report_queue.job import Lease, State, Verdict
from report_queue.queue import Queue
from report_queue.wiring import broker

NAMES = [f"job-{number}" for number in range(3)]
WORKERS = ["w1", "w2"]

# (verb, from, to): the drawing.
ARROWS = {
    ("enqueue", None, State.WAITING),
    ("enqueue", None, State.DELAYED),
    ("promote", State.DELAYED, State.WAITING),
    ("claim", State.WAITING, State.ACTIVE),
    ("complete", State.ACTIVE, State.COMPLETED),
    ("fail", State.ACTIVE, State.DELAYED),
    ("fail", State.ACTIVE, State.FAILED),
    ("requeue", State.ACTIVE, State.WAITING),
    ("requeue", State.ACTIVE, State.FAILED),
    ("cancel", State.WAITING, State.CANCELLED),
    ("cancel", State.DELAYED, State.CANCELLED),
    ("cancel", State.ACTIVE, State.CANCELLED),
    ("retry", State.FAILED, State.WAITING),
    ("retry", State.CANCELLED, State.WAITING),
    ("prune", State.COMPLETED, None),
    ("prune", State.FAILED, None),
    ("prune", State.CANCELLED, None),
}


@dataclass
class Expected:
    """A job as the model has it."""

    accepted_at: int
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


class Machine(RuleBasedStateMachine):
    """Verbs in any order; `url` and `taken` are set by the test."""

    url: str
    taken: set[tuple[str, State | None, State | None]]

    @initialize()
    def begin(self) -> None:
        self.settings = settings_for(self.url, stalls=1, retention_ms=60 * SECOND)
        self.queue = Queue(broker(self.settings), self.settings)
        self.now = T0
        self.jobs: dict[str, Expected] = {}
        self.leases: list[tuple[str, Lease]] = []
        self.call = 0

    # What happens.

    @rule(name=st.sampled_from(NAMES), delay=st.sampled_from([0, 0, 20 * SECOND]))
    def enqueue(self, name: str, delay: int) -> None:
        due_at = self.now + delay if delay else None
        self.queue.enqueue(new_job(name, due_at=due_at, attempts=2, accepted_at=self.now), now=self.now)
        if name not in self.jobs:
            self.jobs[name] = Expected(self.now)
            self.moves("enqueue", name, State.DELAYED if delay else State.WAITING, due_at or self.now)

    @rule(by=st.sampled_from(WORKERS), free=st.integers(0, 3))
    def claim(self, by: str, free: int) -> None:
        self.call += 1
        leases = self.queue.claim(worker(by), call=self.call, free=free, now=self.now).leases
        self.promote_expected()
        self.requeue_expected()
        first = sorted((job.moment, name) for name, job in self.jobs.items() if job.state is State.WAITING)[:free]
        assert [lease.id for lease in leases] == [name for _, name in first]
        for lease in leases:
            job = self.jobs[lease.id]
            job.attempt, job.worker, job.started_at = job.attempt + 1, by, self.now
            assert (lease.attempt, lease.round) == (job.attempt, job.round)
            self.moves("claim", lease.id, State.ACTIVE, self.now + self.settings.lease_ms)
            self.leases.append((by, lease))

    @rule(data=st.data(), success=st.booleans(), permanent=st.booleans(), blameless=st.booleans())
    def end(self, data: st.DataObject, success: bool, permanent: bool, blameless: bool) -> None:
        if not self.leases:
            return
        by, lease = data.draw(st.sampled_from(self.leases))  # stale ones too, and the same one again
        job = self.jobs.get(lease.id)
        if success:
            verdict = self.queue.complete(worker(by), completed(lease), now=self.now)
        else:
            failure = replace(failed(lease, permanent=permanent), blameless=blameless)
            verdict = self.queue.fail(worker(by), failure, now=self.now)
        refusal = self.refusal(job, by, lease)
        if refusal:
            assert verdict is refusal
            return
        assert job
        if job.state is not State.ACTIVE:
            ends = (State.COMPLETED,) if success else (State.DELAYED, State.FAILED)
            assert verdict == (job.state if job.state in ends else Verdict.SUPERSEDED)
        elif success:
            self.moves("complete", lease.id, State.COMPLETED, self.now)
        else:
            job.failures += not blameless
            job.outages += blameless
            if permanent or job.failures >= 2:
                self.moves("fail", lease.id, State.FAILED, self.now)
            else:
                (found,) = self.queue.find(lease.id)
                assert found
                tries = job.outages if blameless else job.failures
                wait = min(self.settings.backoff_ms * 2 ** (tries - 1), self.settings.backoff_limit_ms)
                assert wait <= found.moment - self.now <= wait * (1 + self.settings.backoff_jitter)
                self.moves("fail", lease.id, State.DELAYED, found.moment)

    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        if not self.leases:
            return
        by, lease = data.draw(st.sampled_from(self.leases))
        job = self.jobs.get(lease.id)
        (verdict,) = self.queue.beat(worker(by), [(lease, 60)], now=self.now)
        refusal = self.refusal(job, by, lease)
        if refusal or not job or job.state is not State.ACTIVE:
            assert verdict is (refusal or Verdict.SUPERSEDED)
            return
        ends = job.started_at + self.settings.attempt_ms
        job.moment = min(self.now + self.settings.lease_ms, ends)
        assert verdict is (Verdict.ACTIVE if ends > self.now else Verdict.SUPERSEDED)

    @rule(name=st.sampled_from(NAMES))
    def cancel(self, name: str) -> None:
        verdict = self.queue.cancel(name, now=self.now)
        job = self.jobs.get(name)
        if not job:
            assert verdict is Verdict.UNKNOWN
        elif job.state and job.state.is_terminal:
            assert verdict == job.state
        else:
            assert verdict is Verdict.CANCELLED
            self.moves("cancel", name, State.CANCELLED, self.now)

    @rule(name=st.sampled_from(NAMES), ahead=st.sampled_from([0, 1, 1, 1]))
    def retry(self, name: str, ahead: int) -> None:
        job = self.jobs.get(name)
        verdict = self.queue.retry(name, round=(job.round if job else 0) + ahead, now=self.now).verdict
        if not job:
            assert verdict is Verdict.UNKNOWN
            return
        if ahead and job.state in (State.FAILED, State.CANCELLED):
            job.round, job.failures, job.outages, job.stalls = job.round + 1, 0, 0, 0
            self.moves("retry", name, State.WAITING, self.now)
        assert job.state
        assert verdict is State(job.state)

    @rule(seconds=st.sampled_from([1, 7, 31, 61, 301]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule()
    def promote(self) -> None:
        assert self.queue.promote(now=self.now) == self.promote_expected()

    @rule()
    def requeue(self) -> None:
        reply = self.queue.requeue(now=self.now)
        assert set(reply.requeued) | set(reply.failed) == self.requeue_expected()

    @rule()
    def prune(self) -> None:
        self.queue.prune(now=self.now)
        for name, job in list(self.jobs.items()):
            if job.state and job.state.is_terminal and job.moment <= self.now - self.settings.retention_ms:
                self.taken.add(("prune", job.state, None))
                del self.jobs[name]

    # What must hold, always.

    @invariant()
    def both_say_the_same(self) -> None:
        if not hasattr(self, "queue"):
            return
        for name, found in zip(NAMES, self.queue.find(*NAMES), strict=True):
            job = self.jobs.get(name)
            assert (found is None) == (job is None)
            if found and job:
                seen = (found.state, found.moment, found.at, found.attempt, found.failures, found.stalls, found.round)
                assert seen == (job.state, job.moment, job.at, job.attempt, job.failures, job.stalls, job.round)
        counts = {state: sum(job.state is state for job in self.jobs.values()) for state in State}
        assert self.queue.counts() == self.queue.counts("acme") == counts  # each in one index, and in one list

    # The model.

    def moves(self, verb: str, name: str, to: State, moment: int) -> None:
        job = self.jobs[name]
        self.taken.add((verb, job.state, to))
        job.state, job.moment, job.at = to, moment, self.now

    def refusal(self, job: Expected | None, by: str, lease: Lease) -> Verdict | None:
        if job is None:
            return Verdict.UNKNOWN
        if job.state is State.CANCELLED:
            return Verdict.CANCELLED
        return None if (job.attempt, job.worker) == (lease.attempt, by) else Verdict.SUPERSEDED

    def promote_expected(self) -> int:
        due = [name for name, job in self.jobs.items() if job.state is State.DELAYED and job.moment <= self.now]
        for name in due:
            self.moves("promote", name, State.WAITING, self.jobs[name].moment)
        return len(due)

    def requeue_expected(self) -> set[str]:
        over = {name for name, job in self.jobs.items() if job.state is State.ACTIVE and job.moment <= self.now}
        for name in over:
            job = self.jobs[name]
            job.stalls += 1
            if job.stalls > self.settings.stalls:
                self.moves("requeue", name, State.FAILED, self.now)
            else:
                self.moves("requeue", name, State.WAITING, job.accepted_at)
        return over


def test_any_order_of_verbs_keeps_to_the_drawing_and_takes_every_arrow(valkey: str) -> None:
    taken: set[Any] = set()
    machine = type("BoundMachine", (Machine,), {"url": valkey, "taken": taken})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=200,
            stateful_step_count=60,
            deadline=None,
            derandomize=True,  # the same run everywhere: what it finds, it finds for everyone
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert taken == ARROWS
