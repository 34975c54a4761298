"""The connections to the broker, and when one is made anew: before it is cut off, or where it may be dead.

ElastiCache ends a connection that signed in by IAM after twelve hours, and what lies between a function and its cache
forgets one that is silent for 350 s without telling either end, as it is while Lambda keeps the function frozen. So a
connection that is old or rested long is closed before its next command, which opens it again with fresh credentials.
Only whole calls are made on them: one command, then its reply.
"""

import time
from typing import TYPE_CHECKING, Any, Final

from redis import connection

OLD_S: Final = (9 * 3_600, 11 * 3_600)  # the first and the last moment, so that not all are renewed at once
REST_S: Final = 300

if TYPE_CHECKING:
    _Base = connection.Connection
else:
    _Base = object


class _Renewed(_Base):
    """What a connection of any kind becomes by it. Its clock is the wall's: others may stand still with the machine."""

    _old_at = _rested_at = 0.0

    def _connect(self) -> Any:
        socket = super()._connect()  # type: ignore[no-untyped-call]
        self._old_at = _wall() + _life_s()
        self._rested_at = _wall() + REST_S
        return socket

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        now = _wall()
        if self._sock is not None and now >= min(self._old_at, self._rested_at):
            self.disconnect()
        self._rested_at = now + REST_S
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]


class _Plain(_Renewed, connection.Connection):
    pass


class _Encrypted(_Renewed, connection.SSLConnection):
    pass


class _Local(_Renewed, connection.UnixDomainSocketConnection):
    pass


_KINDS: Final = {
    connection.Connection: _Plain,
    connection.SSLConnection: _Encrypted,
    connection.UnixDomainSocketConnection: _Local,
}


class Pool(connection.ConnectionPool):
    """A pool of such connections, of whatever kind the address asks for."""

    def __init__(self, connection_class: type = connection.Connection, **options: Any) -> None:
        super().__init__(connection_class=_KINDS[connection_class], **options)


def _wall() -> float:
    return time.time()


def _life_s() -> float:
    import random

    return random.uniform(*OLD_S)  # noqa: S311 — no secret
