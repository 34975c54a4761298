"""A browser, and a made-up API behind the real page."""

from collections.abc import Callable, Iterator

import pytest
from fake_api import KEY, FakeApi, api_app, blank_pdf, serving, store_app
from playwright.sync_api import Browser, Page

from browsers import chromium

SHELF = "report-queue-key"


@pytest.fixture(scope="module")  # no longer: Playwright holds the event loop of the thread while it runs
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def server() -> Iterator[FakeApi]:
    api = FakeApi()
    with serving(store_app(blank_pdf())) as api.store, serving(api_app(api)) as api.url:
        yield api


@pytest.fixture
def api(server: FakeApi) -> FakeApi:
    server.reset()
    return server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab whose console must stay silent: a broken policy or an uncaught error fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    # What a browser itself notes of a 4xx or 5xx answer, or of none, is the test's own doing; a sandbox stops things.
    expected = ("Failed to load resource", "is sandboxed")
    assert [text for text in complaints if not any(part in text for part in expected)] == []


@pytest.fixture
def visit(page: Page, api: FakeApi) -> Callable[[str], Page]:
    """Opens a view with the key already entered."""

    def visit(view: str) -> Page:
        page.goto(f"{api.url}/page/favicon.svg")  # the origin, for its session storage
        page.evaluate("([shelf, key]) => sessionStorage.setItem(shelf, key)", [SHELF, KEY])
        page.goto(f"{api.url}/{view}")
        page.locator("main[data-asked=answered]").wait_for()
        return page

    return visit
