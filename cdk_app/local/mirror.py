"""S3 that outlives its process: moto keeps objects in memory only, so each write is mirrored in a folder.

    <folder>/<bucket>/<key, quoted>.json          what S3 says about the object, and which file is its body
    <folder>/<bucket>/<version>@<key, quoted>     the body, byte for byte

The WSGI middleware mirrors after moto has accepted a write and before the client hears of it. Renaming the .json is
the commit: a new body has a new name, so that a kill between the two leaves the old object whole. Writes hold one lock,
because moto's own check of If-None-Match is not atomic with the write that follows it.
There is no fsync: this survives the death of the process, not of the machine. Tags, ACLs and versions are not mirrored
(the project uses none). Knows moto's S3 backend; nothing of what the objects mean.
"""

import hashlib
import io
import json
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from moto.s3.models import FakeKey, S3Backend, s3_backends

from cdk_app.local.aws import ACCOUNT, REGION
from cdk_app.topology import WAKE_PREFIX
from report_queue.marks import Head

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
_FIELDS = ("encryption", "checksum_value", "checksum_algorithm", "checksum_type", "checksum_parts")
_OPENER = build_opener(ProxyHandler({}))  # to this machine, whatever proxy it has
_LONGEST = 180  # of a quoted key in a file name, which may have 255 bytes


class Mirror:
    """The folder, and the two directions: `load` at start, `keep` after a write."""

    def __init__(self, folder: Path, *, told: str = "", prefixes: Sequence[str] = ()) -> None:
        self._folder = folder
        self._told = told  # address that hears of new objects under these prefixes
        self._prefixes = tuple(prefixes)
        self._telling = ThreadPoolExecutor(1)  # so that who puts one waits for nobody
        self._kept: dict[str, dict[str, FakeKey]] = {}

    def load(self) -> None:
        """Give moto what the folder holds, and throw away bodies whose write never finished."""
        for bucket in sorted(self._folder.iterdir()) if self._folder.exists() else ():
            if bucket.name not in _backend().buckets:
                _backend().create_bucket(bucket.name, REGION)
            self._kept[bucket.name] = {}
            used = set()
            for sidecar in bucket.glob("*.json"):
                if "@" in sidecar.name:
                    continue
                described = json.loads(sidecar.read_text("utf-8"))
                if described["key"].startswith(WAKE_PREFIX):  # as the bucket's lifecycle does
                    sidecar.unlink()
                    continue
                used.add(described["body"])
                self._kept[bucket.name][described["key"]] = _restore(bucket, described)
            for file in bucket.iterdir():
                if "@" in file.name and file.name not in used:
                    file.unlink()

    def keep(self, bucket: str, key: str) -> None:
        """Make the folder say what moto says about one object; about all of the bucket, where there is no such one."""
        kept = self._kept.setdefault(bucket, {})
        held: dict[str, FakeKey] = _backend().buckets[bucket].keys if bucket in _backend().buckets else {}
        for name in [key] if key in held or key in kept else [*{*kept, *held}]:
            if name not in held:
                self._forget(bucket, name)
                kept.pop(name, None)
            elif name == key or held[name] is not kept.get(name):
                self._write(bucket, held[name])
                kept[name] = held[name]

    def _write(self, bucket: str, held: FakeKey) -> None:
        folder = self._folder / bucket
        folder.mkdir(parents=True, exist_ok=True)
        sidecar = folder / f"{_quoted(held.name)}.json"
        body = folder / f"{uuid.uuid4().hex[:12]}@{_quoted(held.name)}"
        body.write_bytes(held.value)
        before = json.loads(sidecar.read_text("utf-8"))["body"] if sidecar.exists() else None
        draft = folder / f"{body.name}@.tmp"
        draft.write_text(json.dumps(_describe(held, body.name), indent=1), "utf-8")
        draft.replace(sidecar)
        if before is not None:
            (folder / before).unlink(missing_ok=True)

    def _forget(self, bucket: str, key: str) -> None:
        sidecar = self._folder / bucket / f"{_quoted(key)}.json"
        if sidecar.exists():
            body = json.loads(sidecar.read_text("utf-8"))["body"]
            sidecar.unlink()
            (self._folder / bucket / body).unlink(missing_ok=True)

    def around(self, app: Wsgi) -> Wsgi:
        """The middleware."""
        lock = threading.Lock()

        def mirrored(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            # The body is read first: a slow client must not hold the lock, nor an unread body spoil the connection.
            _read_body(environ)
            if not _is_s3_write(environ):
                return app(environ, start_response)
            answer: list[Any] = []
            with lock:
                chunks = list(app(environ, lambda *given: answer.append(given)))
                if answer[-1][0].startswith("2"):
                    bucket, _, key = environ["PATH_INFO"].encode("latin-1").decode().lstrip("/").partition("/")
                    self.keep(bucket, key)  # the key of DeleteObjects is empty: it names its objects in the body
                    if environ["REQUEST_METHOD"] == "PUT" and key.startswith(self._prefixes) and self._told:
                        self._telling.submit(_tell, self._told, bucket, _backend().buckets[bucket].keys[key])
            start_response(*answer[-1])
            return chunks

        return mirrored


@dataclass(frozen=True)
class Mirrored:
    """The objects of a bucket as the folder has them, whether a stack runs on it or not; read as a `Bucket` is."""

    folder: Path
    bucket: str

    def get(self, key: str) -> bytes | None:
        """The body; None: there is no such object."""
        found = self._look(key)
        return found[0] if found else None

    def head(self, key: str) -> Head | None:
        """What there is to say of it."""
        found = self._look(key)
        return Head(found[1], len(found[0]), {}) if found else None

    def pieces(self, key: str, *, etag: str) -> Iterator[bytes] | None:
        """The body of the object with that etag, in one piece; None: there is no such one."""
        found = self._look(key)
        return iter([found[0]]) if found and found[1] == etag else None

    def _look(self, key: str) -> tuple[bytes, str] | None:
        """Body and etag."""
        for _ in range(10):
            try:
                sidecar = self.folder / self.bucket / f"{_quoted(key)}.json"
                described: dict[str, str] = json.loads(sidecar.read_text("utf-8"))
            except FileNotFoundError:
                return None
            with suppress(FileNotFoundError):  # it was written anew in between
                return (self.folder / self.bucket / described["body"]).read_bytes(), f'"{described["etag"]}"'
        return None


def _tell(address: str, bucket: str, held: FakeKey) -> None:
    """What S3 tells EventBridge of a new object; the receiver makes an event of it."""
    said = {"bucket": bucket, "key": held.name, "size": len(held.value), "etag": held.etag.strip('"')}
    request = Request(address, json.dumps(said).encode(), {"Content-Type": "application/json"})  # noqa: S310
    with suppress(OSError), _OPENER.open(request, timeout=5):
        pass


def _backend() -> S3Backend:
    return s3_backends[ACCOUNT]["aws"]


def _read_body(environ: dict[str, Any]) -> None:
    if environ.get("wsgi.input_terminated"):
        body = environ["wsgi.input"].read()
    else:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)


def _is_s3_write(environ: dict[str, Any]) -> bool:
    """Whether this may change an object. Requests that are signed for another service carry its name in the scope."""
    if environ["REQUEST_METHOD"] not in {"PUT", "POST", "DELETE"} or "HTTP_X_AMZ_TARGET" in environ:
        return False
    scope = environ.get("HTTP_AUTHORIZATION", "Credential=///s3/").partition("Credential=")[2].split("/")
    return len(scope) > 3 and scope[3] == "s3"


def _quoted(key: str) -> str:
    """A file name for the key. It never holds an @ and is never too long; the .json holds the key itself."""
    quoted = quote(key, safe="")
    return quoted if len(quoted) <= _LONGEST else f"{quoted[:100]}~{hashlib.sha256(key.encode()).hexdigest()}"


def _describe(held: FakeKey, body: str) -> dict[str, Any]:
    return {
        "key": held.name,
        "body": body,
        "etag": held.etag.strip('"'),
        "lastModified": held.last_modified.isoformat(),
        "storage": held.storage_class,
        "metadata": dict(held.metadata),
        **{field: getattr(held, field) for field in _FIELDS},
    }


def _restore(bucket: Path, described: dict[str, Any]) -> FakeKey:
    restored = _backend().put_object(
        bucket.name,
        described["key"],
        (bucket / described["body"]).read_bytes(),
        storage=described["storage"],
        etag=described["etag"],
        disable_notification=True,
    )
    restored.last_modified = datetime.fromisoformat(described["lastModified"])
    restored.set_metadata(described["metadata"], replace=False)
    for field in _FIELDS:
        setattr(restored, field, described[field])
    return restored
