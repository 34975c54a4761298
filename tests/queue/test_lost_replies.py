"""A reply that is lost on its way: the script ran, the caller asks again, and it has taken effect once.

Each verb that writes is told to two queues that stand alike, with the same moments. One of them loses the reply, by a
connection that ends or by one that falls silent. Afterwards everything that the broker keeps is the same in both.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from brokers import settings_for, valkey_server
from cdk_app.local.processes import free_port
from lossy_proxy import LossyProxy, lossy_proxy
from queue_words import MINUTE, SECOND, T0, claim_one, completed, failed, key_of, new_job, worker
from report_queue import lua
from report_queue.audit import Audit, Suspect
from report_queue.audit import Place as Walked
from report_queue.batch_facet import BatchFacet
from report_queue.broker import Broker
from report_queue.errors import BrokerAway
from report_queue.job import Lease
from report_queue.meter import Meter, Metered
from report_queue.plans import Look, Plans
from report_queue.queue import Queue
from report_queue.replies import Dedup
from report_queue.settings import Limits
from report_queue.wiring import broker

PARTS = {"finish"}  # of other scripts
PATIENCE_S = 0.5  # of the client with a broker that says nothing

SOON, LATE = T0 + SECOND, T0 + MINUTE  # while leases last, and when they and the wakes are over


@dataclass(frozen=True)
class Told:
    """A queue that has been brought where the verb has something to do, and the leases that are held there."""

    queue: Queue
    plans: Plans
    batches: BatchFacet
    meter: Meter
    audit: Audit
    leases: tuple[Lease, ...]


@dataclass(frozen=True)
class Case:
    """A verb. `before` gives the leases."""

    verb: Callable[[Told], Any]
    before: Callable[[Queue], tuple[Lease, ...]]
    says_it_again: bool = True  # the second reply is like the first; else it tells of what was left to do: nothing


def nothing(_: Queue) -> tuple[Lease, ...]:
    return ()


def waiting(queue: Queue) -> tuple[Lease, ...]:
    queue.enqueue(new_job("a"), new_job("b"), new_job("c"), new_job("d", tenant="umbrella"), now=T0)
    return ()


def delayed(queue: Queue) -> tuple[Lease, ...]:
    queue.enqueue(*(new_job(name, due_at=SOON, expires_at=LATE) for name in "ab"), now=T0)
    return ()


def active(queue: Queue) -> tuple[Lease, ...]:
    waiting(queue)
    return queue.claim(worker(), call=0, free=2, now=T0).leases


def everything_to_do(queue: Queue) -> tuple[Lease, ...]:
    """For a claim: two ends to report; one lease over, one job due, one too late; and some that wait."""
    queue.enqueue(new_job("over"), now=T0 - MINUTE)
    claim_one(queue, by=worker("dead"), now=T0 - MINUTE)
    delayed(queue)
    queue.enqueue(new_job("too late", expires_at=SOON), new_job("e"), new_job("f"), now=T0)
    return queue.claim(worker(), call=0, free=2, now=T0).leases


def over(queue: Queue) -> tuple[Lease, ...]:
    """Leases that run out: for the first time, and once too often."""
    queue.enqueue(new_job("often"), now=T0 - 3 * MINUTE)
    for minutes in (3, 2):
        claim_one(queue, by=worker(f"dead {minutes}"), now=T0 - minutes * MINUTE)
        queue.requeue(now=T0 - minutes * MINUTE + 31 * SECOND)
    claim_one(queue, by=worker("dead"), now=T0)
    return active(queue)


def ended(queue: Queue) -> tuple[Lease, ...]:
    """A job completed, one failed, one cancelled."""
    first, second = leases = active(queue)
    queue.complete(worker(), completed(first), now=T0)
    queue.fail(worker(), failed(second, permanent=True), now=T0)
    queue.cancel("b", now=T0)
    return leases


def damaged(queue: Queue) -> tuple[Lease, ...]:
    """A job in no state, one in two, and what belongs to no job."""
    leases, client = ended(queue), queue._broker.client
    client.execute_command("ZREM", key_of(queue, "completed"), leases[0].id)
    client.execute_command("ZADD", key_of(queue, "active"), SOON, leases[1].id)
    client.execute_command("ZREM", key_of(queue, "waiting"), "d")
    client.execute_command("ZADD", key_of(queue, "index"), 0, f"acme|active|sales|{T0}|nobody")
    return leases


def mends(told: Told) -> Any:
    jobs = [Suspect("jobs", name, "nowhere", name) for name in (*(lease.id for lease in told.leases), "d")]
    orphan = Suspect("index", f"acme|active|sales|{T0}|nobody", "orphan", "nobody")
    return told.audit.mend([*jobs, orphan], keep=Walked("index", "7"), now=SOON)


def claims(told: Told) -> Any:
    ends = [completed(told.leases[0]), failed(told.leases[1])]
    return told.queue.claim(worker(), call=1, free=3, finished=ends, token="1", now=SOON + SECOND)


CASES: dict[str, dict[str, Case]] = {
    "admit": {
        "with a dedup key": Case(
            lambda told: told.queue.admit("acme", "new", dedup=Dedup("month", MINUTE), now=T0), waiting
        )
    },
    "batch_close": {"": Case(lambda told: told.batches.close("open"), nothing, says_it_again=False)},
    "batch_open": {"": Case(lambda told: told.batches.open(("acme", "new")), nothing, says_it_again=False)},
    "beat": {
        "": Case(lambda told: told.queue.beat(worker(), [(lease, 60) for lease in told.leases], now=SOON), active)
    },
    "cancel": {
        "waiting": Case(lambda told: told.queue.cancel("a", reason="user", now=SOON), waiting),
        "delayed": Case(lambda told: told.queue.cancel("a", now=SOON), delayed),
        "active": Case(lambda told: told.queue.cancel(told.leases[0].id, now=SOON), active),
    },
    "claim": {
        "of the first": Case(lambda told: told.queue.claim(worker(), call=0, free=2, token="1", now=SOON), waiting),
        "with everything": Case(claims, everything_to_do),
    },
    "complete": {"": Case(lambda told: told.queue.complete(worker(), completed(told.leases[0]), now=SOON), active)},
    "enqueue": {
        "": Case(
            lambda told: told.queue.enqueue(
                new_job("new", tags=("monthly",), batch="b1"), new_job("later", due_at=LATE, expires_at=LATE), now=SOON
            ),
            waiting,
            says_it_again=False,
        )
    },
    "expire": {"": Case(lambda told: told.queue.expire(now=LATE), delayed, says_it_again=False)},
    "fail": {
        "for a retry": Case(lambda told: told.queue.fail(worker(), failed(told.leases[0]), now=SOON), active),
        "for good": Case(
            lambda told: told.queue.fail(worker(), failed(told.leases[0], permanent=True), now=SOON), active
        ),
    },
    "forget": {"": Case(lambda told: told.queue.forget("b"), ended)},
    "leave": {
        "": Case(
            lambda told: (
                (
                    told.queue.leave(worker(), finished=[completed(told.leases[0]), failed(told.leases[1])], now=LATE)
                ).verdicts
            ),
            active,
        )
    },
    "mend": {"": Case(mends, damaged, says_it_again=False)},
    "pause": {"": Case(lambda told: told.queue.pause({"sales": SOON}, now=SOON), waiting)},
    "plan": {
        "": Case(
            lambda told: told.plans.plan(Look("acme", "new", SOON), Look("acme", "gone")), nothing, says_it_again=False
        )
    },
    "promote": {
        "what is due": Case(lambda told: told.queue.promote(now=SOON), delayed, says_it_again=False),
        "one by hand": Case(lambda told: told.queue.promote_now("a", now=T0), delayed),
    },
    "prune": {"": Case(lambda told: told.queue.prune(now=T0 + 30 * 24 * 60 * MINUTE), ended, says_it_again=False)},
    "requeue": {"": Case(lambda told: told.queue.requeue(now=LATE), over, says_it_again=False)},
    "retry": {
        "failed": Case(lambda told: told.queue.retry(told.leases[1].id, round=1, now=SOON).verdict, ended),
        "cancelled": Case(lambda told: told.queue.retry("b", round=1, now=SOON).verdict, ended),
    },
    "usage_kept": {"": Case(lambda told: told.meter.kept(Metered("acme", str(T0), {}, 1), now=SOON), ended)},
    "wake": {"": Case(lambda told: told.queue.wake(now=LATE), waiting, says_it_again=False)},
}


@dataclass(frozen=True)
class Place:
    """A broker, and the proxy through which queues reach it."""

    server: redis.Redis
    proxy: LossyProxy
    url: str  # of the proxy
    cluster: bool

    def told(self, before: Callable[[Queue], tuple[Lease, ...]]) -> Told:
        settings = settings_for(
            f"{self.url}?socket_timeout={PATIENCE_S}",
            broker_cluster=self.cluster,
            backoff_jitter=0,
            stalls=2,
            rate=100,
            tenant=Limits(rate=50, concurrency=10, backlog=100),
        )
        client = broker(settings)
        queue = Queue(client, settings)
        plans, batches = Plans(Broker(client, settings)), BatchFacet(Broker(client, settings))
        plans.plan(Look("acme", "gone", T0))
        batches.open(("acme", "open"))
        return Told(
            queue, plans, batches, Meter(Broker(client, settings)), Audit(Broker(client, settings)), before(queue)
        )

    def kept(self, told: Told) -> dict[str, Any]:
        """Everything that the broker keeps of a queue."""
        kept: dict[str, Any] = {}
        for name in told.queue._broker.keys:
            if self.server.type(name) == "zset":
                found = dict(self.server.zrange(name, 0, -1, withscores=True))
            else:
                found = {field: json.loads(value) if value[0] in "[{" else value for field, value in self._hash(name)}
            kept[name.partition(":")[2]] = found
        return kept

    def _hash(self, name: str) -> Any:
        return self.server.hgetall(name).items()


@pytest.fixture(scope="module", params=["plain", "cluster"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    cluster = request.param == "cluster"
    with ExitStack() as stack:
        if cluster:
            port = free_port()  # of the proxy: by this one the node is known to its clients
            url = stack.enter_context(valkey_server(cluster=True, **{"cluster-announce-client-port": str(port)}))
            target, at = ("127.0.0.1", int(url.rpartition(":")[2])), ("127.0.0.1", port)
            proxy = stack.enter_context(lossy_proxy(target, at))
            through = f"redis://127.0.0.1:{port}"
        else:
            url = stack.enter_context(valkey_server())
            path = f"{url.removeprefix('unix://')}-proxy"
            proxy = stack.enter_context(lossy_proxy(url.removeprefix("unix://"), path))
            through = f"unix://{path}"
        server = stack.enter_context(redis.Redis.from_url(url, decode_responses=True))
        yield Place(server, proxy, through, cluster)


@pytest.mark.parametrize("how", ["dropped", "hung"])
@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{verb} {name}".strip()) for verb in CASES for name, case in CASES[verb].items()]
)
def test_a_verb_whose_reply_was_lost_takes_effect_once(place: Place, case: Case, how: str) -> None:
    undisturbed, disturbed = place.told(case.before), place.told(case.before)
    before = place.kept(undisturbed)
    assert place.kept(disturbed) == before
    reply = case.verb(undisturbed)
    once = place.kept(undisturbed)
    assert once != before, "the case gives the verb nothing to do"

    lost = place.proxy.lose_replies(1, how)
    again = case.verb(disturbed)
    assert len(lost) == 1
    assert place.kept(disturbed) == once
    if case.says_it_again:
        assert again == reply


def test_every_script_that_writes_has_its_case() -> None:
    scripts = {path.stem: path.read_text("utf-8") for path in Path(lua.__file__).parent.glob("*.lua")}
    writing = {name for name, text in scripts.items() if not text.startswith("-- flags: no-writes")}
    assert writing - PARTS == set(CASES)


@pytest.mark.parametrize("how", ["dropped", "hung"])
def test_a_call_is_made_twice_and_no_more(place: Place, how: str) -> None:
    """The client's own retries, ten by default, are off."""
    told = place.told(nothing)
    lost = place.proxy.lose_replies(100, how)
    with pytest.raises(BrokerAway):
        told.queue.now()
    assert len(lost) == 2
    place.proxy.lose_replies(0)
    assert told.queue.now() > 0
