"""The page is for everyone: axe finds no violation in both schemes, keys alone do, and a phone is wide enough."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any, Literal

import pytest
from fake_answers import batch, schedule, webhook
from fake_api import KEY, FakeApi, problem
from playwright.sync_api import Browser, Page, expect
from turning import turn_to

VIEWS = (
    "#/",
    "#/jobs?state=failed&tag=may",
    "#/jobs?state=active",
    "#/job/done",
    "#/job/failed",
    "#/job/delayed",
    "#/failures",
    "#/batches",
    "#/batch/b1",
    "#/schedules",
    "#/schedule/s1",
    "#/webhooks",
    "#/webhook/h1",
    "#/usage",
    "#/workers",
    "#/new-batch",
    "#/new",
)

# axe-core as its package carries it; run from outside, so that the page's policy stays as strict as it is.
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FOUND = """async (rules) => {
  // A report in a frame is not ours to judge, and a bar that is still moving has no colour yet.
  await Promise.all(document.getAnimations().map((one) => one.finished));
  const { violations } = await axe.run({ exclude: ["iframe"] }, { runOnly: rules, resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) => [id, ...nodes.map((node) => node.html.slice(0, 160))]);
}"""


@pytest.fixture
def busy(api: FakeApi) -> FakeApi:
    """One of everything."""
    api.add("waiting", "waiting", batch="b1")
    outlook = {"reasons": ["backoff"], "ahead": None, "startsAt": "2099-01-01T00:00:00Z"}
    api.add("delayed", "delayed", reason="render.timeout", failedReason="took too long", outlook=outlook)
    api.add("active", "active", progress=60, worker="w1")
    warnings = [{"code": "page.blank", "message": "The page has nothing on it.", "page": 2}]
    metadata = {"order": "17", "apiToken": "k-1"}
    api.add("done", "completed", tags=["may"], metadata=metadata, jobData={"iban": "DE02"})["result"] |= {
        "warnings": warnings
    }
    failed = {
        "reason": "template.error",
        "failedReason": "a " + "very" * 60 + " long word",
        "signature": "template.error",
    }
    timeline = [{"verb": "fail", "at": "2026-11-24T06:30:00Z", "reason": "template.error", "message": "line 3"}]
    api.add("failed", "failed", progress=10, tags=["may"], timeline=timeline, **failed)
    api.add("cancelled", "cancelled")
    api.add("odd", "unheard-of", jobData=None)
    worker = {"id": "w1", "pid": 7, "uptime": 65, "timestamp": 0, "slots": 2, "active": 1, "finished": 4}
    api.workers = [worker | {"jobs": ["active"], "memoryMb": 181}]
    api.queue["paused"] = {"sales": "2026-11-24T06:30:00Z"}
    api.groups = [{"count": 1, "newest": "failed", **failed}]
    api.batches["b1"] = batch("b1")
    api.webhooks["h1"] = webhook("h1")
    api.webhooks["h2"] = webhook("h2", status="disabled", reason="a " + "very" * 60 + " long reason")
    api.usage["complete"] = False
    api.schedules |= {"s1": schedule("s1", name="Morning"), "s2": schedule("s2", status="paused", failedReason="gone")}
    faults = [{"pointer": "/data/title", "detail": "is missing"}]
    api.refusal = problem(422, "Invalid request", "One thing is wrong.", errors=faults)
    return api


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 380)])
def test_every_view_can_be_read_and_fits(
    browser: Browser, busy: FakeApi, scheme: Literal["light", "dark"], width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(busy.url)
    page.get_by_label("API key", exact=True).wait_for()
    page.evaluate(AXE)
    found = {"the door": _look(page)}
    page.get_by_label("API key", exact=True).fill(KEY)
    page.keyboard.press("Enter")
    for view in VIEWS:
        turn_to(page, view)
        if view == "#/new-batch":
            page.get_by_label("Or paste them").fill(f"title,{'long' * 40}\nA,{'word' * 40}\nB")
        if view == "#/job/done":
            page.get_by_text("Receipt", exact=True).click()
            page.get_by_label("Receipt as JSON").wait_for()
        if view == "#/webhooks":
            page.get_by_role("button", name="New webhook…").click()
            found["a dialog with fields"] = _look(page)
            page.keyboard.press("Escape")
        if view == "#/new":
            refusal, busy.refusal = busy.refusal, None
            page.get_by_role("button", name="Preview").click()
            page.get_by_role("link", name="Save PDF").wait_for()
            busy.refusal = refusal
            page.get_by_text("Options", exact=True).click()
            page.get_by_text("What this report takes").click()
            page.get_by_label("Again and again").check()
            page.get_by_role("button", name="Make the schedule").click()
            page.get_by_role("alert").wait_for()
        found[view] = _look(page)
    page.get_by_role("button", name="JSON").click()
    found["JSON"] = _look(page)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("dialog").wait_for()
    found["a dialog"] = _look(page)
    context.close()
    assert {view: wrong for view, wrong in found.items() if wrong} == {}


def _look(page: Page) -> dict[str, Any]:
    """What is wrong with what is seen."""
    seen: dict[str, Any] = {
        "violations": page.evaluate(FOUND, RULES),
        "too wide": page.evaluate("Math.max(0, document.documentElement.scrollWidth - innerWidth)"),
        "headings of the first rank": page.locator("h1:visible").count() - 1,
    }
    return {what: wrong for what, wrong in seen.items() if wrong}


def test_keys_alone_lead_from_the_door_to_a_submitted_report(page: Page, api: FakeApi) -> None:
    page.goto(api.url)
    expect(page.get_by_label("API key", exact=True)).to_be_focused()
    page.keyboard.type(KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_focused()
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="New report")).to_be_focused()
    expect(page.get_by_label("Title required")).to_have_value("Third quarter")
    for name in ("Many at once", "Report type", "Fill in the sample", "Form", "JSON", "Title"):
        page.keyboard.press("Tab")
        assert name in (page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent"))
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Sales report")).to_be_focused()


def test_the_skip_link_leads_past_the_header(visit: Callable[[str], Page]) -> None:
    page = visit("#/jobs")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    assert page.url.endswith("#/jobs")


def test_single_keys_lead_anywhere_and_can_be_turned_off(visit: Callable[[str], Page], api: FakeApi) -> None:
    page = visit("#/jobs")
    for keys, heading in (
        ("gf", "Failures"),
        ("gh", "Webhooks"),
        ("gu", "Usage"),
        ("go", "Overview"),
        ("n", "New report"),
    ):
        page.keyboard.type(keys)
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("gone")
    expect(page.get_by_role("searchbox")).to_have_value("gone")
    page.get_by_role("heading", level=1).focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    dialog.get_by_label("Single keys do this").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.type("gj")
    expect(page.get_by_role("heading", name="New report")).to_be_visible()


def test_a_dialog_keeps_the_focus_and_gives_it_back(visit: Callable[[str], Page], busy: FakeApi) -> None:
    page = visit("#/failures")
    opener = page.get_by_role("listitem").get_by_role("button", name="Retry all…")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Retry jobs that failed this way")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Leave it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(opener).to_be_focused()


def test_the_api_explained_is_a_click_away_also_without_a_key(page: Page, api: FakeApi) -> None:
    page.goto(api.url)
    expect(page.get_by_role("contentinfo").get_by_role("link", name="The API, explained")).to_have_attribute(
        "href", "/docs"
    )
