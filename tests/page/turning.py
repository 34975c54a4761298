"""Turning from one view of the page to another, as by a link, without loading it anew."""

from playwright.sync_api import Page


def turn_to(page: Page, view: str) -> None:
    """Waits until the new view has been answered: until the old one has gone its answer would be taken for it."""
    page.evaluate(
        """view => new Promise((gone) => {
            if (location.hash === view) return gone();
            addEventListener("hashchange", gone, { once: true });
            location.hash = view;
        })""",
        view,
    )
    page.locator("main[data-asked=answered]").wait_for()
