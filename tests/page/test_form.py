"""The form for a new report in a real browser: made from the schema, true to what was typed, faults at their fields."""

import json
import re
from collections.abc import Callable

from fake_api import FakeApi, problem
from playwright.sync_api import Page, expect

Visit = Callable[[str], Page]


def test_json_is_sent_as_it_was_typed_and_goes_to_the_job(visit: Visit, api: FakeApi) -> None:
    page = visit("#/new")
    page.get_by_role("button", name="JSON").click()
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
    page.get_by_role("button", name="JSON").click()
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
    page.get_by_role("button", name="JSON").click()
    page.get_by_label("Payload (JSON)").fill('{\n "rows": [\n  {"units": 1},\n  {"units": -1}\n ]\n}')
    page.get_by_role("button", name="Submit report").click()
    alert = page.get_by_role("alert")
    expect(page.get_by_label("Attempts")).to_have_attribute("aria-invalid", "true")
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
    page.get_by_role("button", name="JSON").click()
    editor = page.get_by_label("Payload (JSON)")
    editor.fill('{"mine": 1}')
    page.get_by_label("Report type").select_option("invoice")
    expect(editor).to_have_value(re.compile("2026-001"))
    page.get_by_label("Report type").select_option("sales")
    expect(editor).to_have_value('{"mine": 1}')


def test_options_are_sent_where_they_are_given(visit: Visit, api: FakeApi) -> None:
    page = visit("#/new")
    page.get_by_text("Options", exact=True).click()
    attempts = page.get_by_label("Attempts")
    attempts.fill("many")
    page.get_by_role("button", name="Submit report").click()
    expect(attempts).to_be_focused()
    attempts.fill("5")
    page.get_by_label("Start after (seconds)").fill("60")
    page.get_by_label("Format").select_option("csv")
    page.get_by_label("Tags").fill("may, nightly")
    page.get_by_role("button", name="Submit report").click()
    expect(page.locator(".state")).to_have_text("Waiting")
    ((body, _),) = api.posts("/api/v1/reports/generate")
    options = {"format": "csv", "attempts": 5, "delaySeconds": 60, "tags": ["may", "nightly"]}
    assert json.loads(body)["options"] == options


def test_the_form_is_made_from_the_schema_with_the_sample_filled_in(visit: Visit, api: FakeApi) -> None:
    page = visit("#/new?type=sales")
    expect(page.get_by_label("Title required")).to_have_value("Third quarter")
    expect(page.get_by_label("Product, row 2")).to_have_value("Rope")
    page.get_by_label("Units, row 2").fill("1.10")
    page.get_by_role("button", name="Add sale").click()
    expect(page.get_by_label("Product, row 3")).to_be_focused()
    page.keyboard.type("Bell")
    page.get_by_label("Units, row 3").fill("12345678901234567")
    page.get_by_role("button", name="Remove sale 1").click()
    expect(page.get_by_role("button", name="Remove sale 1")).to_be_focused()
    page.get_by_label("Day").fill("2026-11-24")
    page.get_by_label("Kind").select_option("long")
    page.get_by_label("Addresses").fill("1 High Street\nOxford")
    page.get_by_role("button", name="Add seller").click()
    page.get_by_label("Name required").fill("Acme")
    page.get_by_label("Points").fill("1\n\n3")
    page.get_by_role("button", name="Submit report").click()
    expect(page.locator(".state")).to_have_text("Waiting")
    ((body, _),) = api.posts("/api/v1/reports/generate")
    assert b"1.10" in body
    assert json.loads(body)["data"] == {
        "title": "Third quarter",
        "day": "2026-11-24",
        "kind": "long",
        "addresses": ["1 High Street", "Oxford"],
        "seller": {"name": "Acme"},
        "rows": [{"product": "Rope", "units": 1.1}, {"product": "Bell", "units": 12345678901234567}],
        "panels": [{"heading": "Growth", "points": [1, None, 3]}],
    }


def test_a_sample_that_nobody_touched_is_sent_as_it_is(visit: Visit, api: FakeApi) -> None:
    page = visit("#/new?type=sales")
    page.get_by_role("button", name="Submit report").click()
    expect(page.locator(".state")).to_have_text("Waiting")
    ((body, _),) = api.posts("/api/v1/reports/generate")
    assert json.loads(body) == {"reportType": "sales", "data": api.types[0]["sample"]}


def test_form_and_json_are_two_ways_to_write_the_same(visit: Visit) -> None:
    page = visit("#/new?type=sales")
    page.get_by_label("Title required").fill("Fourth quarter")
    page.get_by_role("button", name="JSON").click()
    editor = page.get_by_label("Payload (JSON)")
    assert json.loads(editor.input_value())["title"] == "Fourth quarter"
    editor.fill('{"title": "Fifth", "rows": [], "unheard": [1.50]}')
    page.get_by_role("button", name="Form", exact=True).click()
    expect(page.get_by_label("Title required")).to_have_value("Fifth")
    page.get_by_label("Title required").fill("Sixth")
    page.get_by_role("button", name="JSON").click()
    assert json.loads(editor.input_value()) == {"title": "Sixth", "rows": [], "unheard": [1.5]}
    assert "1.50" in editor.input_value()


def test_faults_are_shown_at_their_fields(visit: Visit, api: FakeApi) -> None:
    faults = [
        {"pointer": "/data/rows/1/units", "detail": "-1 is less than 0"},
        {"pointer": "/data/panels/0/points/2", "detail": "is too large"},
        {"pointer": "/data/unheard", "detail": "is not known"},
    ]
    api.refusal = problem(422, "Invalid request", "Three things are wrong.", errors=faults)
    page = visit("#/new?type=sales")
    page.get_by_role("button", name="Submit report").click()
    for label, fault in (("Units, row 2", faults[0]), ("Points", faults[1])):
        field = page.get_by_label(label)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(re.compile(fault["detail"]))
    page.get_by_role("button", name="/data/rows/1/units").click()
    field = page.get_by_label("Units, row 2")
    expect(field).to_be_focused()
    field.fill("1")
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_a_required_field_is_asked_for_before_the_api_is(visit: Visit, api: FakeApi) -> None:
    page = visit("#/new?type=sales")
    title = page.get_by_label("Title required")
    title.fill("")
    page.get_by_role("button", name="Submit report").click()
    expect(title).to_be_focused()
    expect(title).to_have_accessible_description(re.compile("is missing"))
    assert api.posts("/api/v1/reports/generate") == []


def test_a_schedule_is_made_of_a_report(visit: Visit, api: FakeApi) -> None:
    page = visit("#/schedules")
    page.get_by_role("link", name="New schedule").click()
    page.get_by_label("Name", exact=True).fill("Morning")
    page.get_by_label("Cron", exact=True).fill("30 6 * * *")
    page.get_by_role("button", name="Make the schedule").click()
    expect(page.get_by_role("heading", name="Morning")).to_be_visible()
    ((body, _),) = api.posts("/api/v1/schedules")
    report = {"reportType": "sales", "data": api.types[0]["sample"]}
    assert json.loads(body) == {"name": "Morning", "cron": "30 6 * * *", "report": report}
