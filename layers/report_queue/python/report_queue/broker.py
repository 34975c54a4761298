"""The conversation with Redis: a verb's script with its arguments in, its reply out, everything else as BrokerAway.

It knows redis-py and how scripts are sent, and nothing of what they do: `queue` gives each verb its shapes. All scripts
are idempotent, so a call whose reply was lost is made again: that is the only retry, for the client's own are off.

All keys carry the queue's name as their hash tag: two queues in one broker do not touch, and cluster mode keeps each
queue on one node.
"""

import json
from collections.abc import Callable
from typing import Any, Final, Protocol

from redis import exceptions

from report_queue import lua
from report_queue.errors import BrokerAway
from report_queue.settings import Settings

_TRIES: Final = 2
_PASSING: Final = (exceptions.ClusterError, exceptions.ReadOnlyError, exceptions.TryAgainError)
_PASSING_WORDS: Final = ("BUSY", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS", "READONLY")


class Client(Protocol):
    """What this module uses of redis-py: `redis.Redis` and `redis.cluster.RedisCluster` both have it."""

    def evalsha(self, sha: str, numkeys: int, *keys_and_args: Any) -> Any: ...
    def eval(self, script: str, numkeys: int, *keys_and_args: Any) -> Any: ...
    def ping(self) -> Any: ...
    def info(self, section: str) -> Any: ...


class Broker:
    """One queue's scripts in one Redis."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self.client = client
        self.keys = [f"{{{settings.queue}}}:{name}" for name in lua.KEYS]
        self._policy = lua.policy(settings)

    def run(self, verb: str, /, **arguments: Any) -> Any:
        """Run a script: its arguments and its reply are each one JSON object; None stands for absent."""
        given = json.dumps({name: value for name, value in arguments.items() if value is not None})
        source, sha = lua.script(verb, self._policy)

        def call() -> Any:
            try:
                return self.client.evalsha(sha, len(self.keys), *self.keys, given)
            except exceptions.NoScriptError:
                return self.client.eval(source, len(self.keys), *self.keys, given)

        return json.loads(_answer(call))

    def ping(self) -> None:
        """Raises BrokerAway where Redis does not answer."""
        _answer(lambda: self.client.ping())  # a lambda: even looking the method up may connect

    def eviction_policy(self) -> str:
        """What Redis does when its memory is full; anything but noeviction loses jobs silently."""
        return str(_answer(self._eviction_policy))

    def _eviction_policy(self) -> str:
        # ElastiCache Serverless may not say: then nothing is known against it. A cluster client answers per node.
        try:
            memory = self.client.info("memory")
        except exceptions.ResponseError as error:
            if _passes(error):
                raise
            return "noeviction"
        nodes = memory.values() if memory and all(isinstance(node, dict) for node in memory.values()) else [memory]
        policies = {str(node.get("maxmemory_policy", "noeviction")) for node in nodes}
        return "noeviction" if policies == {"noeviction"} else ", ".join(sorted(policies - {"noeviction"}))


def _answer(call: Callable[[], Any]) -> Any:
    for tries_left in reversed(range(_TRIES)):
        try:
            return call()
        except exceptions.OutOfMemoryError as error:
            raise BrokerAway("the broker has no memory left and refuses new jobs") from error
        except exceptions.ResponseError as error:
            if not _passes(error):
                raise  # our own mistake, or a broker that lacks a command: no second try helps
            if not tries_left:
                raise BrokerAway(f"the broker is not itself at the moment ({type(error).__name__})") from error
        except (exceptions.RedisError, exceptions.RedisClusterException, OSError) as error:
            if not tries_left:
                raise BrokerAway(f"the broker does not answer ({type(error).__name__})") from error
    raise AssertionError("unreachable")


def _passes(error: exceptions.ResponseError) -> bool:
    """True for what a broker says in the middle of a failover, a slow script or a full disk: it will pass."""
    return isinstance(error, _PASSING) or str(error).startswith(_PASSING_WORDS)
