"""Objects of rows in the bucket: exactly the one that was pinned is read, and a link puts one."""

import io
from typing import Any

import pytest
import requests
from botocore.exceptions import ReadTimeoutError
from words import BUCKET, Watched, aws, ledger_on, receipt, request, s3

from report_queue.data_ref import DataRef
from report_queue.errors import PermanentFailure, StoreAway
from report_queue.inputs import Inputs, Uploaded
from report_queue.ledger import Ledger

KEY = "inputs/acme/a/rows.jsonl"


@pytest.fixture
def client() -> Any:
    with aws():
        yield s3()


@pytest.fixture
def ledger(client: Any) -> Ledger:
    return ledger_on(client)


@pytest.fixture
def inputs(ledger: Ledger) -> Inputs:
    return Inputs.beside(ledger)


def pinned(inputs: Inputs) -> DataRef:
    found = inputs.look(KEY)
    assert found
    return DataRef(KEY, etag=found.etag, size=found.size)


def test_what_is_there_is_told_with_its_moment(client: Any, inputs: Inputs) -> None:
    assert inputs.look(KEY) is None
    client.put_object(Bucket=BUCKET, Key=KEY, Body=b"{}\n")
    told = client.head_object(Bucket=BUCKET, Key=KEY)
    assert inputs.look(KEY) == Uploaded(told["ETag"], 3, round(told["LastModified"].timestamp()))


def test_an_object_is_read_piece_by_piece(client: Any, inputs: Inputs) -> None:
    body = b"x" * 2_500_000
    client.put_object(Bucket=BUCKET, Key=KEY, Body=body)
    file, between = io.BytesIO(), []
    inputs.read(pinned(inputs), file, between=lambda: between.append(file.tell()))
    assert file.getvalue() == body
    assert between == [1 << 20, 2 << 20, len(body)]


def test_an_object_that_was_written_again_is_not_read(client: Any, inputs: Inputs) -> None:
    client.put_object(Bucket=BUCKET, Key=KEY, Body=b"first")
    ref, file = pinned(inputs), io.BytesIO()
    client.put_object(Bucket=BUCKET, Key=KEY, Body=b"second")
    with pytest.raises(PermanentFailure, match="written again") as caught:
        inputs.read(ref, file)
    assert caught.value.reason == "data.changed"
    assert file.getvalue() == b""


def test_an_object_that_is_gone_is_told_with_what_to_do(client: Any, inputs: Inputs) -> None:
    client.put_object(Bucket=BUCKET, Key=KEY, Body=b"first")
    ref = pinned(inputs)
    client.delete_object(Bucket=BUCKET, Key=KEY)
    with pytest.raises(PermanentFailure, match="kept for 14 days: upload it again") as caught:
        inputs.read(ref, io.BytesIO())
    assert caught.value.reason == "data.missing"


def test_a_store_that_stops_in_the_middle_is_away(client: Any) -> None:
    client.put_object(Bucket=BUCKET, Key=KEY, Body=b"x" * 2_000_000)

    class Stopping:
        def iter_chunks(self, size: int) -> Any:
            yield b"x"
            raise ReadTimeoutError(endpoint_url="https://nowhere")

        def close(self) -> None:
            pass

    class Half(Watched):
        def __getattr__(self, name: str) -> Any:
            real = super().__getattr__(name)
            return (lambda **given: real(**given) | {"Body": Stopping()}) if name == "get_object" else real

    inputs = Inputs.beside(ledger_on(Half(client)))
    with pytest.raises(StoreAway, match="under s3://reports/inputs/") as caught:
        inputs.read(pinned(inputs), io.BytesIO())
    assert KEY not in str(caught.value)


def test_a_link_puts_an_object(client: Any, ledger: Ledger, inputs: Inputs) -> None:
    link = ledger.upload_link(KEY, seconds=60)
    assert "X-Amz-Expires=60" in link
    assert requests.put(link, data=b"{}\n", timeout=10).ok
    found = inputs.look(KEY)
    assert found
    assert found.size == 3


def test_an_accepted_requests_digest_is_known_until_and_after_its_end(ledger: Ledger) -> None:
    assert ledger.digest(request().id) is None
    ledger.accept(request())
    assert ledger.digest(request().id) == "d1"
    ledger.close(receipt(request()))
    assert ledger.digest(request().id) == "d1"
