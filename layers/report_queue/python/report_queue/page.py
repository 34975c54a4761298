"""The page's files, as HTTP gives them out: names that are there, and nothing else.

The folder is read once, into a table of names; a name that a caller sends is looked up in the table and never becomes
a path, so that there is nothing to traverse. It knows nothing of what the page does.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath
from typing import Final

from aws_lambda_powertools.event_handler import Response

from report_queue.errors import NotFound

_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class File:
    """One file of the page."""

    body: bytes
    content_type: str
    etag: str


@cache
def files(folder: Path) -> Mapping[str, File]:
    """The page's files by name: flat, of the types that a page is made of, none hidden. Read once per process."""
    return {
        path.name: _file(path.read_bytes(), path.name)
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix in _TYPES and not path.name.startswith(".")
    }


def answer(folder: Path, name: str, *, if_none_match: str | None, store: str) -> Response[bytes]:
    """The answer with one file, or 304 where the browser has it; raises NotFound.

    `store` is the origin of download links: a frame may show a report from there, or one that the page itself holds (a
    preview, as blob:), and nothing may come from elsewhere.
    """
    file = files(folder).get(name)
    if file is None:
        raise NotFound("The page has no such file.")
    return given(file, if_none_match=if_none_match, frames=f"'self' {store} blob:")


def made(text: str, *, name: str) -> File:
    """A file that is made and lies nowhere; `name` says by its ending what it is."""
    return _file(text.encode("utf-8"), name)


def given(file: File, *, if_none_match: str | None, frames: str = "'none'") -> Response[bytes]:
    """The answer with a file, or 304 where the browser has it. `frames`: what it may show within, as CSP writes it."""
    headers = {
        "ETag": file.etag,
        "Cache-Control": "no-cache",  # keep it, but ask: a deployment must show at once
        "Content-Security-Policy": _policy(frames),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Vary": "Accept-Encoding",
    }
    known = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    if file.etag in known:
        return Response(304, body=b"", headers=headers, compress=False)  # compressed, nothing would be something
    return Response(200, file.content_type, file.body, headers=headers)


def _file(body: bytes, name: str) -> File:
    return File(body, _TYPES[PurePath(name).suffix], f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _policy(frames: str) -> str:
    return "; ".join(
        [
            "default-src 'self'",
            "img-src 'self' data:",
            f"frame-src {frames}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )
