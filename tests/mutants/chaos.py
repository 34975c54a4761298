"""Faults against the promise "never lost, never twice": each must break a small run of `tests.chaos`."""

from typing import Final

from .fault import Fault

_RUN: Final = "chaos/faults_runs.py::test_a_small_run_keeps_the_promise"
_PUBLISH: Final = "                result = self.ledger.publish(\n"
_MADE: Final = 'Result(key=f"reports/{lease.tenant}/{lease.id}.pdf", **vars(rendered))'

CHAOS: Final = (
    Fault(
        "no fence",
        "lua/prelude/job.lua",
        "if job.attempt ~= args.attempt or job.worker ~= args.worker then",
        "if false then",
        f"{_RUN}[no fence]",
    ),
    Fault(
        "unconditional publication",
        "bucket.py",
        'condition = {"IfNoneMatch": "*"} if replaces is None',
        "condition = {} if replaces is None",
        f"{_RUN}[unconditional publication]",
    ),
    Fault(
        "complete before publish",
        "attempt.py",
        _PUBLISH,
        f"                self.queue.complete(self.worker, Completed(lease, {_MADE}))\n{_PUBLISH}",
        f"{_RUN}[complete before publish]",
    ),
    Fault(
        "claim not atomic: what is given out still waits",
        "lua/claim.lua",
        "move(id, job, 'waiting', 'active', now, now + policy.lease_ms)",
        "move(id, job, nil, 'active', now, now + policy.lease_ms)",
        f"{_RUN}[claim not atomic]",
    ),
    Fault(
        "requeue without guard: also of leases that hold",
        "lua/requeue.lua",
        "look('ZRANGE', 'active', '-inf', now, 'BYSCORE'",
        "look('ZRANGE', 'active', '-inf', '+inf', 'BYSCORE'",
        f"{_RUN}[requeue without guard]",
    ),
    Fault(
        "client retries on",
        "broker.py",
        "_TRIES: Final = 2",
        "_TRIES: Final = 12",
        f"{_RUN}[client retries on]",
    ),
    Fault(
        "stalls uncounted",
        "lua/requeue.lua",
        "job.stalls = job.stalls + 1",
        "job.stalls = job.stalls",
        f"{_RUN}[stalls uncounted]",
    ),
    Fault(
        "TTL on live jobs",
        "lua/prelude/gather.lua",
        "  in_parts('HSET', 'jobs', written)\n",
        "  in_parts('HSET', 'jobs', written)\n  redis.call('PEXPIRE', key.jobs, 60000)\n",
        f"{_RUN}[TTL on live jobs]",
    ),
    Fault(
        "endless beat",
        "lua/beat.lua",
        "local ends = job.started + policy.attempt_ms",
        "local ends = now + policy.attempt_ms",
        f"{_RUN}[endless beat]",
    ),
    Fault(
        "reconciler that ignores finished jobs",
        "reconcile.py",
        "if job is None or job.state.is_terminal",
        "if job is None",
        f"{_RUN}[reconciler that ignores finished jobs]",
    ),
    Fault(
        "close before publish",
        "attempt.py",
        _PUBLISH,
        "                from report_queue.job import State\n"
        "                from report_queue.receipt import Receipt\n"
        f"                self.ledger.close(Receipt(request, State.COMPLETED, 1, 1, result={_MADE}))\n{_PUBLISH}",
        f"{_RUN}[close before publish]",
    ),
    Fault(
        "child not killed",
        "attempt.py",
        "            self.lost = verdict\n            if self._child:\n",
        "            self.lost = verdict\n            if False:\n",
        f"{_RUN}[child not killed]",
    ),
)
