"""What each function's user may do in the broker, and what it may not: against real brokers."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from brokers import settings_for, valkey_server
from cdk_app.acl import VERBS, access_string
from cdk_app.topology import FUNCTIONS
from queue_words import T0, completed, failed, new_job, worker
from report_queue import lua
from report_queue.audit import FIRST, Audit, Suspect
from report_queue.batch_facet import BatchFacet
from report_queue.broker import Broker
from report_queue.errors import BrokerAway
from report_queue.job import State
from report_queue.meter import Meter, Metered
from report_queue.plans import Look, Plans
from report_queue.queue import Queue
from report_queue.replies import Dedup, Where
from report_queue.wiring import broker

SCRIPTS = Path(lua.__file__).parent
DAY = 24 * 3_600_000


@dataclass
class Users:
    """A broker with the functions' users and nobody else, but for the test itself."""

    admin: redis.Redis
    url: str
    cluster: bool

    def broker(self, name: str) -> Broker:
        scheme, rest = self.url.split("://")
        settings = settings_for(
            f"{scheme}://{name}:secret@{rest}", queue="reports", broker_cluster=self.cluster, broker_user=name
        )
        return Broker(broker(settings), settings)

    def denials(self) -> list[str]:
        return [f"{entry['username']}: {entry['object']}" for entry in self.admin.acl_log()]


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "cluster"])
def brokers(request: pytest.FixtureRequest) -> Iterator[Users]:
    allowing = {"enable-debug-command": "yes"}  # so that it is the rules that refuse
    with (
        valkey_server(cluster=request.param, **allowing) as url,
        redis.Redis.from_url(url, decode_responses=True) as admin,
    ):
        for name in VERBS:
            admin.execute_command("ACL", "SETUSER", name, ">secret", *access_string(name, queue="reports").split())
        yield Users(admin, url, request.param)


@pytest.fixture
def users(brokers: Users) -> Users:
    """Empty."""
    brokers.admin.flushall()
    brokers.admin.execute_command("ACL", "LOG", "RESET")
    return brokers


def all_of(mine: Broker) -> dict[str, Callable[[], Any]]:
    """Each verb that a function may run, in a queue with a job in every state."""
    queue, plans, batches, meter, audit = (kind.__new__(kind) for kind in (Queue, Plans, BatchFacet, Meter, Audit))
    for one in (queue, plans, batches, meter, audit):
        one._run = mine.run
    queue._broker = mine
    return {
        "admit": lambda: queue.admit("acme", "x", dedup=Dedup("key", 1_000, None)),
        "enqueue": lambda: queue.enqueue(new_job("more"), new_job("later", due_at=T0 + DAY), now=T0),
        "claim": lambda: queue.claim(worker("w2"), call=1, free=2, now=T0 + DAY),
        "beat": lambda: queue.beat(worker(), [], now=T0),
        "leave": lambda: queue.leave(worker(), now=T0),
        "promote": lambda: queue.promote(now=T0 + DAY),
        "expire": lambda: queue.expire(now=T0 + DAY),
        "requeue": lambda: queue.requeue(now=T0 + DAY),
        "cancel": lambda: queue.cancel("waiting", now=T0),
        "retry": lambda: queue.retry("failed", round=1, now=T0),
        "prune": lambda: queue.prune(now=T0 + 30 * DAY),
        "forget": lambda: queue.forget("failed"),
        "pause": lambda: (queue.pause({"sales": T0}, now=T0), queue.pause({}, now=T0)),
        "plan": lambda: plans.plan(Look("acme", "s", T0), Look("acme", "gone")),
        "due": lambda: plans.due(now=T0),
        "batch_open": lambda: batches.open(("acme", "b1"), ("acme", "b2")),
        "batch_close": lambda: batches.close("b1"),
        "batch_counts": lambda: batches.counts("b1", "b2"),
        "batches_ended": lambda: list(batches.ended()),
        "batch": lambda: batches.members("b1"),
        "usage": lambda: meter.of("acme"),
        "usage_due": lambda: list(meter.due(before=T0 + DAY, now=T0)),
        "usage_kept": lambda: meter.kept(Metered("acme", str(T0), {}, 1), now=T0),
        "audit": lambda: audit.look(FIRST, limit=500, size=True, now=T0),
        "mend": lambda: audit.mend([Suspect("jobs", "waiting", "index", None)], keep=FIRST, now=T0),
        "wake": lambda: queue.wake(now=T0 + DAY),
        "find": lambda: queue.find("waiting", "failed", "nobody"),
        "list": lambda: queue.list("acme", Where(State.FAILED)),
        "groups": lambda: queue.groups("acme"),
        "explain": lambda: queue.explain("waiting", now=T0),
        "numbers": lambda: queue.numbers(now=T0),
        "counts": lambda: queue.counts("acme"),
        "gauges": lambda: queue.gauges(now=T0),
        "workers": lambda: queue.workers(now=T0),
        "now": lambda: queue.now(),
    }


def fill(users: Users) -> None:
    """A job in every state, one of a batch, a schedule, a worker."""
    settings = settings_for(users.url, queue="reports", broker_cluster=users.cluster)
    queue = Queue(broker(settings), settings)
    queue.enqueue(*(new_job(name) for name in ("completed", "failed", "active")), now=T0)
    claimed = queue.claim(worker(), call=1, free=3, now=T0).leases
    queue.complete(worker(), completed(claimed[0]), now=T0)
    queue.fail(worker(), failed(claimed[1], permanent=True), now=T0)
    queue.enqueue(new_job("waiting", batch="b1"), new_job("delayed", due_at=T0 + DAY), now=T0)
    BatchFacet(Broker(broker(settings), settings)).open(("acme", "b1"))


def test_every_function_that_may_touch_the_broker_has_its_verbs_and_no_other_has_rules() -> None:
    assert set(VERBS) == {function.name for function in FUNCTIONS if function.may.broker}
    for name in ("authorizer", "nobody"):
        with pytest.raises(KeyError):
            access_string(name, queue="reports")


@pytest.mark.parametrize("name", VERBS)
def test_a_function_runs_all_of_its_verbs_and_is_denied_nothing_on_the_way(users: Users, name: str) -> None:
    fill(users)
    mine = users.broker(name)
    mine.ping()
    for verb in VERBS[name]:
        all_of(mine)[verb]()
    assert users.denials() == []


FORBIDDEN = (
    *("FLUSHALL", "FLUSHDB", "CONFIG GET maxmemory", "CONFIG SET maxmemory 1", "KEYS *", "SCAN 0", "DEBUG SLEEP 0"),
    *("SCRIPT FLUSH", "SHUTDOWN NOSAVE", "ACL LIST", "CLIENT LIST", "CLIENT KILL TYPE normal", "MONITOR", "SAVE"),
    *("FUNCTION FLUSH", "CLUSTER RESET", "REPLICAOF NO ONE", "DEL {reports}:jobs:x", "SUBSCRIBE news", "SELECT 0"),
    *("GET {reports}:jobs", "RENAME {reports}:jobs {reports}:other", "MIGRATE h 1 k 0 1", "DUMP {reports}:jobs"),
    *("ZADD {other}:waiting 1 a", "HGET {other}:jobs a", "ZCARD {reports-2}:waiting", "HGET reports:jobs a"),
)


@pytest.mark.parametrize("name", VERBS)
def test_a_user_is_refused_what_its_function_never_does(users: Users, name: str) -> None:
    scheme, rest = users.url.split("://")
    with redis.Redis.from_url(f"{scheme}://{name}:secret@{rest}") as client:
        for words in FORBIDDEN:
            if words.startswith("DEL ") and "pause" in VERBS[name]:
                continue
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*words.split())


@pytest.mark.parametrize("name", VERBS)
@pytest.mark.parametrize("command", ["FLUSHALL", "KEYS *", "PUBLISH news x", "DBSIZE"])
def test_a_script_of_the_users_own_may_no_more_than_its_user(users: Users, name: str, command: str) -> None:
    client = users.broker(name).client
    words = ", ".join(f"'{word}'" for word in command.split())
    with pytest.raises(redis.ResponseError, match=r"ACL failure"):
        client.execute_command("EVAL", f"return redis.call({words})", 1, "{reports}:jobs")
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command("EVAL", "return redis.call('HGET', KEYS[1], 'a')", 1, "{other}:jobs")


def test_another_queue_s_script_is_refused_and_the_broker_said_to_be_away(users: Users) -> None:
    mine = users.broker("submit")
    mine.keys = [name.replace("{reports}", "{other}") for name in mine.keys]
    if not users.cluster:
        mine._send = type(mine._send.__self__)(mine.client.connection_pool, mine.keys).send  # type: ignore[attr-defined]
    with pytest.raises(BrokerAway, match="its user submit: check"):
        mine.run("now")


def test_rules_name_commands_one_by_one_and_a_queue_is_one_name() -> None:
    for name in VERBS:
        rules = access_string(name, queue="reports-2").split()
        assert rules[:3] == ["on", "~{reports-2}:*", "-@all"]
        assert all(re.fullmatch(r"\+[a-z]+(\|[a-z]+)?", rule) for rule in rules[3:])
        assert len(rules) == len(set(rules))
    for queue in ("*", "a}:* ~*", "", "Reports"):
        with pytest.raises(ValueError, match="no name of a queue"):
            access_string("submit", queue=queue)


def test_few_may_do_what_few_need() -> None:
    def who(command: str) -> set[str]:
        return {name for name in VERBS if f"+{command}" in access_string(name, queue="reports").split()}

    assert who("del") == {"dashboard", "requeue_stalled"}
    assert who("hscan") == {"poller", "requeue_stalled"}
    assert who("info") == {"dashboard", "poller"}
    # What is paused stands beside the pace, and who enqueues may be told it.
    assert who("hgetall") == {"dashboard", "poller", "submit", "requeue_stalled"}
    assert who("evalsha") == set(VERBS)


def test_every_command_of_the_scripts_is_found_in_them() -> None:
    """A call that is written in another way would be granted to nobody."""
    for file in SCRIPTS.rglob("*.lua"):
        for line in file.read_text("utf-8").splitlines():
            code = line.partition("--")[0]
            calls = len(re.findall(r"redis\.p?call\(", code))
            found = len(re.findall(r"redis\.call\(('[A-Z]+'|command,)", code))
            assert calls == found, f"{file.name}: {line.strip()}"
            for called in re.findall(r"\b(?:look|in_parts)\(([^,)]*)", code):
                assert re.fullmatch(r"'[A-Z]+'|command", called), f"{file.name}: {line.strip()}"
