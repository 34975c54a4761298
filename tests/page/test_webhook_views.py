"""Webhooks in a real browser: made, tried, sent again, rotated, enabled, deleted; a secret is shown once."""

import json
from collections.abc import Callable

from fake_answers import delivery, webhook
from fake_api import FakeApi, problem
from playwright.sync_api import Page, expect

Visit = Callable[[str], Page]
SECRET = "whsec_c2FtcGxl"


def test_a_webhook_is_made_and_its_secret_shown_once(visit: Visit, api: FakeApi) -> None:
    page = visit("#/webhooks")
    expect(page.get_by_text("No webhook yet")).to_be_visible()
    page.get_by_role("button", name="New webhook…").click()
    dialog = page.get_by_role("dialog", name="New webhook")
    dialog.get_by_label("Address").fill("http://10.0.0.1/")
    dialog.get_by_label("a report is completed").uncheck()
    faults = [{"pointer": "/url", "detail": "must be https"}]
    api.refusal = problem(422, "Invalid request", "One thing is wrong.", errors=faults)
    dialog.get_by_role("button", name="Make it").click()
    expect(dialog.get_by_label("Address")).to_have_accessible_description("Where messages are posted to must be https")
    api.refusal = None
    dialog.get_by_label("Address").fill("https://example.com/hooks")
    dialog.get_by_label("Description").fill("The shop")
    dialog.get_by_role("button", name="Make it").click()
    shown = page.get_by_role("dialog", name="The secret, shown this once")
    expect(shown).to_contain_text(SECRET)
    shown.get_by_role("button", name="Close").click()
    expect(page.get_by_role("heading", name="The shop")).to_be_visible()
    assert page.url.endswith("#/webhook/made")
    assert SECRET not in page.content()
    assert json.loads(api.posts("/api/v1/webhooks")[-1][0]) == {
        "url": "https://example.com/hooks",
        "description": "The shop",
        "events": ["job.failed", "job.cancelled", "job.expired", "batch.ended"],
    }


def test_deliveries_tell_each_try_and_are_sent_again(visit: Visit, api: FakeApi) -> None:
    waiting = delivery("msg_3", event="batch.ended", status="waiting", tries=[], dueAt="2099-01-01T00:00:00Z")
    api.webhooks["h1"] = webhook("h1", deliveries=[delivery("msg_1"), waiting])
    page = visit("#/webhook/h1")
    first, second = page.locator(".delivery").all()
    expect(first).to_contain_text("no answer within 10 seconds, 10 s")
    expect(first).to_contain_text("answered 204, 0.12 s")
    expect(second).to_contain_text("again in")
    second.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("The receiver has it. It answered 204.")).to_be_visible()
    assert len(api.posts("/api/v1/webhooks/h1/deliveries/msg_3/redeliver")) == 1
    page.get_by_role("button", name="Send a ping").click()
    expect(page.locator(".delivery")).to_have_count(4)


def test_a_ping_that_is_not_taken_says_why(visit: Visit, api: FakeApi) -> None:
    api.webhooks["h1"] = webhook("h1")
    api.refusal = problem(409, "Conflict", "It is disabled.")
    page = visit("#/webhooks")
    page.get_by_role("button", name="Send a ping").click()
    expect(page.get_by_role("alert")).to_contain_text("It is disabled.")


def test_a_webhook_is_rotated_enabled_and_deleted(visit: Visit, api: FakeApi) -> None:
    api.webhooks["h1"] = webhook("h1", status="disabled", reason="Nothing but failures for 5 days.")
    page = visit("#/webhook/h1")
    expect(page.get_by_text("Nothing but failures for 5 days.")).to_be_visible()
    expect(page.get_by_role("button", name="Send a ping")).to_be_hidden()
    page.get_by_role("button", name="Enable").click()
    expect(page.locator(".state").first).to_have_text("Enabled")
    page.get_by_role("button", name="Rotate secret…").click()
    page.get_by_role("button", name="Rotate it").click()
    shown = page.get_by_role("dialog", name="The secret, shown this once")
    expect(shown).to_contain_text(SECRET)
    expect(shown).to_contain_text("signs, too, until 2026-11-25")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("heading", name="Webhooks")).to_be_visible()
    assert api.webhooks == {}


def test_the_secret_of_callbacks_is_made_once_and_then_listed(visit: Visit, api: FakeApi) -> None:
    page = visit("#/webhooks")
    page.get_by_role("button", name="Make secret…").click()
    api.webhooks["callback"] = webhook("callback", url=None)
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("link", name="Callbacks of single jobs")).to_be_visible()
    expect(page.get_by_role("button", name="Make secret…")).to_be_hidden()
    expect(page.get_by_role("button", name="Send a ping")).to_be_hidden()
