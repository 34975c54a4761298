"""Lists of jobs in a real browser: the URL is the view, pages follow cursors, and what matches is acted on at once."""

import json
import re
from collections.abc import Callable

from fake_answers import batch, schedule, webhook
from fake_api import FakeApi, problem
from playwright.sync_api import Page, expect
from turning import turn_to

Visit = Callable[[str], Page]


def test_jobs_come_in_pages_and_the_url_says_which(visit: Visit, api: FakeApi) -> None:
    for place in range(45):
        api.add(f"job{place:02}", "failed", reason="render.timeout", failedReason="took too long")
    page = visit("#/jobs?state=failed")
    expect(page.get_by_text("the newest 20 of 45")).to_be_visible()
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("row", name=re.compile("job20"))).to_contain_text("render.timeout: took too long")
    assert page.url.endswith("#/jobs?state=failed&after=20")
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("row", name=re.compile("job44"))).to_be_visible()
    page.get_by_role("link", name="Newer").click()
    expect(page.get_by_role("row", name=re.compile("job20"))).to_be_visible()
    page.reload()
    expect(page.get_by_role("row", name=re.compile("job20"))).to_be_visible()
    page.go_back()
    expect(page.get_by_role("row", name=re.compile("job44"))).to_be_visible()


def test_filters_are_in_the_url_and_outlive_back_and_reload(visit: Visit, api: FakeApi) -> None:
    api.add("mine", "failed", tags=["may"])
    api.add("other", "failed", name="invoice")
    page = visit("#/jobs?state=failed")
    expect(page.get_by_role("row")).to_have_count(3)
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Tag").fill("may")
    page.get_by_label("Since").fill("2026-11-24T08:00")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row")).to_have_count(2)
    assert page.url.endswith("#/jobs?state=failed&tag=may&since=2026-11-24T08%3A00")
    page.reload()
    expect(page.get_by_role("row", name=re.compile("mine"))).to_be_visible()
    expect(page.get_by_label("Tag")).to_have_value("may")
    page.go_back()
    expect(page.get_by_role("row", name=re.compile("other"))).to_be_visible()
    page.get_by_role("searchbox", name="Find a job by its id").fill("other")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Invoice")).to_be_visible()


def test_all_that_match_are_retried_after_they_were_counted(visit: Visit, api: FakeApi) -> None:
    for place in range(37):
        api.add(f"job{place:02}", "failed", tags=["may"])
    api.add("other", "failed")
    page = visit("#/jobs?state=failed&tag=may")
    page.get_by_role("button", name="Retry all that match…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("37 jobs match.")
    assert api.jobs["job00"]["status"] == "failed"
    dialog.get_by_role("button", name="Retry all").click()
    expect(page.get_by_text("No job matches.")).to_be_visible()
    bodies = [json.loads(body) for body, _ in api.posts("/api/jobs/retry")]
    assert [body["dryRun"] for body in bodies] == [True] * 4 + [False] * 4
    assert {(body["state"], body["tag"]) for body in bodies} == {("failed", "may")}
    assert {job["status"] for job in api.jobs.values() if "tags" in job} == {"waiting"}
    assert api.jobs["other"]["status"] == "failed"


def test_chosen_jobs_are_cancelled_each_and_the_refused_stay_chosen(visit: Visit, api: FakeApi) -> None:
    for place in range(3):
        api.add(f"job{place}", "delayed")
    page = visit("#/jobs?state=delayed")
    page.get_by_label("Choose job0").check()
    page.get_by_label("Choose job2").check()
    expect(page.get_by_text("2 jobs chosen")).to_be_visible()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_role("row")).to_have_count(2)
    assert [api.jobs[f"job{place}"]["status"] for place in range(3)] == ["cancelled", "delayed", "cancelled"]
    api.refusal = problem(409, "Conflict", "The job is completed already.")
    page.get_by_label("Choose all on this page").check()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("1 of 1 job could not be cancelled")
    expect(page.get_by_label("Choose job1")).to_be_checked()


def test_failures_are_grouped_and_a_group_is_retried(visit: Visit, api: FakeApi) -> None:
    for place in range(3):
        api.add(f"job{place}", "failed", signature="template.error-1")
    api.add("other", "failed", signature="render.timeout")
    api.groups = [
        {
            "signature": "template.error-1",
            "count": 3,
            "newest": "job2",
            "reason": "template.error",
            "failedReason": "x",
        },
        {"signature": "render.timeout", "count": 1, "newest": "other", "reason": "render.timeout"},
    ]
    page = visit("#/failures")
    expect(page.get_by_text("4 jobs failed in 2 ways.")).to_be_visible()
    group = page.get_by_role("listitem").filter(has_text="template.error")
    expect(group.get_by_role("link", name="Newest")).to_have_attribute("href", "#/job/job2")
    group.get_by_role("button", name="Retry all…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 jobs match.")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert api.jobs["job0"]["status"] == "failed"
    group.get_by_role("button", name="Retry all…").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry all").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [job["status"] for job in api.jobs.values()] == ["waiting"] * 3 + ["failed"]


def test_a_batch_shows_what_failed_and_retries_it(visit: Visit, api: FakeApi) -> None:
    api.batches["b1"] = batch("b1")
    api.add("done", "completed", batch="b1")
    page = visit("#/batches")
    page.get_by_role("link", name="Invoices of May").click()
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    expect(page.get_by_text("total is missing")).to_be_visible()
    page.get_by_role("button", name="Retry the failed").click()
    expect(page.get_by_text("1 jobs are queued again.").last).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")


def test_a_schedule_is_paused_resumed_run_and_ended(visit: Visit, api: FakeApi) -> None:
    api.schedules["s1"] = schedule("s1", name="Morning figures")
    page = visit("#/schedules")
    expect(page.get_by_text("Sales report, Monday to Friday at 06:30, Europe/Berlin")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    page.get_by_role("link", name="Morning figures").click()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Running", exact=True)).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("link", name="see its job")).to_have_attribute("href", "#/job/new0")
    page.get_by_role("button", name="End…").click()
    page.get_by_role("dialog").get_by_role("button", name="End it").click()
    expect(page.get_by_text("No schedule yet.")).to_be_visible()
    ((_, headers),) = api.posts("/api/v1/schedules/s1/run")
    assert headers["idempotency-key"]


def test_a_key_that_may_only_read_is_offered_no_action(visit: Visit, api: FakeApi) -> None:
    api.scopes = ("read",)
    api.batches["b1"], api.schedules["s1"], api.webhooks["h1"] = batch("b1"), schedule("s1"), webhook("h1")
    api.groups = [{"signature": "x", "count": 1, "newest": "failed", "reason": "template.error"}]
    api.add("failed", "failed", batch="b1")
    api.add("delayed", "delayed")
    api.add("done", "completed")
    page = visit("#/")
    harmless = r"Forget key|Keyboard shortcuts|Theme: .*|Copy.*|Download.*|Open in the browser|Apply|Open"
    for view in (
        "",
        "jobs?state=failed",
        "job/failed",
        "job/delayed",
        "job/done",
        "failures",
        "batch/b1",
        "schedules",
        "schedule/s1",
        "batches",
        "webhooks",
        "webhook/h1",
        "usage",
    ):
        turn_to(page, f"#/{view}")
        offered = page.locator("button:visible, input[type=checkbox]:visible").evaluate_all(
            "all => all.map((one) => one.getAttribute('aria-label') ?? one.textContent)"
        )
        assert [name for name in offered if not re.fullmatch(harmless, name)] == [], view
        assert page.get_by_role("link", name=re.compile("New report|Edit|New schedule|New batch")).count() == 0, view
    for form in ("new", "new-batch"):
        page.evaluate("form => { location.hash = `#/${form}` }", form)
        expect(page.get_by_text('This needs a key with the scope "submit".')).to_be_visible()
    assert api.posts("/api/v1/reports/generate") == []
