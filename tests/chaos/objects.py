"""A store in memory that speaks as much of S3 as the ledger uses: conditional writes, marks, pages of keys.

Each request is answered in one step, so that conditions are atomic, as S3's are. Bodies that did not arrive whole never
come here.
"""

import hashlib
import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final
from urllib.parse import parse_qs, quote, unquote
from xml.sax.saxutils import escape

MARK: Final = "x-amz-meta-"


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    target: str  # path, percent-encoded, and query
    headers: dict[str, str]  # names in small letters
    body: bytes

    @property
    def key(self) -> str:
        """Of the object; empty where the bucket is meant. The path is /bucket/key."""
        return unquote(self.target.partition("?")[0]).lstrip("/").partition("/")[2]


@dataclass(frozen=True)
class Answer:
    """Its answer."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class _Object:
    body: bytes
    etag: str
    headers: dict[str, str]
    changed: str


class Objects:
    """One bucket."""

    def __init__(self) -> None:
        self._held: dict[str, _Object] = {}

    def answer(self, asked: Asked) -> Answer:
        if not asked.key:
            return self._page(parse_qs(asked.target.partition("?")[2])) if asked.method == "GET" else Answer(200, {})
        held = self._held.get(asked.key)
        wanted = asked.headers.get("if-match")
        if asked.method == "PUT":
            if held and asked.headers.get("if-none-match") == "*":
                return _refusal(412, "PreconditionFailed")
            if wanted and not held:
                return _refusal(404, "NoSuchKey")
            if wanted and held and held.etag != wanted:
                return _refusal(412, "PreconditionFailed")
            kept = {name: value for name, value in asked.headers.items() if name.startswith(MARK)}
            kept["content-type"] = asked.headers.get("content-type", "")
            etag = f'"{hashlib.md5(asked.body, usedforsecurity=False).hexdigest()}-{time.monotonic_ns()}"'
            self._held[asked.key] = _Object(asked.body, etag, kept, formatdate(usegmt=True))
            return Answer(200, {"etag": etag})
        if held is None:
            return _refusal(404, "NoSuchKey")
        if wanted and held.etag != wanted:
            return _refusal(412, "PreconditionFailed")
        if asked.method == "DELETE":
            del self._held[asked.key]
            return Answer(204, {})
        headers = {**held.headers, "etag": held.etag, "last-modified": held.changed}
        if asked.method == "HEAD":
            return Answer(200, {**headers, "content-length": str(len(held.body))})
        return Answer(200, headers, held.body)

    def _page(self, query: dict[str, list[str]]) -> Answer:
        def of(name: str, default: str = "") -> str:
            return query.get(name, [default])[0]

        prefix, after = of("prefix"), of("start-after")
        keys = sorted(key for key in self._held if key.startswith(prefix) and key > after)[
            : int(of("max-keys", "1000"))
        ]
        entries = "".join(f"<Contents><Key>{escape(quote(key))}</Key></Contents>" for key in keys)
        kind = "<EncodingType>url</EncodingType>" if of("encoding-type") == "url" else ""
        return Answer(200, {}, f"<ListBucketResult>{kind}{entries}</ListBucketResult>".encode())


def _refusal(status: int, code: str) -> Answer:
    return Answer(status, {}, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())
