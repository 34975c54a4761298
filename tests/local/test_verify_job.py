"""`make verify`: a job of the data directory is proved, or what differs is told."""

import hashlib
import io
import json
import tempfile
from collections.abc import Iterator
from io import BufferedRandom
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from cdk_app.local.errors import StackError
from cdk_app.local.mirror import Mirror
from cdk_app.local.stack import BUCKET
from cdk_app.local.verify import verify_job
from report_queue.attempt import render_job
from report_queue.job import State
from report_queue.ledger import Ledger
from report_queue.receipt import Receipt
from report_queue.render import Renderer
from report_queue.reports import report_types
from report_queue.request import Request

ID = "0" * 26
DUMMY = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data directory in which one job has ended."""
    request = Request(ID, "acme", "test", report_types()["test"].sample, "d", 1_800_000_000_000, 3)
    with mock_aws():
        client = boto3.client("s3", **DUMMY)  # type: ignore[call-overload]  # as words
        client.create_bucket(Bucket=BUCKET)
        ledger = Ledger(client, bucket=BUCKET)
        ledger.accept(request)
        with Renderer() as renderer, tempfile.TemporaryFile() as pdf:
            rendering = renderer.start(render_job(request, memory_mb=1_536, seconds=60), cast(BufferedRandom, pdf))
            made = rendering.wait(seconds=60, progress=lambda _: None)
            result = ledger.publish(tenant="acme", id=ID, body=cast(Any, pdf), made=made)
        ledger.close(Receipt(request, State.COMPLETED, 1, 1_800_000_001_000, result=result))
        mirror = Mirror(tmp_path / "s3")
        for entry in client.list_objects_v2(Bucket=BUCKET)["Contents"]:
            mirror.keep(BUCKET, entry["Key"])
        yield tmp_path


def exchange(data_dir: Path, body: bytes) -> None:
    """Put another document in the report's place, as someone might who has the disk."""
    client = boto3.client("s3", **DUMMY)  # type: ignore[call-overload]  # as words
    key = f"reports/acme/{ID}.pdf"
    client.put_object(Bucket=BUCKET, Key=key, Body=io.BytesIO(body))
    Mirror(data_dir / "s3").keep(BUCKET, key)


def test_a_report_that_is_as_it_was_is_proved(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify_job(ID, data_dir=data_dir, bucket=None) == 0
    (document,) = data_dir.glob("s3/*/*@reports*")
    said = capsys.readouterr().out
    assert f"sha256 {hashlib.sha256(document.read_bytes()).hexdigest()}" in said
    assert "verified" in said


def test_a_document_that_was_exchanged_is_told(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exchange(data_dir, b"%PDF forged")
    assert verify_job(ID, data_dir=data_dir, bucket=None) == 1
    assert "not the one that the receipt tells of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("job_id", "said"), [("no id", "an id has 26"), ("1" * 26, "there is no receipt"), ("../" + ID, "an id has 26")]
)
def test_an_id_that_leads_nowhere_is_an_error_that_says_so(data_dir: Path, job_id: str, said: str) -> None:
    with pytest.raises(StackError, match=said):
        verify_job(job_id, data_dir=data_dir, bucket=None)


def test_without_a_data_directory_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="make run"):
        verify_job(ID, data_dir=tmp_path, bucket=None)


def test_a_report_of_rows_in_the_bucket_is_proved_with_exactly_those(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = boto3.client("s3", **DUMMY)  # type: ignore[call-overload]  # as words
    sample = report_types()["test"].sample
    rows = "".join(json.dumps(row) + "\n" for row in sample["rows"]).encode()
    key, receipt_key = "inputs/acme/rows.jsonl", f"closed/{ID}.json"
    etag = client.put_object(Bucket=BUCKET, Key=key, Body=rows)["ETag"]
    receipt = json.loads(client.get_object(Bucket=BUCKET, Key=receipt_key)["Body"].read())
    del receipt["request"]["data"]["rows"]
    receipt["request"]["dataRef"] = {"key": key, "etag": etag, "size": len(rows)}
    client.put_object(Bucket=BUCKET, Key=receipt_key, Body=json.dumps(receipt).encode())
    mirror = Mirror(data_dir / "s3")
    for changed in (key, receipt_key):
        mirror.keep(BUCKET, changed)
    assert verify_job(ID, data_dir=data_dir, bucket=None) == 0
    assert "verified" in capsys.readouterr().out

    client.put_object(Bucket=BUCKET, Key=key, Body=rows * 2)
    mirror.keep(BUCKET, key)
    with pytest.raises(StackError, match="written again"):
        verify_job(ID, data_dir=data_dir, bucket=None)
    client.delete_object(Bucket=BUCKET, Key=key)
    mirror.keep(BUCKET, key)
    with pytest.raises(StackError, match="is gone"):
        verify_job(ID, data_dir=data_dir, bucket=None)
