"""One job in a real browser: watched, read, and acted on."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from fake_api import KEY, FakeApi, problem
from playwright.sync_api import Page, expect

Visit = Callable[[str], Page]


def test_a_job_is_watched_from_waiting_to_its_report(visit: Visit, api: FakeApi) -> None:
    job = api.add("one", "waiting")
    page = visit("#/job/one")
    for state, progress, steps in (("active", 10, 2), ("active", 60, 3), ("active", 80, 4)):
        job |= {"status": state, "progress": progress}
        expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", str(progress))
        expect(page.locator("[data-step=done]")).to_have_count(steps)
        expect(page.locator("[aria-current=step]")).to_have_count(1)
    api.add("one", "completed")
    expect(page.get_by_text("48.2 kB")).to_be_visible()
    expect(page.get_by_text("ab" * 32)).to_be_visible()
    assert "Completed" in page.title()


def test_the_report_is_shown_in_the_page_and_downloaded_without_the_key(visit: Visit, api: FakeApi) -> None:
    api.add("one", "completed")
    page = visit("#/job/one")
    requests: list[Any] = []
    page.on("request", lambda request: requests.append(request))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download PDF").click()
    assert download.value.suggested_filename == "sales.pdf"
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    assert page.get_by_role("heading", name="Sales report").is_visible()
    for request in requests:
        assert "authorization" not in request.headers or request.url.startswith(api.url)


def test_the_frame_shows_the_report_where_the_browser_has_a_viewer(visit: Visit, page: Page, api: FakeApi) -> None:
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'pdfViewerEnabled', {get: () => true})")
    api.add("one", "completed")
    visit("#/job/one")
    expect(page.get_by_title("The report as PDF")).to_have_attribute("src", re.compile("/inline.pdf#"))


@pytest.mark.parametrize(("ending", "word"), [("csv", "CSV"), ("xlsx", "workbook")])
def test_a_spreadsheet_is_offered_and_not_shown(visit: Visit, page: Page, api: FakeApi, ending: str, word: str) -> None:
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'pdfViewerEnabled', {get: () => true})")
    api.add("one", "completed")["result"] |= {"fileName": f"sales-one.{ending}", "pages": 0}
    visit("#/job/one")
    expect(page.get_by_role("button", name=f"Download {word}")).to_be_visible()
    expect(page.get_by_role("button", name="Open in the browser")).to_be_hidden()
    expect(page.get_by_text("Pages", exact=True)).to_have_count(0)
    expect(page.locator("iframe")).to_have_count(0)


def test_a_report_in_html_is_shown_in_a_frame_that_may_do_nothing(visit: Visit, page: Page, api: FakeApi) -> None:
    api.add("one", "completed")["result"] |= {"fileName": "sales-one.html", "pages": 0}
    visit("#/job/one")
    expect(page.get_by_role("button", name="Download HTML")).to_be_visible()
    expect(page.get_by_title("The report as HTML")).to_have_attribute("sandbox", "")


def test_what_the_preflight_found_is_told(visit: Visit, api: FakeApi) -> None:
    found = [{"code": "page.blank", "message": "The page has nothing on it but its margins.", "page": 2}]
    api.add("one", "completed")["result"] |= {"warnings": found}
    page = visit("#/job/one")
    expect(page.get_by_text("Page 2: The page has nothing on it")).to_be_visible()


def test_a_failed_job_says_why_and_is_retried(visit: Visit, api: FakeApi) -> None:
    api.add("one", "failed", reason="template.error", failedReason="line 3: total is missing", progress=10)
    page = visit("#/job/one")
    expect(page.get_by_text("template.error")).to_be_visible()
    expect(page.get_by_text("line 3: total is missing")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel job")).to_be_hidden()
    page.get_by_role("button", name="Retry").click()
    expect(page.locator(".state")).to_have_text("Waiting")
    expect(page.get_by_role("button", name="Retry")).to_be_hidden()
    assert len(api.posts("/api/jobs/one/retry")) == 1


def test_a_refused_cancel_says_so_and_the_job_stays_in_view(visit: Visit, api: FakeApi) -> None:
    api.add("one", "active", progress=60)
    page = visit("#/job/one")
    api.refusal = problem(409, "Conflict", "The job is completed already.")
    page.get_by_role("button", name="Cancel job").click()
    expect(page.get_by_role("alert")).to_contain_text("The job is completed already.")
    api.refusal = None
    page.get_by_role("button", name="Cancel job").click()
    expect(page.locator(".state")).to_have_text("Cancelled")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_cancelled_job_is_not_said_to_have_gone_wrong(visit: Visit, api: FakeApi) -> None:
    api.add("one", "cancelled", reason="cancelled", failedReason="cancelled on request")
    page = visit("#/job/one")
    expect(page.locator(".state")).to_have_text("Cancelled")
    expect(page.get_by_text("went wrong")).to_be_hidden()


def test_a_job_that_is_not_there_is_said_to_be_so(visit: Visit, page: Page) -> None:
    visit("#/jobs")
    page.evaluate("location.hash = '#/job/nope'")
    expect(page.get_by_role("alert")).to_contain_text("There is no such job.")


def test_a_payload_is_shown_with_its_numbers_as_they_were_written(visit: Visit, api: FakeApi) -> None:
    job = json.dumps(api.add("one", "failed", jobData=0))
    api.raw["one"] = job.replace('"jobData": 0', '"jobData": {"big": 12345678901234567, "price": 1.10, "none": []}')
    page = visit("#/job/one")
    expect(page.get_by_label("Payload as JSON")).to_have_text('{ "big": 12345678901234567, "price": 1.10, "none": [] }')


def test_a_job_whose_rows_are_in_the_bucket_says_in_which_object(visit: Visit, api: FakeApi) -> None:
    api.add("one", "failed", dataRef={"key": "inputs/acme/a/may.csv", "member": "rows"})
    expect(visit("#/job/one").get_by_text("inputs/acme/a/may.csv")).to_be_visible()


def test_a_link_that_is_no_address_is_not_followed(visit: Visit, api: FakeApi) -> None:
    api.link = "javascript:document.title='owned'"
    api.add("one", "completed")
    page = visit("#/job/one")
    page.get_by_role("button", name="Download PDF").click()
    expect(page.get_by_role("alert")).to_contain_text("a link that is none")
    assert page.title() != "owned"


def test_another_try_starts_from_all_that_was_asked_of_a_job(visit: Visit, api: FakeApi) -> None:
    wished = {
        "attempts": 4,
        "priority": 2,
        "expiresAt": "2099-11-24T06:30:00.123Z",
        "backoff": {"type": "fixed", "delaySeconds": 7, "jitter": 0.5},
        "retentionSeconds": 60,
        "tags": ["eu", "may"],
        "metadata": {"order": "17"},
        "locale": "fr-CH",
        "timezone": "Europe/Zurich",
        "preflight": "fail",
        "format": "pdf",
        "variant": "pdf/ua-1",
        "attachments": ["csv"],
        "webhook": False,
        "callback": "https://example.com/told",
    }
    past = {"runAt": "2020-01-01T00:00:00Z"}  # says nothing any more
    api.add("one", "failed", name="invoice", jobData={"number": "mine"})["options"] = wished | past
    page = visit("#/job/one")
    page.get_by_role("link", name="Edit and retry").click()
    expect(page.get_by_label("Report type")).to_have_value("invoice")
    expect(page.get_by_label("Number")).to_have_value("mine")
    expect(page.get_by_label("Locale")).to_have_value("fr-CH")
    page.get_by_label("Number").fill("yours")
    page.get_by_role("button", name="Submit report").click()
    expect(page.locator(".state")).to_have_text("Waiting")
    ((body, _),) = api.posts("/api/v1/reports/generate")
    assert json.loads(body) == {"reportType": "invoice", "data": {"number": "yours"}, "options": wished}


def test_another_try_takes_the_rows_from_where_they_are(visit: Visit, api: FakeApi) -> None:
    ref = {"key": "inputs/acme/a/may.csv", "member": "rows", "etag": "e", "size": 7}
    api.add("one", "failed", jobData={"title": "May"}, dataRef=ref)
    page = visit("#/job/one")
    page.get_by_role("link", name="Edit and retry").click()
    expect(page.get_by_text("inputs/acme/a/may.csv")).to_be_visible()
    expect(page.get_by_role("button", name="Add sale")).to_have_count(0)
    page.get_by_role("button", name="Submit report").click()
    expect(page.locator(".state")).to_have_text("Waiting")
    ((body, _),) = api.posts("/api/v1/reports/generate")
    sent = json.loads(body)
    assert (sent["data"], sent["dataRef"]) == ({"title": "May"}, {"key": ref["key"], "member": "rows"})


def test_what_was_asked_is_shown_and_what_looks_like_a_secret_is_not(visit: Visit, api: FakeApi) -> None:
    job = api.add("one", "completed", metadata={"order": "17", "apiToken": "k-77"})
    job["options"] |= {"locale": "fr-CH", "callback": "https://example.com/told?key=k-78"}
    page = visit("#/job/one")
    for text in ("fr-CH", "order", "17", "https://example.com/…"):
        expect(page.get_by_text(text, exact=True)).to_be_visible()
    page.get_by_text("Receipt", exact=True).click()
    expect(page.get_by_label("Receipt as JSON")).to_contain_text("cd" * 32)
    for secret in ("k-77", "k-78", "k-1"):
        assert secret not in page.content()


def test_a_job_is_deleted_for_good_after_it_was_asked_whether(visit: Visit, api: FakeApi) -> None:
    api.add("one", "completed")
    page = visit("#/job/one")
    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog", name="Delete for good")
    expect(dialog).to_contain_text("nothing here can bring them back")
    dialog.get_by_role("button", name="Leave it").click()
    assert not [seen for seen in api.seen if seen[0] == "DELETE"]
    page.get_by_role("button", name="Delete…").click()
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("heading", name="Deleted for good")).to_be_focused()
    expect(page.get_by_role("main")).to_contain_text("submit a new request")
    assert [path for method, path, *_ in api.seen if method == "DELETE"] == ["/api/jobs/one"]


def test_only_a_job_that_has_ended_by_itself_can_be_deleted(visit: Visit, api: FakeApi) -> None:
    api.add("one", "active")
    api.add("two", "failed", batch="b1")
    page = visit("#/job/one")
    expect(page.get_by_role("button", name="Delete…")).to_be_hidden()
    page.evaluate("location.hash = '#/job/two'")
    expect(page.locator(".state")).to_have_text("Failed")
    expect(page.get_by_role("button", name="Delete…")).to_be_hidden()


def test_the_timeline_tells_each_attempt_and_why_it_failed(visit: Visit, api: FakeApi) -> None:
    excerpt = "line 3: total is missing\n  3 | {{ total }}"
    api.add(
        "one",
        "failed",
        timeline=[
            {"verb": "claim", "at": "2026-11-24T06:30:00Z", "attempt": 1, "worker": "w1"},
            {"verb": "fail", "at": "2026-11-24T06:30:02Z", "reason": "template.error", "message": excerpt},
            {"verb": "odd", "at": "2026-11-24T06:30:03Z"},
        ],
    )
    lines = visit("#/job/one").locator(".timeline li")
    expect(lines).to_have_count(4)
    expect(lines.nth(1)).to_contain_text("attempt 1")
    expect(lines.nth(2)).to_contain_text("2 s later")
    assert excerpt in (lines.nth(2).text_content() or "")


def test_a_job_that_waits_says_why_and_when_it_may_start(visit: Visit, api: FakeApi) -> None:
    outlook = {"reasons": ["behind", "no worker"], "ahead": 3, "startsAt": "2099-01-01T00:00:00Z"}
    api.add("one", "waiting", outlook=outlook)
    page = visit("#/job/one")
    expect(page.get_by_text("3 jobs start before it.")).to_be_visible()
    expect(page.get_by_text("No worker runs yet")).to_be_visible()
    expect(page.get_by_text("It may start in")).to_be_visible()


def test_a_delayed_job_is_started_now(visit: Visit, api: FakeApi) -> None:
    api.add("one", "delayed")
    page = visit("#/job/one")
    page.get_by_role("button", name="Start now").click()
    expect(page.locator(".state")).to_have_text("Waiting")
    assert len(api.posts("/api/jobs/one/promote")) == 1


def test_what_looks_like_a_secret_is_masked_until_asked_for(visit: Visit, page: Page, api: FakeApi) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    secrets = {"iban": "DE02 1203", "apiKey": "k-77", "login": {"password": "open sesame"}}
    api.add("one", "completed", jobData={"title": "it's", **secrets}, tags=["may"])
    visit("#/job/one")
    payload = page.get_by_label("Payload as JSON")
    expect(payload).to_contain_text("it's")
    for secret in ("DE02 1203", "k-77", "open sesame"):
        assert secret not in page.content()
    page.get_by_role("button", name="Reveal 3 secrets").click()
    expect(payload).to_contain_text("open sesame")
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#news")).to_have_text("Copied the curl command.")
    command = page.evaluate("navigator.clipboard.readText()")
    assert 'Bearer $KEY"' in command
    assert KEY not in command
    sent = json.loads(command.split("--data-raw '")[1].rstrip("'").replace("'\\''", "'"))
    assert sent["data"]["title"] == "it's"
    assert sent["options"] == {"attempts": 3, "tags": ["may"]}
