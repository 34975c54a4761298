"""When somebody is told, and of what: every alarm, in the order of the dashboard's rows.

Each has a section of its name in RUNBOOK.md, and its description says where to look first. Only what users feel, or
what could lose work, pages, through the one composite; the others tell who has been paged, or who looks, why.
"""

from dataclasses import dataclass
from typing import Final, Literal

from cdk_app.environments import Environment
from cdk_app.monitoring.lines import Line, Names, Sum, of_api, of_broker, of_functions, ours, total
from report_queue import measures as m
from report_queue.settings import Settings

Missing = Literal["breaching", "notBreaching"]

_FIVE: Final = 300  # s


@dataclass(frozen=True)
class Alarm:
    """A threshold that was passed in `beyond` of the last `periods` periods."""

    name: str
    watches: Line | Sum
    threshold: float
    means: str
    look: str  # what to look at first
    beyond: int
    periods: int
    missing: Missing = "notBreaching"
    comparison: Literal["GreaterThanThreshold", "LessThanThreshold"] = "GreaterThanThreshold"
    pages: bool = False

    def description(self, runbook: str) -> str:
        """For the console; `runbook` is where RUNBOOK.md is read."""
        return f"{self.means} Look first at {self.look}. What to do: {runbook}#{self.name}"


def alarms(names: Names, environment: Environment) -> tuple[Alarm, ...]:
    """All alarms of a deployment."""
    return (
        *_users_feel(names),
        *_queue(names),
        *_rendering(names, environment),
        *_functions(names),
        *_broker(names, environment),
        *_api(names),
        _money(names, environment),
    )


def _users_feel(names: Names) -> tuple[Alarm, ...]:
    failing = Sum(
        "IF(FILL(failed, 0) + FILL(done, 0) >= 5, 100 * FILL(failed, 0) / (FILL(failed, 0) + FILL(done, 0)), 0)",
        {"failed": ours(names, m.FAILED, "Sum", period=_FIVE), "done": ours(names, m.COMPLETED, "Sum", period=_FIVE)},
        "% of jobs that failed",
        _FIVE,
    )
    answers = {"bad": of_api(names, "5xx", "Sum", period=_FIVE), "asked": of_api(names, "Count", "Sum", period=_FIVE)}
    refusing = Sum(
        "IF(FILL(asked, 0) >= 5, 100 * FILL(bad, 0) / FILL(asked, 0), 0)",
        answers,
        "% of answers of the 5xx kind",
        _FIVE,
    )
    return (
        Alarm(
            "reports-fail",
            failing,
            10,
            "More than one job in ten fails for good.",
            "the widget 'Failures by reason', then the query 'failures by signature'",
            beyond=2,
            periods=3,
            pages=True,
        ),
        Alarm(
            "start-slow",
            ours(names, m.START, "p95"),
            60,
            "One job in twenty waits longer than a minute for a worker.",
            "the row 'Queue': does it wait behind many jobs, or for workers that do not come?",
            beyond=3,
            periods=5,
            pages=True,
        ),
        Alarm(
            "api-fails",
            refusing,
            5,
            "More than one request in twenty is answered with a 5xx.",
            "the row 'API': what is away, or is it a mistake of ours?",
            beyond=2,
            periods=3,
            pages=True,
        ),
    )


def _queue(names: Names) -> tuple[Alarm, ...]:
    """The gauges come once a minute; that none comes is at least as bad as what they could say."""
    drift = Sum("ABS(drift)", {"drift": ours(names, m.DRIFT, "Minimum")}, "difference of the books")
    return (
        Alarm(
            "oldest-waits",
            ours(names, m.OLDEST, "Maximum"),
            300,
            "The job that is first in line has waited for more than five minutes.",
            "the widget 'Jobs in the queue' and 'Workers': is it paused, is nobody woken, or do all slots render?",
            beyond=3,
            periods=3,
            missing="breaching",
            pages=True,
        ),
        Alarm(
            "poller-silent",
            ours(names, m.WAITING, "SampleCount"),
            1,
            "The poller has told no gauges for five minutes: retries, schedules and lost wakes wait for it.",
            "the widget 'Errors by function' and the poller's log",
            beyond=5,
            periods=5,
            missing="breaching",
            comparison="LessThanThreshold",
            pages=True,
        ),
        Alarm(
            "recovery-silent",
            ours(names, m.RECONCILED, "SampleCount"),
            1,
            "requeue_stalled has told nothing for five minutes: what a wiped broker forgot does not come back.",
            "the widget 'Errors by function' and the log of requeue_stalled",
            beyond=5,
            periods=5,
            missing="breaching",
            comparison="LessThanThreshold",
            pages=True,
        ),
        Alarm(
            "drift",
            drift,
            0,
            "For a quarter of an hour the ledger has had more open jobs than the broker, or fewer.",
            "the widget 'Books': does Reconciled move, is there anything Unresolved?",
            beyond=15,
            periods=15,
            missing="breaching",
            pages=True,
        ),
        Alarm(
            "unresolved",
            ours(names, m.UNRESOLVED, "Sum"),
            0,
            "The reconciler meets a job that it cannot put right.",
            "the log of requeue_stalled, which names the job and says what is wrong",
            beyond=5,
            periods=5,
            missing="breaching",
        ),
        Alarm(
            "misplaced",
            ours(names, m.MISPLACED, "Sum", period=_FIVE),
            0,
            "The audit found, and put right, what contradicts the records of jobs: no verb leaves such a thing.",
            "the log of requeue_stalled, which says what it was and what was done, then the row 'Broker'",
            beyond=1,
            periods=1,
        ),
        Alarm(
            "jobs-stall",
            ours(names, m.STALLED, "Sum", period=_FIVE),
            5,
            "Leases run out: workers die, hang, or have lost the broker.",
            "the widget 'Errors by function' and the worker's log: out of memory, timeouts, broker.away",
            beyond=2,
            periods=3,
        ),
        Alarm(
            "schedules-fail",
            ours(names, m.SCHEDULE_FAULTS, "Sum"),
            0,
            "Schedules come due and make no job.",
            "the poller's log, which names the schedule and says why",
            beyond=3,
            periods=3,
            missing="breaching",
        ),
        Alarm(
            "notify-silent",
            ours(names, m.HOOKS_WAITING, "SampleCount"),
            1,
            "The function notify has told no gauges for five minutes: messages are tried once and not again.",
            "the widget 'Errors by function' and the log of notify",
            beyond=5,
            periods=5,
            missing="breaching",
            comparison="LessThanThreshold",
        ),
        Alarm(
            "webhooks-late",
            ours(names, m.HOOKS_LEFT, "Maximum"),
            0,
            "Messages to webhooks are due and not come to within the minute.",
            "the widget 'Webhooks that wait': do many receivers time out?",
            beyond=10,
            periods=10,
        ),
    )


def _rendering(names: Names, environment: Environment) -> tuple[Alarm, ...]:
    given = environment.settings.get("child_memory_mb", _default("child_memory_mb"))
    retried = Sum(
        "IF(FILL(again, 0) + FILL(done, 0) >= 5, 100 * FILL(again, 0) / (FILL(again, 0) + FILL(done, 0)), 0)",
        {
            "again": ours(names, m.RETRIED, "Sum", period=_FIVE),
            "done": ours(names, m.COMPLETED, "Sum", period=_FIVE),
        },
        "% of attempts that are made again",
        _FIVE,
    )
    return (
        Alarm(
            "attempts-retry",
            retried,
            20,
            "One attempt in five fails and is made again.",
            "the widget 'Retries by reason'",
            beyond=2,
            periods=3,
        ),
        Alarm(
            "render-slow",
            ours(names, m.RENDER, "p95"),
            60,
            "One report in twenty takes longer than a minute to render.",
            "the widget 'Rendering by type', then the query 'slowest types'",
            beyond=3,
            periods=5,
        ),
        Alarm(
            "render-memory",
            ours(names, m.MEMORY, "Maximum"),
            0.85 * given,
            "A report needs nearly all the memory that a child may have: a larger one fails.",
            "the widget 'Memory by type'",
            beyond=2,
            periods=5,
        ),
    )


def _functions(names: Names) -> tuple[Alarm, ...]:
    return (
        Alarm(
            "functions-fail",
            total(of_functions(names, "Errors", "Sum"), label="errors"),
            0,
            "A function raises, times out or cannot start.",
            "the widget 'Errors by function', then that function's log",
            beyond=3,
            periods=5,
        ),
        Alarm(
            "functions-throttled",
            total(of_functions(names, "Throttles", "Sum"), label="throttles"),
            0,
            "Lambda refuses to start functions: the account's or the function's concurrency is used up.",
            "the widget 'Throttles by function' and 'Concurrency'",
            beyond=3,
            periods=5,
        ),
        Alarm(
            "wakes-dropped",
            total(
                of_functions(
                    names, "AsyncEventsDropped", "Sum", functions=("worker", "poller", "requeue_stalled", "notify")
                ),
                label="events dropped",
            ),
            0,
            "Lambda drops wakes or ticks because their function did not take them within a minute.",
            "the widget 'Events dropped', then 'Throttles by function'",
            beyond=3,
            periods=5,
        ),
    )


def _broker(names: Names, environment: Environment) -> tuple[Alarm, ...]:
    away = [ours(names, m.BROKER_AWAY, "Sum", service=function) for function in ("submit", "dashboard")]
    if names.nodes:
        full, limit = total(of_broker(names, "DatabaseMemoryUsagePercentage", "Maximum"), label="%", op="MAX"), 75.0
        busy, most = total(of_broker(names, "EngineCPUUtilization", "Average"), label="%", op="MAX"), 70.0
    else:
        full = total(of_broker(names, "BytesUsedForCache", "Maximum"), label="bytes", op="MAX")
        limit = 0.75 * environment.broker_storage_gb * 1e9
        busy, most = total(of_broker(names, "ThrottledCmds", "Sum"), label="commands throttled"), 0.0
    refused = [
        line
        for name in ("AuthenticationFailures", "CommandAuthorizationFailures")
        for line in of_broker(names, name, "Sum")
    ]
    return (
        Alarm(
            "broker-away",
            total(away, label="requests without a broker"),
            0,
            "Requests meet no broker: reports are accepted and wait, looking does not work.",
            "the row 'Broker', and ElastiCache's events: a failover, a deployment?",
            beyond=3,
            periods=5,
        ),
        Alarm(
            "broker-full",
            full,
            limit,
            "The broker's memory is three quarters full; when it is full, new jobs are accepted and not enqueued.",
            "the widget 'Broker memory' and 'Jobs in the queue'",
            beyond=3,
            periods=5,
        ),
        Alarm(
            "broker-busy",
            busy,
            most,
            "The broker comes to the end of what it can do.",
            "the widget 'Broker load': does it follow the accepted jobs, or somebody's polling?",
            beyond=5,
            periods=5,
        ),
        Alarm(
            "broker-evicts",
            total(of_broker(names, "Evictions", "Sum"), label="evictions"),
            0,
            "The broker throws keys away: jobs vanish from the queue until the reconciler brings them back.",
            "the widget 'Broker memory', and the eviction policy in the poller's log",
            beyond=1,
            periods=1,
        ),
        Alarm(
            "broker-refuses",
            total(refused, label="refusals"),
            0,
            "The broker lets a function not in, or refuses it a command.",
            "the logs of the functions: which one, since which deployment?",
            beyond=3,
            periods=5,
        ),
    )


def _api(names: Names) -> tuple[Alarm, ...]:
    functions = ("submit", "dashboard")
    return (
        Alarm(
            "api-slow",
            of_api(names, "Latency", "p99"),
            5_000,
            "One request in a hundred takes longer than five seconds.",
            "the widget 'Latency', then 'Duration by function' and the query 'cold starts'",
            beyond=3,
            periods=5,
        ),
        Alarm(
            "store-away",
            total([ours(names, m.STORE_AWAY, "Sum", service=name) for name in functions], label="requests"),
            0,
            "Requests meet no bucket: nothing is accepted.",
            "the logs of submit: is S3 away, or a permission missing?",
            beyond=3,
            periods=5,
        ),
        Alarm(
            "unexpected",
            total([ours(names, m.UNEXPECTED, "Sum", service=name) for name in functions], label="mistakes"),
            0,
            "A request met a mistake of ours.",
            "the lines that say unexpected in the logs of submit and dashboard: they name the place in the code",
            beyond=1,
            periods=1,
        ),
        Alarm(
            "keys-denied",
            ours(names, m.DENIED, "Sum", service="authorizer", period=_FIVE),
            100,
            "Somebody calls with keys that are none, again and again.",
            "the widget 'Requests refused': an old key after a rotation, or somebody who tries",
            beyond=2,
            periods=3,
        ),
    )


def _money(names: Names, environment: Environment) -> Alarm:
    return Alarm(
        "spend-high",
        ours(names, m.COST, "Sum", period=3_600),
        environment.spend_usd_an_hour,
        "The reports of an hour cost more than they are meant to.",
        "the widget 'Cost by type', then the query 'noisiest tenant'",
        beyond=1,
        periods=1,
    )


def _default(setting: str) -> int:
    return int(Settings.model_fields[setting].default)


PAGE: Final = "page"  # the composite of those that page
