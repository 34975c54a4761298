"""The faults that `make mutants` makes, one line each, and the one test that must notice each of them.

A guarantee that no fault here takes away is not guarded: who adds one adds a line. `tests/unit/test_mutants.py` sees to
it that every line still fits the code.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "layers/report_queue/python/report_queue"

LOST: Final = "queue/test_lost_replies.py::test_a_verb_whose_reply_was_lost_takes_effect_once"


@dataclass(frozen=True)
class Fault:
    """In `file`, `text`, which stands there once, becomes `instead`."""

    what: str  # goes wrong then
    file: str  # in the package
    text: str
    instead: str
    test: str  # in tests/: file and name, and which of its cases

    def apply(self, package: Path) -> None:
        """Make the fault in a copy of the package; raises ValueError where it does not fit."""
        path = package / self.file
        whole = path.read_text("utf-8")
        if whole.count(self.text) != 1:
            raise ValueError(f"{self.file} holds {self.text!r} {whole.count(self.text)} times, not once")
        path.write_text(whole.replace(self.text, self.instead), "utf-8")


FAULTS: Final = (
    # The scripts.
    Fault(
        "a known job is enqueued anew",
        "lua/enqueue.lua",
        "if redis.call('HEXISTS', key.jobs, new.id) == 0 or not state_of(new.id) then",
        "if true then",
        "queue/test_arrows.py::test_enqueueing_a_known_job_changes_nothing",
    ),
    Fault(
        "a claim that is asked for again takes more jobs",
        "lua/claim.lua",
        "if last and last.call == args.call then",
        "if false then",
        f"{LOST}[plain-claim with everything-dropped]",
    ),
    Fault(
        "weights do not count",
        "lua/claim.lua",
        "virtual + 1 / limits_of(name).weight",
        "virtual + 1",
        "queue/test_fairness.py::test_weights_are_shares",
    ),
    Fault(
        "a full broker does not drain",
        "lua/claim.lua",
        "-- flags: allow-oom",
        "-- flags: ",
        "queue/test_broker_faults.py::test_a_full_broker_refuses_new_jobs_drains_and_takes_new_ones_again[plain]",
    ),
    Fault(
        "an end that is told twice happens twice",
        "lua/complete.lua",
        "if state == 'active' then",
        "if state then",
        f"{LOST}[plain-complete-dropped]",
    ),
    Fault(
        "who has only the attempt's number may end it",
        "lua/prelude.lua",
        "if job.attempt ~= args.attempt or job.worker ~= args.worker then",
        "if job.attempt ~= args.attempt then",
        "queue/test_fence.py::test_the_same_attempt_number_of_an_earlier_life_is_no_claim",
    ),
    Fault(
        "a job is tried once more than it may be",
        "lua/fail.lua",
        "job.failures >= job.attempts",
        "job.failures > job.attempts",
        "queue/test_arrows.py::test_the_third_failure_is_the_last",
    ),
    Fault(
        "an outage costs an attempt",
        "lua/fail.lua",
        "if args.blameless then",
        "if false then",
        "queue/test_arrows.py::test_an_outage_costs_the_job_no_attempt",
    ),
    Fault(
        "the stall budget is one too small",
        "lua/requeue.lua",
        "job.stalls > policy.stalls",
        "job.stalls >= policy.stalls",
        "queue/test_arrows.py::test_stalls_have_a_budget_of_their_own",
    ),
    Fault(
        "a job whose worker died goes to the end of its line",
        "lua/requeue.lua",
        "now, job.place)",
        "now)",
        "queue/test_fairness.py::test_a_job_whose_worker_died_goes_back_to_its_place",
    ),
    Fault(
        "beats keep an attempt for ever",
        "lua/beat.lua",
        "math.min(now + policy.lease_ms, ends)",
        "now + policy.lease_ms",
        "queue/test_fence.py::test_no_beat_extends_an_attempt_beyond_five_minutes",
    ),
    Fault(
        "what has ended can be cancelled",
        "lua/cancel.lua",
        "if TERMINAL[state] or ",
        "if ",
        "queue/test_arrows.py::test_a_job_that_has_ended_cannot_be_cancelled",
    ),
    Fault(
        "a retry that is told twice happens twice",
        "lua/retry.lua",
        " and job.round < args.round",
        "",
        "queue/test_arrows.py::test_a_retry_begins_a_new_round_with_fresh_budgets_once",
    ),
    Fault(
        "workers are sent for again and again",
        "lua/prelude.lua",
        "local sent = alive(now) + redis.call('ZCARD', key.wakes)",
        "local sent = alive(now)",
        "queue/test_wakes.py::test_the_first_job_asks_for_one_worker_and_the_second_for_none_more",
    ),
    # The conversation with Redis.
    Fault(
        "a lost reply is an error",
        "broker.py",
        "_TRIES: Final = 2",
        "_TRIES: Final = 1",
        f"{LOST}[plain-claim of the first-dropped]",
    ),
    Fault(
        "a fork uses its parent's connection",
        "broker.py",
        "if connection.pid != os.getpid():",
        "if False:",
        "queue/test_broker_faults.py::test_a_fork_makes_a_connection_of_its_own",
    ),
    # The worker.
    Fault(
        "more children at a time than slots",
        "worker.py",
        "free=self.settings.slots - len(running)",
        "free=self.settings.slots",
        "worker/test_drain.py::test_two_children_run_at_a_time",
    ),
    Fault(
        "a worker leaves with jobs in hand",
        "worker.py",
        "leave=not running",
        "leave=True",
        "worker/test_drain.py::test_a_worker_renders_publishes_and_closes_everything_that_waits_and_leaves",
    ),
    Fault(
        "nobody comes when a worker's time is over",
        "worker.py",
        "self.bus.wake(left.wakes)",
        "pass",
        "worker/test_drain.py::test_a_worker_whose_time_runs_out_ends_what_it_has_and_sends_for_another",
    ),
    Fault(
        "a report stays open if the broker was wiped meanwhile",
        "worker.py",
        "verdict in (Verdict.COMPLETED, Verdict.UNKNOWN)",
        "verdict is Verdict.COMPLETED",
        "worker/test_drain.py::test_a_broker_that_is_wiped_while_a_report_renders_loses_nothing",
    ),
    Fault(
        "a store that is away ends the drain",
        "worker.py",
        "except StoreAway as error:",
        "except BrokerAway as error:",
        "worker/test_drain.py::test_a_receipt_that_could_not_be_written_does_not_undo_the_report",
    ),
    Fault(
        "what was cancelled is published",
        "attempt.py",
        "                self._still_ours(attempt)\n",
        "",
        "worker/test_drain.py::test_a_job_that_is_cancelled_between_rendering_and_publishing_is_not_published",
    ),
    Fault(
        "what is published is rendered again",
        "attempt.py",
        "if lease.attempt > 1 else None",
        "if lease.attempt > 2 else None",
        "worker/test_drain.py::test_a_second_attempt_does_not_render_what_is_published",
    ),
    Fault(
        "an outage of the store fails jobs",
        "attempt.py",
        "blameless=isinstance(error, BrokerAway | StoreAway)",
        "blameless=False",
        "worker/test_drain.py::test_an_outage_of_the_store_does_not_fail_a_job_however_long",
    ),
    Fault(
        "a child that starts late outlives its job",
        "attempt.py",
        "            if self.lost:\n",
        "            if False:\n",
        "worker/test_children.py::test_an_attempt_that_is_dropped_before_its_child_runs_ends_at_once",
    ),
    Fault(
        "a beat that goes wrong is the last",
        "beat.py",
        "except Exception as error:  # whatever",
        "except LookupError as error:  # whatever",
        "worker/test_drain.py::test_whatever_happens_to_a_beat_the_next_one_follows",
    ),
    Fault(
        "a cancelled job is rendered to its end",
        "beat.py",
        "if verdict in TAKEN_AWAY:",
        "if False:",
        "worker/test_drain.py::test_a_job_that_is_cancelled_while_it_renders_is_killed_and_publishes_nothing",
    ),
    # The ledger.
    Fault(
        "a second report takes the first one's place",
        "bucket.py",
        'condition = {"IfNoneMatch": "*"} if replaces is None',
        "condition = {} if replaces is None",
        "ledger/test_publication.py::test_a_second_attempt_takes_the_report_that_is_there",
    ),
    Fault(
        "a second attempt tells of its own report, not of the one that is there",
        "ledger.py",
        "return there.result(key)",
        "return made",
        "ledger/test_publication.py::test_of_two_attempts_at_once_one_is_published",
    ),
    Fault(
        "a request that has ended runs again",
        "ledger.py",
        "if closed and (not opened or closed.round >= opened.round):",
        "if closed and (not opened or closed.round > opened.round):",
        "ledger/test_acceptance.py::test_a_request_that_has_ended_is_not_accepted_again",
    ),
    Fault(
        "a late receipt takes a newer one's place",
        "ledger.py",
        "if there and not receipt.outranks(round=there.round, state=there.state):",
        "if False:",
        "ledger/test_closing.py::test_a_late_receipt_of_an_older_round_does_not_replace_a_newer_one",
    ),
)
