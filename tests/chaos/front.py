"""What stands before the store: it passes requests on, writes down what changed, and fails as it is told to.

    5xx         the request is refused and not passed on
    timeout     it is not passed on, and nothing is answered
    reset       it is not passed on, and the connection ends
    lost reply  it is passed on, and the connection ends instead of an answer

Behind it is either the store in memory (`objects`) or moto.
"""

import asyncio
import hashlib
import http.client
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from .history import History
from .objects import MARK, Answer, Asked, Objects
from .tie import tie

_REASONS: Final = {200: "OK", 204: "No Content", 404: "Not Found", 412: "Precondition Failed", 503: "Slow Down"}
_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "date", "server", "content-length"}


def serve(folder: Path, told: Connection, moto: bool) -> None:
    """Run until told to end; first says the port."""
    tie()
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(Front(History(folder, "store"), _passing_on() if moto else Objects().answer), told, moto))


async def _serve(front: "Front", told: Connection, moto: bool) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(front, loop, slow=moto), "127.0.0.1", 0)
    ended = loop.create_future()

    def listen() -> None:
        try:
            command = told.recv()
        except EOFError:
            command = None
        if command is None:
            loop.remove_reader(told.fileno())
            ended.set_result(None)
        else:
            front.faults.extend(command)

    loop.add_reader(told.fileno(), listen)
    told.send(server.sockets[0].getsockname()[1])
    await ended
    server.close()


class Front:
    """One for all connections."""

    def __init__(self, history: History, behind: Callable[[Asked], Answer]) -> None:
        self.faults: deque[tuple[int, str]] = deque()  # number of the fault, and how
        self._history, self._behind = history, behind

    def fault(self, asked: Asked) -> str | None:
        if not self.faults or not asked.key:  # who only looks at the end of a run is let alone
            return None
        number, how = self.faults.popleft()
        self._history.add("store fault", fault=number, what=how)
        return how

    def answer(self, asked: Asked) -> Answer:
        answer = self._behind(asked)
        if asked.method in ("PUT", "DELETE") and asked.key:
            self._history.add(
                asked.method.lower(),
                "ok" if answer.status < 300 else "failed",
                key=asked.key,
                status=answer.status,
                sha256=hashlib.sha256(asked.body).hexdigest(),
                marks={name.removeprefix(MARK): value for name, value in asked.headers.items() if MARK in name},
            )
        return answer


class Conversation(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self, front: Front, loop: asyncio.AbstractEventLoop, *, slow: bool) -> None:
        self._front, self._loop, self._slow = front, loop, slow
        self._octets = b""
        self._head: tuple[str, str, dict[str, str]] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, octets: bytes) -> None:
        self._octets += octets
        if self._head is None:
            head, found, rest = self._octets.partition(b"\r\n\r\n")
            if not found:
                return
            first, *lines = head.decode("latin-1").split("\r\n")
            method, target, _ = first.split(" ", 2)
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            self._head, self._octets = (method, target, headers), rest
            if "expect" in headers:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        method, target, headers = self._head
        length = int(headers.get("content-length", 0))
        if len(self._octets) < length:
            return
        asked = Asked(method, target, headers, self._octets[:length])
        self._octets, self._head = self._octets[length:], None
        self._meet(asked)

    def _meet(self, asked: Asked) -> None:
        fault = self._front.fault(asked)
        if fault == "5xx":
            code = b"<Error><Code>ServiceUnavailable</Code></Error>"
            self._say(asked, Answer(503, {}, code))
        elif fault == "reset":
            self._transport.abort()
        elif fault != "timeout":
            if self._slow:
                task = self._loop.run_in_executor(None, self._front.answer, asked)
                task.add_done_callback(lambda done: self._give(asked, done.result(), fault))
            else:
                self._give(asked, self._front.answer(asked), fault)

    def _give(self, asked: Asked, answer: Answer, fault: str | None) -> None:
        if fault == "lost reply":
            self._transport.abort()
        else:
            self._say(asked, answer)

    def _say(self, asked: Asked, answer: Answer) -> None:
        headers = {"content-length": str(len(answer.body)), **answer.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, '-')}\r\n{lines}\r\n".encode("latin-1")
        self._transport.write(head + (b"" if asked.method == "HEAD" else answer.body))


def _passing_on() -> Callable[[Asked], Answer]:
    """To moto, in this process. Its own check of a condition is not atomic with the write: one thread asks it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    one = ThreadPoolExecutor(1)

    def ask(asked: Asked) -> Answer:
        with closing(http.client.HTTPConnection(host, port)) as connection:
            connection.request(asked.method, asked.target, asked.body, {**asked.headers, "host": f"{host}:{port}"})
            reply = connection.getresponse()
            body = reply.read()
            headers = {name.lower(): value for name, value in reply.getheaders() if name.lower() not in _HOP}
            if asked.method == "HEAD":
                headers["content-length"] = reply.getheader("content-length") or "0"
            return Answer(reply.status, headers, body)

    return lambda asked: one.submit(ask, asked).result()
