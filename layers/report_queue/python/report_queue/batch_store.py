"""The batches in S3. What stands here is the truth; the broker only remembers which to look at (`batch_facet`).

    batches/<tenant>/<id>.json                 the batch, with the requests of all its jobs          accept
    batches/<tenant>/newest/<moment>-<id>      a pointer to it: the newest comes first               point
    pending/<tenant>/<id>.json                 there while something is to be done for the batch     pend ──► settle

The batch is written once, and that write is its acceptance. What is to be done for it has an object of its own, so that
looking for work lists what is under way and not all batches that ever were:

    accept    PUT pending · PUT pointer · PUT batch if none is there · each job into the ledger · PUT pending, now
              expanded. Crash before the batch: a pending one without a batch, which is deleted when it is old, and a
              pointer to no batch of its moment, which is void.
              Crash later: whoever finds it pending and not expanded makes up for it; a job is accepted once by its id.
    settle    the job that assembles is accepted · DELETE pending, if it is the very one that was there before we looked
              at the batch's jobs. Crash in between: it is accepted once, by its id.
    retry     PUT pending · each job's next round into the ledger · PUT pending again, for it may have been settled
              meanwhile, by who had looked before.

It knows nothing of Redis, nor of results (`batch_results`). Every method raises `StoreAway` where S3 does not answer or
refuses.
"""

import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote, unquote

from report_queue.batch import Batch, ResultKind
from report_queue.bucket import Bucket
from report_queue.ledger import JSON, Acceptance, Ledger
from report_queue.marks import Head
from report_queue.request import Request

_LOOKS: Final = 5  # as often as we look again where someone else was quicker; each time they got somewhere
_READERS: Final = 8
_END_MS: Final = 9_999_999_999_999  # S3 lists in ascending order: what is left until then puts the newest first
PLACE: Final = r"^\d{13}-[0-9a-v]{26}$"  # in the list of a tenant's batches
_POINTER: Final = re.compile(r"(\d{13})-([0-9a-v]{26})$")
_PENDING: Final = re.compile(r"pending/([a-z0-9][a-z0-9-]{0,62})/([0-9a-v]{26})\.json")


@dataclass(frozen=True)
class Pending:
    """That something is to be done for a batch, and the version in which this was read."""

    etag: str
    expanded: bool  # all of its jobs are in the ledger
    at: int  # ms, when it was written


@dataclass(frozen=True)
class Page:
    """Some of a tenant's batches, the newest first."""

    batches: tuple[Batch, ...]
    after: str | None  # where the next page starts; None at the end


class BatchStore:
    """The batches of all tenants in one bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

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

    def point(self, *, tenant: str, id: str, at: int) -> None:  # noqa: A002 (the word of the API)
        """Have a batch that is accepted at that moment (ms) found by it; `accept` comes next."""
        self._bucket.put(_pointer(tenant, id, at), b"", content_type="text/plain", marks={})

    def newest(self, tenant: str, *, after: str = "", limit: int) -> Page:
        """A page of a tenant's batches, the newest first; `after` is where the last page ended."""
        start = f"batches/{tenant}/newest/"
        keys = self._bucket.page(start, after=start + after if after else "", limit=limit)
        places = [(match[0], int(match[1]), match[2]) for match in map(_POINTER.search, keys) if match]
        with ThreadPoolExecutor(_READERS) as readers:
            found = list(readers.map(lambda place: self.find(tenant=tenant, id=place[2]), places))
        there = [
            batch
            for (_, inverted, _), batch in zip(places, found, strict=True)
            if batch and batch.accepted_at == _END_MS - inverted
        ]
        return Page(tuple(there), places[-1][0] if len(keys) == limit and places else None)

    def find(self, *, tenant: str, id: str) -> Batch | None:  # noqa: A002 (as in `point`)
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


def _key(tenant: str, id: str) -> str:  # noqa: A002 (as in `find`)
    return f"batches/{tenant}/{id}.json"


def _pointer(tenant: str, id: str, at: int) -> str:  # noqa: A002 (as in `find`)
    return f"batches/{tenant}/newest/{_END_MS - at:013d}-{id}"


def _pending(tenant: str, id: str) -> str:  # noqa: A002 (as in `find`)
    return f"pending/{tenant}/{id}.json"


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
