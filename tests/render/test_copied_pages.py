"""The pages in the middle of a long table are copied and not laid out, and nobody can tell which they are."""

from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pypdf.generic import Destination
from report_words import Rendered
from table_words import (
    AFTER,
    COLUMNS,
    TOTAL,
    alike,
    copies,
    in_lane,
    lines,
    made_up,
    some_rows,
    took_the_lane,
    with_every_page_laid_out,
    with_table,
)

from report_queue.render.table import Lane, lane
from report_queue.reports import report_types

TABLE = f"{{{{ data_table({COLUMNS}, data.rows, total={TOTAL}) }}}}"
EVERYTHING = f"""
{{{{ kit.contents([("one", "First of them"), ("two", "Second of them"), ("end", "Last words")]) }}}}
<p class="here">This is page </p><p><a href="#end">To the end</a></p>
{{% call kit.tabled("First of them", id="one") %}}{TABLE}{{% endcall %}}
<p class="here">This is page </p>
{{% call kit.tabled("Second of them", id="two") %}}{TABLE}{{% endcall %}}
{{{{ kit.heading("Last words", "end") }}}}<p class="here">This is page </p><p><a href="#one">Back</a></p>
"""


@pytest.mark.parametrize("count", [150, 175])
def test_a_report_with_all_that_counts_pages_is_the_same_as_if_each_was_laid_out(tmp_path: Path, count: int) -> None:
    style = '.here::after { content: counter(page) " of " counter(pages) }'
    report_type = made_up(tmp_path / "made", EVERYTHING, style=style)
    template = report_type.folder / "template.html"
    template.write_text(template.read_text("utf-8") + "{% block watermark %}Draft{% endblock %}", "utf-8")
    data = {"rows": some_rows(count)}

    short, whole = in_lane(report_type, data), with_every_page_laid_out(report_type, data)

    assert copies(short) > 4
    assert copies(whole) == 0
    assert short.pages == whole.pages == len(short.reader.pages)
    assert lines(short) == lines(whole)
    assert f"This is page {short.pages} of {short.pages}" in short.text
    assert leads(short) == leads(whole)
    assert alike(tmp_path, short, whole, dpi=60)
    assert short.findings == whole.findings == ()


@pytest.mark.parametrize(
    "style",
    [
        "@page { @bottom-center { content: none } @bottom-right { content: counter(page, upper-roman) } }",
        "@page { @bottom-right { letter-spacing: 1px; content: 'p ' counter(page); text-align: center } }",
        "@page { @bottom-left { content: counter(page) } @top-left { content: counter(pages) '/' counter(page) } }",
        "@page { @left-middle { content: counter(page) } @bottom-right-corner { content: counter(page) } }",
        "@page { @bottom-right { content: 'of no page' } }",
        "@page { @bottom-right { content: counter(page) ' \\FB01  \\645\\631\\62D\\628\\627 '; direction: rtl } }",
        "@page :first { margin-top: 60mm } @page { border: 1px solid }",
        "section { border-left: 2mm solid red; background: #fffae0 }",
    ],
    ids=["roman", "spaced", "many", "other sides", "none", "right to left", "first page", "around"],
)
def test_page_numbers_of_any_kind_are_drawn_as_elsewhere(tmp_path: Path, style: str) -> None:
    report_type = with_table(tmp_path / "table", style=style)
    data = {"rows": some_rows(270)}

    short, whole = in_lane(report_type, data), with_every_page_laid_out(report_type, data)

    assert copies(short) >= 6
    assert lines(short) == lines(whole)
    assert alike(tmp_path, short, whole, dpi=50)


@pytest.mark.parametrize(
    "style",
    [
        "@page :left { margin-left: 30mm }",
        "@page :left { @top-right { content: 'a left page' } }",
        "@page { @top-right { content: 'right' } } @page :left { @top-right { content: 'left' } }",
        "@page :nth(3n) { @top-right { content: 'third' } }",
        "@page { counter-increment: page 2 }",
        "@page { counter-increment: sheet; @top-right { content: counter(sheet) } }",
        "@page { @bottom-left { width: auto } @bottom-right { width: auto; font-variant-numeric: tabular-nums } }",
        "@page { @bottom-right { font-variant-numeric: tabular-nums; text-decoration: underline } }",
        "@page { @bottom-right { content: 'P. ' counter(page); width: 3mm } }",
        "h2 { position: fixed; bottom: 0 }",
    ],
)
def test_pages_that_differ_in_more_than_their_numbers_are_all_laid_out(tmp_path: Path, style: str) -> None:
    report_type = with_table(tmp_path / "table", style=style)
    data = {"rows": some_rows(150)}

    report, whole = in_lane(report_type, data), with_every_page_laid_out(report_type, data)

    assert took_the_lane(report)
    assert copies(report) == 0
    assert report.pdf == whole.pdf


def test_where_a_number_outgrows_its_room_all_pages_are_laid_out(tmp_path: Path) -> None:
    style = "@page { @bottom-right { content: counter(page); width: 2mm } }"
    report = in_lane(with_table(tmp_path / "table", style=style), {"rows": some_rows(250)})
    assert report.pages > 10
    assert took_the_lane(report)
    assert copies(report) == 0


@pytest.mark.parametrize("count", [120, 150, 180])
def test_left_pages_stay_left(tmp_path: Path, count: int) -> None:
    after = AFTER + '<p class="next">On the right</p>'
    report_type = made_up(tmp_path / "made", "<section>" + TABLE + after, style=".next { break-before: right }")
    data = {"rows": some_rows(count)}

    short, whole = in_lane(report_type, data), with_every_page_laid_out(report_type, data)

    assert copies(short) % 2 == 0
    assert copies(short) > 0
    assert lines(short) == lines(whole)
    assert short.pages % 2 == 1


def test_what_is_found_on_later_pages_is_told_with_their_numbers(tmp_path: Path) -> None:
    body = "<section>" + TABLE + AFTER + '<p class="next"></p><p class="next"><b>Far</b></p>'
    style = ".next { break-before: page } b { position: relative; left: 200mm }"
    report_type = made_up(tmp_path / "made", body, style=style)
    data = {"rows": some_rows(150)}

    report = in_lane(report_type, data)

    assert copies(report) > 0
    assert [(one.code, one.page) for one in report.findings] == [
        ("page.blank", report.pages - 1),
        ("text.cut", report.pages),
    ]


def test_what_is_found_in_the_margins_is_found_on_the_copies_too(tmp_path: Path) -> None:
    style = "@page { @top-left { content: 'too far'; white-space: pre; text-indent: 190mm } }"
    report_type = with_table(tmp_path / "table", style=style)
    data = {"rows": some_rows(150)}

    short, whole = in_lane(report_type, data), with_every_page_laid_out(report_type, data)

    assert copies(short) > 0
    assert len(short.findings) == short.pages
    assert short.findings == whole.findings


@pytest.mark.parametrize("tagged", [True, False])
def test_each_text_is_in_the_structure_tree_or_an_artifact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tagged: bool
) -> None:
    if not tagged:
        monkeypatch.setattr(lane, "TAGGED", 149)
    report = in_lane(with_table(tmp_path / "table"), {"rows": some_rows(150)})
    file = tmp_path / "report.pdf"
    file.write_bytes(report.pdf)

    with pikepdf.open(file) as pdf:
        assert pdf.check_pdf_syntax() == []
        known = pikepdf.NumberTree(pdf.Root.StructTreeRoot.ParentTree)
        assert sum("/StructParents" not in page for page in pdf.pages) == (0 if tagged else copies(report))
        for page in pdf.pages:
            marks = [
                operands for operands, operator in pikepdf.parse_content_stream(page) if str(operator) in ("BMC", "BDC")
            ]
            numbers = [int(one[1].MCID) for one in marks if len(one) > 1 and "/MCID" in one[1]]
            if "/StructParents" in page:
                assert numbers == list(range(len(known[page.StructParents])))
            else:
                assert {str(tag) for tag, *_ in marks} == {"/Artifact"}


def test_a_longer_table_has_no_more_pages_laid_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laid_out: list[int] = []
    lay_out = Lane._laid_out

    def counted(self: Lane, html: str) -> Any:
        document = lay_out(self, html)
        laid_out.append(len(document.pages))
        return document

    monkeypatch.setattr(Lane, "_laid_out", counted)
    report_type = with_table(tmp_path / "table")

    reports = [in_lane(report_type, {"rows": some_rows(count, name="Ann")}) for count in (400, 4_000)]

    assert max(laid_out) <= 6
    assert reports[1].pages > 9 * reports[0].pages


def test_the_sales_report_is_the_same_with_pages_copied(tmp_path: Path) -> None:
    sample = report_types()["sales"].sample
    data = sample | {"rows": sample["rows"] * 8}

    short, whole = in_lane("sales", data), with_every_page_laid_out("sales", data)

    assert copies(short) > 0
    assert lines(short) == lines(whole)
    assert alike(tmp_path, short, whole, dpi=60)


def leads(report: Rendered) -> list[Any]:
    """Where the outline's entries and the links lead: page numbers and heights."""
    reader = report.reader
    numbers = {page.indirect_reference.idnum: number for number, page in enumerate(reader.pages, start=1)}
    places = [reader.named_destinations[name] for name in sorted(reader.named_destinations)]
    places += [one for one in reader.outline if isinstance(one, Destination)]
    links = [
        (number, note.get_object()["/Dest"])
        for number, page in enumerate(reader.pages, start=1)
        for note in page.get("/Annots", ())
    ]
    return [(str(one.title), numbers[one.page.idnum], one.top) for one in places] + links
