"""A report as one HTML file: it needs nothing, asks nobody and does nothing, and reads well at any width."""

import base64
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element

import pytest
import tinyhtml5
from PIL import Image
from playwright.sync_api import Browser
from report_words import CREATED, JOB_ID, made_up, rendered

from browsers import chromium
from report_queue.errors import PermanentFailure
from report_queue.render.templates import Report
from report_queue.render.web import html
from report_queue.reports import ReportType, report_types

ALL: Final = sorted(report_types())
SVG: Final = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9">'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_asks_for_nothing_complains_of_nothing_and_moves_no_page_sideways(
    browser: Browser, tmp_path: Path, name: str, width: int
) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(written(name))
    page = browser.new_page(viewport={"width": width, "height": 800})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(file.as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    moved = page.evaluate("[...document.querySelectorAll('.scrolls')].map(one => getComputedStyle(one).overflowX)")
    assert set(moved) == {"auto" if width < 760 else "visible"}
    assert page.evaluate("document.compatMode") == "CSS1Compat"
    cells = page.locator("td").all_inner_texts()
    page.close()
    assert len(cells) > 8
    text = "".join(rendered(name).text.split())
    assert [cell for cell in cells if "".join(cell.split()) not in text] == []


@pytest.mark.parametrize("name", ALL)
def test_the_same_request_gives_the_same_file(name: str) -> None:
    assert written(name) == written(name)


def test_the_file_says_what_it_is_and_lets_nothing_in() -> None:
    root = tree(written("sales"))
    told = {meta.get("name") or meta.get("http-equiv") or "": meta.get("content") for meta in root.iter("meta")}
    assert root.attrib == {"lang": "en-GB", "dir": "ltr"}
    assert root.findtext("head/title") == "Sales 2025"
    assert told["author"] == "Lumen Lighting"
    assert told["dcterms.created"] == "2026-01-05T09:30:12Z"
    assert told["dcterms.identifier"] == JOB_ID
    assert told["viewport"] == "width=device-width, initial-scale=1"
    assert told["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    assert [one.tag for one in root.find("head") or ()][:2] == ["meta", "meta"]  # before anything could be loaded


def test_what_a_payload_says_is_text_wherever_it_stands() -> None:
    hostile = "</title></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'><a href=javascript:alert(1)>x"
    data = {**report_types()["sales"].sample, "title": hostile, "company": hostile, "summary": hostile}
    data["rows"] = [{**row, "customer": hostile, "region": hostile} for row in data["rows"]]
    root = tree(written("sales", data))
    names = {str(one.tag).rpartition("}")[2] for one in root.iter()}
    assert not names & {"script", "img", "iframe"}
    assert not [one for one in root.iter("a") if not (one.get("href") or "").startswith("#")]
    assert not [key for one in root.iter() for key in one.attrib if key.startswith("on")]
    assert root.findtext("head/title") == hostile
    told = {meta.get("name"): meta.get("content") for meta in root.iter("meta")}
    assert told["author"] == hostile


ATTACKS: Final = {
    "script": ("<script>alert(1)</script>", "template.active"),
    "script elsewhere": ("<script src=https://example.com/a.js></script>", "template.active"),
    "script of a drawing": (f"{SVG}<script>alert(1)</script></svg>", "template.active"),
    "script in a table": ("<table><script>1</script><tr><td>x</table>", "template.active"),
    "onclick": ("<p onclick=alert(1)>x</p>", "template.active"),
    "onerror": ("<img alt=x OnError=alert(1)>", "template.active"),
    "onload of a drawing": (f"{SVG[:-1]} onload='alert(1)'></svg>", "template.active"),
    "onload of the body": ("<body onload=alert(1)>", "template.active"),
    "onload of the html": ("<html onload=alert(1)>", "template.active"),
    "iframe": ("<iframe src=https://example.com></iframe>", "template.active"),
    "iframe srcdoc": ("<iframe srcdoc='<script>1</script>'></iframe>", "template.active"),
    "object": ("<object data=style.css></object>", "template.active"),
    "embed": ("<embed src=a.svg>", "template.active"),
    "applet": ("<applet code=A></applet>", "template.active"),
    "form": ("<form action=https://example.com></form>", "template.form"),
    "input": ("<input name=a>", "template.form"),
    "image input": ("<input type=image src=https://example.com/a.png>", "template.form"),
    "button": ("<button formaction=https://example.com>x</button>", "template.form"),
    "textarea": ("<textarea></textarea>", "template.form"),
    "javascript": ("<a href='javascript:alert(1)'>x</a>", "link.blocked"),
    "javascript with a tab": ("<a href=' java\tscript\n:alert(1)'>x</a>", "link.blocked"),
    "javascript with entities": ("<a href='&#1;&#106;avascript&colon;alert(1)'>x</a>", "link.blocked"),
    "javascript in capitals": ("<a href='JavaScript:alert(1)'>x</a>", "link.blocked"),
    "javascript of a drawing": (f"{SVG}<a xlink:href='javascript:alert(1)'><text>x</text></a></svg>", "link.blocked"),
    "javascript of a drawing by href": (f"{SVG}<a href='javascript:alert(1)'><text>x</text></a></svg>", "link.blocked"),
    "vbscript": ("<a href='vbscript:x'>x</a>", "link.blocked"),
    "data link": ("<a href='data:text/html,x'>x</a>", "link.blocked"),
    "file link": ("<a href='file:///etc/passwd'>x</a>", "link.blocked"),
    "relative link": ("<a href='style.css'>x</a>", "link.blocked"),
    "link without a scheme": ("<a href='//example.com'>x</a>", "link.blocked"),
    "link that cannot be read": ("<a href='http://[x'>x</a>", "link.blocked"),
    "refresh": ("<meta http-equiv=Refresh content='0; url=https://example.com'>", "link.blocked"),
    "base": ("<base href=https://example.com/>", "link.blocked"),
    "attachment": ("<link rel=attachment href=style.css>", "asset.blocked"),
    "attachment by a link": ("<a rel='x attachment' href=style.css>x</a>", "asset.blocked"),
    "image elsewhere": ("<img src=https://example.com/a.png>", "asset.blocked"),
    "image of a file": ("<img src=file:///etc/passwd>", "asset.blocked"),
    "image above": ("<img src=../../a.png>", "asset.blocked"),
    "image that is not there": ("<img src=gone.png>", "asset.missing"),
    "image that is none": ("<img src=broken.png>", "asset.broken"),
    "data that is no image": ("<img src='data:text/html,x'>", "asset.blocked"),
    "image of a drawing": (f"{SVG}<image xlink:href='https://example.com/a.png'/></svg>", "asset.blocked"),
    "use of elsewhere": (f"{SVG}<use href='https://example.com/a.svg#x'/></svg>", "asset.blocked"),
    "fill of elsewhere": (f"{SVG}<rect fill='url(https://example.com/a.svg#x)'/></svg>", "asset.blocked"),
    "image in an image": ("<img src=nested.svg>", "asset.blocked"),
    "image in itself": ("<img src=itself.svg>", "asset.blocked"),
    "script in an image": ("<img src=script.svg>", "template.active"),
    "style attribute": ("<p style='background: url(https://example.com/a.png)'>x</p>", "asset.blocked"),
    "style attribute, quoted": ("<p style=\"background: URL( 'https://example.com/a' )\">x</p>", "asset.blocked"),
    "style attribute, escaped": (r"<p style='background: \75rl(https://example.com/a.png)'>x</p>", "asset.blocked"),
    "style attribute, set": ("<p style='background: image-set(\"//example.com/a\" 1x)'>x</p>", "asset.blocked"),
    "style": ("<style>p { background: url(https://example.com/a.png) }</style>", "asset.blocked"),
    "style in @media": ("<style>@media screen { p { cursor: url(//example.com/a) } }</style>", "asset.blocked"),
    "import": ("<style>@import 'https://example.com/a.css';</style>", "asset.blocked"),
    "import by url": ("<style>@IMPORT url(https://example.com/a.css) screen;</style>", "asset.blocked"),
    "import of what imports": ("<style>@import 'imports.css';</style>", "asset.blocked"),
    "font elsewhere": ("<style>@font-face {font-family: x; src: url(//example.com/a.woff)}</style>", "asset.blocked"),
    "style of a drawing": (f"{SVG}<style>g {{ fill: url(https://example.com/a) }}</style></svg>", "asset.blocked"),
    "style sheet elsewhere": ("<link rel=stylesheet href=https://example.com/a.css>", "asset.blocked"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_template_that_acts_or_asks_for_what_is_not_its_own_fails(tmp_path: Path, name: str) -> None:
    body, reason = ATTACKS[name]
    report_type = made_up(tmp_path / "attack", body)
    for file, text in FILES.items():
        (report_type.folder / file).write_text(text, "utf-8")
    failed = refused(lambda: written(report_type, {}))
    assert failed.reason == reason
    assert "passwd" not in str(failed)


FILES: Final = {
    "broken.png": "no image",
    "nested.svg": f"{SVG}<image href='https://example.com/a.png'/></svg>",
    "itself.svg": f"{SVG}<image href='itself.svg'/></svg>",
    "script.svg": f"{SVG}<script>alert(1)</script></svg>",
    "imports.css": "@import 'https://example.com/a.css';",
    "own.css": "p::before { background: url(own.svg) } @import 'late.css';",
    "late.css": ".late { color: red }",
    "own.svg": f"{SVG}<set/><rect width='9' height='9'/></svg>",
}

SILENT: Final = {
    "video": "<video src=https://example.com/a.mp4 poster=https://example.com/a.png></video>",
    "srcset": "<img alt=x srcset='https://example.com/a.png 1x'>",
    "picture": "<picture><source srcset=https://example.com/a.png><img alt=x></picture>",
    "mathml": "<math href=javascript:alert(1)><mi>x</mi></math>",
    "ping": "<a href=https://example.org ping=https://example.com/a target=x download>x</a>",
    "icon": "<link rel='icon preload' href=https://example.com/a.ico>",
    "background": "<table background=https://example.com/a.png><tr><td>x</table>",
    "cite": "<blockquote cite=https://example.com/a>x</blockquote>",
    "animation": f"{SVG}<a href='#x'><animate attributeName=href values='javascript:alert(1)'/></a></svg>",
    "foreign object": f"{SVG}<foreignObject><p>https://example.com</p></foreignObject></svg>",
    "template": "<template><p>https://example.com</p></template>",
    "comment": "<!-- https://example.com --><!--[if IE]><p>https://example.com</p><![endif]-->",
}


@pytest.mark.parametrize("name", SILENT)
def test_what_no_pdf_shows_either_is_left_out(tmp_path: Path, name: str) -> None:
    made = written(made_up(tmp_path / "silent", SILENT[name]), {})
    assert b"example.com" not in made
    assert b"javascript" not in made


def test_an_element_that_nobody_knows_is_left_out_but_not_its_words(tmp_path: Path) -> None:
    made = written(made_up(tmp_path / "odd", "<p>a <x-y>b <b>c</b></x-y> d</p><noscript><i>e</i></noscript>"), {})
    assert "<p>a b <b>c</b> d</p><i>e</i>" in made.decode()


def test_links_to_the_web_to_mail_and_within_the_page_stay(tmp_path: Path) -> None:
    links = ["https://example.com/?a=1&b=2", "http://example.com", "mailto:a@example.com", "#here"]
    body = "".join(f'<a href="{link}">x</a>' for link in links)
    anchors = list(tree(written(made_up(tmp_path / "links", body), {})).iter("a"))
    assert [one.get("href") for one in anchors] == links
    spelled = made_up(tmp_path / "spelled", '<a href=" \t&#1;https://exam&#10;ple.com ">x</a><a href="&#9;#here">x</a>')
    assert [one.get("href") for one in tree(written(spelled, {})).iter("a")] == ["https://example.com", "#here"]
    assert [one.get("rel") for one in anchors] == ["noopener noreferrer"] * 3 + [None]


def test_a_types_own_images_styles_and_fonts_are_in_the_file(tmp_path: Path) -> None:
    body = (
        "<img src='dot.png' alt='Dot'><img src=\"own.svg\" alt=''><link rel=stylesheet href=own.css media=screen>"
        f"{SVG}<image href='dot.png'/></svg><p style=\"background: url('dot.png')\">x</p>"
    )
    style = "@import 'late.css'; @font-face { font-family: Own; src: url(own.woff2) format('woff2') }"
    report_type = made_up(tmp_path / "assets", body, style=style)
    for file, text in FILES.items():
        (report_type.folder / file).write_text(text, "utf-8")
    (report_type.folder / "own.woff2").write_bytes(b"wOF2 a font")
    drawn = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(drawn, "PNG")
    (report_type.folder / "dot.png").write_bytes(drawn.getvalue())
    made = written(report_type, {})
    png = f"data:image/png;base64,{base64.b64encode(drawn.getvalue()).decode()}"
    assert made.decode().count(png) == 3
    text = made.decode()
    assert f"data:font/woff2;base64,{base64.b64encode(b'wOF2 a font').decode()}" in text
    assert ".late { color: red }" in text
    assert re.search(r"@media screen \{\s+p::before \{ background: url\(\"data:image/svg\+xml;base64,", text)
    drawing = base64.b64decode((list(tree(made).iter("img"))[1].get("src") or "").partition(",")[2])
    assert b"<rect" in drawing
    assert b"<set" not in drawing


def test_a_style_cannot_end_its_element(tmp_path: Path) -> None:
    style = 'p::after { content: "</style><script>alert(1)</script>" }'
    root = tree(written(made_up(tmp_path / "style", "<p>x</p>", style=style), {}))
    assert not list(root.iter("script"))


def test_footnotes_stand_at_the_end_and_lead_back(tmp_path: Path) -> None:
    body = 'One{{ kit.footnote("First <b>bold</b>") }} and two{{ kit.footnote("Second") }}.'
    made = written(made_up(tmp_path / "notes", body), {}).decode()
    assert 'One<sup class="footnote-call"><a href="#footnote-1" id="footnote-call-1">1</a></sup> and two<sup' in made
    notes = list(tree(made.encode()).iter("li"))
    assert [(note.get("id"), note.text) for note in notes] == [
        ("footnote-1", "First <b>bold</b>"),
        ("footnote-2", "Second"),
    ]
    assert [note.find("a").get("href") for note in notes] == ["#footnote-call-1", "#footnote-call-2"]  # type: ignore[union-attr]


def test_a_watermark_stands_behind_the_page_of_a_screen_too(tmp_path: Path) -> None:
    report_type = made_up(tmp_path / "draft", "<p>x</p>{% endblock %}{% block watermark %}Draft")
    assert 'body::after { content: ""; position: fixed;' in written(report_type, {}).decode()
    assert 'content: ""; position: fixed' not in written("sales").decode()


def test_a_long_table_is_one_like_any_other(tmp_path: Path) -> None:
    table = """{{ data_table([{"title": "N<b>", "width": 60, "key": "n", "format": "number", "kind": "number"},
      {"title": "Text", "width": 60, "key": "text"}], data.rows, total=[["Sum", 1]]) }}"""
    report_type = made_up(tmp_path / "long", table)
    rows = [{"n": index, "text": f"<i>{index}\ud800"} for index in range(300)]
    few, many = (tree(written(report_type, {"rows": rows[:count]})) for count in (3, 300))
    assert shape(few)[:-1] == shape(many)[: len(shape(few)) - 1]
    assert len(shape(many)) - len(shape(few)) == 297
    cells = [one.text for one in many.iter("td")]
    assert cells[-3:-1] == ["299", "<i>299\ufffd"]
    assert [one.get("tabindex") for one in many.iter("div") if one.get("class") == "scrolls"] == ["0"]


def test_a_report_from_right_to_left_says_so(tmp_path: Path) -> None:
    root = tree(written(made_up(tmp_path / "arabic", "<p>مصباح</p>"), {"locale": "ar"}))
    assert root.attrib == {"lang": "ar", "dir": "rtl"}
    assert "مصباح" in [one.text for one in root.iter("p")]


def shape(root: Element) -> list[Any]:
    """The rows of the tables, each by its cells' names and classes."""
    return [[(cell.tag, cell.get("class"), cell.get("colspan")) for cell in row] for row in root.iter("tr")]


def written(report_type: str | ReportType, data: Any = None) -> bytes:
    if isinstance(report_type, str):
        report_type = report_types()[report_type]
    data = report_type.sample if data is None else data
    title, output = data.get("title") or report_type.title, io.BytesIO()
    report = Report(title=title, job_id=JOB_ID, created=CREATED, locale=data.get("locale"))
    html(report_type, data=data, report=report, output=output)
    return output.getvalue()


def tree(made: bytes) -> Element:
    root: Element = tinyhtml5.parse(made.decode(), namespace_html_elements=False)
    return root


def refused(make: Callable[[], Any]) -> PermanentFailure:
    with pytest.raises(PermanentFailure) as caught:
        make()
    return caught.value
