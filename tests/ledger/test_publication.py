"""A report is published once, whole, and never changes; a link lets one person have it for a while."""

import hashlib
import io
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from report_queue.edition import Format
from report_queue.result import Finding, Made, Recipe, Result
from tests.ledger.words import BUCKET, ID, Watched, aws, crashing, ledger_on, meanwhile, publish, s3, stored

KEY = f"reports/acme/{ID}.pdf"


@pytest.fixture
def store() -> Iterator[Any]:
    with aws():
        yield s3()


def test_a_report_is_there_as_its_maker_described_it(store: Any) -> None:
    made = publish(ledger_on(store), b"%PDF", pages=7)
    assert (made.key, made.size, made.pages, made.seconds, made.peak_memory_mb) == (KEY, 4, 7, 0.25, 61)
    assert ledger_on(store).published(tenant="acme", id=ID) == made
    assert ledger_on(store).published(tenant="other", id=ID) is None


def test_what_a_report_is_made_of_and_what_the_preflight_found_stand_beside_it(store: Any) -> None:
    recipe = Recipe(template="a" * 64, fonts="b" * 64, engine="WeasyPrint 70.0, Pango 1.56.3")
    findings = (Finding("glyph.missing", "U+1F9FF has no glyph: “nazar”", 2), Finding("document.no_title", "no title"))
    made = publish(ledger_on(store), recipe=recipe, findings=findings)
    assert (made.recipe, made.findings) == (recipe, findings)
    assert ledger_on(store).published(tenant="acme", id=ID) == made


def test_of_many_findings_as_many_are_kept_as_there_is_room_for(store: Any) -> None:
    findings = tuple(Finding("text.cut", "é" * 100, page) for page in range(1, 20))
    publish(ledger_on(store), findings=findings)
    kept = ledger_on(store).published(tenant="acme", id=ID)
    assert kept
    assert 1 <= len(kept.findings) < 19
    assert kept.findings == findings[: len(kept.findings)]


def test_a_second_attempt_takes_the_report_that_is_there(store: Any) -> None:
    first = publish(ledger_on(store), b"%PDF first")
    assert publish(ledger_on(store), b"%PDF second, longer", pages=2) == first
    assert stored(store, KEY) == b"%PDF first"


def test_of_two_attempts_at_once_one_is_published(store: Any) -> None:
    other = meanwhile(store, "put_object", "reports/", lambda: publish(ledger_on(store), b"%PDF other"))
    taken = publish(ledger_on(other), b"%PDF mine")
    assert taken.sha256 == hashlib.sha256(b"%PDF other").hexdigest()
    assert stored(store, KEY) == b"%PDF other"


def test_the_report_is_sent_from_its_start_each_time(store: Any) -> None:
    body = io.BytesIO(b"%PDF whole")
    body.seek(0, 2)
    answers = iter(["ConditionalRequestConflict"])

    def hook(name: str, given: dict[str, Any]) -> None:
        if name == "put_object" and (code := next(answers, None)):
            given["Body"].read()
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "PutObject")

    sha256 = hashlib.sha256(b"%PDF whole").hexdigest()
    ledger_on(Watched(store, hook)).publish(
        tenant="acme",
        id=ID,
        body=body,
        made=Made(size=10, pages=1, sha256=sha256, seconds=0.1, peak_memory_mb=1),
    )
    assert stored(store, KEY) == b"%PDF whole"


def test_the_store_can_check_what_it_gets(store: Any) -> None:
    sent: dict[str, Any] = {}
    publish(ledger_on(Watched(store, lambda name, given: sent.update(given))), b"%PDF")
    assert sent["ChecksumSHA256"] == b64encode(hashlib.sha256(b"%PDF").digest()).decode()
    assert (sent["ContentLength"], sent["IfNoneMatch"], sent["ContentType"]) == (4, "*", "application/pdf")


def test_publication_is_one_request(store: Any) -> None:
    """So that a crash leaves the whole report or none."""
    publish(ledger_on(crashing(store, after=1)))
    assert ledger_on(store).published(tenant="acme", id=ID)


def test_a_link_saves_the_report_under_its_name(store: Any) -> None:
    publish(ledger_on(store), b"%PDF")
    link = ledger_on(store).link(tenant="acme", id=ID, filename="sales-2026.pdf", seconds=60)
    answer = requests.get(link, timeout=5)
    assert answer.content == b"%PDF"
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="sales-2026.pdf"')
    assert "X-Amz-Expires=60" in link


def test_a_file_name_cannot_break_out_of_its_header(store: Any) -> None:
    publish(ledger_on(store), b"%PDF")
    link = ledger_on(store).link(tenant="acme", id=ID, filename='Ü"\r\nX-Evil: 1;/../a.pdf', seconds=60)
    disposition = requests.get(link, timeout=5).headers["Content-Disposition"]
    assert disposition == (
        'attachment; filename="____X-Evil_ 1__.._a.pdf"; '
        "filename*=UTF-8''%C3%9C%22%0D%0AX-Evil%3A%201%3B%2F..%2Fa.pdf"
    )


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        ("html", "text/html; charset=utf-8"),
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_another_format_has_a_key_and_a_content_type_of_its_own(store: Any, ending: Format, kind: str) -> None:
    ledger = ledger_on(store)
    made = publish(ledger, b"first", ending=ending)
    assert made.key == f"reports/acme/{ID}.{ending}"
    assert ledger.published(tenant="acme", id=ID, ending=ending) == made
    assert ledger.published(tenant="acme", id=ID) is None
    assert store.head_object(Bucket=BUCKET, Key=made.key)["ContentType"] == kind
    link = ledger.link(tenant="acme", id=ID, filename=f"a.{ending}", seconds=60, ending=ending)
    assert f"{ID}.{ending}?" in link


def test_what_a_locked_report_was_before_stands_beside_it(store: Any) -> None:
    made = publish(ledger_on(store), unlocked_sha256="c" * 64)
    assert ledger_on(store).published(tenant="acme", id=ID) == made
    assert Result.of(made.to_fields()) == made
