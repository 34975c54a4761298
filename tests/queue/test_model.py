"""The queue against a model of it (`queue_model`): any order of verbs, at any time, leaves both in the same state.

The test fails unless every arrow of the drawing was taken, so it cannot become one that proves nothing.
"""

import math
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from brokers import settings_for
from queue_model import ARROWS, CONCURRENCY, NAMES, TENANT, TYPE, Expected, Model
from queue_words import SECOND, completed, failed, listed, new_job, worker
from report_queue.audit import Audit, walk
from report_queue.broker import Broker
from report_queue.job import Lease, State, Verdict
from report_queue.queue import Queue
from report_queue.settings import Limits
from report_queue.wiring import broker

WORKERS = ["w1", "w2"]


class Machine(Model, RuleBasedStateMachine):
    """Verbs in any order; `url`, `cluster` and `taken` are set by the test."""

    url: str
    cluster: bool

    @initialize()
    def begin(self) -> None:
        retention = {f"retention_{state}_ms": 60 * SECOND for state in ("completed", "failed", "cancelled")}
        limits = {"acme": Limits(concurrency=CONCURRENCY["acme"], weight=2)}
        self.empty(
            settings_for(self.url, broker_cluster=self.cluster, stalls=1, workers=3, tenants=limits, **retention)
        )
        self.queue = Queue(broker(self.settings), self.settings)
        self.audit = Audit(Broker(broker(self.settings), self.settings))
        self.leases: list[tuple[str, Lease]] = []
        self.tokens: list[int] = []  # when each wake was granted
        for name, life in (("a", 0), ("b", 0), ("d", 5 * SECOND)):  # so that there is something to do
            self.enqueues(name, delay=20 * SECOND if life else 0, life=life, priority=5)

    # What happens.

    @rule(
        data=st.data(),
        delay=st.sampled_from([0, 0, 20 * SECOND]),
        life=st.sampled_from([0, 0, 5 * SECOND]),
        priority=st.sampled_from([5, 5, 0, 9]),
    )
    def enqueue(self, data: st.DataObject, delay: int, life: int, priority: int) -> None:
        self.enqueues(self.draw(data, None), delay=delay, life=life, priority=priority)

    def enqueues(self, name: str, *, delay: int, life: int, priority: int) -> None:
        due_at = self.now + delay if delay else None
        expires_at = self.now + life if life else None
        options = {"due_at": due_at, "expires_at": expires_at, "priority": priority, "attempts": 2}
        job = new_job(name, tenant=TENANT[name], report_type=TYPE[name], accepted_at=self.now, **options)
        wakes = self.queue.enqueue(job, now=self.now).wakes
        if name not in self.jobs:
            self.jobs[name] = Expected(name, priority, expires_at)
            self.moves("enqueue", name, State.DELAYED if delay else State.WAITING, due_at or self.now)
        self.woken(wakes)

    @rule(by=st.sampled_from(WORKERS), free=st.sampled_from([1, 1, 2, 3, 0]), seconds=st.sampled_from([0, 0, 0, 7, 31]))
    def claim(self, by: str, free: int, seconds: int) -> None:
        self.now += seconds * SECOND
        leases = self.queue.claim(worker(by), call=self.count(), free=free, now=self.now).leases
        self.promote_expected()
        self.requeue_expected()
        self.expire_expected()
        for lease in leases:
            tenant = TENANT[lease.id]
            assert lease.id == self.next_of(tenant)
            job = self.jobs[lease.id]
            job.attempt, job.worker, job.started_at = job.attempt + 1, by, self.now
            assert (lease.attempt, lease.round, lease.tenant) == (job.attempt, job.round, tenant)
            self.moves("claim", lease.id, State.ACTIVE, self.now + self.settings.lease_ms)
            self.leases.append((by, lease))
        assert len(leases) == free or self.startable() == 0  # no job waits that may start

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), success=st.booleans(), permanent=st.booleans(), blameless=st.booleans())
    def end(self, data: st.DataObject, success: bool, permanent: bool, blameless: bool) -> None:
        by, lease = self.draw_lease(data)
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
            job.reason = None
            self.ends("complete", lease.id, State.COMPLETED)
        else:
            job.failures += not blameless
            job.outages += blameless
            job.reason = "render.timeout"
            if permanent or job.failures >= 2:
                self.ends("fail", lease.id, State.FAILED)
            else:
                (found,) = self.queue.find(lease.id)
                assert found
                tries = job.outages if blameless else job.failures
                wait = min(self.settings.backoff_ms * 2 ** (tries - 1), self.settings.backoff_limit_ms)
                assert wait <= found.moment - self.now <= wait * (1 + self.settings.backoff_jitter)
                self.moves("fail", lease.id, State.DELAYED, found.moment)

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        by, lease = self.draw_lease(data)
        job = self.jobs.get(lease.id)
        (verdict,) = self.queue.beat(worker(by), [(lease, 60)], now=self.now)
        refusal = self.refusal(job, by, lease)
        if refusal or not job or job.state is not State.ACTIVE:
            assert verdict is (refusal or Verdict.SUPERSEDED)
            return
        ends = job.started_at + self.settings.attempt_ms
        job.moment = min(self.now + self.settings.lease_ms, ends)
        assert verdict is (Verdict.ACTIVE if ends > self.now else Verdict.SUPERSEDED)

    @rule(data=st.data(), reason=st.sampled_from([None, "replaced"]), idle=st.booleans())
    def cancel(self, data: st.DataObject, reason: str | None, idle: bool) -> None:
        name = self.draw(data, State.WAITING, State.DELAYED, State.ACTIVE)
        verdict = self.queue.cancel(name, reason=reason, idle=idle, now=self.now)
        job = self.jobs.get(name)
        if not job:
            assert verdict is Verdict.UNKNOWN
        elif job.state and (job.state.is_terminal or (idle and job.state is State.ACTIVE)):
            assert verdict == job.state
        else:
            assert verdict is Verdict.CANCELLED
            job.reason = reason
            self.ends("cancel", name, State.CANCELLED)

    @rule(data=st.data(), ahead=st.sampled_from([0, 1, 1, 1]))
    def retry(self, data: st.DataObject, ahead: int) -> None:
        name = self.draw(data, State.FAILED, State.CANCELLED)
        job = self.jobs.get(name)
        reply = self.queue.retry(name, round=(job.round if job else 0) + ahead, now=self.now)
        if not job:
            assert reply.verdict is Verdict.UNKNOWN
            return
        if ahead and job.state in (State.FAILED, State.CANCELLED):
            job.round, job.failures, job.outages, job.stalls = job.round + 1, 0, 0, 0
            job.reason = None
            self.moves("retry", name, State.WAITING, self.now)
        assert job.state
        assert reply.verdict is State(job.state)
        self.woken(reply.wakes)

    @rule(seconds=st.sampled_from([1, 7, 31, 61, 301]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule(data=st.data())
    def promote_by_hand(self, data: st.DataObject) -> None:
        name = self.draw(data, State.DELAYED)
        verdict = self.queue.promote_now(name, now=self.now)
        job = self.jobs.get(name)
        if job and job.state is State.DELAYED:
            self.moves("promote by hand", name, State.WAITING, self.now)
        assert verdict == (job.state if job else Verdict.UNKNOWN)

    @rule(
        verb=st.sampled_from(["promote", "requeue", "expire", "wake"]),
        seconds=st.sampled_from([0, 7, 61]),
    )
    def poll(self, verb: str, seconds: int) -> None:
        self.now += seconds * SECOND
        if verb == "promote":
            assert self.queue.promote(now=self.now) == self.promote_expected()
        elif verb == "requeue":
            reply = self.queue.requeue(now=self.now)
            assert set(reply.requeued) | set(reply.failed) == self.requeue_expected()
        elif verb == "expire":
            assert set(self.queue.expire(now=self.now)) == self.expire_expected()
        else:
            self.woken(self.queue.wake(now=self.now))

    @rule(state=st.sampled_from([None, State.COMPLETED, State.FAILED, State.CANCELLED]))
    def prune(self, state: State | None) -> None:
        """At once; or when the first of a state is over."""
        over = [job.moment for job in self.jobs.values() if job.state and job.state is state]
        self.now = max([self.now, *sorted(over)[:1]])
        assert self.queue.prune(now=self.now) == self.prune_expected()

    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        name = self.draw(data, State.COMPLETED, State.FAILED, State.CANCELLED)
        verdict = self.queue.forget(name)
        job = self.jobs.get(name)
        if job and job.state and not job.state.is_terminal:
            assert verdict == job.state
            return
        assert verdict is Verdict.UNKNOWN
        if job:
            self.taken.add(("forget", job.state, None))
            del self.jobs[name]

    @rule(what=st.sampled_from([(), (), (), ("sales",), ("*",)]))
    def pause(self, what: tuple[str, ...]) -> None:
        self.paused = dict.fromkeys(what, self.now)
        self.woken(self.queue.pause(self.paused, now=self.now))

    @rule()
    def look(self) -> None:
        """Lists and groups show what is there, and nothing else."""
        for tenant in CONCURRENCY:
            mine = [job for job in self.jobs.values() if job.tenant == tenant]
            for state in State:
                expected = sorted(job.name for job in mine if job.state is state)
                assert sorted(listed(self.queue, tenant, state=state)) == expected
            failures = sum(group.count for group in self.queue.groups(tenant))
            assert failures == sum(job.state is State.FAILED for job in mine)
        self.is_audited()

    def is_audited(self) -> None:
        """No verb leaves behind what an audit would find."""
        assert walk(self.audit, now=self.now).found == ()

    def teardown(self) -> None:
        if hasattr(self, "queue"):
            self.is_audited()

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
                assert (found.reason, found.priority, found.expires_at) == (job.reason, job.priority, job.expires_at)
        assert self.queue.counts() == self.counts(*CONCURRENCY)  # each in one state's set
        assert self.queue.counts("acme") == self.counts("acme")

    # Words of the rules.

    def draw(self, data: st.DataObject, *states: State | None) -> str:
        """A job in one of the states, where there is one (None: one that is not known), and else any."""
        fitting = [name for name in NAMES if (self.jobs[name].state if name in self.jobs else None) in states]
        return data.draw(st.sampled_from(fitting * 3 + NAMES))

    def draw_lease(self, data: st.DataObject) -> tuple[str, Lease]:
        """One that holds, where there is one; and else any: a stale one, the same one again."""
        holding = [
            (by, lease)
            for by, lease in self.leases
            if (job := self.jobs.get(lease.id))
            and job.state is State.ACTIVE
            and (job.attempt, job.worker) == (lease.attempt, by)
        ]
        return data.draw(st.sampled_from(holding * 3 + self.leases))

    def woken(self, wakes: tuple[str, ...]) -> None:
        """As many wakes as the jobs that may start want, and none for others."""
        self.tokens = [granted for granted in self.tokens if granted + self.settings.wake_ms > self.now]
        ready, active = self.startable(), self.counts(*CONCURRENCY)[State.ACTIVE]
        wanted = min(self.settings.workers, math.ceil((ready + active) / self.settings.slots)) if ready else 0
        there = len(self.queue.workers(now=self.now)) + len(self.tokens)
        assert len(wakes) == max(wanted - there, 0)
        self.tokens += [self.now] * len(wakes)


def run(url: str, *, cluster: bool, examples: int) -> set[Any]:
    """So many random lives of a queue; the arrows that were taken."""
    taken: set[Any] = set()
    machine = type("BoundMachine", (Machine,), {"url": url, "cluster": cluster, "taken": taken})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=60,
            deadline=None,
            derandomize=True,  # the same run everywhere: what it finds, it finds for everyone
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return taken


def test_any_order_of_verbs_keeps_to_the_drawing_and_takes_every_arrow(valkey: str) -> None:
    assert run(valkey, cluster=False, examples=200) == ARROWS


def test_any_order_of_verbs_keeps_to_the_drawing_in_cluster_mode_too(valkey_cluster: str) -> None:
    assert run(valkey_cluster, cluster=True, examples=15) <= ARROWS
