"""The page before the real API: a key, a form, a report that is made while one looks, and its PDF."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from report_queue.reports import report_types
from stacks import Running, start_real, text_of


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = start_real(tmp_path_factory.mktemp("stack") / "data")
    yield running
    running.end()


@pytest.fixture
def entered(page: Page, stack: Running) -> Page:
    """The page, with the key entered."""
    page.goto(stack.url)
    page.get_by_label("API key", exact=True).fill(stack.key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    return page


def test_the_sample_is_previewed_submitted_made_shown_downloaded_and_deleted(entered: Page) -> None:
    page = entered
    page.get_by_role("link", name="New report").first.click()
    page.get_by_label("Report type").select_option("sales")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("link", name="Save PDF")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Submit report").click()
    page.wait_for_url(re.compile("#/job/"))
    expect(page.locator(".state")).to_have_text("Completed", timeout=60_000)
    expect(page.locator("iframe")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download PDF").click()
    assert re.fullmatch(r"sales-[0-9a-v]{26}\.pdf", download.value.suggested_filename)
    assert report_types()["sales"].sample["title"] in text_of(download.value.path().read_bytes())
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("heading", name="Deleted for good")).to_be_focused()


def test_a_delayed_job_is_cancelled_and_retried(entered: Page) -> None:
    page = entered
    page.get_by_role("link", name="New report").first.click()
    page.get_by_label("Report type").select_option("test")
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Start after (seconds)").fill("600")
    page.get_by_role("button", name="Submit report").click()
    expect(page.locator(".state")).to_have_text("Delayed")
    page.get_by_role("button", name="Cancel job").click()
    expect(page.locator(".state")).to_have_text("Cancelled")
    page.get_by_role("button", name="Retry").click()
    expect(page.locator(".state")).to_have_text("Completed", timeout=60_000)


def test_what_the_api_refuses_is_shown_with_its_place(entered: Page) -> None:
    page = entered
    page.get_by_role("link", name="New report").first.click()
    page.get_by_label("Report type").select_option("sales")
    currency = page.get_by_label("Currency required")
    currency.fill("euros")
    page.get_by_role("button", name="Submit report").click()
    expect(page.get_by_role("alert")).to_contain_text("/data/currency")
    expect(currency).to_have_attribute("aria-invalid", "true")


def test_a_reload_finds_every_file_unchanged(entered: Page) -> None:
    answers: list[int] = []
    entered.on("response", lambda answer: answers.append(answer.status) if "/page/" in answer.url else None)
    entered.reload()
    expect(entered.get_by_role("heading", name="Overview")).to_be_visible()
    assert answers
    assert set(answers) <= {200, 304}
