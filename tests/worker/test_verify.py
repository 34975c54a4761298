"""The proof of a report: from its receipt the same bytes come out again, and what differs is told."""

import json
from dataclasses import replace
from typing import Any

import pytest

from report_queue.batch import RESULT_TYPE
from report_queue.edition import Edition
from report_queue.receipt import Receipt
from report_queue.verify import NotVerifiable, Verified, verify
from worker_world import World


def proof(world: World, job_id: str, **changes: Any) -> Verified:
    receipt = world.ledger.receipt(job_id)
    assert receipt
    published = world.pdf(job_id)
    return verify(replace(receipt, **changes), published, world.renderer, memory_mb=1_536, seconds=60)


def test_a_receipt_makes_the_same_bytes_again(world: World) -> None:
    job_id = world.accept("sales")
    world.drain()
    found = proof(world, job_id)
    assert found.differences == ()
    assert found.made.sha256 == world.job(job_id).result.sha256  # type: ignore[union-attr]  # completed


def test_a_receipt_tells_what_the_report_was_made_of(world: World) -> None:
    job_id = world.accept("sales")
    world.drain()
    receipt = world.ledger.receipt(job_id)
    assert receipt
    assert receipt.result
    assert receipt.result.recipe
    assert len(receipt.result.recipe.template) == len(receipt.result.recipe.fonts) == 64
    assert receipt.result.recipe.engine.startswith("WeasyPrint ")
    assert Receipt.from_json(receipt.to_json()) == receipt


def test_another_payload_makes_other_bytes(world: World) -> None:
    job_id = world.accept()
    world.drain()
    receipt = world.ledger.receipt(job_id)
    assert receipt
    changed = replace(receipt.request, data=receipt.request.data | {"title": "Another"})
    assert proof(world, job_id, request=changed).differences == ("rendered anew, the bytes are others",)


def test_a_template_that_changed_since_is_named(world: World) -> None:
    job_id = world.accept()
    world.drain()
    receipt = world.ledger.receipt(job_id)
    assert receipt
    assert receipt.result
    assert receipt.result.recipe
    told = replace(receipt.result, sha256="00", recipe=replace(receipt.result.recipe, template="00", engine="Quill 1"))
    differences = proof(world, job_id, result=told).differences
    assert "template: changed since" in differences
    assert any(line.startswith("engine: was Quill 1, is WeasyPrint") for line in differences)
    assert not any(line.startswith("fonts") for line in differences)


def test_a_document_that_was_exchanged_is_noticed(world: World) -> None:
    job_id = world.accept()
    world.drain()
    receipt = world.ledger.receipt(job_id)
    assert receipt
    found = verify(receipt, b"%PDF forged", world.renderer, memory_mb=1_536, seconds=60)
    assert found.differences == ("the published document is not the one that the receipt tells of",)


@pytest.mark.parametrize(("report_type", "said"), [("sales", "it made no report"), (RESULT_TYPE, "one by one")])
def test_what_made_no_report_of_its_own_is_not_verified(world: World, report_type: str, said: str) -> None:
    job_id = world.accept()
    world.drain()
    receipt = world.ledger.receipt(job_id)
    assert receipt
    result = None if report_type == "sales" else receipt.result
    other = replace(receipt, request=replace(receipt.request, report_type=report_type), result=result)
    with pytest.raises(NotVerifiable, match=said):
        verify(other, b"", world.renderer, memory_mb=1_536, seconds=60)


def test_a_request_of_before_editions_is_read_as_the_usual_one(world: World) -> None:
    job_id = world.accept()
    request = world.ledger.open_request(job_id)
    assert request
    fields = json.loads(request.to_json())
    del fields["edition"]
    assert type(request).from_fields(fields) == request
    assert request.edition == Edition()


@pytest.mark.parametrize(
    "edition",
    [
        Edition(format="html"),
        Edition(format="csv"),
        Edition(format="xlsx"),
        Edition(variant="pdf/ua-1"),
        Edition(variant="pdf/a-3b", attachments=("csv", "xlsx", "json")),
    ],
)
def test_every_edition_is_published_and_comes_out_again(world: World, edition: Edition) -> None:
    job_id = world.accept("sales", edition=edition)
    world.drain()
    receipt = world.ledger.receipt(job_id)
    assert receipt
    assert receipt.result
    assert receipt.result.key == f"reports/acme/{job_id}.{edition.format}"
    body = world.ledger._bucket.get(receipt.result.key)
    assert body
    assert (receipt.result.pages > 0) == (edition.format == "pdf")
    assert verify(receipt, body, world.renderer, memory_mb=1_536, seconds=60).differences == ()


def test_a_locked_report_is_proved_without_its_password(world: World) -> None:
    job_id = world.accept(edition=Edition(password="correct horse"))
    world.drain()
    receipt = world.ledger.receipt(job_id)
    assert receipt
    assert receipt.result
    assert receipt.request.edition == Edition()
    assert receipt.result.unlocked_sha256 != receipt.result.sha256
    assert proof(world, job_id).differences == ()
    other = replace(receipt.result, unlocked_sha256="00")
    assert proof(world, job_id, result=other).differences == ("rendered anew, the bytes are others",)


def test_a_finding_fails_the_job_where_that_was_wished(world: World) -> None:
    data = {"title": "t", "message": "\u0378"}
    warned, failed = (world.accept(data=data, edition=Edition(preflight=wish)) for wish in ("warn", "fail"))
    world.drain()
    result = world.job(warned).result
    assert result
    assert [found.code for found in result.findings] == ["glyph.missing"]
    assert world.job(failed).reason == "preflight.glyph.missing"
    assert world.keys("reports/") == [f"reports/acme/{warned}.pdf"]
