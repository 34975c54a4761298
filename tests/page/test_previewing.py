"""A report looked at before it is submitted: shown under the page's own policy, with no way out of its frame."""

import json
import re
from collections.abc import Callable

from fake_api import FakeApi, problem
from playwright.sync_api import Page, expect
from starlette.responses import Response

Visit = Callable[[str], Page]
VIEWER = "Object.defineProperty(Navigator.prototype, 'pdfViewerEnabled', {get: () => true})"
REPORT = """<!doctype html><html><head><style>p { color: rgb(1, 2, 3) }</style></head><body>
<p style="margin-left: 7px">Third quarter</p><script>parent.document.title = "owned"</script>
<img src="data:," onerror="parent.document.title = 'owned'"><a href="/" target="_top">out</a></body></html>"""


def test_a_preview_is_what_would_be_submitted_and_queues_nothing(visit: Visit, page: Page, api: FakeApi) -> None:
    page.add_init_script(VIEWER)
    visit("#/new?type=sales")
    page.get_by_label("Title required").fill("Fourth quarter")
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Locale").fill("de")
    page.get_by_label("Start after (seconds)").fill("60")
    page.get_by_label("Deduplication key").fill("mine")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_title("The preview as PDF")).to_have_attribute("src", re.compile("^blob:.*#"))
    expect(page.get_by_role("heading", name="Preview")).to_be_focused()
    ((body, headers),) = api.posts("/api/v1/reports/preview")
    assert "idempotency-key" not in headers
    page.get_by_label("Title required").fill("Fifth quarter")
    expect(page.get_by_text("from before your last change")).to_be_visible()
    page.get_by_label("Title required").fill("Fourth quarter")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save PDF").click()
    assert download.value.suggested_filename == "sales-preview.pdf"
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    assert api.posts("/api/v1/reports/generate") == []
    page.get_by_role("button", name="Submit report").click()
    expect(page.locator(".state")).to_have_text("Waiting")
    when = {"delaySeconds": 60, "dedupKey": "mine"}  # which the API refuses in a preview
    submitted = json.loads(api.posts("/api/v1/reports/generate")[0][0])
    assert submitted["options"] == {"locale": "de"} | when
    assert submitted | {"options": {"locale": "de"}} == json.loads(body)


def test_a_preview_in_html_has_its_styles_and_runs_nothing(visit: Visit, api: FakeApi) -> None:
    api.preview = Response(REPORT, media_type="text/html; charset=utf-8")
    page = visit("#/new")
    page.get_by_role("button", name="Preview").click()
    frame = page.get_by_title("The preview as HTML")
    expect(frame).to_have_attribute("sandbox", "allow-same-origin")
    words = page.frame_locator("iframe").get_by_text("Third quarter")
    expect(words).to_have_css("color", "rgb(1, 2, 3)")
    expect(words).to_have_css("margin-left", "7px")
    page.frame_locator("iframe").get_by_text("out").click()
    expect(page.get_by_role("heading", name="New report")).to_be_visible()
    assert page.title() != "owned"


def test_a_preview_in_csv_is_text_and_a_workbook_is_saved(visit: Visit, api: FakeApi) -> None:
    headers = {"Report-Warnings": "page.blank"}
    api.preview = Response("a,b\n<b>1</b>,2\n", media_type="text/csv; charset=utf-8", headers=headers)
    page = visit("#/new")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_label("The preview as CSV")).to_have_text("a,b <b>1</b>,2")
    expect(page.get_by_text("The preflight found: page.blank")).to_be_visible()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    api.preview = Response(b"PK", media_type=kind)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("link", name="Save workbook")).to_have_attribute("download", "sales-preview.xlsx")
    expect(page.get_by_label("The preview as CSV")).to_have_count(0)
    expect(page.get_by_text("The preflight found")).to_be_hidden()


def test_what_is_wrong_with_a_preview_is_shown_at_its_field(visit: Visit, api: FakeApi) -> None:
    faults = [{"pointer": "/data/rows/1/units", "detail": "-1 is less than 0"}]
    api.refusal = problem(422, "Invalid request", "One thing is wrong.", errors=faults)
    page = visit("#/new?type=sales&again=1")  # a schedule's form, whose pointers begin elsewhere
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no preview.")
    expect(page.get_by_label("Units, row 2")).to_have_accessible_description(re.compile("less than 0"))
    expect(page.get_by_role("heading", name="Preview")).to_be_hidden()
