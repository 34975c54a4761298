"""A receiver of webhooks on this machine: answers as it is told to, and keeps what came."""

import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue


@dataclass(frozen=True)
class Came:
    """One request."""

    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass
class Receiver:
    """`answers` are given one after the other, and the last of them from then on: status, headers."""

    url: str
    answers: list[tuple[int, dict[str, str]]]
    came: "Queue[Came]" = field(default_factory=Queue)
    names: list[str | None] = field(default_factory=list)  # that TLS was asked for

    def next(self) -> Came:
        """What came next; waits for it."""
        return self.came.get(timeout=60)


@contextmanager
def receiver(
    *answers: int | tuple[int, dict[str, str]], tls: ssl.SSLContext | None = None, body: Sequence[bytes] = ()
) -> Iterator[Receiver]:
    """A receiver that is up. `body`: pieces of what it says after the head; it says them until nobody listens."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            up.came.put(Came(self.path, headers, self.rfile.read(length)))
            status, more = up.answers.pop(0) if len(up.answers) > 1 else up.answers[0]
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            if not body:
                self.send_header("Content-Length", "0")
            self.end_headers()
            for piece in body:
                self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who hangs up is no error of a test
    given = [one if isinstance(one, tuple) else (one, {}) for one in answers or (204,)]
    up = Receiver(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/hooks", given)
    if tls:
        tls.sni_callback = lambda _socket, name, _context: up.names.append(name)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield up
    finally:
        server.shutdown()
        server.server_close()
