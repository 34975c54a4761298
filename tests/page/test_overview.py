"""The overview in a real browser: true counts, drawings with words beside them, and what is wrong said at once."""

import re
from collections.abc import Callable

from fake_api import FakeApi
from playwright.sync_api import Page, expect

Visit = Callable[[str], Page]


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
    expect(page.get_by_text("1 of 2")).to_be_visible()


def test_the_overview_moves_without_a_reload(visit: Visit, api: FakeApi) -> None:
    api.add("one", "waiting")
    page = visit("#/")
    api.jobs["one"] |= {"status": "completed", "progress": 100}
    expect(page.get_by_role("link", name=re.compile(r"^Completed\s*1"))).to_be_visible()


def test_waiting_jobs_without_a_worker_are_news_after_a_while(visit: Visit, page: Page, api: FakeApi) -> None:
    page.clock.install()
    for place in range(3):
        api.add(str(place), "waiting")
    visit("#/")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.clock.run_for(15_000)
    expect(page.get_by_role("alert")).to_have_text("3 jobs wait and no worker runs.")


def test_the_chart_says_in_words_and_in_a_table_what_it_draws(visit: Visit) -> None:
    page = visit("#/")
    expect(page.get_by_role("img", name=re.compile("19 jobs completed and 2 failed; the most, 12,"))).to_be_visible()
    page.get_by_text("As a table").click()
    rows = page.get_by_role("region", name="Throughput as a table").get_by_role("row")
    assert [re.sub(r"\d\d:\d\d", "", row) for row in rows.all_text_contents()[1:]] == ["72", "120"]
    expect(page.get_by_text("90.5 %")).to_be_visible()
    page.get_by_role("link", name="6 h").click()
    expect(page.get_by_text("jobs in 6 minutes")).to_be_visible()
    assert page.url.endswith("#/?minutes=360")


def test_what_is_paused_is_said_and_resumed(visit: Visit, api: FakeApi) -> None:
    page = visit("#/")
    page.get_by_role("button", name="Pause…").click()
    page.get_by_label("What").select_option("sales")
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused: Sales report")).to_be_visible()
    assert api.queue["paused"].keys() == {"sales"}
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Paused: Sales report")).to_be_hidden()


def test_workers_show_their_beats_their_slots_and_ones_jobs(visit: Visit, api: FakeApi) -> None:
    worker = {"id": "w1", "pid": 7, "uptime": 65, "timestamp": 0, "slots": 2, "active": 1, "finished": 4}
    api.workers = [worker | {"jobs": ["one"], "memoryMb": 181}]
    row = visit("#/workers").get_by_role("row", name=re.compile("w1"))
    for text in ("1 of 2", "181 MB", "late"):
        expect(row).to_contain_text(text)
    expect(row.get_by_role("link", name="one")).to_have_attribute("href", "#/job/one")


def test_usage_is_told_by_day_and_type_and_the_url_says_of_which_days(visit: Visit, api: FakeApi) -> None:
    page = visit("#/usage?since=2026-11-20&until=2026-11-24")
    assert api.asked["/api/usage"] == {"since": "2026-11-20", "until": "2026-11-24"}
    row = page.get_by_role("row", name=re.compile("2026-11-23"))
    expect(row).to_contain_text("Sales report1,00012,05026.0 MB5 min$0.02")
    expect(page.get_by_text("1,204", exact=True)).to_be_visible()
    drawing = page.get_by_role("img", name=re.compile("1,204 jobs completed and 2 failed; the most, 1,000, at 11-23"))
    expect(drawing.locator("g.column")).to_have_count(5)
    expect(page.get_by_text("The broker is away: the last ten minutes")).to_be_hidden()
    api.usage |= {"complete": False, "days": []}
    page.get_by_label("From").fill("2026-11-22")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("The broker is away: the last ten minutes")).to_be_visible()
    expect(page.get_by_text("No report ended in these days")).to_be_visible()
    assert page.url.endswith("#/usage?since=2026-11-22&until=2026-11-24")
    page.reload()
    expect(page.get_by_label("From")).to_have_value("2026-11-22")
    page.go_back()
    expect(page.get_by_label("From")).to_have_value("2026-11-20")
