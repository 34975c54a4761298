"""A proxy before a broker that passes scripts on and loses their replies: they took effect, and no caller can know."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

Address = str | tuple[str, int]  # of a unix socket, or host and port


class LossyProxy:
    """Passes everything on but the replies to scripts that it is told to lose; "no such script" is not one."""

    def __init__(self, target: Address) -> None:
        self.target = target
        self._lose, self._how = 0, "dropped"
        self._lost: list[bytes] = []

    def lose_replies(self, number: int, how: str = "dropped") -> list[bytes]:
        """From now on, the next so many; gives the list that fills with them.

        `dropped`: the connection ends; `hung`: it stays open and says nothing more.
        """
        self._lose, self._how, self._lost = number, how, []
        return self._lost

    def hears(self, call: bytes) -> None:
        """The beginning of a call of a script."""

    def passes(self, octets: bytes) -> bytes:
        """What is passed on of what either side says."""
        return octets

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        # Whichever side is gone, or is being restarted: the other is hung up on.
        with client, _socket(self.target) as server, suppress(OSError):
            server.connect(self.target)
            asks_a_script = silent = False
            while True:
                ready, _, _ = select.select([client, server], [], [])
                source = ready[0]
                octets = source.recv(1 << 20)
                if not octets:
                    return
                if source is client:
                    if octets.startswith(b"*"):  # a call begins; a long one comes in several pieces
                        asks_a_script = b"\r\nEVAL" in octets
                        if asks_a_script:
                            self.hears(octets)
                    server.sendall(self.passes(octets))
                elif asks_a_script and self._lose > len(self._lost) and not octets.startswith(b"-NOSCRIPT"):
                    self._lost.append(octets)
                    if self._how == "dropped":
                        return
                    silent = True
                elif not silent:
                    client.sendall(self.passes(octets))


@contextmanager
def lossy_proxy(target: Address, listen: Address, *, kind: type[LossyProxy] = LossyProxy) -> Iterator[LossyProxy]:
    """A proxy that listens there while the block runs."""
    proxy = kind(target)
    with _socket(listen) as listener:
        listener.bind(listen)
        listener.listen()
        threading.Thread(target=proxy.serve, args=(listener,), daemon=True).start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # wakes `accept`


def _socket(address: Address) -> socket.socket:
    return socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
