"""One POST to a receiver: to an address that was checked, in ten seconds, and whatever it answers.

The name is looked up once, its addresses are checked, and the connection goes to one of them by its number, with the
name in TLS and in Host; so nothing can change in between. No redirect is followed and no proxy asked. It knows urllib3
and nothing of webhooks. Words of a Reply quote nothing that the receiver sent, and no URL.
"""

import email.utils
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPException
from typing import Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from report_queue import targets
from report_queue.delivery import Reply
from report_queue.targets import Network, Resolve, Target

_CONNECT_S: Final = 3.0
_TOTAL_S: Final = 10.0
_READ: Final = 16_384  # bytes of an answer, which nobody looks at


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


@dataclass(frozen=True)
class Post:
    """How messages leave. A Lambda's address space has no way inside anyway; what is refused here, is refused first."""

    networks: Sequence[Network] = ()
    resolve: Resolve = targets.system_resolve
    trusted: Callable[[], ssl.SSLContext] = _trusted
    total_s: float = _TOTAL_S
    clock: Callable[[], float] = field(default=time.time)  # seconds; what Retry-After may be relative to

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send it; whatever goes wrong is in the Reply."""
        try:
            target = targets.parse(url, networks=self.networks)
            known = targets.addresses(target, networks=self.networks, resolve=self.resolve)
        except targets.Refused as refused:
            return Reply(None, f"The address {refused}.")
        except (OSError, ValueError):
            return Reply(None, "The name of the receiver is not known.")
        if not known:
            return Reply(None, "The name of the receiver is not known.")
        return self._sent(target, known[0], body, headers)

    def _sent(self, target: Target, address: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        connection = self._connection(target, address)
        late = threading.Event()

        def hang_up() -> None:
            late.set()
            with suppress(OSError, AttributeError):  # there is no socket, or it is closed
                connection.sock.shutdown(2)

        # urllib3's own limits are for each read: whoever sends a byte a second would keep us for ever.
        watch = threading.Timer(self.total_s, hang_up)
        watch.daemon = True
        watch.start()
        try:
            connection.connect()
            connection.sock.settimeout(self.total_s)
            connection.request("POST", target.path, body, {**headers, "Host": target.authority}, preload_content=False)
            answer = connection.getresponse()
            if late.is_set():  # to whom a head that was cut off looks like one that has ended
                raise TimeoutError
            reply = self._reply(answer)
            with suppress(
                HTTPError, HTTPException, OSError
            ):  # the status has come; the rest is for a receiver that waits to be read
                answer.read(_READ)
            return reply
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            return Reply(None, _words(error, late=late.is_set(), total_s=self.total_s))
        finally:
            watch.cancel()
            connection.close()

    def _connection(self, target: Target, address: str) -> HTTPConnection:
        if not target.secure:
            return HTTPConnection(address, target.port, timeout=_CONNECT_S)
        return HTTPSConnection(
            address,
            target.port,
            timeout=_CONNECT_S,
            ssl_context=self.trusted(),
            server_hostname=target.host,
        )

    def _reply(self, answer: BaseHTTPResponse) -> Reply:
        status = answer.status
        if 200 <= status < 300:
            return Reply(status, None)
        if 300 <= status < 400:
            return Reply(
                status, f"The receiver answered {status}: redirects are not followed, so name its new address."
            )
        return Reply(status, f"The receiver answered {status}.", self._retry_after(answer.headers.get("retry-after")))

    def _retry_after(self, header: str | None) -> int | None:
        if header is None:
            return None
        if header.strip().isascii() and header.strip().isdigit():
            return min(int(header.strip()[:9]), 10**6)
        try:
            return max(0, round(email.utils.parsedate_to_datetime(header).timestamp() - self.clock()))
        except (ValueError, TypeError, OverflowError):
            return None


def _words(error: Exception, *, late: bool, total_s: float) -> str:
    if late:
        return f"The receiver took longer than {total_s:g} s."
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "The receiver's certificate is not good for its name, or TLS failed."
        if isinstance(cause, TimeoutError):
            return "The receiver does not answer in time."
        cause = cause.__cause__ or cause.__context__
    return "The receiver cannot be reached, or broke off."
