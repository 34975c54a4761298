"""The page's files, as HTTP gives them out: names that are there, and nothing else.

The folder is read once, into a table of names; a name that a caller sends is looked up in the table and never becomes
a path, so that there is nothing to traverse. It knows nothing of what the page does.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from aws_lambda_powertools.event_handler import Response

from report_queue.errors import NotFound

_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/manifest+json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
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
        path.name: _file(path)
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix in _TYPES and not path.name.startswith(".")
    }


def answer(folder: Path, name: str, *, if_none_match: str | None, store: str) -> Response[bytes]:
    """The answer with one file, or 304 where the browser has it; raises NotFound.

    `store` is the origin of download links: a frame may show a report from there, and nothing may come from elsewhere.
    """
    file = files(folder).get(name)
    if file is None:
        raise NotFound("The page has no such file.")
    headers = {
        "ETag": file.etag,
        "Cache-Control": "no-cache",  # keep it, but ask: a deployment must show at once
        "Content-Security-Policy": _policy(store),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Vary": "Accept-Encoding",
    }
    known = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    if file.etag in known:
        return Response(304, body=b"", headers=headers, compress=False)  # compressed, nothing would be something
    return Response(200, file.content_type, file.body, headers=headers)


def _file(path: Path) -> File:
    body = path.read_bytes()
    return File(body, _TYPES[path.suffix], f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _policy(store: str) -> str:
    return "; ".join(
        [
            "default-src 'self'",
            "img-src 'self' data:",
            f"frame-src 'self' {store}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )
