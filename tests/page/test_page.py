"""The whole page in a real browser: the key is safe, answers that stop coming are said, text stays text."""

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from fake_answers import batch, delivery, schedule, webhook
from fake_api import KEY, PAGE, FakeApi, problem
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


def test_what_others_wrote_stays_text_everywhere(visit: Visit, page: Page, api: FakeApi) -> None:
    strange = {"type": "object", "title": HOSTILE, "properties": {HOSTILE: {"type": "string", "description": HOSTILE}}}
    api.types = [
        {**api.types[0], "title": HOSTILE, "description": HOSTILE, "schema": strange, "sample": {HOSTILE: HOSTILE}}
    ]
    worker = {"id": HOSTILE, "pid": 1, "uptime": 1, "timestamp": 0, "slots": 2, "active": 1, "finished": 1}
    api.workers = [worker | {"jobs": [HOSTILE], "version": HOSTILE}]
    api.queue = api.queue | {"paused": {HOSTILE: "2026-11-24T06:30:00Z"}}
    event = {"verb": HOSTILE, "at": 0, "worker": HOSTILE, "reason": HOSTILE, "message": HOSTILE}
    hostile = {"reason": HOSTILE, "failedReason": HOSTILE, "jobData": {HOSTILE: HOSTILE}, "worker": HOSTILE}
    hostile |= {"metadata": {HOSTILE: HOSTILE}}
    hostile |= {"tags": [HOSTILE], "batch": HOSTILE, "signature": HOSTILE, "timeline": [event]}
    hostile |= {"outlook": {"reasons": [HOSTILE], "ahead": 1, "startsAt": None}}
    warning = {"code": HOSTILE, "message": HOSTILE, "page": 1}
    api.add(HOSTILE, "failed", **hostile)
    api.add("odd", HOSTILE, **hostile)
    api.add("done", "completed", **hostile)["result"] |= {"warnings": [warning], "recipe": {HOSTILE: HOSTILE}}
    api.add("active", "active", name=HOSTILE)
    api.groups = [{"signature": HOSTILE, "count": 1, "newest": HOSTILE, "reason": HOSTILE, "failedReason": HOSTILE}]
    api.batches[HOSTILE] = batch(
        HOSTILE, name=HOSTILE, result=HOSTILE, failed=[{"n": 0, "jobId": HOSTILE, "status": HOSTILE}]
    )
    api.schedules["s1"] = schedule("s1", name=HOSTILE, cron=HOSTILE, timeZone=HOSTILE, failedReason=HOSTILE)
    sent = delivery(HOSTILE, event=HOSTILE, status=HOSTILE, url=HOSTILE, tries=[{"at": 0, "reason": HOSTILE}])
    told = {"url": HOSTILE, "events": [HOSTILE], "description": HOSTILE, "reason": HOSTILE, "deliveries": [sent]}
    api.webhooks[HOSTILE] = webhook(HOSTILE, **told)
    api.usage["days"] = [{"day": HOSTILE, "reportType": HOSTILE}]
    api.jobs["done"]["options"] |= {"locale": HOSTILE, HOSTILE: HOSTILE, "callback": HOSTILE}
    api.refusal = problem(422, HOSTILE, HOSTILE, errors=[{"pointer": f"/data/{HOSTILE}", "detail": HOSTILE}])
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((api.url, api.store, "data:", "chrome-extension:"))
            else elsewhere.append(request.url)
        ),
    )
    page.on("dialog", lambda dialog: elsewhere.append(dialog.message))
    visit("#/")
    name = quote(HOSTILE, safe="")
    views = [
        "",
        "jobs?state=failed",
        "job/odd",
        "job/done",
        f"job/{name}",
        "failures",
        "batches",
        f"batch/{name}",
        "schedules",
        "webhooks",
        f"webhook/{name}",
        "usage",
        "new-batch",
    ]
    for view in [*views, "schedule/s1", "workers", "new", f"jobs?tag={name}", HOSTILE]:
        page.evaluate("view => { location.hash = `#/${view}` }", view)
        page.wait_for_load_state("networkidle")
        if view == "new-batch":
            page.get_by_label("Or paste them").fill(f'"{HOSTILE.replace(chr(34), chr(34) * 2)}",b\n1,{HOSTILE[:9]}\n1')
        if view == "new":
            page.get_by_role("button", name="Preview").click()
            expect(page.get_by_role("alert")).to_contain_text(HOSTILE)
            page.get_by_role("button", name="Submit report").click()
            expect(page.get_by_role("alert")).to_contain_text(HOSTILE)
        assert page.locator("main img, main script, main a[href^=javascript]").count() == 0
        assert page.title() != "owned"
        assert page.get_by_role("heading", name="This cannot be shown").count() == 0, view
    assert elsewhere == []


def test_ages_are_true_on_a_machine_whose_clock_is_an_hour_off(visit: Visit, page: Page, api: FakeApi) -> None:
    page.add_init_script("{ const now = Date.now; Date.now = () => now() + 3_600_000 }")
    api.add("one", "waiting")
    visit("#/jobs?state=waiting")
    expect(page.get_by_role("row", name=re.compile("one"))).to_contain_text(re.compile(r"6\d s ago"))


def test_dark_and_light_follow_the_system_until_someone_chooses(visit: Visit, page: Page) -> None:
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    page.emulate_media(color_scheme="light")
    visit("#/")
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(ground)
    assert light != dark
    page.get_by_role("button", name="Theme: system").click()
    assert page.evaluate(ground) == light
    page.reload()
    expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
    assert page.evaluate(ground) == light
    page.get_by_role("button", name="Theme: light").click()
    page.emulate_media(color_scheme="light")
    assert page.evaluate(ground) == dark


def test_every_module_is_asked_for_at_once_and_none_is_unused() -> None:
    named = set(re.findall(r"/page/([\w-]+\.(?:js|css))", (PAGE / "index.html").read_text()))
    assert named <= {path.name for path in PAGE.iterdir()}
    modules = {path.name for path in PAGE.glob("*.js")}
    used = {name for path in PAGE.glob("*.js") for name in re.findall(r'from "\./([\w-]+\.js)"', path.read_text())}
    assert {name for name in named if name.endswith(".js")} == modules == used | {"app.js"}
