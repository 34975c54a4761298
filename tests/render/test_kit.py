"""The kit's pieces: what stands on which page, what a reader is told who sees no picture, what a scanner reads."""

import io
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import ImageChops
from pypdf import PdfReader
from report_words import made_up, rendered

from report_queue.errors import PermanentFailure
from report_queue.render.codes import Codes
from tests.golden.pictures import pages_of, subjects

CODES = Codes()
# Ends the body, sets the block, and opens one that no page has.
WATERMARK = "{{% endblock %}}{{% block watermark %}}{}{{% endblock %}}{{% block rest %}}"
ROW = "<tr><td>Row {{ n }}</td><td class='n'>{{ n }}</td></tr>"
TABLE = (
    """
{% call kit.table("Long table", [100, 78]) %}
<thead><tr><th>Name</th><th class="n">Number</th></tr></thead>
<tbody>{% for n in range(data.rows) %}"""
    + ROW
    + """{% endfor %}</tbody>
{% endcall %}
"""
)


@pytest.fixture(scope="module")
def gallery() -> PdfReader:
    return rendered(subjects()["gallery"]).reader


def pages(folder: Path, body: str, *, style: str = "", **sample: Any) -> list[str]:
    """The text of each page of a made-up report."""
    reader = rendered(made_up(folder, body, style=style, sample=sample)).reader
    return [" ".join(page.extract_text().split()) for page in reader.pages]


# Tables.


def test_a_table_that_goes_on_says_so_and_repeats_its_head(tmp_path: Path) -> None:
    first, *middle, last = pages(tmp_path / "a", TABLE + "<p>After it</p>", rows=150)
    assert "continued" not in first
    assert middle
    for page in (*middle, last):
        assert "Long table, continued Made up" in page  # in the margin, which is read last
        assert "Name Number" in page
    assert last.count("continued") == 1


def test_what_follows_a_table_is_not_said_to_continue_it(tmp_path: Path) -> None:
    body = TABLE + '<div style="break-before: page">Prose</div>'
    assert [page for page in pages(tmp_path / "a", body, rows=3) if "continued" in page] == []


def test_a_page_that_begins_with_a_table_does_not_continue_the_one_before(tmp_path: Path) -> None:
    body = TABLE + TABLE.replace("Long table", "Second table")
    *_, page = pages(tmp_path / "a", body, style="section { break-before: page }", rows=3)
    assert "continued" not in page
    assert "Long table" not in page
    assert page.count("Second table") == 1  # its heading: it needs no running head


def test_the_head_of_a_group_is_not_left_alone_at_the_foot_of_a_page(tmp_path: Path) -> None:
    group = "{{ kit.group(2, 'Group') }}" + "".join(f"<tr><td>first {n}</td><td>x</td></tr>" for n in range(3))
    for rows in range(24, 30):  # the first page has room for about so many
        body = TABLE.replace("{% endfor %}</tbody>", "{% endfor %}</tbody><tbody>" + group + "</tbody>")
        for page in pages(tmp_path / str(rows), body, rows=rows):
            assert ("Group" in page) == ("first 0" in page)


# Running heads, contents, footnotes.


def test_the_running_head_is_the_section_that_the_page_begins_within(tmp_path: Path) -> None:
    prose = "<p>word</p>" * 70
    body = f'{{{{ kit.heading("One") }}}}{prose}{{{{ kit.heading("Two") }}}}{prose}<h2>Plain</h2>{prose}'
    heads = [page.split("word ")[-1].split(" Made up")[0] for page in pages(tmp_path / "a", body)]
    assert heads[0].startswith("Made up")  # nothing goes on here
    assert heads[1:] == ["One", "Two", "Plain"]


def test_the_contents_name_the_pages_on_which_their_sections_begin(gallery: PdfReader) -> None:
    texts = [" ".join(page.extract_text().split()) for page in gallery.pages]
    outline = {entry.title: gallery.get_destination_page_number(entry) + 1 for entry in _flat(gallery.outline)}
    for words in ("Revenue", "Orders by market", "Goals", "Labels and codes"):
        found = re.search(re.escape(words) + r"[ .]+(\d+)", texts[0])
        assert found
        assert int(found[1]) == outline[words]


def test_a_footnote_stands_at_the_foot_of_the_page_that_calls_it(tmp_path: Path) -> None:
    body = '<p>See{{ kit.footnote("Said below.") }} here</p><div style="break-before: page">Next</div>'
    first, second = pages(tmp_path / "a", body)
    assert first.index("here") < first.index("Said below.")
    assert "Said below." not in second


# Watermarks.


def test_a_watermark_is_on_every_page_behind_the_text_and_is_no_text(tmp_path: Path) -> None:
    body = "<p>x</p>" * 150
    plain = rendered(made_up(tmp_path / "a", body))
    marked = rendered(made_up(tmp_path / "b", body + WATERMARK.format("{{ word('draft') }}")))
    assert marked.reader.get_num_pages() > 1
    for page, without in zip(marked.reader.pages, plain.reader.pages, strict=True):
        assert page.extract_text() == without.extract_text()
    for page, without in zip(pages_of(marked.pdf), pages_of(plain.pdf), strict=True):
        assert ImageChops.lighter(page, without).tobytes() == without.tobytes()  # nothing of the text is covered
        assert page.tobytes() != without.tobytes()


@pytest.mark.parametrize("words", ["", "{{ '' }}", "{% if false %}Draft{% endif %}"])
def test_no_watermark_is_no_drawing(tmp_path: Path, words: str) -> None:
    reader = rendered(made_up(tmp_path / "a", "x" + WATERMARK.format(words))).reader
    assert not reader.pages[0]["/Resources"].get("/Pattern")


def test_a_watermark_of_any_words_stays_words(tmp_path: Path) -> None:
    words = "a\"b') <c> & %22 ä 下書き"
    pdf = rendered(made_up(tmp_path / "a", "x" + WATERMARK.format("{{ data.words }}"), sample={"words": words})).pdf
    assert len(pages_of(pdf)) == 1


# Barcodes and QR codes, read again by a scanner.


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        ("codes.code128('LL-2025-004711')", "Code 128", "LL-2025-004711"),
        ("codes.code128('0123456789 aZ~')", "Code 128", "0123456789 aZ~"),
        ("codes.ean13('4006381333931')", "EAN-13", "4006381333931"),
        ("codes.ean13('400638133393')", "EAN-13", "4006381333931"),
        ("codes.qr('https://example.com/ä?b=1&c=2')", "QR Code", "https://example.com/ä?b=1&c=2"),
        ("codes.qr('0123456789 ' * 40, size=60)", "QR Code", "0123456789 " * 40),
    ],
)
def test_a_scanner_reads_what_was_written(tmp_path: Path, code: str, kind: str, text: str) -> None:
    (found,) = _scanned(rendered(made_up(tmp_path / "a", "{{ kit.code(" + code + ") }}")).pdf)
    assert (str(found.format), found.text) == (kind, text) or (kind.replace(" ", ""), found.text) == (
        str(found.format).split(".")[-1],
        text,
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("codes.ean13('4006381333932')", "check digit"),
        ("codes.ean13('40063813339')", "12 digits"),
        ("codes.code128('Ärger')", "printable ASCII"),
        ("codes.code128('')", "printable ASCII"),
        ("codes.code128('x' * 60)", "too long"),
        ("codes.qr('x' * 3000)", "longer than a QR code holds"),
        ("codes.qr('')", "empty"),
        ("codes.qr('x', error='Z')", "L, M, Q, H"),
    ],
)
def test_what_cannot_be_encoded_is_an_error_that_says_what_can(tmp_path: Path, code: str, words: str) -> None:
    with pytest.raises(PermanentFailure, match=words) as told:
        rendered(made_up(tmp_path / "a", "{{ " + code + " }}"))
    assert "template.html, line" in str(told.value)
    assert told.value.reason == "template.error"


# What a reader is told who sees no picture.


def test_every_picture_has_an_alt_text(gallery: PdfReader) -> None:
    figures = [element for element in _elements(gallery) if element["/S"] == "/Figure"]
    assert len(figures) > 8
    assert [figure for figure in figures if not figure.get("/Alt")] == []
    alts = {str(figure["/Alt"]) for figure in figures}
    assert {"Barcode: LL-2025-004711", "EAN-13 barcode: 4006381333931", "Shares of revenue by market"} <= alts


def test_headings_leave_out_no_level(gallery: PdfReader) -> None:
    levels = [int(e["/S"][2:]) for e in _elements(gallery) if re.fullmatch("/H[1-6]", e["/S"])]
    assert levels[0] == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_the_codes_of_the_gallery_can_be_scanned(gallery: PdfReader) -> None:
    pdf = io.BytesIO()
    gallery.stream.seek(0)
    pdf.write(gallery.stream.read())
    sample = subjects()["gallery"].sample
    assert {found.text for found in _scanned(pdf.getvalue())} == {sample["link"], sample["parcel"], sample["article"]}


def _scanned(pdf: bytes) -> list[Any]:
    return [found for page in pages_of(pdf, dpi=200) for found in zxingcpp.read_barcodes(page)]


def _elements(reader: PdfReader) -> Iterator[Any]:
    """Every structure element, in reading order."""
    waiting = [reader.trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        element = waiting.pop().get_object()
        if isinstance(element, dict):
            if "/S" in element:
                yield element
            children = element.get("/K", [])
            children = children.get_object() if hasattr(children, "get_object") else children
            waiting += reversed(children if isinstance(children, list) else [children])


def _flat(outline: list[Any]) -> Iterator[Any]:
    for entry in outline:
        if isinstance(entry, list):
            yield from _flat(entry)
        else:
            yield entry
