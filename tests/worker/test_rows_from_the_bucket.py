"""A report whose rows are an object in the bucket: from its claim to its PDF, or to a failure for good."""

import io
import json
import tempfile
from dataclasses import replace
from io import BufferedRandom
from pathlib import Path
from typing import Any, cast

import pytest

from report_queue.attempt import Attempt, render_job
from report_queue.data_ref import DataRef
from report_queue.inputs import Inputs
from report_queue.job import Verdict
from report_queue.receipt import Receipt
from report_queue.reports import report_types
from report_queue.request import Request
from report_queue.verify import NotVerifiable, Verified, verify
from worker_world import World

KEY = "inputs/acme/a/rows.jsonl"
SALES = report_types()["sales"].sample
REST = {name: value for name, value in SALES.items() if name != "rows"}
ROWS = [SALES["rows"][n % len(SALES["rows"])] | {"quantity": n} for n in range(500)]


def lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def put(world: World, body: bytes, key: str = KEY) -> DataRef:
    etag = world.s3.put_object(Bucket="reports", Key=key, Body=body)["ETag"]
    return DataRef(key, etag=etag, size=len(body))


def failed(world: World, job_id: str) -> tuple[str | None, str | None, int]:
    """Reason, message, and the attempts that it took."""
    receipt = world.ledger.receipt(job_id)
    assert receipt
    return receipt.reason, receipt.message, receipt.attempt


def receipt_of(world: World, job_id: str) -> Receipt:
    receipt = world.ledger.receipt(job_id)
    assert receipt
    return receipt


def proof(world: World, job_id: str, ref: DataRef) -> Verified:
    """Of the job's report, as if its rows came from `ref`."""
    receipt = receipt_of(world, job_id)
    receipt = replace(receipt, request=replace(receipt.request, data_ref=ref))
    with tempfile.TemporaryFile() as rows:
        Inputs.beside(world.ledger).read(ref, rows)
        return verify(receipt, world.pdf(job_id), world.renderer, memory_mb=1_536, seconds=60, rows=rows)


def test_the_report_is_the_one_that_its_rows_in_the_payload_would_make(world: World) -> None:
    ref = put(world, lines(ROWS))
    job_id = world.accept("sales", REST, data_ref=ref)
    world.drain()
    assert world.ended_well(job_id)
    receipt = receipt_of(world, job_id)
    assert receipt.request.data_ref == ref
    assert receipt.request.data == REST
    with tempfile.TemporaryFile() as pdf:
        job = replace(receipt.request, data=REST | {"rows": ROWS}, data_ref=None)
        made = _rendered(world, job, cast(BufferedRandom, pdf))
    assert receipt.result
    assert receipt.result.sha256 == made


def _rendered(world: World, request: Request, pdf: BufferedRandom) -> str:
    rendering = world.renderer.start(render_job(request, memory_mb=1_536, seconds=60), pdf)
    return rendering.wait(seconds=60, progress=lambda _: None).sha256


def test_a_csv_makes_the_same_report(world: World) -> None:
    names = list(ROWS[0])
    rows = [row for row in ROWS if set(row) == set(names)]
    text = "\r\n".join([",".join(names), *(",".join(f'"{row[name]}"' for name in names) for row in rows)])
    job_id = world.accept("sales", REST, data_ref=put(world, lines(rows)))
    world.drain()
    table = put(world, text.encode(), "inputs/acme/a/rows.csv")
    assert proof(world, job_id, table).differences == ()


def test_the_renderer_keeps_no_file_of_a_job_open(world: World) -> None:
    def opened() -> int:
        return len(list(Path(f"/proc/{world.renderer.pid}/fd").iterdir()))

    world.renderer.ensure()
    world.accept("sales", REST, data_ref=put(world, lines(ROWS)))
    world.drain()
    before = opened()
    world.accept("sales", REST, data_ref=put(world, lines(ROWS)))
    world.drain()
    assert opened() == before


def test_more_rows_than_a_payload_may_have_make_a_report(world: World) -> None:
    kind = report_types()["test"]
    rest = {"title": "Many", "message": "x"}
    job_id = world.accept("test", rest, data_ref=put(world, b'{"label": "a", "value": 1}\n' * 1_100))
    assert kind.schema["properties"]["rows"]["maxItems"] == 1_000
    world.drain()
    assert world.ended_well(job_id)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (lines(ROWS[:16]) + b'{"customer": "S3cr3t"}\n', "line 17 of the rows: /date is missing"),
        (lines(ROWS[:2]) + b'{"customer": "S3cr3t', "line 3 of the rows: is not JSON"),
    ],
)
def test_a_row_that_is_wrong_fails_the_job_at_once_with_its_line(world: World, body: bytes, said: str) -> None:
    job_id = world.accept("sales", REST, data_ref=put(world, body))
    world.drain()
    reason, message, attempts = failed(world, job_id)
    assert (reason, attempts) == ("data.invalid", 1)
    assert message
    assert said in message
    assert "S3cr3t" not in message


def test_an_object_that_was_written_again_fails_the_job_at_once(world: World) -> None:
    job_id = world.accept("sales", REST, data_ref=put(world, lines(ROWS)))
    put(world, lines(ROWS[:3]))
    world.drain()
    reason, message, attempts = failed(world, job_id)
    assert (reason, attempts) == ("data.changed", 1)
    assert "submit a new request" in str(message)


def test_an_object_that_has_gone_fails_the_job_at_once_and_so_does_its_retry(world: World) -> None:
    job_id = world.accept("sales", REST, data_ref=put(world, lines(ROWS)))
    world.s3.delete_object(Bucket="reports", Key=KEY)
    for round_ in (0, 1):
        world.drain()
        reason, message, _ = failed(world, job_id)
        assert reason == "data.missing"
        assert "kept for 14 days" in str(message)
        receipt = receipt_of(world, job_id)
        assert receipt.request.round == round_
        world.ledger.reopen(receipt.request.again())
        world.queue.retry(job_id, round=round_ + 1)


def test_there_are_limits_to_rows(world: World) -> None:
    world = world.with_settings(input_rows=499)
    job_id = world.accept("sales", REST, data_ref=put(world, lines(ROWS)))
    world.drain()
    reason, message, attempts = failed(world, job_id)
    assert (reason, attempts) == ("data.too_many", 1)
    assert "more than 499 rows" in str(message)


def test_a_job_that_is_lost_while_its_rows_are_read_is_dropped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = world.accept("sales", REST, data_ref=put(world, b" " * 3_000_000))
    taken: list[int] = []
    real = Inputs.read

    def read(self: Inputs, ref: DataRef, file: io.BytesIO, *, between: Any) -> None:
        def lose() -> None:
            attempt: Attempt = between.__self__
            attempt.drop(Verdict.CANCELLED)
            taken.append(file.tell())
            between()

        real(self, ref, file, between=lose)

    monkeypatch.setattr(Inputs, "read", read)
    drained = world.drain()
    assert (drained.lost, drained.ended) == (1, [])
    assert taken == [1 << 20]
    assert world.ledger.receipt(job_id) is None


def test_a_report_of_rows_in_the_bucket_is_proved_with_them(world: World) -> None:
    ref = put(world, lines(ROWS))
    job_id = world.accept("sales", REST, data_ref=ref)
    world.drain()
    assert proof(world, job_id, ref).differences == ()
    with pytest.raises(NotVerifiable, match="in an object of the bucket"):
        verify(receipt_of(world, job_id), world.pdf(job_id), world.renderer, memory_mb=1_536, seconds=60)
    other = put(world, lines(ROWS[1:]))
    assert proof(world, job_id, other).differences[-1] == "rendered anew, the bytes are others"
