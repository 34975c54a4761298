"""The conversation with Redis: a verb's script with its arguments in, its reply out, everything else as BrokerAway.

It knows redis-py and how scripts are sent, and nothing of what they do: `queue` gives each verb its shapes. All scripts
are idempotent, so a call whose reply was lost is made again: that is the only retry, for the client's own are off.

All keys carry the queue's name as their hash tag: two queues in one broker do not touch, and cluster mode keeps each
queue on one node.
"""

import json
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from redis import exceptions

from report_queue import lua
from report_queue.errors import BrokerAway
from report_queue.settings import Settings

_TRIES: Final = 2
_IDLE_S: Final = 1  # a connection that rested longer may have been closed meanwhile
_REFUSED_SIGN_IN: Final = (
    "that it has such a user, among those of this cache, and that the function's role may elasticache:Connect to both"
)
_REFUSED_RIGHTS: Final = "the user's access string against the one in cdk_app/acl.py"
_REFUSED: Final = (exceptions.AuthenticationError, exceptions.AuthorizationError, exceptions.NoPermissionError)
_REFUSED_IN_SCRIPT: Final = "ACL failure in script"  # then the reply is the script's error
_PASSING: Final = (exceptions.ClusterError, exceptions.ReadOnlyError, exceptions.TryAgainError)
_PASSING_WORDS: Final = ("BUSY", "MISCONF", "NOREPLICAS")  # for these redis-py has no class


class Client(Protocol):
    """What this module uses of redis-py: `redis.Redis` and `redis.cluster.RedisCluster` both have it, but for the pool,
    which only the former has."""

    @property
    def connection_pool(self) -> Any: ...
    def execute_command(self, *words: Any) -> Any: ...
    def ping(self) -> Any: ...
    def info(self, section: str) -> Any: ...


@dataclass(frozen=True)
class Memory:
    """The broker's memory, as it tells it itself."""

    policy: str  # what it does when it is full: anything but noeviction loses jobs silently
    used_bytes: int | None  # on all nodes; None: it does not say


class Broker:
    """One queue's scripts in one Redis."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self.client = client
        self.keys = [f"{{{settings.queue}}}:{name}" for name in lua.KEYS]
        self._policy = lua.policy(settings)
        self._user = settings.broker_user
        self._send = (
            self._through_client if settings.broker_cluster else _Direct(client.connection_pool, self.keys).send
        )

    def run(self, verb: str, /, **arguments: Any) -> Any:
        """Run a script: its arguments and its reply are each one JSON object; None stands for absent."""
        given = json.dumps({name: value for name, value in arguments.items() if value is not None})
        source, sha = lua.script(verb, self._policy)

        def call() -> Any:
            try:
                return self._send("EVALSHA", sha, given)
            except exceptions.NoScriptError:
                return self._send("EVAL", source, given)

        return json.loads(self._answer(call))

    def _through_client(self, command: str, script: str, given: str) -> Any:
        # A cluster's client finds the node anew in each call.
        return self.client.execute_command(command, script, len(self.keys), *self.keys, given)

    def ping(self) -> None:
        """Raises BrokerAway where Redis does not answer."""
        self._answer(lambda: self.client.ping())  # a lambda: even looking the method up may connect

    def memory(self) -> Memory:
        """What the broker says of its memory. Where it may not say, nothing is known against it."""
        found: Memory = self._answer(self._memory)
        return found

    def _memory(self) -> Memory:
        # ElastiCache Serverless may not say: then nothing is known against it. A cluster client answers per node.
        try:
            memory = self.client.info("memory")
        except exceptions.ResponseError as error:
            if _passes(error):
                raise
            return Memory("noeviction", None)
        per_node = bool(memory) and all(isinstance(node, dict) for node in memory.values())
        nodes = list(memory.values()) if per_node else [memory]
        policies = {str(node.get("maxmemory_policy", "noeviction")) for node in nodes} - {"noeviction"}
        used = [int(node["used_memory"]) for node in nodes if "used_memory" in node]
        return Memory(", ".join(sorted(policies)) or "noeviction", sum(used) if used else None)

    def _answer(self, call: Callable[[], Any]) -> Any:
        for tries_left in reversed(range(_TRIES)):
            try:
                return call()
            except exceptions.OutOfMemoryError as error:
                raise BrokerAway("the broker has no memory left and refuses new jobs") from error
            except exceptions.ResponseError as error:
                if _refuses(error):
                    raise BrokerAway(self._refusal(_REFUSED_RIGHTS)) from error
                if not _passes(error):
                    raise  # our own mistake, or a broker that lacks a command: no second try helps
                if not tries_left:
                    raise BrokerAway(f"the broker is not itself at the moment ({type(error).__name__})") from error
            except (exceptions.RedisError, exceptions.RedisClusterException, OSError) as error:
                if not tries_left:
                    if _refuses(error):
                        raise BrokerAway(self._refusal(_REFUSED_SIGN_IN)) from error
                    raise BrokerAway(f"the broker does not answer ({type(error).__name__})") from error
        raise AssertionError("unreachable")

    def _refusal(self, what_to_check: str) -> str:
        who = f"its user {self._user}" if self._user else "this function, which names no user"
        return f"the broker refuses {who}: check {what_to_check}"


class _Direct:
    """Scripts over connections of the client's pool, past the client itself, which costs more than a script.

    A call takes a connection that rests, or one more from the pool, so threads never share one. All words before the
    arguments are the same in each call of a script, so they are packed once.
    """

    def __init__(self, pool: Any, keys: list[str]) -> None:
        self._pool = pool
        self._keys = [str(len(keys)), *keys]
        self._resting: deque[tuple[Any, float]] = deque()  # since when, in s; the last to come is the first to go
        self._heads: dict[str, bytes] = {}

    def send(self, command: str, script: str, given: str) -> Any:
        """The reply to EVAL or EVALSHA; raises what redis-py does."""
        head = self._heads.get(script)
        if head is None:
            words = (command, script, *self._keys)
            head = self._heads[script] = b"*%d\r\n" % (len(words) + 1) + b"".join(map(_packed, words))
        connection = self._connection()
        try:
            connection.send_packed_command([head + _packed(given)])
            return connection.read_response()
        except exceptions.ResponseError:
            raise  # a whole reply: the connection is as good as before
        except BaseException:
            connection.disconnect()  # half a reply may be on its way; the next call connects anew
            raise
        finally:
            self._resting.append((connection, time.monotonic()))

    def _connection(self) -> Any:
        while True:
            try:
                connection, since = self._resting.pop()
            except IndexError:
                return self._pool.get_connection()
            if connection.pid != os.getpid():
                continue  # we are a fork, and it is our parent's
            if time.monotonic() - since > _IDLE_S and _is_over(connection):
                connection.disconnect()
            return connection


def _is_over(connection: Any) -> bool:
    """Whether the other side has closed it: a connection that rests has nothing to say but its end."""
    try:
        return bool(connection.is_connected and connection.can_read(timeout=0))
    except (exceptions.RedisError, OSError):
        return True


def _packed(word: str) -> bytes:
    octets = word.encode()
    return b"$%d\r\n%b\r\n" % (len(octets), octets)


def _passes(error: exceptions.ResponseError) -> bool:
    """True for what a broker says in the middle of a failover, a slow script or a full disk: it will pass."""
    return isinstance(error, _PASSING) or str(error).startswith(_PASSING_WORDS)


def _refuses(error: BaseException | None) -> bool:
    """Whether the broker did not take the user, or took it and grants it too little."""
    while error is not None:
        if isinstance(error, _REFUSED) or _REFUSED_IN_SCRIPT in str(error):
            return True
        error = error.__cause__ or error.__context__  # a cluster's client tells of its nodes in its own words
    return False
