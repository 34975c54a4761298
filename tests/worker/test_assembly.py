"""A batch's reports become one zip or one PDF, with those that are there and a manifest of all."""

import io
import json
import threading
import time
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pytest

from report_queue.batch import Batch, ResultKind
from report_queue.batch_results import BatchResults
from report_queue.errors import StoreAway, TransientFailure
from report_queue.job import Failed, State
from report_queue.merging import Merging, Part
from report_queue.receipt import Receipt
from report_queue.replies import Worker
from report_queue.request import Request
from stacks import alive, until
from worker_world import World

NAME = "b" * 26
DIED = Worker(id="died", pid=1, slots=9, started_at=0)


def batch_in(world: World, reports: Sequence[Any], *, result: ResultKind = ResultKind.ZIP) -> Batch:
    """A batch whose jobs wait."""
    batch = Batch(NAME, "acme", None, result, len(reports), "00", 1)
    for job_id, data in zip(batch.member_ids, reports, strict=True):
        request = Request(job_id, "acme", "test", data, "00", 1, attempts=1, batch=NAME)
        world.ledger.accept(request)
        world.queue.enqueue(request.new_job())
    return batch


def titled(*titles: str) -> list[Any]:
    return [{"title": title, "message": f"This is {title}"} for title in titles]


def fail(world: World, job_id: str) -> None:
    """One of the jobs that wait fails, and the others go on."""
    request = world.ledger.open_request(job_id)
    assert request
    leases = world.queue.claim(DIED, call=0, free=9).leases
    for lease in leases:
        if lease.id == job_id:
            world.queue.fail(DIED, Failed(lease, "template.error", "line 3", permanent=True))
    world.ledger.close(Receipt(request, State.FAILED, 1, world.queue.now(), "template.error", "line 3"))
    world.queue.requeue(now=world.queue.now() + 31_000)


def retry(world: World, job_id: str) -> None:
    receipt = world.ledger.receipt(job_id)
    assert receipt
    world.ledger.reopen(receipt.request.again())
    world.queue.retry(job_id, round=1)


def assemble(world: World, batch: Batch, *, generation: int = 0) -> str:
    """The job that assembles, worked on as the worker does; its id."""
    request = batch.result_request(generation, accepted_at=1_800_000_000_000)
    world.ledger.accept(request)
    world.queue.enqueue(request.new_job())
    world.drain(name="assembler")
    return request.id


def result_of(world: World, job_id: str) -> bytes:
    result = world.job(job_id).result
    assert result
    body = bytes(world.s3.get_object(Bucket="reports", Key=result.key)["Body"].read())
    assert len(body) == result.size
    return body


def test_a_zip_holds_each_report_and_a_manifest(world: World) -> None:
    batch = batch_in(world, titled("one", "two", "three"))
    world.drain()
    job_id = assemble(world, batch)
    result = world.job(job_id).result
    assert result
    assert (result.key, result.pages) == (f"reports/acme/{NAME}.000000.zip", 3)
    whole = zipfile.ZipFile(io.BytesIO(result_of(world, job_id)))
    names = [f"{n:03}-test-{member}.pdf" for n, member in enumerate(batch.member_ids)]
    assert whole.namelist() == [*names, "manifest.json"]
    assert [whole.read(name) for name in names] == [world.pdf(member) for member in batch.member_ids]
    manifest = json.loads(whole.read("manifest.json"))
    assert (manifest["batchId"], manifest["generation"], manifest["jobs"]) == (NAME, 0, 3)
    assert [member["fileName"] for member in manifest["members"]] == names
    assert world.keys("open/") == []
    assert world.ledger.receipt(job_id).state is State.COMPLETED
    results = BatchResults.beside(world.ledger)
    assert results.manifest(tenant="acme", id=NAME, generation=0) == manifest


def test_what_failed_is_in_the_manifest_and_the_others_in_the_result(world: World) -> None:
    batch = batch_in(world, titled("one", "two", "three"))
    fail(world, batch.member_ids[1])
    world.drain()
    whole = zipfile.ZipFile(io.BytesIO(result_of(world, assemble(world, batch))))
    assert [name[:3] for name in whole.namelist()] == ["000", "002", "man"]
    manifest = json.loads(whole.read("manifest.json"))
    assert manifest["counts"] == {"completed": 2, "failed": 1, "cancelled": 0}
    failed = manifest["members"][1]
    assert (failed["n"], failed["jobId"], failed["status"]) == (1, batch.member_ids[1], "failed")
    assert (failed["fileName"], failed["reason"], failed["failedReason"]) == (None, "template.error", "line 3")


def test_one_pdf_holds_every_page_in_order_with_bookmarks_and_the_manifest(world: World) -> None:
    batch = batch_in(world, titled("one", "two", "three"), result=ResultKind.PDF)
    fail(world, batch.member_ids[0])
    world.drain()
    job_id = assemble(world, batch)
    result = world.job(job_id).result
    assert result
    assert (result.key, result.pages) == (f"reports/acme/{NAME}.000000.pdf", 2)
    assert result.peak_memory_mb > 0
    body = result_of(world, job_id)
    reader = pypdf.PdfReader(io.BytesIO(body))
    texts = [page.extract_text() for page in reader.pages]
    assert ["This is two" in texts[0], "This is three" in texts[1], len(texts)] == [True, True, 2]
    assert [bookmark.title for bookmark in reader.outline] == ["001 test", "002 test"]
    manifest = json.loads(reader.attachments["manifest.json"][0])
    assert [member["status"] for member in manifest["members"]] == ["failed", "completed", "completed"]
    with pikepdf.open(io.BytesIO(body)) as checked:
        assert checked.check_pdf_syntax() == []


def test_a_batch_without_any_report_is_a_zip_with_a_manifest_but_no_pdf(world: World) -> None:
    for kind, state in ((ResultKind.ZIP, State.COMPLETED), (ResultKind.PDF, State.FAILED)):
        batch = Batch(kind.value * 8 + "00", "acme", None, kind, 1, "00", 1)
        request = Request(batch.member_ids[0], "acme", "test", {}, "00", 1, attempts=1)
        world.ledger.accept(request)
        world.ledger.close(Receipt(request, State.CANCELLED, 0, 1))
        job = world.job(assemble(world, batch))
        assert (job.state, job.reason) == (state, None if state is State.COMPLETED else "batch.empty")


def test_the_same_generation_gives_the_same_bytes(world: World) -> None:
    made: list[tuple[Request, str]] = []
    for kind in ResultKind:
        batch = Batch(kind.value * 8 + "11", "acme", None, kind, 2, "00", 1)
        for job_id, data in zip(batch.member_ids, titled("one", "two"), strict=True):
            request = Request(job_id, "acme", "test", data, "00", 1, attempts=1)
            world.ledger.accept(request)
            world.queue.enqueue(request.new_job())
        world.drain()
        result = world.job(assemble(world, batch)).result
        assert result
        world.s3.delete_object(Bucket="reports", Key=result.key)
        request = batch.result_request(0, accepted_at=1_800_000_000_000)
        made.append((replace(request, id=kind[0] * 26), result.sha256))
    time.sleep(2.1)  # what a clock may leave in a file has grains of up to 2 s
    for again, sha256 in made:
        world.ledger.accept(again)
        world.queue.enqueue(again.new_job())
        world.drain(name=f"again-{again.id}")
        result = world.job(again.id).result
        assert result
        assert result.sha256 == sha256


def test_a_result_that_an_earlier_attempt_published_is_taken_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = batch_in(world, titled("one"))
    world.drain()
    first = world.job(assemble(world, batch)).result
    again = Request.from_fields(json.loads(batch.result_request(0, accepted_at=1).to_json()) | {"id": "c" * 26})
    world.ledger.accept(again)
    world.queue.enqueue(again.new_job())
    monkeypatch.setattr(world.ledger, "receipt", None)  # would raise
    world.drain(name="again")
    assert world.job(again.id).result == first


def test_a_job_that_has_not_ended_makes_the_result_wait(world: World) -> None:
    batch = batch_in(world, titled("one", "two"))
    world.queue.claim(DIED, call=0, free=9)
    job = world.job(assemble(world, batch))
    assert (job.state, job.reason) == (State.DELAYED, "batch.running")
    assert world.keys("reports/") == []


def test_a_job_whose_receipt_is_of_an_earlier_round_makes_the_result_wait(world: World) -> None:
    batch = batch_in(world, titled("one"))
    world.drain()
    job = world.job(assemble(world, batch, generation=1))
    assert (job.state, job.reason) == (State.DELAYED, "batch.running")


def test_a_job_that_was_retried_and_ended_since_leaves_the_result_to_a_later_generation(world: World) -> None:
    batch = batch_in(world, titled("one"))
    fail(world, batch.member_ids[0])
    retry(world, batch.member_ids[0])
    world.drain()
    job = world.job(assemble(world, batch))
    assert (job.state, job.reason) == (State.FAILED, "batch.superseded")


def test_a_retry_that_is_under_way_changes_nothing_of_how_the_jobs_had_ended(world: World) -> None:
    batch = batch_in(world, titled("one"))
    fail(world, batch.member_ids[0])
    retry(world, batch.member_ids[0])
    world.queue.claim(DIED, call=1, free=1)
    whole = zipfile.ZipFile(io.BytesIO(result_of(world, assemble(world, batch))))
    assert json.loads(whole.read("manifest.json"))["counts"]["failed"] == 1


def test_a_report_that_is_not_kept_any_more_is_told_in_the_manifest(world: World) -> None:
    batch = batch_in(world, titled("one", "two"))
    world.drain()
    world.s3.delete_object(Bucket="reports", Key=f"reports/acme/{batch.member_ids[0]}.pdf")
    whole = zipfile.ZipFile(io.BytesIO(result_of(world, assemble(world, batch))))
    assert [name[:3] for name in whole.namelist()] == ["001", "man"]
    line = json.loads(whole.read("manifest.json"))["members"][0]
    assert (line["status"], line["fileName"], line["reason"]) == ("completed", None, "report.missing")


def test_a_result_is_published_after_its_manifest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that who finds the result finds the manifest, whatever crashes in between."""
    batch = batch_in(world, titled("one"))
    world.drain()
    put = world.ledger._bucket.put

    def away(key: str, *given: Any, **named: Any) -> Any:
        if key.endswith(".zip"):
            raise StoreAway("S3 does not answer")
        return put(key, *given, **named)

    monkeypatch.setattr(world.ledger._bucket, "put", away)
    job = world.job(assemble(world, batch))
    assert (job.state, job.reason) == (State.DELAYED, "store.away")
    assert world.keys(f"reports/acme/{NAME}") == [f"reports/acme/{NAME}.000000.json"]


def test_an_assembly_that_is_cancelled_meanwhile_is_not_published(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = batch_in(world, titled("one"))
    world.drain()
    get = world.ledger._bucket.get

    def cancelled_meanwhile(key: str) -> Any:
        if key.startswith("reports/"):
            world.queue.cancel(batch.result_id(0))
        return get(key)

    monkeypatch.setattr(world.ledger._bucket, "get", cancelled_meanwhile)
    assert world.job(assemble(world, batch)).state is State.CANCELLED
    assert world.keys(f"reports/acme/{NAME}") == []


# The child that merges.


def merging_of(tmp_path: Path, count: int = 2, *, memory_mb: int = 1_024, cpu_seconds: int = 60) -> Merging:
    path = tmp_path / "part.pdf"
    with pikepdf.new() as one:
        one.add_blank_page()
        one.save(path)
    parts = [Part(str(path), f"{n}") for n in range(count)]
    return Merging(parts, manifest="{}", output=tmp_path / "whole", memory_mb=memory_mb, cpu_seconds=cpu_seconds)


def test_more_parts_are_merged_than_are_open_at_a_time(tmp_path: Path) -> None:
    assert merging_of(tmp_path, 300).wait(seconds=60).pages == 300
    with pikepdf.open(tmp_path / "whole") as whole, whole.open_outline() as outline:
        assert len(whole.pages) == 300
        assert [item.title for item in outline.root] == [f"{n}" for n in range(300)]
        assert pikepdf.Page(outline.root[299].destination[0]).index == 299


def test_a_merge_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    child = merging_of(tmp_path)
    with pytest.raises(TransientFailure) as failure:
        child.wait(seconds=0.001)
    assert failure.value.reason == "merge.timeout"
    assert not alive(child._child.pid)


def test_a_merge_is_killed_from_another_thread(tmp_path: Path) -> None:
    child = merging_of(tmp_path, 300)
    killer = threading.Timer(0.1, child.kill)
    killer.start()
    with pytest.raises(TransientFailure) as failure:
        child.wait(seconds=60)
    assert failure.value.reason == "merge.killed"
    child.kill()  # again: harmless


def test_a_merge_has_no_credential_in_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-for-children")
    child = merging_of(tmp_path)
    environ = Path(f"/proc/{child._child.pid}/environ")
    # For a moment after its start a process shows none. The child waits for its input, so it is still there.
    until(lambda: b"PYTHONPATH" in environ.read_bytes(), "the child has its environment")
    environment = environ.read_bytes()
    child.wait(seconds=60)
    assert b"not-for-children" not in environment


def test_a_part_that_is_no_pdf_fails_the_merge_and_not_the_worker(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"no PDF")
    child = Merging(
        [Part(str(tmp_path / "bad"), "0")], manifest="{}", output=tmp_path / "whole", memory_mb=512, cpu_seconds=9
    )
    with pytest.raises(TransientFailure) as failure:
        child.wait(seconds=60)
    assert failure.value.reason == "merge.error"
