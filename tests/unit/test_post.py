"""How a message leaves: to the address that was checked, under the name that was asked for, and never for long."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from certificates import certificate
from receivers import receiver
from report_queue.delivery import Reply
from report_queue.post import Post
from report_queue.targets import networks_of

HERE = networks_of("127.0.0.0/8")
NAME = "hooks.example.com"
post = Post(HERE)


def test_the_receiver_gets_the_body_and_the_headers_and_2xx_is_success() -> None:
    for status in (200, 202, 204, 299):
        with receiver(status) as there:
            reply = post(
                f"{there.url}?a=b", "Zoë".encode(), {"webhook-id": "msg_1", "Content-Type": "application/json"}
            )
            assert reply == Reply(status, None)
            came = there.next()
    assert (came.path, came.body, came.headers["webhook-id"]) == ("/hooks?a=b", "Zoë".encode(), "msg_1")
    assert came.headers["host"] == there.url.split("/")[2]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_failure_that_says_so_and_is_not_followed(status: int) -> None:
    with receiver() as inside, receiver((status, {"Location": inside.url})) as there:
        reply = post(there.url, b"{}", {})
        assert reply.status == status
        assert "redirects are not followed" in str(reply.fault)
        assert inside.came.empty()


def test_what_a_receiver_asks_for_is_read_in_both_spellings_and_nonsense_is_none() -> None:
    clocked = Post(HERE, clock=lambda: 1_000_000_000)
    wishes = {"120": 120, formatdate(1_000_000_090, usegmt=True): 90, "soon": None, "-5": None, "9" * 400: 10**6}
    for wish, seconds in wishes.items():
        with receiver((503, {"Retry-After": wish})) as there:
            assert clocked(there.url, b"{}", {}).retry_after_s == seconds


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a receiver whose name is NAME, and of who trusts it."""
    made = certificate(Path(tmp_path_factory.mktemp("tls")) / "receiver", NAME)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.certificate, made.key)
    return server, ssl.create_default_context(cafile=str(made.authority))


def test_the_connection_goes_to_the_checked_address_with_the_name_in_tls_and_in_host(
    tls: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server, trusting = tls
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]  # as a name would that changes in between

    secure = Post(HERE, resolve=resolve, trusted=lambda: trusting)
    with receiver(tls=server) as there:
        port = there.url.split(":")[2].split("/")[0]
        assert secure(f"https://{NAME}:{port}/x", b"{}", {}) == Reply(204, None)
        assert there.next().headers["host"] == f"{NAME}:{port}"
        assert there.names == [NAME]
        assert asked == [NAME]
        refused = secure(f"https://{NAME}:{port}/x", b"{}", {})
        assert refused == Reply(
            None, "The address leads to an address that is not on the internet: webhooks do not go there."
        )


def test_a_certificate_for_another_name_or_by_a_stranger_is_a_failure(
    tls: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server, trusting = tls
    with receiver(tls=server) as there:
        port = there.url.split(":")[2].split("/")[0]
        for name, context in (("other.example.com", trusting), (NAME, ssl.create_default_context())):
            secure = Post(HERE, resolve=lambda host, port: ["127.0.0.1"], trusted=lambda context=context: context)
            assert "certificate" in str(secure(f"https://{name}:{port}/", b"{}", {}).fault)
        assert there.came.empty()


@contextmanager
def listener(serve: Any) -> Iterator[str]:
    """Something that takes connections and speaks as `serve` does with each."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    taken, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(taken,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def drip(taken: socket.socket) -> None:
    """A head that never ends, a byte at a time."""
    with taken:
        try:
            taken.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while True:
                taken.sendall(b"a")
                time.sleep(0.02)
        except OSError:
            return


def test_a_receiver_that_says_nothing_or_never_stops_is_left_when_the_time_is_up() -> None:
    hasty = Post(HERE, total_s=0.3)
    for serve in (drip, lambda taken: taken.recv(1) and threading.Event().wait(5)):
        with listener(serve) as url:
            reply = hasty(url, b"{}", {})
            assert reply.status is None
            assert reply.fault in ("The receiver took longer than 0.3 s.", "The receiver does not answer in time.")


def test_an_answer_of_any_length_is_not_read_to_its_end() -> None:
    with receiver(200, body=[b"x" * 65_536] * 2_000) as there:  # 131 MB, where somebody read it
        assert post(there.url, b"{}", {}) == Reply(200, None)


def test_what_cannot_be_reached_is_said_without_quoting_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    gone = post(f"http://127.0.0.1:{port}/secret-token", b"{}", {})

    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror("no such name")

    nameless = Post(HERE, resolve=unknown)("https://nowhere.example.com/secret-token", b"{}", {})
    garbled = None
    with listener(lambda taken: taken.sendall(b"nonsense\r\n\r\n") or taken.close()) as url:
        garbled = post(url, b"{}", {})
    for reply in (gone, nameless, garbled):
        assert reply.status is None
        assert reply.fault
        assert "secret" not in reply.fault
