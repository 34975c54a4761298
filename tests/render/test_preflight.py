"""What the preflight has against a report: each thing is found where it is, and nothing where all is as it should."""

from pathlib import Path

import pytest
from report_words import made_up, rendered

from report_queue.render import preflight
from report_queue.reports import ReportType, report_types
from report_queue.result import Finding

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
CIRCLE = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">{}<circle cx="10" cy="10" r="8"/></svg>'


def findings(folder: Path, body: str, *, style: str = "", data: object = None) -> list[Finding]:
    folder.mkdir(exist_ok=True)
    return list(rendered(made_up(folder / "made", body, style=style), data, quiet=False).findings)


def bare(folder: Path, source: str) -> ReportType:
    """A report type whose template is the whole document."""
    made = made_up(folder / "made", "")
    (made.folder / "template.html").write_text(source, "utf-8")
    return made


def codes(found: list[Finding]) -> list[tuple[str, int | None]]:
    return [(one.code, one.page) for one in found]


@pytest.mark.parametrize("report_type", sorted(report_types()))
def test_nothing_speaks_against_the_samples(report_type: str) -> None:
    assert rendered(report_type).findings == ()


def test_nothing_speaks_against_a_document_that_is_as_it_should_be(tmp_path: Path) -> None:
    body = f'<p>Plain</p><img alt="A dot" src="{PIXEL}">' + CIRCLE.format("<title>A disc</title>")
    assert findings(tmp_path, body) == []


def test_a_page_with_nothing_but_its_margins_is_found(tmp_path: Path) -> None:
    body = '<p>One</p><div class="next"> </div><div class="next">Three</div>'
    found = findings(tmp_path, body, style=".next { break-before: page }")
    assert codes(found) == [("page.blank", 2)]


def test_a_page_that_holds_only_a_picture_is_not_blank(tmp_path: Path) -> None:
    body = f'<p>One</p><div class="next"><img alt="A dot" src="{PIXEL}"></div>'
    assert findings(tmp_path, body, style=".next { break-before: page }") == []


def test_a_page_that_is_left_blank_so_that_the_next_is_a_right_one_is_as_it_should_be(tmp_path: Path) -> None:
    body = '<p>One</p><div class="next">Three</div>'
    report = rendered(made_up(tmp_path / "made", body, style=".next { break-before: right }"))
    assert report.pages == 3
    assert report.findings == ()


def test_pages_that_hold_a_long_tables_rows_are_not_blank() -> None:
    sample = report_types()["sales"].sample
    report = rendered("sales", sample | {"rows": sample["rows"][:1] * 1_500})
    assert report.pages > 20
    assert report.findings == ()


@pytest.mark.parametrize(
    ("style", "edge", "far"),
    [
        ("left: 190mm; top: 0", "right", 6),
        ("left: -20mm; top: 0", "left", 4),
        ("left: 0; top: -30mm", "top", 14),
        ("left: 0; top: 277mm", "bottom", 6),
    ],
)
def test_what_reaches_beyond_an_edge_of_the_paper_is_found_with_how_far_it_does(
    tmp_path: Path, style: str, edge: str, far: int
) -> None:
    """The paper is 210 x 297 mm, with margins of 16 mm at the left, top and right; the disc is 10 mm wide."""
    box = f".far {{ position: absolute; {style} }} .far svg {{ width: 10mm; height: 10mm; display: block }}"
    (found,) = findings(tmp_path, f'<div class="far">{CIRCLE.format("<title>A disc</title>")}</div>', style=box)
    assert found == Finding(
        "text.cut", f"Something reaches {far} mm beyond the {edge} edge of the paper and is cut off.", 1
    )


def test_text_in_a_table_that_is_wider_than_the_paper_is_found(tmp_path: Path) -> None:
    body = "<table style='width: 300mm'><tr><td style='text-align: right; padding: 0'>Sum</td></tr></table>"
    (found,) = findings(tmp_path, body)
    assert found == Finding(
        "text.cut", "Something reaches 106 mm beyond the right edge of the paper and is cut off.", 1
    )


def test_a_picture_beyond_the_edge_is_found(tmp_path: Path) -> None:
    body = f'<img alt="A bar" style="width: 250mm; height: 5mm" src="{PIXEL}">'
    assert codes(findings(tmp_path, body)) == [("text.cut", 1)]


def test_what_a_transformation_moves_off_the_paper_is_found_and_what_it_moves_back_is_not(tmp_path: Path) -> None:
    moved = '<p style="transform: translateX(190mm)">Moved</p>'
    assert codes(findings(tmp_path / "1", moved)) == [("text.cut", 1)]
    back = '<div class="wide"><p style="text-align: right">x</p></div>'
    style = ".wide { width: 400mm; transform-origin: left; transform: scale(0.4) }"
    assert findings(tmp_path / "2", back, style=style) == []


def test_what_is_not_drawn_is_not_cut(tmp_path: Path) -> None:
    body = '<p style="position: absolute; left: 300mm; visibility: hidden">Hidden</p><p>Seen</p>'
    assert findings(tmp_path, body) == []


@pytest.mark.parametrize(
    ("image", "count"),
    [
        (f'<img src="{PIXEL}">', "An image has"),
        (f'<img alt="" src="{PIXEL}">', "An image has"),
        (CIRCLE.format(""), "An image has"),
        (CIRCLE.format("<title> </title>") + f'<img src="{PIXEL}">', "2 images have"),
    ],
)
def test_an_image_without_words_is_found_and_the_report_is_made(tmp_path: Path, image: str, count: str) -> None:
    (found,) = findings(tmp_path, image)
    assert (found.code, found.page) == ("image.no_alt", 1)
    assert found.message.startswith(f"{count} no text")


def test_an_image_of_the_style_sheet_needs_no_words(tmp_path: Path) -> None:
    style = f'p {{ background: url({PIXEL}) }} p::before {{ content: url("{PIXEL}") }}'
    assert findings(tmp_path, "<p>Decorated</p>", style=style) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<html lang=en><title>Named</title><p>x", []),
        ("<html lang=en><title> </title><p>x", ["document.no_title"]),
        ("<html lang=en><p>x", ["document.no_title"]),
        ("<html><title>Named</title><p>x", ["document.no_language"]),
        ("<html lang=''><title>Named</title><p>x", ["document.no_language"]),
        ("<html><p>x", ["document.no_title", "document.no_language"]),
    ],
)
def test_a_document_without_title_or_language_is_found(tmp_path: Path, source: str, expected: list[str]) -> None:
    found = rendered(bare(tmp_path, f"<!doctype html>{source}"), quiet=False).findings
    assert codes(list(found)) == [(code, None) for code in expected]


def test_a_character_that_no_font_has_is_told_by_its_code_point_with_page_and_element(tmp_path: Path) -> None:
    body = "<p>First</p><table class='next'><tr><td>{{ data.text }}</td></tr></table><p>{{ data.text }}</p>"
    found = findings(tmp_path, body, style=".next { break-before: page }", data={"text": "sesame \U0010fffd\u0378"})
    assert found == [
        Finding("glyph.missing", "No font has U+0378 (not assigned): a box is printed in its place, in <td>.", 2),
        Finding("glyph.missing", "No font has U+10FFFD (for private use): a box is printed in its place, in <td>.", 2),
    ]


def test_a_character_is_told_once_on_the_first_page_that_has_it(tmp_path: Path) -> None:
    body = "<p>\u0378</p><p class='next'>\u0378</p>"
    assert codes(findings(tmp_path, body, style=".next { break-before: page }")) == [("glyph.missing", 1)]


def test_a_character_in_a_drawing_or_in_a_margin_is_found_as_well(tmp_path: Path) -> None:
    drawing = CIRCLE.format('<title>x</title><text y="15">\u0378</text>')
    assert codes(findings(tmp_path / "1", drawing)) == [("glyph.missing", 1)]
    margin = '@page { @top-left { content: "\u0378" } }'
    assert codes(findings(tmp_path / "2", "<p>x</p>", style=margin)) == [("glyph.missing", 1)]


def test_findings_come_in_the_order_of_the_pages_and_are_bounded(tmp_path: Path) -> None:
    page = f'<div class="next"><img src="{PIXEL}"><p class="far">x</p></div>'
    style = ".next { break-before: page } .far { margin-left: 250mm }"
    found = findings(tmp_path, "<p>\u0378</p>" + page * 30, style=style)
    assert len(found) == preflight.MOST
    assert codes(found)[:4] == [("glyph.missing", 1), ("text.cut", 2), ("image.no_alt", 2), ("text.cut", 3)]


def test_no_finding_holds_what_was_in_the_payload(tmp_path: Path) -> None:
    body = f'<p class="far">{{{{ data.text }}}}</p><img title="{{{{ data.text }}}}" src="{PIXEL}">'
    found = findings(tmp_path, body, style=".far { margin-left: 250mm }", data={"text": "sesame\u0378"})
    assert len(found) == 3
    assert not any("sesame" in one.message for one in found)
