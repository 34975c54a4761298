"""What a link of the API leads to: a document to save, or a place to put rows. The key stays at home.

A link is a key in itself, so it is handed to httpx's transport: httpx's client would write it to the log.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import httpx

from report_queue.client.errors import Away, Broken

_CHUNK: Final = 1 << 16


def save(url: str, to: Path, *, sha256: str | None, timeout: float) -> None:
    """Write what is there to the file, all of it or nothing. Raises Away; Broken where it has another hash."""
    draft = to.with_name(f".{to.name}.part")
    digest = hashlib.sha256()
    try:
        with draft.open("wb") as file, _asked("GET", url, timeout=timeout) as response:
            for chunk in response.iter_bytes():
                digest.update(chunk)
                file.write(chunk)
        if sha256 and digest.hexdigest() != sha256:
            raise Broken("the document is not the one that was published: download it again")
        draft.replace(to)
    finally:
        draft.unlink(missing_ok=True)


def put(url: str, file: BinaryIO, *, size: int, timeout: float) -> None:
    """Put the file's bytes there. Raises Away."""
    chunks = iter(lambda: file.read(_CHUNK), b"")
    with _asked("PUT", url, content=chunks, headers={"content-length": str(size)}, timeout=timeout):
        pass


@contextmanager
def _asked(
    method: str,
    url: str,
    *,
    content: Iterator[bytes] | None = None,
    headers: dict[str, str] | None = None,
    timeout: float,
) -> Iterator[httpx.Response]:
    request = httpx.Request(
        method, url, content=content, headers=headers, extensions={"timeout": httpx.Timeout(timeout).as_dict()}
    )
    with httpx.HTTPTransport(trust_env=url.startswith("https:")) as transport:
        try:
            response = transport.handle_request(request)
            try:
                if not response.is_success:
                    raise Away(f"the store answered {response.status_code}: ask for the link again")
                yield response
            finally:
                response.close()
        except httpx.TransportError as error:
            raise Away(f"no answer from the store ({type(error).__name__})") from None
