"""What the broker holds, looked at from outside in one step: what must be true of it at every moment."""

import json
from collections import Counter
from typing import Final

import redis

from report_queue.job import State
from report_queue.settings import Settings

_SHOWN: Final = 5  # of each kind
_STATES: Final = list(State)
_WORKER, _STARTED = 7, 8  # their places in a record


def look(eye: "redis.Redis", settings: Settings) -> dict[str, list[str]]:
    """What is wrong, by kind: ids or keys; nothing where all is well. Raises redis.RedisError."""

    def key(name: str) -> str:
        return f"{{{settings.queue}}}:{name}"

    names = list(eye.scan_iter(key("*")))
    pipe = eye.pipeline(transaction=True)
    pipe.time()
    pipe.hgetall(key("jobs"))
    pipe.zrange(key("index"), 0, -1)
    for state in _STATES:
        pipe.zrange(key(state), 0, -1, withscores=True)
    for name in names:
        pipe.pttl(name)
    (seconds, micros), jobs, index, *rest = pipe.execute()
    sets, ttls = rest[: len(_STATES)], rest[len(_STATES) :]
    now = seconds * 1000 + micros / 1000
    stands = Counter(name for members in sets for name, _ in members)
    in_state = {state: dict(members) for state, members in zip(_STATES, sets, strict=True)}
    indexed = Counter(entry.rpartition("|")[2] for entry in index)
    active = in_state[State.ACTIVE]
    found = {
        "in two states": [name for name, times in stands.items() if times > 1],
        "in no state": [name for name in jobs if name not in stands],
        "without a record": [name for name in stands if name not in jobs],
        "with a TTL": [name for name, ttl in zip(names, ttls, strict=True) if ttl >= 0],
        "active for nobody": [name for name in active if name in jobs and not _held(jobs[name])],
        "leased for too long": [
            name for name, until in active.items() if name in jobs and until > _latest(jobs[name], now, settings)
        ],
        # A failed job is found by its error too; one that waits, by its line.
        "in two places of the index": [
            name for name, times in indexed.items() if times > 1 + (name in in_state[State.FAILED])
        ],
        "not in the index": [name for name in stands if name not in indexed and name not in in_state[State.WAITING]],
    }
    return {kind: some[:_SHOWN] for kind, some in found.items() if some}


def _held(record: str) -> bool:
    fields = json.loads(record)
    return len(fields) > _STARTED and bool(fields[_WORKER])


def _latest(record: str, now: float, settings: Settings) -> float:
    """The latest moment at which a lease may end."""
    return min(now + settings.lease_ms, json.loads(record)[_STARTED] + settings.attempt_ms)
