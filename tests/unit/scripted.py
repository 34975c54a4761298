"""A server that answers as it was told, one request after another, and remembers what it was asked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOST = "lost"  # the connection is closed after the request was read


@dataclass(frozen=True)
class Says:
    """One answer."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    """The server: its address, what it is to say, what it was asked."""

    url: str
    script: list[Says | str]
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def scripted(*script: Says | str) -> Iterator[Scripted]:
    """Serve the script; the last answer is given again and again."""

    class Handler(BaseHTTPRequestHandler):
        def do_any(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            there.asked.append(Asked(self.command, self.path, headers, content))
            says = there.script.pop(0) if len(there.script) > 1 else there.script[0]
            if isinstance(says, str):
                self.close_connection = True
                return
            text = says.body if isinstance(says.body, bytes) else json.dumps(says.body).encode()
            self.send_response(says.status)
            for name, value in ({"content-length": str(len(text))} | says.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_any  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        there = Scripted(f"http://127.0.0.1:{server.server_address[1]}", list(script))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield there
        server.shutdown()
