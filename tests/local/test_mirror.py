"""S3 outlives its process: what was acknowledged is there again, the same in every respect that a client can see."""

import io
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cdk_app.local.mirror import Mirror
from cdk_app.local.serve import listen

ROOT = Path(__file__).parents[2]
BUCKET = "report-queue"


@contextmanager
def s3(data_dir: Path) -> Iterator[Any]:
    """A client of moto on this data directory; in the end moto is killed."""
    (data_dir / "keys.json").write_text("{}")
    with listen(0) as sock:
        command = [sys.executable, "-m", "cdk_app.local.aws", "--fd", str(sock.fileno()), "--data-dir", str(data_dir)]
        names = ["--bucket", BUCKET, "--bus", "bus", "--secret", "secret"]
        process = subprocess.Popen([*command, *names], cwd=ROOT, pass_fds=(sock.fileno(),))
        try:
            yield boto3.client(
                "s3",
                region_name="us-east-1",
                endpoint_url=f"http://127.0.0.1:{sock.getsockname()[1]}",
                aws_access_key_id="x",
                aws_secret_access_key="x",
                config=Config(retries={"total_max_attempts": 1}, max_pool_connections=20),
            )
        finally:
            process.kill()
            process.wait()


def _seen(client: Any) -> dict[str, Any]:
    """All that a client can see of the bucket."""
    seen = {}
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for listed in page.get("Contents", ()):
            got = client.get_object(Bucket=BUCKET, Key=listed["Key"])
            body = got.pop("Body").read()
            got.pop("ResponseMetadata")
            seen[listed["Key"]] = (listed, got, body)
    return seen


KEYS = ("a", "a/b", "a/b/", "../../up", ".hidden", "x.json", "x@y", "ü ?&#%2F+", "l" * 1000, "open/1.json")


def test_objects_survive_a_kill_with_equal_bodies_etags_and_metadata(tmp_path):
    with s3(tmp_path) as client:
        for key in KEYS:
            client.put_object(Bucket=BUCKET, Key=key, Body=key.encode() * 3)
        client.put_object(
            Bucket=BUCKET,
            Key="reports/acme/1.pdf",
            Body=io.BytesIO(b"%PDF" + bytes(200_000)),
            ContentType="application/pdf",
            CacheControl="no-store",
            ContentDisposition='attachment; filename="r.pdf"',
            Metadata={"pages": "3", "sha256": "ab"},
        )
        client.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "reports/acme/1.pdf"})
        upload = client.create_multipart_upload(Bucket=BUCKET, Key="big", ContentType="text/x")["UploadId"]
        parts = []
        for number, body in ((1, bytes(5 * 1024 * 1024)), (2, b"end")):
            part = client.upload_part(Bucket=BUCKET, Key="big", UploadId=upload, PartNumber=number, Body=body)
            parts.append({"PartNumber": number, "ETag": part["ETag"]})
        client.complete_multipart_upload(Bucket=BUCKET, Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
        before = _seen(client)
    with s3(tmp_path) as client:
        assert _seen(client) == before
        assert before.keys() == {*KEYS, "reports/acme/1.pdf", "copy", "big"}
        assert before["big"][1]["ETag"].endswith('-2"')


def test_what_was_deleted_or_replaced_stays_so(tmp_path):
    with s3(tmp_path) as client:
        for key in ("one", "two", "three", "four"):
            client.put_object(Bucket=BUCKET, Key=key, Body=b"old")
        client.delete_object(Bucket=BUCKET, Key="one")
        client.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "two"}, {"Key": "never"}]})
        client.put_object(Bucket=BUCKET, Key="three", Body=b"new", Metadata={"n": "1"})
    with s3(tmp_path) as client:
        assert {key: body for key, (_, _, body) in _seen(client).items()} == {"three": b"new", "four": b"old"}
    assert len(list((tmp_path / "s3" / BUCKET).iterdir())) == 4  # two objects, and nothing left over


def test_an_object_is_in_the_mirror_when_its_write_is_answered(tmp_path):
    with s3(tmp_path) as client:
        client.put_object(Bucket=BUCKET, Key="k", Body=b"1")
        assert (tmp_path / "s3" / BUCKET / "k.json").exists()
        client.delete_object(Bucket=BUCKET, Key="k")
        assert not (tmp_path / "s3" / BUCKET / "k.json").exists()


def test_a_write_that_was_cut_off_leaves_the_object_as_it_was(tmp_path):
    with s3(tmp_path) as client:
        client.put_object(Bucket=BUCKET, Key="k", Body=b"whole")
    folder = tmp_path / "s3" / BUCKET
    (folder / "abc@k").write_bytes(b"new body, never commi")
    (folder / "abc@k@.tmp").write_text('{"key": "k", "bo')
    with s3(tmp_path) as client:
        assert client.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"whole"
    assert len(list(folder.iterdir())) == 2


def test_of_many_conditional_writes_one_wins_and_the_mirror_has_that_one(tmp_path):
    def write(number: int) -> int | None:
        try:
            client.put_object(Bucket=BUCKET, Key="once", Body=b"%d" % number, IfNoneMatch="*")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 412:
                return None
            raise
        return number

    with s3(tmp_path) as client, ThreadPoolExecutor(16) as writers:
        winners = [number for number in writers.map(write, range(64)) if number is not None]
    assert len(winners) == 1
    with s3(tmp_path) as client:
        assert client.get_object(Bucket=BUCKET, Key="once")["Body"].read() == b"%d" % winners[0]


def test_writes_do_not_overlap(tmp_path):
    inside, most = [], []

    def app(environ, start_response):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        start_response("503 Slow Down", [])
        return [b""]

    def write(_):
        environ = {"REQUEST_METHOD": "PUT", "PATH_INFO": "/b/k", "wsgi.input": io.BytesIO()}
        return mirrored(environ, lambda *answer: None)

    mirrored = Mirror(tmp_path).around(app)
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(write, range(24)))
    assert max(most) == 1


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def test_wakes_are_gone_with_the_next_start(tmp_path):
    with s3(tmp_path) as client:
        client.put_object(Bucket=BUCKET, Key="wakes/1", Body=b"")
        client.put_object(Bucket=BUCKET, Key="open/1.json", Body=b"{}")
        assert len(_seen(client)) == 2
    with s3(tmp_path) as client:
        assert list(_seen(client)) == ["open/1.json"]
    assert not [file for file in (tmp_path / "s3" / BUCKET).iterdir() if "wakes" in file.name]
