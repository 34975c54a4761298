"""What a caller may wish of a job, and what is said of a wish that is not good."""

from typing import Any

import pytest

from report_queue.edition import Edition
from report_queue.job import Backoff
from report_queue.options import Options, Unique, faults, moment_of

MORNING = 1_795_584_600_000  # ms


def test_every_option_becomes_a_fact() -> None:
    sent = {
        "attempts": 5,
        "priority": 9,
        "runAt": "2026-11-25T07:30:00+01:00",
        "expiresAt": "2026-11-25T06:31:00Z",
        "backoff": {"type": "fixed", "delaySeconds": 2, "jitter": 0.5},
        "dedupKey": "may-2026",
        "dedupSeconds": 60,
        "dedupMode": "replace",
        "retentionSeconds": 3_600,
        "tags": ["eu", "may:2026"],
        "metadata": {"invoice": "4711"},
        "locale": "fr-CH",
        "timezone": "Europe/Zurich",
        "preflight": "fail",
    }
    assert list(faults(sent)) == []
    assert Options.of(sent) == Options(
        attempts=5,
        priority=9,
        run_at=moment_of("2026-11-25T06:30:00Z"),
        expires_at=moment_of("2026-11-25T06:30:00Z") + 60_000,
        backoff=Backoff("fixed", 2_000, 0.5),
        unique=Unique("may-2026", 60, "replace"),
        retention_seconds=3_600,
        tags=("eu", "may:2026"),
        metadata={"invoice": "4711"},
        edition=Edition(locale="fr-CH", time_zone="Europe/Zurich", preflight="fail"),
    )


def test_what_the_report_is_to_be_is_read_too() -> None:
    sent = {"variant": "pdf/ua-1", "attachments": ["csv", "json"], "password": "correct horse"}
    assert list(faults(sent)) == []
    assert Options.of(sent).edition == Edition(
        variant="pdf/ua-1", attachments=("csv", "json"), password="correct horse"
    )
    assert Options.of({"format": "xlsx"}).edition == Edition(format="xlsx")


def test_factur_x_is_a_pdf_for_archives_without_being_told() -> None:
    assert Options.of({"attachments": ["factur-x"]}).edition.variant == "pdf/a-3b"


def test_a_password_is_in_no_representation() -> None:
    assert "correct" not in repr(Options.of({"password": "correct horse"}))


def test_without_a_wish_the_deployment_decides() -> None:
    assert list(faults({})) == []
    assert Options.of({}) == Options()


def test_a_dedup_key_holds_for_a_day_and_drops_the_newcomer_unless_told_otherwise() -> None:
    assert Options.of({"dedupKey": "k"}).unique == Unique("k", 86_400, "drop")


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"priority": 10}, "/priority"),
        ({"priority": -1}, "/priority"),
        ({"priority": True}, "/priority"),
        ({"runAt": "2026-11-25"}, "/runAt"),
        ({"runAt": "2026-11-25T06:30:00"}, "/runAt"),
        ({"runAt": "2026-13-25T06:30:00Z"}, "/runAt"),
        ({"runAt": 1_795_584_600}, "/runAt"),
        ({"runAt": "1999-12-31T23:59:59Z"}, "/runAt"),
        ({"expiresAt": "2100-01-01T00:00:00Z"}, "/expiresAt"),
        ({"runAt": "2026-11-25T06:30:00Z", "delaySeconds": 1}, "/runAt"),
        ({"runAt": "2026-11-25T06:30:00Z", "expiresAt": "2026-11-25T06:30:00Z"}, "/expiresAt"),
        ({"backoff": "fixed"}, "/backoff"),
        ({"backoff": {"type": "fixed"}}, "/backoff"),
        ({"backoff": {"type": "linear", "delaySeconds": 1}}, "/backoff"),
        ({"backoff": {"type": "fixed", "delaySeconds": 0}}, "/backoff"),
        ({"backoff": {"type": "fixed", "delaySeconds": 1, "jitter": 1.1}}, "/backoff"),
        ({"backoff": {"type": "fixed", "delaySeconds": 1, "jitter": True}}, "/backoff"),
        ({"backoff": {"type": "fixed", "delaySeconds": 1, "cap": 1}}, "/backoff"),
        ({"backoff": {"type": [], "delaySeconds": 1}}, "/backoff"),
        ({"dedupKey": ""}, "/dedupKey"),
        ({"dedupKey": "a b"}, "/dedupKey"),
        ({"dedupKey": "k" * 256}, "/dedupKey"),
        ({"dedupKey": "k", "dedupSeconds": 0}, "/dedupSeconds"),
        ({"dedupKey": "k", "dedupMode": "keep"}, "/dedupMode"),
        ({"dedupSeconds": 1}, "/dedupSeconds"),
        ({"dedupMode": "drop"}, "/dedupMode"),
        ({"retentionSeconds": 59}, "/retentionSeconds"),
        ({"tags": "eu"}, "/tags"),
        ({"tags": ["a|b"]}, "/tags"),
        ({"tags": [""]}, "/tags"),
        ({"tags": ["a", "a"]}, "/tags"),
        ({"tags": [{}]}, "/tags"),
        ({"tags": [f"t{n}" for n in range(11)]}, "/tags"),
        ({"tags": ["t" * 65]}, "/tags"),
        ({"metadata": ["a"]}, "/metadata"),
        ({"metadata": {"a": 1}}, "/metadata"),
        ({"metadata": {"": "empty"}}, "/metadata"),
        ({"metadata": {"two words": "a"}}, "/metadata"),
        ({"metadata": {f"n{n}": "" for n in range(51)}}, "/metadata"),
        ({"metadata": {"a": "é" * 2_045}}, "/metadata"),
        ({"locale": "german"}, "/locale"),
        ({"locale": "de_DE"}, "/locale"),
        ({"locale": 5}, "/locale"),
        ({"timezone": "Europe/Nowhere"}, "/timezone"),
        ({"timezone": "../etc/passwd"}, "/timezone"),
        ({"timezone": []}, "/timezone"),
        ({"preflight": "stop"}, "/preflight"),
        ({"format": "docx"}, "/format"),
        ({"format": ["pdf"]}, "/format"),
        ({"variant": "pdf/a-1b"}, "/variant"),
        ({"attachments": "csv"}, "/attachments"),
        ({"attachments": ["csv", "csv"]}, "/attachments"),
        ({"attachments": [{}]}, "/attachments"),
        ({"attachments": ["pdf"]}, "/attachments"),
        ({"password": ""}, "/password"),
        ({"password": "ä" * 64}, "/password"),
        ({"password": "a\nb"}, "/password"),
        ({"password": "\ud800"}, "/password"),
        ({"password": 5}, "/password"),
        ({"format": "csv", "password": "p"}, "/password"),
        ({"format": "html", "variant": "pdf/ua-1"}, "/variant"),
        ({"format": "xlsx", "attachments": ["csv"]}, "/attachments"),
        ({"variant": "pdf/a-3b", "password": "p"}, "/password"),
        ({"attachments": ["factur-x"], "password": "p"}, "/password"),
        ({"attachments": ["factur-x"], "variant": "pdf/ua-1"}, "/variant"),
    ],
)
def test_a_wish_that_is_not_good_is_named(options: dict[str, Any], pointer: str) -> None:
    assert [fault.pointer for fault in faults(options)] == [pointer]


def test_an_unknown_option_is_answered_with_the_known_ones() -> None:
    (fault,) = faults({"a/b~": 1})
    assert fault.pointer == "/a~1b~0"
    assert "runAt" in fault.message
