"""Deleting what a job that has ended left behind: request, payload, report. A tombstone stays, for good.

    begin     PUT open/ as a round that comes after all others. From here on nothing of the job begins: a retry and a
              repeated request find it and give up, and the reconciler goes on with what follows.
    bury      PUT closed/ as a tombstone, in the receipt's place. No receipt and no round comes after that one either.
    delete    DELETE the report. A worker that was presumed dead asks for the tombstone before it publishes.
    forget    in the broker, which had order and result, and no payload.
    end       DELETE open/

Each write is conditional on what it replaces, and each step may be made again: after a crash anywhere in between,
whoever asks again goes on, or else the reconciler. It knows the order; HTTP and whose job it is are the desk's.
"""

import json
from typing import Final

from report_queue.bucket import Bucket
from report_queue.job import State
from report_queue.ledger import JSON, PURGED, Ledger, open_key, receipt_key, report_key
from report_queue.marks import purge_marks, tombstone_marks
from report_queue.queue import Queue
from report_queue.receipt import Receipt

_LOOKS: Final = 5  # as in `ledger`


def begin(ledger: Ledger, receipt: Receipt) -> bool:
    """Let nothing of this job begin any more; True also where that is so already.

    False where a round is open that comes after the receipt's: the job has not ended. Raises StoreAway.
    """
    request, bucket = receipt.request, _bucket(ledger)
    report = report_key(request.tenant, request.id, request.edition.format)
    marks = purge_marks(tenant=request.tenant, report=report)
    for _ in range(_LOOKS):
        there = bucket.head(open_key(request.id))
        if there and there.purged:
            return True
        if there and there.round > request.round:
            return False
        body = _body(request.tenant)
        etag = there.etag if there else None
        if bucket.put(open_key(request.id), body, content_type=JSON, marks=marks, replaces=etag):
            return True
    raise bucket.unsteady("purge", open_key(request.id))


def finish(queue: Queue, ledger: Ledger, job_id: str) -> bool:
    """Do what was begun; False where nothing was. Raises StoreAway or BrokerAway, and may be called again then."""
    bucket = _bucket(ledger)
    begun = bucket.head(open_key(job_id))
    if begun is None or not begun.purged:
        return False
    _bury(bucket, job_id, tenant=begun.marks["tenant"])
    report = begun.marks["purge"]
    if there := bucket.head(report):
        bucket.delete(report, etag=there.etag)  # False: someone who does the same was quicker
    queue.forget(job_id)
    bucket.delete(open_key(job_id), etag=begun.etag)
    return True


def _bury(bucket: Bucket, job_id: str, *, tenant: str) -> None:
    key = receipt_key(job_id)
    for _ in range(_LOOKS):
        there = bucket.head(key)
        if there and there.purged:
            return
        marks = tombstone_marks(tenant=tenant, state=there.state if there else State.CANCELLED)
        if bucket.put(key, _body(tenant), content_type=JSON, marks=marks, replaces=there.etag if there else None):
            return
    raise bucket.unsteady("purge", key)


def _body(tenant: str) -> bytes:
    body = json.dumps({"purged": {"tenant": tenant}}).encode()
    assert body.startswith(PURGED), "the ledger tells what is deleted by how it begins"
    return body


def _bucket(ledger: Ledger) -> Bucket:
    return ledger._bucket
