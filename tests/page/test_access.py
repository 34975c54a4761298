"""The page is for everyone: enough contrast in both schemes, a name on everything, keys alone, and a phone's width."""

import re
from collections.abc import Callable
from typing import Any, Literal

import pytest
from fake_api import KEY, FakeApi, problem
from playwright.sync_api import Browser, Page, expect

VIEWS = (
    "#/",
    "#/jobs",
    "#/jobs?state=failed",
    "#/jobs?state=active",
    "#/job/done",
    "#/job/failed",
    "#/job/odd",
    "#/new",
)

# Every text against the ground it stands on, as WCAG 2.2 counts: [[text, ratio], …] of those that fall short of AA.
FAINT = """() => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (color) => color.match(/[0-9.]+/g).map(Number);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
      if (color[3] !== 0) throw new Error('a ground that lets another through: ' + at.className);
    }
    return [255, 255, 255];
  };
  const short = [];
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join('').trim();
    const shown = text || element.value;
    if (!shown || !element.checkVisibility() || element.closest('.unseen, noscript, option')) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(style.color)), light(ground(element))].sort((x, y) => y - x);
    const isLarge = parseFloat(style.fontSize) >= 24;
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (isLarge ? 3 : 4.5)) short.push([String(shown).slice(0, 40), ratio]);
  }
  return short;
}"""

# What can be operated and has no name for those who listen.
NAMELESS = """() => [...document.querySelectorAll('a, button, input, select, textarea, iframe, [role=progressbar]')]
  .filter((e) => e.checkVisibility())
  .filter((e) => !(e.labels?.length || e.getAttribute('aria-label') || e.title || e.textContent.trim()))
  .map((e) => e.outerHTML)"""


@pytest.fixture
def busy(api: FakeApi) -> FakeApi:
    """One of everything."""
    api.add("waiting", "waiting")
    api.add("delayed", "delayed", reason="render.timeout", failedReason="took too long")
    api.add("active", "active", progress=60, worker="w1")
    api.add("done", "completed")
    api.add("failed", "failed", progress=10, reason="template.error", failedReason="a " + "very" * 60 + " long word")
    api.add("cancelled", "cancelled")
    api.add("odd", "unheard-of", jobData=None)
    api.workers = [{"id": "w1", "pid": 7, "uptime": 65, "timestamp": 0, "slots": 2, "active": 1, "finished": 4}]
    faults = [{"pointer": "/data/title", "detail": "is missing"}]
    api.refusal = problem(422, "Invalid request", "One thing is wrong.", errors=faults)
    return api


@pytest.mark.parametrize("width", [1280, 380])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_can_be_read_and_fits(
    browser: Browser, busy: FakeApi, scheme: Literal["light", "dark"], width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(busy.url)
    page.get_by_label("API key", exact=True).wait_for()
    _look(page, "the door")
    page.goto(f"{busy.url}/#key={KEY}")
    for view in VIEWS:
        page.evaluate("view => { location.hash = view }", view)
        page.locator("main[data-asked=answered]").wait_for()
        if view == "#/new":
            page.get_by_text("Options", exact=True).click()
            page.get_by_text("What this report takes").click()
            page.get_by_role("button", name="Submit report").click()
            page.get_by_role("alert").wait_for()
        _look(page, view)
    context.close()


def _look(page: Page, view: str) -> None:
    found: dict[str, Any] = {
        "faint": page.evaluate(FAINT),
        "nameless": page.evaluate(NAMELESS),
        "too wide": page.evaluate("Math.max(0, document.documentElement.scrollWidth - innerWidth)"),
        "headings of the first rank": page.locator("h1:visible").count(),
    }
    assert found == {"faint": [], "nameless": [], "too wide": 0, "headings of the first rank": 1}, view


def test_keys_alone_lead_from_the_door_to_a_submitted_report(page: Page, api: FakeApi) -> None:
    page.goto(api.url)
    expect(page.get_by_label("API key", exact=True)).to_be_focused()
    page.keyboard.type(KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="New report").last).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="New report")).to_be_focused()
    expect(page.get_by_label("Payload (JSON)")).to_have_value(re.compile("Third quarter"))
    for name in ("Report type", "Format", "Fill in the sample", "Payload (JSON)"):
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
