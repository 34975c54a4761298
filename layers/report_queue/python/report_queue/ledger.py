"""The ledger in S3: the request in, the report out, the receipt. What stands here is the truth.

    open/<id>.json               accepted and not ended      accept, reopen ──► close
    closed/<id>.json             ended: the receipt          close
    reports/<tenant>/<id>.pdf    the report                  publish      (or as .html, .csv, .xlsx)

A job has ended where `closed/` is there, unless `open/` is there too and of a later round (a retry). Every write here
is conditional on what it replaces, and every order of writes leaves, at a crash in between, a state that reads as the
one before or the one after:

    accept    PUT open if none is there · then look for an earlier life in closed; found: DELETE that open again.
              Crash in between: a stale open, which the rule above says to ignore and the reconciler deletes.
    publish   PUT the report if none is there, in one request; the object never changes afterwards.
    close     (PUT a mark that it is untold, where somebody wants to be told) · PUT closed · then DELETE open, if it is
              still the round that ended. Crash in between: both are there, and closed wins.
    reopen    PUT open of the next round, while closed stays as history · then look whether that is a tombstone now;
              found: DELETE that open again. Crash before the broker hears of it: the reconciler sees an open round that
              the broker does not know.
    purge     in `purge`, by a round in open and a tombstone in closed that come after all others.

What the queue must know of a request also stands in the object's metadata, written in the same PUT, so that looking
costs a HEAD and no payload travels. This module knows nothing of Redis or PDF. Every method raises `StoreAway` where S3
does not answer, refuses, or is not the one that was expected; its messages name no payload, no id and no link.
"""

import re
import time
from collections.abc import Callable
from enum import StrEnum
from functools import cached_property
from typing import Any, BinaryIO, Final
from urllib.parse import quote, urlsplit

from report_queue.bucket import Bucket
from report_queue.edition import CONTENT_TYPES, PDF, Format
from report_queue.job import NewJob
from report_queue.marks import Head, request_marks, result_marks
from report_queue.receipt import Receipt
from report_queue.request import ID_PATTERN, Request
from report_queue.result import Made, Result
from report_queue.untold import Untold

JSON: Final = "application/json"
PURGED: Final = b'{"purged"'  # how what stands for deleted documents begins

# How often we look again when someone else changed an object between our look and our write. Each time the other one
# got somewhere, and a job has few others: more than this is a fault, not a race.
_LOOKS: Final = 5


class Acceptance(StrEnum):
    """What became of a request."""

    NEW = "new"
    REPLAY = "replay"  # the same request is here already, open or closed
    CONFLICT = "conflict"  # the id belongs to a different request
    GONE = "gone"  # the id belongs to a job whose documents were deleted


class Ledger:
    """The three prefixes of one bucket."""

    def __init__(self, s3_client: Any, *, bucket: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._bucket = Bucket(s3_client, bucket, sleep)
        self.untold = Untold(self._bucket)

    # Acceptance.

    def accept(self, request: Request) -> Acceptance:
        """Keep a request for good. After NEW it will be worked on, whatever happens to the broker.

        After StoreAway it may or may not have been kept; sending it again under the same id is safe.
        """
        mine = request_marks(request)
        for _ in range(_LOOKS):
            etag = self._bucket.put(open_key(request.id), request.to_json(), content_type=JSON, marks=mine)
            # Open first, then closed: `close` writes in the other order, so one of them is seen.
            opened = Head(etag, 0, mine) if etag else self._bucket.head(open_key(request.id))
            closed = self._bucket.head(receipt_key(request.id))
            if any(there and there.purged for there in (opened, closed)):
                if etag:
                    self._bucket.delete(open_key(request.id), etag=etag)
                return Acceptance.GONE
            if closed and (not opened or closed.round >= opened.round):
                if opened:
                    self._bucket.delete(open_key(request.id), etag=opened.etag)
                return Acceptance.REPLAY if closed.digest == request.digest else Acceptance.CONFLICT
            if opened and opened.marks == mine:
                return Acceptance.NEW  # also where the client asked twice because our first answer was lost
            if opened:
                return Acceptance.REPLAY if opened.digest == request.digest else Acceptance.CONFLICT
        raise self._bucket.unsteady("accept", open_key(request.id))

    def reopen(self, request: Request) -> bool:
        """Open the next round of a job that has ended; `request.round` is that next round, 1 after the first retry.

        False where a round, this one or another, is open already, or the job's documents are deleted. Raises ValueError
        where this round has ended before: that is no retry. A stale open (see `accept`) does not stand in the way.
        """
        closed = self._bucket.head(receipt_key(request.id))
        if closed and closed.purged:
            return False
        if closed and closed.round >= request.round:
            raise ValueError(f"round {request.round} has ended: a retry is round {closed.round + 1}")
        for _ in range(_LOOKS):
            stale = self._bucket.head(open_key(request.id))
            if stale and not (closed and closed.round >= stale.round):
                return False
            etag = self._bucket.put(
                open_key(request.id),
                request.to_json(),
                content_type=JSON,
                marks=request_marks(request),
                replaces=stale.etag if stale else None,
            )
            if etag:
                # A purge may have come and gone since we looked. From here on it finds this round and does not begin.
                closed = self._bucket.head(receipt_key(request.id))
                if closed is None or not closed.purged:
                    return True
                self._bucket.delete(open_key(request.id), etag=etag)
                return False
        raise self._bucket.unsteady("reopen", open_key(request.id))

    # Looking.

    def open_request(self, job_id: str) -> Request | None:
        """The request, payload and all, while `open/` has it."""
        body = self._bucket.get(open_key(job_id))
        return None if body is None or is_purged(body) else Request.from_json(body)

    def receipt(self, job_id: str) -> Receipt | None:
        """The newest receipt; where a later round is open, it is history."""
        body = self._bucket.get(receipt_key(job_id))
        return None if body is None or is_purged(body) else Receipt.from_json(body)

    def purged(self, job_id: str) -> str | None:
        """Whose job it was, if its documents were deleted or are about to be."""
        marks = next((head.marks for head in self._standing(job_id) if head and head.purged), None)
        return marks["tenant"] if marks else None

    def ended(self, job_id: str) -> Head | None:
        """The newest receipt's marks, without the receipt; None where there is none."""
        return self._bucket.head(receipt_key(job_id))

    def open_ids(self, *, after: str = "", limit: int = 1_000) -> list[str]:
        """One page of the ids under `open/`, in order, those after `after`; empty at the end. At most 1,000."""
        keys = self._bucket.page("open/", after=open_key(after) if after else "", limit=limit)
        return [key.removeprefix("open/").removesuffix(".json") for key in keys]

    def unfinished(self, job_id: str) -> NewJob | None:
        """What the queue must know of a job that has not ended; None where it has, or was never accepted."""
        opened, closed = self._standing(job_id)
        if opened is None or opened.purged or (closed and closed.round >= opened.round):
            return None
        return opened.new_job(job_id)

    def digest(self, job_id: str) -> str | None:
        """The digest of the request that was accepted under this id, if one was."""
        opened, closed = self._standing(job_id)
        known = opened or closed
        return known.digest if known else None

    def published(
        self,
        *,
        tenant: str,
        id: str,  # noqa: A002 — reads as English where it is called
        ending: Format = PDF,
    ) -> Result | None:
        """The report that is there already, in that format, as whoever made it described it."""
        head = self._bucket.head(key := report_key(tenant, id, ending))
        return head.result(key) if head else None

    def holds(self, key: str) -> bool:
        """Whether there is an object of that key: a report, or the result of a batch."""
        return self._bucket.head(key) is not None

    # The end.

    def publish(
        self,
        *,
        tenant: str,
        id: str,  # noqa: A002 — as in `published`
        body: BinaryIO,
        made: Made,
        ending: Format = PDF,
    ) -> Result:
        """Put the report there, once: where one is, by an earlier attempt, that one is the result and stays as it is.

        `body`, of what was `made`, is sent from its start, however often that takes, and in one request: only so is the
        condition atomic. S3 checks it against the hash that its maker took.
        """
        key = report_key(tenant, id, ending)
        result = Result(key=key, **vars(made))
        kind, marks = CONTENT_TYPES[ending], result_marks(result)
        there = self._bucket.put_once(key, body, content_type=kind, marks=marks, size=made.size, sha256=made.sha256)
        return there.result(key) if there else result

    def close(self, receipt: Receipt) -> None:
        """Keep the receipt, then take the request off `open/`. Idempotent; says nothing of a later round."""
        self.untold.mark(receipt)
        self._keep(receipt)
        self.drop(receipt.request.id)

    def drop(self, job_id: str) -> bool:
        """Delete an `open/` whose round has ended, and no other; True where there was one."""
        for _ in range(_LOOKS):
            opened, closed = self._standing(job_id)
            if not (opened and closed and closed.round >= opened.round):
                return False
            # Only the very object that we looked at: a retry may be putting its round there now.
            if self._bucket.delete(open_key(job_id), etag=opened.etag):
                return True
        raise self._bucket.unsteady("drop", open_key(job_id))

    def link(
        self,
        *,
        tenant: str,
        id: str,  # noqa: A002 — as in `published`
        filename: str,
        seconds: int,
        inline: bool = False,
        ending: Format = PDF,
    ) -> str:
        """A link to download the report under that name, for that long. It is a key: it belongs in no log.

        `inline`: a browser shows it where it can, instead of saving it.
        """
        disposition = _disposition("inline" if inline else "attachment", filename)
        key, kind = report_key(tenant, id, ending), CONTENT_TYPES[ending]
        return self._bucket.link(key, disposition=disposition, content_type=kind, seconds=seconds)

    def upload_link(self, key: str, *, seconds: int) -> str:
        """A link by which an object of rows may be put there, for that long. It is a key: it belongs in no log."""
        return self._bucket.upload_link(key, seconds=seconds)

    @cached_property
    def origin(self) -> str:
        """Where links lead: scheme and host, for a page's policy."""
        parts = urlsplit(self._bucket.link("reports/", disposition="inline", content_type=JSON, seconds=1))
        return f"{parts.scheme}://{parts.netloc}"

    def ping(self) -> None:
        """Raises StoreAway where the bucket does not answer."""
        self._bucket.page("open/", after="", limit=1)

    def _keep(self, receipt: Receipt) -> None:
        key = receipt_key(receipt.request.id)
        marks = request_marks(receipt.request) | {"state": receipt.state.value}
        there: Head | None = None  # the first try supposes what is nearly always so: there is none
        for _ in range(_LOOKS):
            etag = there.etag if there else None
            if self._bucket.put(key, receipt.to_json(), content_type=JSON, marks=marks, replaces=etag):
                return
            there = self._bucket.head(key)
            if there and not receipt.outranks(round=there.round, state=there.state):
                return
        raise self._bucket.unsteady("close", key)

    def _standing(self, job_id: str) -> tuple["Head | None", "Head | None"]:
        """The heads of open and closed, in this order of looking (see `accept`)."""
        return self._bucket.head(open_key(job_id)), self._bucket.head(receipt_key(job_id))


def is_purged(body: bytes) -> bool:
    """Whether this stands in the place of a request or a receipt that was deleted: see `purge`."""
    return body.startswith(PURGED)


def open_key(job_id: str) -> str:
    """Where the request of a job is kept until it has ended."""
    return f"open/{job_id}.json"


def receipt_key(job_id: str) -> str:
    """Where the receipt of a job is kept."""
    return f"closed/{job_id}.json"


def receipt_of_key(key: str) -> str | None:
    """The id of the job whose receipt is kept there; None: no receipt is."""
    match = re.fullmatch(rf"closed/({ID_PATTERN.strip('^$')})\.json", key)
    return match[1] if match else None


def report_key(tenant: str, job_id: str, ending: Format) -> str:
    """Where the report of a job is published."""
    return f"reports/{tenant}/{job_id}.{ending}"


def _disposition(kind: str, filename: str) -> str:
    """A Content-Disposition of RFC 6266: the name as it is, and in plain letters for readers that know only those."""
    plain = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in " ._-") else "_" for letter in filename
    )
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
