"""What the page promises, in a real browser, before an API that does as it is told."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from fake_api import KEY, FakeApi, problem
from playwright.sync_api import Page, expect
from starlette.responses import JSONResponse, Response

Visit = Callable[[str], Page]
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def test_a_key_in_the_url_is_taken_once_and_leaves_it(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}/#key={KEY}")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert page.url == f"{api.url}/#/"
    assert page.evaluate("[Object.values(sessionStorage), Object.values(localStorage), document.cookie]") == [
        [KEY],
        [],
        "",
    ]
    secret = KEY.split("_")[2]
    assert secret not in page.content()


def test_without_a_key_the_page_asks_for_one_and_tries_it(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}/#/jobs?state=failed")
    field = page.get_by_label("API key", exact=True)
    expect(field).to_be_focused()
    field.fill("rq_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("does not know this key")
    assert page.evaluate("sessionStorage.length") == 0
    field.fill(KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Failed jobs")).to_be_visible()


def test_a_key_that_stops_working_is_forgotten(visit: Visit, api: FakeApi) -> None:
    page = visit("#/jobs")
    api.broken = JSONResponse({"message": "Forbidden"}, status_code=403)
    expect(page.get_by_role("alert")).to_contain_text("does not know the key", timeout=10_000)
    assert page.evaluate("sessionStorage.length") == 0


def test_a_forgotten_key_is_gone(visit: Visit) -> None:
    page = visit("#/jobs")
    page.get_by_role("button", name="Forget key").click()
    expect(page.get_by_label("API key", exact=True)).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_the_overview_counts_what_is_there(visit: Visit, api: FakeApi) -> None:
    for state, number in {"waiting": 3, "active": 2, "completed": 12, "failed": 1}.items():
        for place in range(number):
            api.add(f"{state}{place}", state, progress=60 if state == "active" else 0)
    api.workers = [{"id": "w1", "pid": 7, "uptime": 65, "timestamp": 0, "slots": 2, "active": 1, "finished": 4}]
    page = visit("#/")
    for state, number in {
        "Waiting": 3,
        "Delayed": 0,
        "Active": 2,
        "Completed": 12,
        "Failed": 1,
        "Cancelled": 0,
    }.items():
        expect(page.get_by_role("link", name=re.compile(rf"^{state}\s*{number}\b"))).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(2)
    expect(page.get_by_role("row", name=re.compile("w1"))).to_contain_text("1 of 2")


def test_the_overview_moves_without_a_reload(visit: Visit, api: FakeApi) -> None:
    api.add("one", "waiting")
    page = visit("#/")
    api.jobs["one"] |= {"status": "completed", "progress": 100}
    expect(page.get_by_role("link", name=re.compile(r"^Completed\s*1"))).to_be_visible()


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


def test_jobs_come_in_pages_and_the_url_says_which(visit: Visit, api: FakeApi) -> None:
    for place in range(45):
        api.add(f"job{place:02}", "failed", reason="render.timeout", failedReason="took too long")
    page = visit("#/jobs?state=failed")
    expect(page.get_by_text(re.compile("1.20 of 45"))).to_be_visible()
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_text(re.compile("21.40 of 45"))).to_be_visible()
    assert page.url.endswith("#/jobs?state=failed&page=2")
    expect(page.get_by_role("row", name=re.compile("job20"))).to_contain_text("render.timeout: took too long")
    page.go_back()
    expect(page.get_by_text(re.compile("1.20 of 45"))).to_be_visible()


def test_the_form_sends_what_was_typed_and_goes_to_the_job(visit: Visit, api: FakeApi) -> None:
    page = visit("#/new")
    editor = page.get_by_label("Payload (JSON)")
    assert json.loads(editor.input_value()) == api.types[0]["sample"]
    editor.fill('{"title": "Q4", "rows": [], "order": 12345678901234567, "price": 1.10}')
    page.keyboard.press("Control+Enter")
    expect(page.locator(".state")).to_have_text("Waiting")
    assert page.url.endswith("#/job/new0")
    ((body, headers),) = api.posts("/api/v1/reports/generate")
    assert b"12345678901234567" in body
    assert b"1.10" in body
    assert json.loads(body)["reportType"] == "sales"
    assert re.fullmatch("[0-9a-f]{32}", headers["idempotency-key"])


def test_a_payload_that_is_not_json_is_not_sent(visit: Visit, api: FakeApi) -> None:
    page = visit("#/new")
    editor = page.get_by_label("Payload (JSON)")
    editor.fill('{"title": }')
    expect(page.get_by_text("Not JSON yet")).to_be_visible()
    expect(editor).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Submit report").click()
    expect(editor).to_be_focused()
    assert api.posts("/api/v1/reports/generate") == []


def test_every_fault_is_shown_and_leads_to_its_line(visit: Visit, api: FakeApi) -> None:
    faults = [
        {"pointer": "/data/rows/1/units", "detail": "-1 is less than 0"},
        {"pointer": "/data/title", "detail": "is missing"},
        {"pointer": "/options/attempts", "detail": "is too many"},
    ]
    api.refusal = problem(422, "Invalid request", "Three things are wrong.", errors=faults)
    page = visit("#/new")
    page.get_by_label("Payload (JSON)").fill('{\n "rows": [\n  {"units": 1},\n  {"units": -1}\n ]\n}')
    page.get_by_role("button", name="Submit report").click()
    alert = page.get_by_role("alert")
    for fault in faults:
        expect(alert).to_contain_text(fault["pointer"])
        expect(alert).to_contain_text(fault["detail"])
    page.get_by_role("button", name="/data/rows/1/units line 4").click()
    selected = "(() => { const e = document.activeElement; return e.value.slice(e.selectionStart, e.selectionEnd) })()"
    assert page.evaluate(selected) == "-1"


def test_a_lost_answer_is_asked_for_again_under_the_same_idempotency_key(visit: Visit, api: FakeApi) -> None:
    page = visit("#/new")
    api.refusal = problem(503, "Store away", "Try again.")
    submit = page.get_by_role("button", name="Submit report")
    submit.click()
    expect(page.get_by_role("alert")).to_contain_text("Store away")
    api.refusal = None
    submit.click()
    expect(page.locator(".state")).to_have_text("Waiting")
    keys = [headers["idempotency-key"] for _, headers in api.posts("/api/v1/reports/generate")]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_draft_outlives_a_change_of_type(visit: Visit) -> None:
    page = visit("#/new")
    editor = page.get_by_label("Payload (JSON)")
    editor.fill('{"mine": 1}')
    page.get_by_label("Report type").select_option("invoice")
    expect(editor).to_have_value(re.compile("2026-001"))
    page.get_by_label("Report type").select_option("sales")
    expect(editor).to_have_value('{"mine": 1}')


def test_a_payload_is_shown_with_its_numbers_as_they_were_written(visit: Visit, api: FakeApi) -> None:
    job = json.dumps(api.add("one", "failed", jobData=0))
    api.raw["one"] = job.replace('"jobData": 0', '"jobData": {"big": 12345678901234567, "price": 1.10, "none": []}')
    page = visit("#/job/one")
    expect(page.get_by_label("Payload as JSON")).to_have_text('{ "big": 12345678901234567, "price": 1.10, "none": [] }')


def test_a_job_whose_rows_are_in_the_bucket_says_in_which_object(visit: Visit, api: FakeApi) -> None:
    api.add("one", "failed", dataRef={"key": "inputs/acme/a/may.csv", "member": "rows"})
    expect(visit("#/job/one").get_by_text("inputs/acme/a/may.csv")).to_be_visible()


@pytest.mark.parametrize("broken", [None, problem(503, "Broker away", "Redis does not answer.")], ids=["silent", "503"])
def test_the_page_says_when_it_is_stale_and_recovers(visit: Visit, api: FakeApi, broken: Response | None) -> None:
    api.add("one", "waiting")
    page = visit("#/")
    if broken is None:
        page.context.set_offline(True)
    api.broken = broken
    note = page.locator("#stale")
    expect(note).to_have_text(re.compile(r"No answer since \d\d:\d\d:\d\d"), timeout=10_000)
    if broken is not None:
        expect(note).to_contain_text("Redis does not answer.")
    expect(page.get_by_role("link", name=re.compile(r"^Waiting\s*1"))).to_be_visible()
    api.broken = None
    api.add("two", "waiting")
    page.context.set_offline(False)
    expect(page.get_by_role("link", name=re.compile(r"^Waiting\s*2"))).to_be_visible(timeout=20_000)
    expect(note).to_be_empty()


def test_what_others_wrote_stays_text_everywhere(visit: Visit, api: FakeApi) -> None:
    api.types = [{**api.types[0], "title": HOSTILE, "description": HOSTILE, "schema": {"title": HOSTILE}}]
    api.workers = [{"id": HOSTILE, "pid": 1, "uptime": 1, "timestamp": 0, "slots": 2, "active": 1, "finished": 1}]
    hostile = {"reason": HOSTILE, "failedReason": HOSTILE, "jobData": {HOSTILE: HOSTILE}, "worker": HOSTILE}
    api.add(HOSTILE, "failed", **hostile)
    api.add("odd", HOSTILE, **hostile)
    api.add("active", "active", name=HOSTILE)
    api.refusal = problem(422, HOSTILE, HOSTILE, errors=[{"pointer": f"/data/{HOSTILE}", "detail": HOSTILE}])
    page = visit("#/")
    for view in ("#/", "#/jobs?state=failed", "#/job/odd", f"#/job/{HOSTILE}", "#/new", f"#/{HOSTILE}"):
        page.evaluate("view => { location.hash = view }", view)
        page.wait_for_load_state("networkidle")
        if view == "#/new":
            page.get_by_role("button", name="Submit report").click()
            expect(page.get_by_role("alert")).to_contain_text(HOSTILE)
        assert page.locator("main img, main script").count() == 0
        assert page.title() != "owned"


def test_a_link_that_is_no_address_is_not_followed(visit: Visit, api: FakeApi) -> None:
    api.link = "javascript:document.title='owned'"
    api.add("one", "completed")
    page = visit("#/job/one")
    page.get_by_role("button", name="Download PDF").click()
    expect(page.get_by_role("alert")).to_contain_text("a link that is none")
    assert page.title() != "owned"


def test_ages_are_true_on_a_machine_whose_clock_is_an_hour_off(visit: Visit, page: Page, api: FakeApi) -> None:
    page.add_init_script("{ const now = Date.now; Date.now = () => now() + 3_600_000 }")
    api.add("one", "waiting")
    visit("#/jobs?state=waiting")
    expect(page.get_by_role("row", name=re.compile("one"))).to_contain_text(re.compile(r"6\d s ago"))


def test_waiting_jobs_without_a_worker_are_news_after_a_while(visit: Visit, page: Page, api: FakeApi) -> None:
    page.clock.install()
    for place in range(3):
        api.add(str(place), "waiting")
    visit("#/")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.clock.run_for(15_000)
    expect(page.get_by_role("alert")).to_have_text("3 jobs wait and no worker runs.")


def test_another_try_starts_from_the_payload_of_a_job(visit: Visit, api: FakeApi) -> None:
    api.add("one", "failed", name="invoice", jobData={"number": "mine"})
    page = visit("#/job/one")
    page.get_by_role("link", name="Edit as new").click()
    expect(page.get_by_label("Report type")).to_have_value("invoice")
    expect(page.get_by_label("Payload (JSON)")).to_have_value(re.compile('"number": "mine"'))


def test_options_are_sent_where_they_are_given(visit: Visit, api: FakeApi) -> None:
    page = visit("#/new")
    page.get_by_text("Options", exact=True).click()
    attempts = page.get_by_label("Attempts")
    attempts.fill("11")
    page.get_by_role("button", name="Submit report").click()
    expect(attempts).to_be_focused()
    attempts.fill("5")
    page.get_by_label("Start after (seconds)").fill("60")
    page.get_by_role("button", name="Submit report").click()
    expect(page.locator(".state")).to_have_text("Waiting")
    ((body, _),) = api.posts("/api/v1/reports/generate")
    assert json.loads(body)["options"] == {"attempts": 5, "delaySeconds": 60}
