"""Faults in the package's Python: the conversation with Redis, the worker and the ledger."""

from typing import Final

from .fault import LOST, Fault

PYTHON: Final = (
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
    Fault(
        "a connection that ended while it rested costs a try",
        "broker.py",
        "if time.monotonic() - since > _IDLE_S and _is_over(connection):",
        "if False:",
        "queue/test_broker_faults.py::test_a_connection_that_ended_while_it_rested_is_replaced_and_costs_no_try",
    ),
    Fault(
        "threads share a connection",
        "broker.py",
        "connection, since = self._resting.pop()",
        "connection, since = self._resting[-1]",
        "queue/test_broker_faults.py::test_threads_share_no_connection_and_use_each_others_again",
    ),
    Fault(
        "a broker that is busy is a mistake of ours",
        "broker.py",
        '"BUSY", ',
        "",
        "queue/test_broker_faults.py::test_a_broker_that_is_not_itself_is_away_and_then_back",
    ),
    Fault(
        "a broker whose disk is full is a mistake of ours",
        "broker.py",
        '"MISCONF", ',
        "",
        "queue/test_broker_faults.py::test_a_broker_that_is_not_itself_is_away_and_then_back",
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
        "worker/test_dropped.py::test_a_child_that_starts_after_its_job_was_lost_ends_at_once",
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
        "worker/test_dropped.py::test_a_beat_ends_the_child_of_a_job_that_was_cancelled",
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
    # The audit.
    Fault(
        "an audit begins anew each minute",
        "audit.py",
        "audit.mend((), keep=place or FIRST, now=now)",
        "audit.mend((), keep=FIRST, now=now)",
        "queue/test_audit.py::test_a_round_is_bounded_goes_on_where_the_last_one_ended_and_comes_to_all",
    ),
    Fault(
        "an audit that is only to tell writes",
        "audit.py",
        "if mend else page.suspects",
        "",
        "queue/test_audit.py::test_a_fault_is_put_right_and_nothing_else_is_touched[completed and waiting]",
    ),
)
