"""The batches in S3. What stands here is the truth; the broker only remembers which to look at (`batch_facet`).

    batches/<tenant>/<id>.json                    the batch, with the requests of all its jobs          accept
    pending/<tenant>/<id>.json                    there while something is to be done for the batch     pend ──► settle
    reports/<tenant>/<id>.<generation>.json       the manifest: each job's end                          publish
    reports/<tenant>/<id>.<generation>.zip|pdf    the result, after its manifest                        publish

The batch is written once, and that write is its acceptance. What is to be done for it has an object of its own, so that
looking for work lists what is under way and not all batches that ever were:

    accept    PUT pending · PUT batch if none is there · each job into the ledger · PUT pending, now expanded.
              Crash after the first: a pending one without a batch, which is deleted when it is old.
              Crash later: whoever finds it pending and not expanded makes up for it; a job is accepted once by its id.
    settle    the job that assembles is accepted · DELETE pending, if it is the very one that was there before we looked
              at the batch's jobs. Crash in between: it is accepted once, by its id.
    retry     PUT pending · each job's next round into the ledger · PUT pending again, for it may have been settled
              meanwhile, by who had looked before.

It knows nothing of Redis. Every method raises `StoreAway` where S3 does not answer or refuses.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Self
from urllib.parse import quote, unquote

from report_queue.batch import Batch, ResultKind
from report_queue.bucket import Bucket
from report_queue.job import Result
from report_queue.ledger import JSON, PDF, Acceptance, Ledger
from report_queue.marks import Head, result_marks
from report_queue.request import Request

CONTENT_TYPES: Final = {ResultKind.ZIP: "application/zip", ResultKind.PDF: PDF}

_LOOKS: Final = 5  # as often as we look again where someone else was quicker; each time they got somewhere
_PENDING: Final = re.compile(r"pending/([a-z0-9][a-z0-9-]{0,62})/([0-9a-v]{26})\.json")


@dataclass(frozen=True)
class Pending:
    """That something is to be done for a batch, and the version in which this was read."""

    etag: str
    expanded: bool  # all of its jobs are in the ledger
    at: int  # ms, when it was written


@dataclass(frozen=True)
class Published:
    """A result that is there."""

    generation: int
    key: str


class BatchStore:
    """The batches of all tenants in one bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    @classmethod
    def of(cls, s3_client: Any, *, bucket: str, sleep: Callable[[float], None] = time.sleep) -> Self:
        """Those in a bucket of that name."""
        return cls(Bucket(s3_client, bucket, sleep))

    @classmethod
    def beside(cls, ledger: Ledger) -> Self:
        """Those in the ledger's bucket."""
        return cls(ledger._bucket)

    # Acceptance.

    def accept(self, batch: Batch, requests: Sequence[Request]) -> Acceptance:
        """Keep a batch and its requests for good; `pend` comes first."""
        body = b'{"requests":[' + b",".join(request.to_json() for request in requests) + b"]}"
        if self._bucket.put(_key(batch.tenant, batch.id), body, content_type=JSON, marks=_marks(batch)):
            return Acceptance.NEW
        there = self.find(tenant=batch.tenant, id=batch.id)
        same = there is None or there.digest == batch.digest  # None: nobody deletes one, so ask again
        return Acceptance.REPLAY if same else Acceptance.CONFLICT

    def find(self, *, tenant: str, id: str) -> Batch | None:  # noqa: A002 (the word of the API)
        """A batch; None where there is none."""
        head = self._bucket.head(_key(tenant, id))
        return _batch(head, tenant, id) if head else None

    def requests(self, batch: Batch) -> tuple[Request, ...]:
        """The requests of a batch's jobs, in their order; none where it is not there any more."""
        body = self._bucket.get(_key(batch.tenant, batch.id))
        return tuple(Request.from_fields(fields) for fields in json.loads(body)["requests"]) if body else ()

    # What is to be done.

    def pend(self, *, tenant: str, id: str, expanded: bool, at: int) -> None:  # noqa: A002 (as in `find`)
        """Something is to be done for the batch from now on, whatever was before; `at` is now (ms)."""
        key, marks = _pending(tenant, id), {"expanded": str(expanded), "at": str(at)}
        for _ in range(_LOOKS):
            there = self._bucket.head(key)
            # The body makes each version another one, for `settle`.
            body = json.dumps(marks | {"instead": there.etag if there else None}).encode()
            if self._bucket.put(key, body, content_type=JSON, marks=marks, replaces=there.etag if there else None):
                return
        raise self._bucket.unsteady("pend", key)

    def pending(self, *, tenant: str, id: str) -> Pending | None:  # noqa: A002 (as in `find`)
        """What is to be done for a batch; None: nothing."""
        head = self._bucket.head(_pending(tenant, id))
        return Pending(head.etag, head.marks["expanded"] == "True", int(head.marks["at"])) if head else None

    def settle(self, pending: Pending, *, tenant: str, id: str) -> bool:  # noqa: A002 (as in `find`)
        """Nothing is to be done any more; False where someone has written that there is, since."""
        return self._bucket.delete(_pending(tenant, id), etag=pending.etag)

    def all_pending(self, *, size: int = 500) -> Iterator[list[tuple[str, str]]]:
        """Every batch for which something is to be done, as pages of (tenant, id)."""
        after = ""
        while keys := self._bucket.page("pending/", after=after, limit=size):
            yield [(match[1], match[2]) for match in map(_PENDING.fullmatch, keys) if match]
            after = keys[-1]

    # The result.

    def report(self, key: str) -> bytes | None:
        """A report of one of the jobs."""
        return self._bucket.get(key)

    def newest(self, batch: Batch) -> Published | None:
        """The result of the latest generation that is there."""
        prefix, newest, after = f"reports/{batch.tenant}/{batch.id}.", None, ""
        pattern = re.compile(re.escape(prefix) + r"(\d+)\." + batch.result)
        while keys := self._bucket.page(prefix, after=after, limit=1_000):
            for match in filter(None, map(pattern.fullmatch, keys)):
                newest = Published(int(match[1]), match[0])
            after = keys[-1]
        return newest

    def manifest(self, *, tenant: str, id: str, generation: int) -> Any:  # noqa: A002 (as in `find`)
        """The manifest of a generation, as parsed JSON; None where there is none."""
        body = self._bucket.get(_result(tenant, id, generation, "json"))
        return json.loads(body) if body else None

    def published(self, *, tenant: str, id: str, generation: int, kind: ResultKind) -> Result | None:  # noqa: A002 (as in `find`)
        """The result of a generation that is there already."""
        key = _result(tenant, id, generation, kind)
        head = self._bucket.head(key)
        return head.result(key) if head else None

    def publish(
        self,
        *,
        tenant: str,
        id: str,  # noqa: A002 (as in `find`)
        generation: int,
        kind: ResultKind,
        manifest: bytes,
        body: BinaryIO,
        made: Callable[[str], Result],  # from its key
    ) -> Result:
        """Put manifest and result there, once: where one is, it stays as it is."""
        self._bucket.put(_result(tenant, id, generation, "json"), manifest, content_type=JSON, marks={})
        key = _result(tenant, id, generation, kind)
        result, content_type = made(key), CONTENT_TYPES[kind]
        for _ in range(_LOOKS):
            marks, size = result_marks(result), result.size
            if self._bucket.put(key, body, content_type=content_type, marks=marks, size=size, sha256=result.sha256):
                return result
            if (there := self._bucket.head(key)) is not None:
                return there.result(key)
        raise self._bucket.unsteady("publish", key)

    def link(self, published: Published, kind: ResultKind, *, filename: str, seconds: int, inline: bool = False) -> str:
        """A link to download a result, as `Ledger.link` gives for a report; `filename` is of plain letters."""
        disposition = f'{"inline" if inline else "attachment"}; filename="{filename}"'
        content_type = CONTENT_TYPES[kind]
        return self._bucket.link(published.key, disposition=disposition, content_type=content_type, seconds=seconds)


def _key(tenant: str, id: str) -> str:  # noqa: A002 (as in `find`)
    return f"batches/{tenant}/{id}.json"


def _pending(tenant: str, id: str) -> str:  # noqa: A002 (as in `find`)
    return f"pending/{tenant}/{id}.json"


def _result(tenant: str, id: str, generation: int, ending: str) -> str:  # noqa: A002 (as in `find`)
    return f"reports/{tenant}/{id}.{generation:06}.{ending}"


def _marks(batch: Batch) -> dict[str, str]:
    marks = {
        "result": batch.result.value,
        "jobs": str(batch.jobs),
        "digest": batch.digest,
        "accepted-at": str(batch.accepted_at),
    }
    return marks if batch.name is None else marks | {"name": quote(batch.name, safe=" ")}


def _batch(head: Head, tenant: str, id: str) -> Batch:  # noqa: A002 (as in `find`)
    name = head.marks.get("name")
    return Batch(
        id=id,
        tenant=tenant,
        name=None if name is None else unquote(name),
        result=ResultKind(head.marks["result"]),
        jobs=int(head.marks["jobs"]),
        digest=head.digest,
        accepted_at=int(head.marks["accepted-at"]),
    )
