"""A report from outside: its text, its footer, what it says of itself, and that it is always the same."""

import hashlib
import os
import subprocess
import sys

import pytest
from report_words import JOB_ID, rendered

from report_queue.job import Progress
from report_queue.reports import report_types

ALL = sorted(report_types())

HOSTILE = (
    "<script>alert(1)</script> {{7*7}} {% raw %} <img src=file:///etc/passwd> "
    "<link rel=attachment href=file:///etc/passwd> &amp;"
)

SHA_OF_A_SAMPLE = """
import hashlib, sys
from datetime import UTC, datetime
from io import BytesIO
from report_queue.render import document
from report_queue.reports import report_types

if sys.argv[2] == "warm":
    document.warm_up()
output, report_type = BytesIO(), report_types()[sys.argv[1]]
created = datetime(2026, 1, 5, 9, 30, 12, tzinfo=UTC)
document.write(
    report_type, data=report_type.sample, job_id="0d6k2f3s9c8v7b1n4m5q0rtuae", created=created,
    output=output, progress=lambda _: None,
)
print(hashlib.sha256(output.getvalue()).hexdigest())
"""


@pytest.mark.parametrize(
    ("report_type", "words"),
    [
        ("sales", ["Sales 2025", "LUMEN LIGHTING", "€394,005.03", "Verdant Hotels", "-€1,317.00", "7.5%", "Nordics"]),
        ("inventory", ["Stock at year end", "€247,183.65", "OP-211", "✕ Out", "▼ Low", "Rotterdam", "€3.085"]),
        ("performance", ["Customer service 2025", "96.4%", "▼ Missed", "-3.5 pp", "Results by team", "107.9%"]),
        ("test", ["Specimen", "office, fjord", "106.75", "Epsilon"]),
        ("invoice", ["Invoice 2025-1184", "Verdant Hotels, Lda.", "€5.085", "€47,231.03", "DE02 1203", "17 Jan 2026"]),
    ],
)
def test_a_sample_becomes_a_document_that_holds_its_own_data(report_type: str, words: list[str]) -> None:
    text = rendered(report_type).text
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize("report_type", ALL)
def test_every_page_says_what_it_belongs_to_and_which_of_how_many_it_is(report_type: str) -> None:
    report = rendered(report_type)
    assert len(report.reader.pages) == report.pages
    for number, page in enumerate(report.reader.pages, start=1):
        text = " ".join(page.extract_text().split())
        assert f"Page {number} of {report.pages}" in text
        assert f"· {JOB_ID}" in text


def test_a_long_table_repeats_its_head_on_every_page_and_ends_in_its_total() -> None:
    sample = report_types()["sales"].sample
    rows = [sample["rows"][0] | {"customer": f"Customer {number}"} for number in range(120)]
    report = rendered("sales", sample | {"rows": rows})
    texts = [" ".join(page.extract_text().split()) for page in report.reader.pages]
    assert len(texts) > 3
    assert all("Date Customer Product Region Quantity Unit price Discount Amount" in text for text in texts)
    assert "Total 4,800 €1,867,200.00" in texts[-1]
    text = " ".join(texts)
    assert [number for number in range(120) if f"Customer {number} " not in text] == []


def test_the_document_says_its_title_author_language_and_the_time_of_the_request() -> None:
    reader = rendered("invoice").reader
    about = reader.metadata
    assert about is not None
    assert (about.title, about.author, about.creator) == ("Invoice 2025-1184", "Lumen Lighting GmbH", "Report Queue")
    assert about["/CreationDate"] == about["/ModDate"] == "D:20260105093012Z"
    assert reader.trailer["/Root"]["/Lang"] == "en-GB"
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_a_chart_can_be_read_by_those_who_do_not_see_it() -> None:
    reader = rendered("sales").reader
    objects = [reader.get_object(number) for number in range(1, reader.trailer["/Size"])]
    texts = {thing["/Alt"] for thing in objects if isinstance(thing, dict) and "/Alt" in thing}
    assert texts == {"Revenue over time", "Revenue by region", "Revenue by product"}


@pytest.mark.parametrize("report_type", ALL)
def test_the_same_job_gives_the_same_bytes_in_any_process_warm_or_cold(report_type: str) -> None:
    hashes = {hashlib.sha256(rendered(report_type).pdf).hexdigest()}
    for seed, warmth in (("1", "cold"), ("2", "warm")):
        command = [sys.executable, "-c", SHA_OF_A_SAMPLE, report_type, warmth]
        run = subprocess.run(
            command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": seed}
        )
        hashes.add(run.stdout.strip())
    assert len(hashes) == 1


def test_another_job_gives_other_bytes() -> None:
    sample = report_types()["test"].sample
    assert rendered("test").pdf != rendered("test", sample | {"message": "another"}).pdf


def test_progress_says_when_it_is_laid_out_and_when_it_is_written() -> None:
    assert rendered("test").progress == [Progress.LAID_OUT, Progress.WRITTEN]


@pytest.mark.parametrize("report_type", ALL)
def test_markup_and_template_code_in_the_payload_are_text(report_type: str) -> None:
    report = rendered(report_type, _everywhere(HOSTILE, report_types()[report_type].sample))
    squeezed = report.text.replace(" ", "")
    for word in ("<script>alert(1)</script>", "{{7*7}}", "{%raw%}", "<imgsrc=file:///etc/passwd>", "&amp;"):
        assert word in squeezed
    assert "root:" not in report.text
    assert "/EmbeddedFiles" not in str(report.reader.trailer["/Root"])


def _everywhere(text: str, data: object, key: str = "") -> object:
    """The sample with its free texts replaced: those that no pattern of a schema holds."""
    bound = {"date", "month", "from", "to", "asOf", "issued", "due", "currency", "locale", "email"}
    if isinstance(data, dict):
        return {name: _everywhere(text, value, name) for name, value in data.items()}
    if isinstance(data, list):
        return [_everywhere(text, value, key) for value in data]
    return text if isinstance(data, str) and key not in bound else data
