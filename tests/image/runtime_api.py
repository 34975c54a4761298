"""Lambda's Runtime API, as far as one runtime asks it: the next event, and where the answer goes."""

import json
import queue
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

VERSION = "/2018-06-01/runtime"


@dataclass
class RuntimeApi:
    """Hands events out and takes answers, one at a time."""

    address: str = ""  # host:port
    asked: threading.Event = field(default_factory=threading.Event)  # the runtime has initialised
    _events: "queue.Queue[Any]" = field(default_factory=queue.Queue)
    _answers: "queue.Queue[tuple[str, Any]]" = field(default_factory=queue.Queue)

    def invoke(self, event: Any, *, within_s: float) -> Any:
        """The function's answer; fails with what the runtime reported where it raised or did not start."""
        self._events.put(event)
        kind, answer = self._answers.get(timeout=within_s)
        assert kind == "response", f"{kind}: {json.dumps(answer)[:3000]}"
        return answer


@contextmanager
def runtime_api(*, timeout_s: int) -> Iterator[RuntimeApi]:
    """A server on 127.0.0.1; every event is given `timeout_s` seconds."""
    api = RuntimeApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            super().setup()

        def do_GET(self) -> None:
            api.asked.set()
            body = json.dumps(api._events.get()).encode()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", str(uuid.uuid4()))
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + timeout_s * 1000))
            self.send_header(
                "Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:worker"
            )
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kind = self.path.removeprefix(VERSION).rpartition("/")[2]
            if "/init/" in self.path:
                kind = f"init {kind}"
            api._answers.put((kind, json.loads(body)))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True  # one waits for an event that will not come
    server.block_on_close = False
    api.address = f"127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
