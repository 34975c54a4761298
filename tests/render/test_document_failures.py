"""What fails a job for good, and that the failure says where to look without telling what the payload holds."""

from pathlib import Path
from typing import Any

import pytest
from report_words import made_up, rendered

from report_queue.errors import PermanentFailure
from report_queue.reports import FOLDER, ReportType

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def failure(report_type: ReportType, data: Any = None) -> PermanentFailure:
    with pytest.raises(PermanentFailure) as caught:
        rendered(report_type, data, quiet=False)
    return caught.value


def test_a_name_that_is_missing_is_told_with_its_place_in_the_payload_and_in_the_template(tmp_path: Path) -> None:
    body = "<p>{{ data.rows[1].price|money(data.currency) }}</p>"
    data = {"currency": "EUR", "rows": [{"price": 1}, {"secret": "sesame"}]}
    told = failure(made_up(tmp_path / "made", body), data)
    assert told.reason == "template.error"
    assert str(told) == f"made: template.html, line 3: `{body}`: data.rows[1].price is missing"


def test_a_name_that_no_template_knows_is_told_by_name(tmp_path: Path) -> None:
    assert str(failure(made_up(tmp_path / "made", "{{ lipsum() }}"))).endswith("lipsum is not defined")


def test_a_sample_without_a_required_name_is_told_as_well(tmp_path: Path) -> None:
    told = failure(made_up(tmp_path / "made", "{{ data.currency }}"), {"x": 1})
    assert "data.currency is missing" in str(told)


def test_a_syntax_error_is_told_with_its_line(tmp_path: Path) -> None:
    told = failure(made_up(tmp_path / "made", "<p>\n{% if data %}\n</p>"))
    assert told.reason == "template.error"
    assert "template.html, line 6" in str(told)


def test_an_error_inside_the_kit_is_told_with_the_kits_file(tmp_path: Path) -> None:
    body = '{% import "_kit/kit.html" as kit with context %}{{ kit.figures(data.nothing) }}'
    assert "data.nothing is missing" in str(failure(made_up(tmp_path / "made", body)))
    body = '{% import "_kit/kit.html" as kit with context %}{{ kit.figures(3) }}'
    assert "kit.html, line" in str(failure(made_up(tmp_path / "made2", body)))


@pytest.mark.parametrize("body", ["{{ [1].index(data.x) }}", "{{ {}[data.x] }}", "{{ data[data.x] }}"])
def test_an_error_does_not_quote_the_payload(tmp_path: Path, body: str) -> None:
    told = failure(made_up(tmp_path / "made", body), {"x": "sesame"})
    assert told.reason == "template.error"
    assert "sesame" not in str(told)


@pytest.mark.parametrize(
    "body",
    ["{{ data.__class__.__mro__ }}", "{{ ''.__class__ }}", "{% set _ = data.update(x=1) %}", "{{ data.clear() }}"],
)
def test_a_template_stays_in_its_sandbox(tmp_path: Path, body: str) -> None:
    assert failure(made_up(tmp_path / "made", body), {"x": 1}).reason == "template.error"


def test_a_template_does_not_see_another_types_files(tmp_path: Path) -> None:
    for name in ("../sales/template.html", "sales/template.html", str(FOLDER / "sales" / "template.html")):
        folder = tmp_path / f"made{len(name)}"
        assert failure(made_up(folder, f'{{% include "{name}" %}}')).reason == "template.error"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ('<img src="file:///etc/passwd">', "file: outside its folder"),
        ('<img src="../sales/sample.json">', "file: outside its folder"),
        ('<img src="file://somewhere/etc/passwd">', "file: outside its folder"),
        ('<img src="http://example.invalid/pixel.png?secret">', "http://example.invalid"),
        ('<img src="https://example.invalid/pixel.png">', "https://example.invalid"),
        ('<img src="ftp://example.invalid/pixel.png">', "ftp://example.invalid"),
        ('<img src="data:text/html,secret">', "a data: URL that is no image"),
        ('<img src="sample.json">', "a file that is no image, style sheet or font"),
        ('<link rel="stylesheet" href="http://example.invalid/a.css">', "http://example.invalid"),
        ('<link rel="attachment" href="file:///etc/passwd">', "attaches a file"),
        ('<a rel="attachment" href="file:///etc/passwd">x</a>', "attaches a file"),
        ('<object data="file:///etc/passwd"></object>', "file: outside its folder"),
        ('<embed src="http://example.invalid/">', "http://example.invalid"),
        ("<style>@import 'http://example.invalid/a.css';</style>", "http://example.invalid"),
        ("<style>@font-face { font-family: X; src: url(http://example.invalid/x) }</style>", "http://example.invalid"),
        ('<p style="background: url(file:///etc/passwd)">x</p>', "file: outside its folder"),
        ('<svg viewBox="0 0 9 9"><image href="http://example.invalid/a.png" width="9" height="9"/></svg>', "http://ex"),
    ],
)
def test_what_is_not_the_types_own_is_blocked_and_fails_the_job(tmp_path: Path, body: str, named: str) -> None:
    told = failure(made_up(tmp_path / "made", body))
    assert told.reason == "asset.blocked"
    assert named in str(told)
    assert "secret" not in str(told)


def test_a_style_sheet_is_held_to_the_same(tmp_path: Path) -> None:
    for number, style in enumerate(("@import 'http://example.invalid/a.css';", "p { background: url(/etc/passwd) }")):
        assert failure(made_up(tmp_path / f"made{number}", "<p>x</p>", style=style)).reason == "asset.blocked"


def test_a_link_out_of_the_folder_is_blocked(tmp_path: Path) -> None:
    report_type = made_up(tmp_path / "made", '<img src="passwd.png">')
    (report_type.folder / "passwd.png").symlink_to("/etc/passwd")
    assert failure(report_type).reason == "asset.blocked"


def test_an_asset_that_is_not_there_fails_the_job_by_its_name(tmp_path: Path) -> None:
    told = failure(made_up(tmp_path / "made", '<img src="logo.png">'))
    assert told.reason == "asset.missing"
    assert "logo.png" in str(told)
    assert str(tmp_path) not in str(told)


@pytest.mark.parametrize(
    "body",
    [
        '<img src="data:image/png;base64,AAAA" alt="secret">',
        "<svg><style>@import url(http://example.invalid/secret.css);</style></svg>",  # never fetched, but left out
    ],
)
def test_a_part_that_cannot_be_drawn_fails_the_job_rather_than_being_left_out(tmp_path: Path, body: str) -> None:
    told = failure(made_up(tmp_path / "made", body))
    assert told.reason == "asset.broken"
    assert "secret" not in str(told)


def test_own_files_and_inline_images_are_shown(tmp_path: Path) -> None:
    body = f'<img src="dot.svg" alt="a dot"><img src="{PIXEL}" alt="a pixel">'
    report_type = made_up(tmp_path / "made", body)
    (report_type.folder / "dot.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="4" cx="5" cy="5"/></svg>', "utf-8"
    )
    assert rendered(report_type).pages == 1


@pytest.mark.parametrize("target", ["file:///etc/passwd", "javascript:alert(1)", "page.html", "ftp://example.invalid"])
def test_a_link_leads_to_the_web_or_to_a_mail_address_or_fails_the_job(tmp_path: Path, target: str) -> None:
    told = failure(made_up(tmp_path / "made", f'<a href="{target}">there</a>'))
    assert told.reason == "link.blocked"


def test_links_to_the_web_to_mail_and_inside_the_document_are_kept(tmp_path: Path) -> None:
    body = '<a href="https://example.com">a</a><a href="mailto:a@example.com">b</a><a href="#c">c</a><p id="c">d</p>'
    assert len(rendered(made_up(tmp_path / "made", body)).reader.pages[0]["/Annots"]) == 3
