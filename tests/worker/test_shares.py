"""What an attempt takes of a worker's time, and since when its caller has waited: what cost and delay are told from."""

from dataclasses import replace

import pytest

import report_queue.worker
from report_queue.attempt import Attempt
from report_queue.job import Lease
from report_queue.worker import _Shares
from tests.ledger.words import request
from worker_world import World

LEASE = Lease("a", "acme", "test", attempt=1, round=0, accepted_at=0)


def test_a_second_is_shared_by_those_that_run_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 100.0
    monkeypatch.setattr(report_queue.worker.time, "monotonic", lambda: clock)
    shares, first, second = _Shares(), Attempt(LEASE), Attempt(LEASE)
    clock = 103.0
    shares.pass_on([first])
    clock = 107.0
    shares.pass_on([first, second])
    clock = 109.0
    shares.pass_on([])  # nobody's
    clock = 110.0
    shares.pass_on([second])
    assert (first.busy_s, second.busy_s) == (5.0, 3.0)


def test_a_caller_waits_from_the_acceptance_or_from_the_moment_asked_for() -> None:
    assert Attempt(LEASE).ready_at is None
    assert Attempt(LEASE, request=request(accepted_at=5)).ready_at == 5
    assert Attempt(LEASE, request=request(accepted_at=5, due_at=9)).ready_at == 9
    again = replace(LEASE, round=1)  # somebody retried it by hand, long after
    assert Attempt(again, request=request(accepted_at=5)).ready_at is None


def test_a_drain_tells_each_start_and_each_end_as_it_comes(world: World) -> None:
    ids = [world.accept() for _ in range(3)]
    told: list[tuple[str, str]] = []
    drain = replace(
        world.worker(),
        on_start=lambda attempt: told.append(("start", attempt.lease.id)),
        on_end=lambda ended: told.append(("end", ended.attempt.lease.id)),
    )
    drained = drain.run(None)
    for job_id in ids:
        assert told.index(("start", job_id)) < told.index(("end", job_id))
    assert len(told) == 6
    assert told[-1][0] == "end"
    shares = [ended.attempt.busy_s for ended in drained.ended]
    spans = [(ended.at - ended.attempt.claimed_at) / 1000 for ended in drained.ended]
    assert all(0 < share <= span + 0.1 for share, span in zip(shares, spans, strict=True))
