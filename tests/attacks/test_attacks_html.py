"""The same templates and payloads, as HTML for a browser: what is written holds nothing that is not the report's own,
loads nothing, runs nothing, and leads nowhere but to where links may lead.
"""

import re
from base64 import b64decode
from pathlib import Path

import pytest
from attack_vectors import MADE, VALUES, table
from attack_words import HOLES, Canary, Ended, Lab, ends_of
from playwright.sync_api import Request

from browsers import chromium
from report_queue.edition import Edition

HTML = Edition(format="html")
NAMES = sorted(table(str))
INLINE = re.compile(rb"data:[\w/+.-]+;base64,([A-Za-z0-9+/=]+)")
# What a page holds that acts, or that is fetched as soon as it is shown.
ACTING = """[...document.querySelectorAll("*")].filter(one =>
    /^(script|iframe|frame|object|embed|applet|form|input|button|base|link|video|audio|source|template)$/i.test(one.localName)
    || [...one.attributes].some(attribute => /^on/i.test(attribute.name))
    || (one.localName === "meta" && /refresh/i.test(one.httpEquiv))
    || [...one.attributes].some(attribute => /(^|:)(href|src|action|srcset|poster|data)$/i.test(attribute.name)
        && !/^(#|https?:|mailto:|data:(image|font))/i.test(attribute.value.trim()) && attribute.value.trim())
).map(one => one.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def ends(lab: Lab, canary: Canary, request: pytest.FixtureRequest) -> dict[str, Ended]:
    return ends_of(lab, canary, request, HTML)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_in_the_page_that_is_not_the_reports_own(name: str, ends: dict[str, Ended], canary: Canary) -> None:
    ended = ends[name]
    assert ended.permanent or ended.outcome == MADE, ended.outcome
    message = ended.message.replace(str(canary.folder), "")  # the template's own words are quoted
    assert not any(hole in message for hole in HOLES)
    told = _told(ended, canary)
    assert [hole for hole in HOLES if hole in told] == []


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    "place", ['<img src="{{ data.value }}">', "{{ data.value|safe }}", "<style>{{ data.value }}</style>"]
)
def test_not_even_a_careless_template_brings_it_in(place: str, value: str, lab: Lab, canary: Canary) -> None:
    ended = lab.attempt(place, canary.into(value), edition=HTML)
    assert ended.permanent or ended.outcome == MADE, ended.outcome
    told = _told(ended, canary)
    assert [hole for hole in HOLES if hole in told] == []


def test_a_browser_that_opens_the_pages_asks_for_nothing_and_runs_nothing(
    ends: dict[str, Ended], lab: Lab, canary: Canary, tmp_path: Path
) -> None:
    pages = [ended.pdf for ended in ends.values() if ended.pdf]
    careless = [lab.attempt("{{ data.value|safe }}", canary.into(value), edition=HTML).pdf for value in VALUES]
    pages += [page for page in careless if page]
    assert pages
    asked: list[str] = []
    acted: list[str] = []

    def asks(request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            asked.append(request.url)

    with chromium() as browser:
        page = browser.new_page()
        page.on("request", asks)
        page.on("dialog", lambda dialog: (acted.append(dialog.message), dialog.dismiss()))
        for number, content in enumerate(pages):
            (file := tmp_path / f"{number}.html").write_bytes(content)
            page.goto(file.as_uri())
            acted += page.evaluate(ACTING)
    assert asked == []
    assert acted == []
    assert canary.calls == []


def _told(ended: Ended, canary: Canary) -> str:
    """The page and all that is packed in it; the canary's address may be where a link leads."""
    packed = b"".join(b64decode(found[1]) for found in INLINE.finditer(ended.pdf))
    return (ended.pdf + packed).decode("utf-8", "replace").replace(str(canary.folder), "")
