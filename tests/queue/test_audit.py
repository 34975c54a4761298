"""What contradicts the records is found and put right, and nothing else is touched: each fault planted by hand."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
import redis

from brokers import settings_for
from queue_words import MINUTE, SECOND, T0, claim_one, completed, failed, found, new_job, new_jobs, worker
from report_queue.audit import LIMIT, PAGES, Audit, Suspect, round_of, walk
from report_queue.broker import Broker
from report_queue.job import State
from report_queue.queue import Queue
from report_queue.replies import Dedup
from report_queue.settings import Limits
from report_queue.wiring import broker

STATES = [str(state) for state in State]


@dataclass(frozen=True)
class World:
    """A queue, its audit, and the broker as somebody with redis-cli has it."""

    queue: Queue
    audit: Audit
    server: redis.Redis
    keys: dict[str, str]

    def kept(self) -> dict[str, Any]:
        """Everything that the broker keeps of the queue: `key member` and its score or value."""
        all_of: dict[str, Any] = {}
        for name, whole in self.keys.items():
            if self.server.type(whole) == "zset":
                scores = self.server.zrange(whole, 0, -1, withscores=True)
                all_of |= {f"{name} {member}": score for member, score in scores}
            else:
                all_of |= {f"{name} {field}": value for field, value in self.server.hgetall(whole).items()}
        return all_of

    def take_out(self, name: str, member: str) -> None:
        self.server.zrem(self.keys[name], member)

    def put(self, name: str, member: str, score: float = 0) -> None:
        self.server.zadd(self.keys[name], {member: score})

    def index_of(self, job: str, holds: str) -> str:
        """The one member of the index that is this job's and holds these words."""
        (one,) = (m for m in self.server.zrange(self.keys["index"], 0, -1) if m.endswith(f"|{job}") and holds in m)
        return str(one)

    def edit(self, job: str, **fields: Any) -> None:
        """Change a record, by position: as in prelude/record.lua."""
        record = json.loads(self.server.hget(self.keys["jobs"], job) or "")
        for name, value in fields.items():
            record[FIELDS.index(name)] = value
        self.server.hset(self.keys["jobs"], job, json.dumps(record))


FIELDS = ["tenant", "type", "accepted", "at", "attempts", "attempt", "progress", "worker", "started", "place", "events"]
FIELDS += ["result", "priority", "failures"]


def world_of(url: str, **changes: Any) -> World:
    settings = settings_for(url, **changes)
    queue = Queue(broker(settings), settings)
    keys = {key.partition(":")[2]: key for key in queue._broker.keys}
    return World(
        queue, Audit(Broker(broker(settings), settings)), redis.Redis.from_url(url, decode_responses=True), keys
    )


@pytest.fixture
def world(valkey: str) -> Iterator[World]:
    """A job in every state, of several tenants, with all that may stand beside one."""
    made = world_of(valkey, backoff_jitter=0, tenants={"slow": Limits(rate=0.01)})
    queue = made.queue
    queue.enqueue(
        *(new_job(name, tags=("monthly",), batch="b1") for name in ("done", "lost", "again", "running")), now=T0
    )
    leases = {lease.id: lease for lease in queue.claim(worker(), call=1, free=4, now=T0).leases}
    queue.complete(worker(), completed(leases["done"]), now=T0)
    queue.fail(worker(), failed(leases["lost"], permanent=True), now=T0)
    queue.fail(worker(), failed(leases["again"]), now=T0)
    queue.enqueue(new_job("gone"), new_job("revived"), now=T0)
    for name in ("gone", "revived"):
        queue.cancel(name, now=T0)
    queue.retry("revived", round=1, now=T0)
    queue.admit("acme", "first", dedup=Dedup("month", MINUTE), now=T0)
    queue.enqueue(
        new_job("first", tags=("monthly", "paid"), batch="b2"),
        new_job("second", tenant="umbrella"),
        new_job("later", due_at=T0 + MINUTE, expires_at=T0 + 2 * MINUTE),
        *new_jobs(2, prefix="slow", tenant="slow", report_type="test"),
        now=T0,
    )
    queue.pause({"sales": T0}, now=T0)
    for call in (2, 3):
        queue.claim(worker(), call=call, free=1, now=T0)  # the first of the slow tenant, which is limited then
    queue.pause({}, now=T0)
    assert {state: number for state, number in queue.counts().items() if not number} == {}
    assert {name for name, whole in made.keys.items() if not made.server.exists(whole)} <= {"paused", "plans"}
    assert walk(made.audit, now=T0).found == ()
    yield made
    made.server.close()


@dataclass(frozen=True)
class Fault:
    """One fault: how it is planted, what is said of it, and what of the broker is not as it was before, afterwards."""

    plant: Callable[[World], None]
    says: tuple[str, str, str | None, str]  # part, fault, whose, what was done
    differs: frozenset[str] = frozenset()


def nowhere(state: str, job: str, did: str, *differs: str) -> Fault:
    return Fault(lambda world: world.take_out(state, job), ("jobs", "nowhere", job, did), frozenset(differs))


def twice(job: str, also: str, stays: str) -> Fault:
    return Fault(lambda world: world.put(also, job, T0 + 5), ("jobs", "twice", job, f"stays {stays}"))


def unindexed(job: str, holds: str) -> Fault:
    return Fault(
        lambda world: world.take_out("index", world.index_of(job, holds)), ("jobs", "index", job, "found again")
    )


def orphan(name: str, member: str, whose: str | None, fault: str = "orphan") -> Fault:
    return Fault(lambda world: world.put(name, member, T0), (name, fault, whose, "taken out"))


FAULTS = {
    "active, nowhere": nowhere("active", "running", "back to active"),
    "completed, nowhere": nowhere("completed", "done", "back to completed"),
    "failed, nowhere": nowhere("failed", "lost", "back to failed"),
    "cancelled, nowhere": nowhere("cancelled", "gone", "back to cancelled"),
    "a retry, nowhere": nowhere("delayed", "again", "back to delayed", "delayed again"),
    "a new round, nowhere": nowhere("waiting", "revived", "back to waiting", "waiting revived", "tenants acme"),
    "waiting and new, nowhere": nowhere(
        *("waiting", "first", "forgotten", "waiting first", "jobs first", "index batch:b2|waiting|first"),
        *(f"index acme|tag:{tag}|{T0}|first" for tag in ("monthly", "paid")),
    ),
    "delayed and new, nowhere": nowhere(
        *("delayed", "later", "forgotten", "delayed later", "jobs later", "expiries later"),
        f"index acme|delayed|sales|{T0}|later",
    ),
    "completed and waiting": twice("done", "waiting", "completed"),
    "completed and active": twice("done", "active", "completed"),
    "failed and delayed": twice("lost", "delayed", "failed"),
    "active and waiting": twice("running", "waiting", "active"),
    "active and failed": twice("running", "failed", "active"),
    "a new round and cancelled": twice("revived", "cancelled", "waiting"),
    "waiting and delayed": twice("first", "delayed", "waiting"),
    "delayed and waiting": twice("later", "waiting", "delayed"),
    "a retry and failed": twice("again", "failed", "delayed"),
    "in another's line": Fault(
        lambda world: world.put("waiting", "first", 900 * 2**35),
        ("jobs", "line", "first", "to the end of its line"),
        frozenset({"waiting first", "tenants acme"}),
    ),
    "a lease for ever": Fault(
        lambda world: world.put("active", "running", math.inf), ("jobs", "lease", "running", "a new lease")
    ),
    "active without a worker": Fault(
        lambda world: world.edit("running", worker=None),
        ("jobs", "lease", "running", "back to waiting"),
        frozenset(
            {"active running", "waiting running", "jobs running", "tenants acme"}
            | {
                "index batch:b1|active|running",
                "index batch:b1|waiting|running",
                f"index acme|active|sales|{T0}|running",
            }
        ),
    ),
    "to be tried too often": Fault(
        lambda world: world.edit("again", failures=3),
        ("jobs", "attempts", "again", "failed"),
        frozenset(
            {"delayed again", "failed again", "jobs again", "usage acme"}
            | {f"index batch:b1|{state}|again" for state in ("delayed", "failed")}
            | {f"index acme|{state}|sales|{T0}|again" for state in ("delayed", "failed")}
            | {f"index acme|error:{failed_signature}|{T0}|again" for failed_signature in ("render.timeout-SIGNATURE",)}
            | {f"stats m{T0 // MINUTE % 1440}|failed"}
        ),
    ),
    "without its expiry": Fault(
        lambda world: world.take_out("expiries", "later"), ("jobs", "expiry", "later", "found again")
    ),
    "with another's expiry": Fault(
        lambda world: world.put("expiries", "later", T0), ("jobs", "expiry", "later", "found again")
    ),
    "without its state in the index": unindexed("done", "acme|completed|"),
    "without its error in the index": unindexed("lost", "|error:"),
    "without its tag in the index": unindexed("first", "|tag:paid"),
    "without its batch in the index": unindexed("first", "batch:"),
    "an index of an earlier state": orphan("index", f"acme|active|sales|{T0}|lost", "lost"),
    "an index of another moment": orphan("index", f"acme|completed|sales|{T0 - 1}|done", "done"),
    "an index of another tenant": orphan("index", f"umbrella|completed|sales|{T0}|done", "done"),
    "an index of no tag": orphan("index", f"acme|tag:none|{T0}|first", "first"),
    "an index of no batch": orphan("index", "batch:b9|waiting|first", "first"),
    "an index of no job": orphan("index", f"acme|failed|sales|{T0}|nobody", "nobody"),
    "an expiry of no job": orphan("expiries", "nobody", "nobody"),
    "an expiry of a job that has none": orphan("expiries", "first", "first"),
    "a window of no dedup key": orphan("windows", "acme|x", None),
    "a worker without a beat": orphan("workers", "w9", "w9"),
    "a turn of no tenant": orphan("turns", "nobody", "nobody"),
    "a limit of no tenant": orphan("limited", "nobody", "nobody"),
    "a dedup key without a window": Fault(
        lambda world: world.server.hset(world.keys["dedups"], "acme|x", f"first|{T0}"),  # type: ignore[arg-type,return-value]
        ("dedups", "orphan", None, "taken out"),
    ),
    "a beat without a worker": Fault(
        lambda world: world.server.hset(world.keys["beats"], "w9", "{}"),  # type: ignore[arg-type,return-value]
        ("beats", "orphan", "w9", "taken out"),
    ),
    "a tenant without a turn": Fault(
        lambda world: world.take_out("turns", "umbrella"), ("tenants", "turn", "umbrella", "has its turn")
    ),
    "a tenant that is limited and has its turn": Fault(
        lambda world: world.put("limited", "umbrella", T0), ("tenants", "twice", "umbrella", "has its turn")
    ),
    **{f"an id without a record is {state}": orphan(state, "nobody", "nobody", "record") for state in STATES},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_put_right_and_nothing_else_is_touched(world: World, fault: Fault) -> None:
    before = world.kept()
    signature = world.index_of("lost", "|error:").split("|")[1].removeprefix("error:")
    fault.plant(world)
    planted = world.kept()
    assert planted != before

    told = walk(world.audit, mend=False, now=T0).found
    assert world.kept() == planted  # it only told
    mended = walk(world.audit, now=T0).found
    assert [(one.part, one.fault, one.whose, one.did) for one in mended] == [fault.says]
    assert [(one.part, one.member, one.fault, one.did) for one in told] == [
        (one.part, one.member, one.fault, None) for one in mended
    ]

    after = world.kept()
    differs = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert differs == {name.replace("render.timeout-SIGNATURE", signature) for name in fault.differs}
    assert walk(world.audit, now=T0).found == ()


def test_of_several_faults_at_once_one_walk_leaves_none(world: World) -> None:
    """Members taken out and put in at random: whatever came of it, the queue is whole after one walk, and drains."""
    mended = 0
    for seed in range(24):
        damage(world, Random(seed))
        mended += len(walk(world.audit, now=T0).found)
        assert walk(world.audit, now=T0).found == (), seed
    assert mended > 100
    world.queue.pause({}, now=T0)
    later = T0 + 600 * MINUTE
    for call in range(100, 200):
        leases = world.queue.claim(worker("w2"), call=call, free=5, now=later).leases
        world.queue.claim(worker("w2"), call=-call, free=0, finished=[completed(one) for one in leases], now=later)
        later += 100 * SECOND  # the slow tenant's next
    counts = world.queue.counts()
    assert counts[State.WAITING] + counts[State.DELAYED] + counts[State.ACTIVE] == 0
    assert walk(world.audit, now=later).found == ()


def damage(world: World, random: Random) -> None:
    """Some new jobs, so that there is something to damage; and up to eight members of any key go or come."""
    queue, made = world.queue, [f"new-{random.random()}" for _ in range(3)]
    queue.enqueue(*(new_job(name, batch="b3", tags=("t",), expires_at=T0 + MINUTE) for name in made), now=T0)
    for lease in queue.claim(worker(), call=random.getrandbits(40), free=2, now=T0).leases:
        queue.fail(worker(), failed(lease, permanent=random.random() < 0.5), now=T0)
    for _ in range(random.randint(1, 8)):
        name = random.choice([*STATES, *STATES, "index", "expiries", "turns", "limited", "workers", "windows"])
        members = world.server.zrange(world.keys[name], 0, -1)
        if members and random.random() < 0.5:
            world.take_out(name, random.choice(members))
        else:
            ids = world.server.hkeys(world.keys["jobs"])
            world.put(name, random.choice([*ids, "nobody", f"acme|failed|sales|{T0}|{ids[0]}"]), T0 + random.random())
    for name in ("jobs", "tenants", "dedups", "beats"):
        if random.random() < 0.1 and (fields := world.server.hkeys(world.keys[name])):
            field = random.choice(fields)
            if random.random() < 0.5:
                world.server.hdel(world.keys[name], field)
            else:
                world.server.hset(world.keys[name], field, random.choice(["", "[1]", "{", '{"lines":{}}']))


@pytest.mark.parametrize("record", ["", "{", "7", "[]", '["acme"]', '{"a":1}', "TAGS"])
def test_what_is_no_record_is_forgotten_so_that_the_ledger_can_bring_the_job_back(world: World, record: str) -> None:
    before = world.kept()
    if record == "TAGS":
        record = json.dumps([*[*json.loads(before["jobs done"]), *[None] * 20][:24], 7])
    world.server.hset(world.keys["jobs"], "done", record)
    mended = walk(world.audit, now=T0).found
    assert {(one.part, one.fault, one.whose) for one in mended} == {
        ("jobs", "unreadable", "done"),
        ("index", "orphan", "done"),
    }
    after = world.kept()
    mine = {name for name in before if name.endswith(("|done", " done"))}
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == mine
    assert walk(world.audit, now=T0).found == ()
    world.queue.enqueue(new_job("done"), now=T0)
    assert found(world.queue, "done").state is State.WAITING


def test_a_record_of_a_newer_version_is_left_alone(world: World) -> None:
    """While a deployment goes round, or goes back."""
    record = json.loads(world.kept()["jobs done"])
    world.server.hset(world.keys["jobs"], "done", json.dumps([*record, *[None] * (30 - len(record)), "new"]))
    before = world.kept()
    assert walk(world.audit, now=T0).found == ()
    assert world.kept() == before


@pytest.mark.parametrize("record", ["{", "7", "{}", '{"lines":{"sales":"x"},"position":0,"virtual":0,"allowed_at":0}'])
def test_a_tenant_without_a_sound_record_begins_anew_and_its_jobs_start(world: World, record: str) -> None:
    world.server.hset(world.keys["tenants"], "umbrella", record)
    mended = walk(world.audit, now=T0).found
    assert [(one.part, one.fault, one.whose) for one in mended] == [("jobs", "line", "second")]
    assert walk(world.audit, now=T0).found == ()
    assert "second" in [lease.id for lease in world.queue.claim(worker(), call=9, free=9, now=T0).leases]
    world.server.hset(world.keys["tenants"], "idle", record)
    mended = walk(world.audit, now=T0).found
    assert [(one.part, one.fault, one.whose, one.did) for one in mended] == [
        ("tenants", "unreadable", "idle", "begins anew")
    ]
    assert walk(world.audit, now=T0).found == ()


def test_lines_that_are_taken_are_given_to_nobody_else(world: World) -> None:
    before = world.kept()
    world.server.hdel(world.keys["meters"], "line")
    mended = walk(world.audit, now=T0).found
    assert {(one.part, one.fault) for one in mended} == {("tenants", "lines")}
    assert world.kept() == before


def test_what_is_well_by_the_time_that_it_is_mended_is_left_alone(world: World) -> None:
    """Between the look and the repair, which are two scripts, verbs go on."""
    world.take_out("active", "running")
    world.put("index", f"acme|cancelled|sales|{T0}|first")
    suspects = walk(world.audit, mend=False, now=T0).found
    assert [one.fault for one in suspects] == ["nowhere", "orphan"]
    world.put("active", "running", T0 + 30 * SECOND)
    world.queue.cancel("first", now=T0)
    before = world.kept()
    gone = Suspect("jobs", "nobody", "nowhere", None)
    well = [Suspect("jobs", name, "twice", None) for name in ("first", "done", "lost")]
    assert world.audit.mend([*suspects, *well, gone], now=T0) == ()
    assert world.kept() == before


def test_a_round_is_bounded_goes_on_where_the_last_one_ended_and_comes_to_all(valkey: str) -> None:
    """Counted in commands, those within scripts too: a queue that is four times as large makes no longer round."""
    most = {}
    for number in (LIMIT * PAGES, 4 * LIMIT * PAGES):
        world = world_of(valkey)
        world.queue.enqueue(*new_jobs(number, tags=("a",), batch="b"), now=T0)
        world.put("index", f"acme|failed|sales|{T0}|nobody")
        world.take_out("waiting", f"job-{number - 1:05d}")
        calls: list[int] = []
        faults: list[tuple[str, str]] = []
        while len(calls) < 100:
            before = commands(world)
            audited = round_of(world.audit, now=T0)
            calls.append(commands(world) - before)
            faults += [(one.part, one.fault) for one in audited.found]
            assert audited.looked <= PAGES * (2 * LIMIT + 600)  # a scan may give more than it is asked for
            if audited.finished:
                break
        assert audited.finished
        assert sorted(faults) == [("index", "orphan"), ("jobs", "nowhere")]
        assert len(calls) >= 3 * number / (PAGES * 2 * LIMIT)
        most[number] = max(calls)
        assert round_of(world.audit, now=T0).looked > 0  # from the beginning again
        world.server.close()
    assert max(most.values()) <= 40 * PAGES


def commands(world: World) -> int:
    return sum(entry["calls"] for entry in world.server.info("commandstats").values())


def test_a_round_says_what_it_found_and_repeats_nobodys_words(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.put("windows", "acme|my secret key", T0)
    world.take_out("active", "running")
    round_of(world.audit, now=T0)
    said = [(r.getMessage(), r.whose, r.did) for r in caplog.records]  # type: ignore[attr-defined]
    assert said == [
        ("misplaced: nowhere in jobs", "running", "back to active"),
        ("misplaced: orphan in windows", None, "taken out"),
    ]
    assert "secret" not in str([vars(record) for record in caplog.records])


@pytest.mark.parametrize(("ahead", "failures"), [(0, 1), (1, 0)])
def test_an_open_job_in_no_state_that_is_enqueued_anew_goes_on_with_what_it_came_to(
    world: World, ahead: int, failures: int
) -> None:
    """As the reconciler does, who mostly comes first; in a new round the budget is new and the fence is not."""
    world.take_out("delayed", "again")
    world.queue.enqueue(new_job("again", tags=("monthly",), batch="b1", round=ahead), now=T0 + 1)
    job = found(world.queue, "again")
    assert (job.state, job.failures, job.attempt, job.round) == (State.WAITING, failures, 1, ahead)
    assert [event.verb for event in job.events] == ["claim", "fail"]
    assert walk(world.audit, now=T0 + 1).found == ()


def test_a_worker_goes_on_with_a_job_that_was_put_back(world: World) -> None:
    queue = world.queue
    queue.enqueue(new_job("mine", tenant="other"), now=T0)
    lease = claim_one(queue, by=worker("w5"), call=1, now=T0)
    while lease.id != "mine":
        lease = claim_one(queue, by=worker("w5"), call=hash(lease.id), now=T0)
    world.take_out("active", "mine")
    walk(world.audit, now=T0 + SECOND)
    assert found(queue, "mine").moment == T0 + SECOND + 30 * SECOND
    assert queue.complete(worker("w5"), completed(lease), now=T0 + SECOND).value == "completed"
