"""The broker away, full, or answering into the void: a clear error, and nothing half done."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from brokers import settings_for, valkey_server
from queue_words import MINUTE, SECOND, T0, claim_one, completed, failed, new_job, worker
from report_queue.errors import BrokerAway
from report_queue.job import State, Verdict
from report_queue.queue import Queue
from report_queue.wiring import broker


def queue_at(url: str, **changes: object) -> Queue:
    settings = settings_for(url, **changes)
    return Queue(broker(settings), settings)


def test_a_broker_that_is_away_is_said_to_be_away() -> None:
    with pytest.raises(BrokerAway):
        queue_at("unix:///tmp/no-broker-here").enqueue(new_job("a"))
    with pytest.raises(BrokerAway):
        queue_at("redis://127.0.0.1:1", broker_cluster=True).ping()


def test_a_full_broker_refuses_new_jobs_and_still_drains() -> None:
    with valkey_server(maxmemory="8mb") as url:
        queue = queue_at(url)
        queue.enqueue(*(new_job(name) for name in "abcdef"), now=T0)
        first = claim_one(queue)
        with redis.Redis.from_url(url) as client:
            client.config_set("maxmemory", "1mb")
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
        assert queue.leave(worker(), now=T0 + 31 * SECOND).verdicts == ()
        assert queue.prune(now=T0 + 30 * 24 * 60 * MINUTE) == 3


def test_a_full_broker_without_workers_gets_its_workers() -> None:
    with valkey_server(maxmemory="8mb") as url:
        queue = queue_at(url)
        queue.enqueue(new_job("a"), new_job("later", due_at=T0 + SECOND), now=T0)
        with redis.Redis.from_url(url) as client:
            client.config_set("maxmemory", "1mb")
        assert queue.promote(now=T0 + MINUTE) == 1
        assert len(queue.wake(now=T0 + MINUTE)) == 1  # the first wake was lost


def test_a_broker_in_the_middle_of_a_failover_is_away_and_not_wrong() -> None:
    with valkey_server() as url, redis.Redis.from_url(url) as client:
        queue = queue_at(url)
        client.replicaof("127.0.0.1", 1)  # the old primary, which takes no writes any more
        with pytest.raises(BrokerAway):
            queue.enqueue(new_job("a"), now=T0)
        client.replicaof("NO", "ONE")
        queue.enqueue(new_job("a"), now=T0)
        assert claim_one(queue).id == "a"


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


def test_scripts_that_the_broker_forgot_are_sent_again(valkey: str) -> None:
    queue = queue_at(valkey)
    queue.enqueue(new_job("a"), now=T0)
    with redis.Redis.from_url(valkey) as client:
        client.script_flush()
    assert claim_one(queue).id == "a"


@contextmanager
def proxy_that_loses_replies(path: Path, target: str, lost: list[bytes], *, lose: int) -> Iterator[str]:
    """Passes everything on, but hangs up instead of giving the first `lose` replies to scripts, which `lost` keeps."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=pump, args=(client,), daemon=True).start()

    def pump(client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(target)
            while asked := client.recv(1 << 20):
                server.sendall(asked)
                reply = server.recv(1 << 20)
                if b"EVAL" in asked and not reply.startswith(b"-NOSCRIPT") and len(lost) < lose:
                    lost.append(reply)
                    return
                client.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"unix://{path}"
    finally:
        listener.close()
        path.unlink()


def behind(url: str, queue: Queue) -> Queue:
    """The same queue, reached through another address."""
    settings = settings_for(url, queue=queue._broker.keys[0].split("}")[0][1:])
    return Queue(broker(settings), settings)


def test_a_lost_reply_is_asked_for_again_and_the_job_is_claimed_once(valkey: str) -> None:
    target = valkey.removeprefix("unix://")
    direct = queue_at(valkey)
    direct.enqueue(new_job("a"), new_job("b"), now=T0)
    with proxy_that_loses_replies(Path(target).parent / "proxy", target, [], lose=1) as url:
        lease = claim_one(behind(url, direct))
    assert lease.attempt == 1
    assert direct.counts() == {**dict.fromkeys(State, 0), State.ACTIVE: 1, State.WAITING: 1}


def test_a_call_is_made_twice_and_no_more(valkey: str) -> None:
    """The client's own retries, ten by default, are off."""
    target = valkey.removeprefix("unix://")
    lost: list[bytes] = []
    with proxy_that_loses_replies(Path(target).parent / "proxy", target, lost, lose=100) as url:
        through = behind(url, queue_at(valkey))
        with pytest.raises(BrokerAway):
            through.now()
    assert len(lost) == 2


def test_a_script_touches_declared_keys_only_and_their_number_is_fixed(valkey: str) -> None:
    queue = queue_at(valkey)
    for number in range(50):
        queue.enqueue(new_job(f"job-{number}", tenant=f"tenant-{number}"), now=T0)
    claim_one(queue)
    with redis.Redis.from_url(valkey, decode_responses=True) as client:
        tag = queue._broker.keys[0].split(":")[0]
        assert set(client.scan_iter(f"{tag}:*")) <= set(queue._broker.keys)
        assert all(client.ttl(name) == -1 for name in client.scan_iter(f"{tag}:*"))
