"""Verify a job's report: `python -m cdk_app.local verify ID`; with `--bucket` it is one in AWS, by your credentials."""

import sys
import tempfile
import time
from pathlib import Path

import boto3

from cdk_app.local.attempt import MEMORY_MB, SECONDS
from cdk_app.local.errors import StackError
from cdk_app.local.mirror import Mirrored
from cdk_app.local.stack import BUCKET
from report_queue.bucket import Bucket
from report_queue.errors import AttemptFailure
from report_queue.inputs import Inputs
from report_queue.ledger import receipt_key
from report_queue.receipt import Receipt
from report_queue.render import Renderer
from report_queue.request import is_id
from report_queue.verify import NotVerifiable, verify


def verify_job(job_id: str, *, data_dir: Path, bucket: str | None) -> int:
    """Print what was found; 0 where the report is proved, 1 where something differs. Raises StackError."""
    if not is_id(job_id):
        raise StackError("an id has 26 digits and letters from a to v: copy it from the job's page or its receipt")
    there = Bucket(boto3.client("s3"), bucket, time.sleep) if bucket else _folder(data_dir)
    body = there.get(receipt_key(job_id))
    if body is None:
        raise StackError(f"there is no receipt of {job_id}: the job has not ended, or it is kept elsewhere")
    receipt = Receipt.from_json(body)
    published = there.get(receipt.result.key) if receipt.result else b""
    if published is None:
        raise StackError("the receipt is there and the document is not")
    ref = receipt.request.data_ref
    try:
        with Renderer(once=True) as renderer, tempfile.TemporaryFile() as rows:
            if ref:
                Inputs(there).read(ref, rows)
            found = verify(
                receipt, published, renderer, memory_mb=MEMORY_MB, seconds=SECONDS, rows=rows if ref else None
            )
    except (NotVerifiable, AttemptFailure) as error:
        raise StackError(f"{job_id} cannot be verified: {error}") from None
    _say(f"receipt   {receipt.request.report_type}, attempt {receipt.attempt}, {len(published):,} bytes")
    _say(f"rendered  {found.made.pages} pages in {found.made.seconds:.2f} s, sha256 {found.made.sha256}")
    for difference in found.differences:
        _say(f"differs   {difference}")
    _say("DIFFERENT" if found.differences else "verified: the same bytes, and they are the published ones")
    return int(bool(found.differences))


def _folder(data_dir: Path) -> Mirrored:
    folder = data_dir / "s3"
    if not folder.is_dir():
        raise StackError(f"no documents in {data_dir}: run `make run` first, or name its --data-dir")
    return Mirrored(folder, BUCKET)


def _say(line: str) -> None:
    print(line, file=sys.stdout, flush=True)
