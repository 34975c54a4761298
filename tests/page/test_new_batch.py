"""Batches in a real browser: the list, and a batch made of rows that are read as the command reads them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_answers import batch
from fake_api import FakeApi, problem
from playwright.sync_api import FilePayload, Page, expect

from report_queue.client.command import sheet
from report_queue.client.command.where import Usage

Visit = Callable[[str], Page]
ROWS = "title,rows.0.product,rows.0.units\nMay,Anvil,1.10\n\nJune,Rope,12345678901234567\n"
SCHEMA = {
    "properties": {
        "title": {"type": "string"},
        "paid": {"type": "boolean"},
        "rows": {"type": "array", "items": {"$ref": "#/$defs/row"}},
        "buyer": {"type": "object", "properties": {"age": {"type": "integer"}}},
        "odd": {"type": ["number", "null"]},
        "pages": {"$ref": "#/$defs/count"},
    },
    "$defs": {"count": {"type": "integer"}, "row": {"type": "object", "properties": {"amount": {"type": "number"}}}},
}
READ = """async ({text, name, schema, base}) => {
  const { kindOf, readSheet } = await import("/page/sheet.js");
  const read = readSheet(text, { kind: kindOf(text, name), schema, base });
  return JSON.stringify([read.rows.map((row) => row.data), read.faults.map((fault) => fault.line)]);
}"""


def test_a_pasted_table_becomes_a_batch(visit: Visit, api: FakeApi) -> None:
    page = visit("#/batches")
    page.get_by_role("link", name="New batch").click()
    page.get_by_role("button", name="Submit batch").click()
    expect(page.get_by_label("Or paste them")).to_be_focused()
    page.get_by_label("Or paste them").fill(ROWS)
    expect(page.get_by_text("CSV, 2 reports")).to_be_visible()
    expect(page.get_by_role("row").nth(2)).to_contain_text('Line 4June[{"product":"Rope","units":12345678901234567}]')
    page.get_by_text("What all rows have in common").click()
    page.get_by_label("Payload (JSON)").fill('{"kind": "short", "title": "none"}')
    page.get_by_label("Name", exact=True).fill("May and June")
    page.get_by_label("Result").select_option("pdf")
    page.get_by_text("Options of each report").click()
    page.get_by_label("Locale").fill("de")
    expect(page.get_by_label("Deduplication key")).to_have_count(0)
    api.refusal = problem(503, "Store away", "Try again.")
    page.get_by_role("button", name="Submit 2 reports").click()
    expect(page.get_by_role("alert")).to_contain_text("Store away")
    api.refusal = None
    page.get_by_role("button", name="Submit 2 reports").click()
    expect(page.get_by_role("heading", name="May and June")).to_be_visible()
    assert page.url.endswith("#/batch/made")
    (body, lost), (again, headers) = api.posts("/api/v1/batches")
    assert body == again
    assert lost["idempotency-key"] == headers["idempotency-key"]
    assert b'"units":1.10' in body
    data = [
        {"kind": "short", "title": "May", "rows": [{"product": "Anvil", "units": 1.1}]},
        {"kind": "short", "title": "June", "rows": [{"product": "Rope", "units": 12345678901234567}]},
    ]
    reports = [{"reportType": "sales", "data": one, "options": {"locale": "de"}} for one in data]
    assert json.loads(body) == {"name": "May and June", "result": "pdf", "reports": reports}


def test_what_the_api_refuses_leads_to_its_line_in_the_file(visit: Visit, api: FakeApi, tmp_path: Path) -> None:
    rows = tmp_path / "may.jsonl"
    rows.write_text('{"title": "May", "rows": []}\n\n{"title": 6, "rows": []}\n')
    faults = [
        {"pointer": "/reports/1/data/title", "detail": "is no text"},
        {"pointer": "/reports/0/options/locale", "detail": "is no language"},
        {"pointer": "/name", "detail": "is too long"},
    ]
    api.refusal = problem(422, "Invalid request", "Three things are wrong.", errors=faults)
    page = visit("#/new-batch?type=sales")
    page.get_by_label("A file of rows").set_input_files(rows)
    page.get_by_role("button", name="Submit 2 reports").click()
    expect(page.get_by_role("alert")).to_contain_text("none of it")
    expect(page.get_by_label("Locale")).to_have_accessible_description(
        "Language and region, such as de or fr-CH is no language"
    )
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="/reports/1/data/title line 3").click()
    selected = "(() => { const e = document.activeElement; return e.value.slice(e.selectionStart, e.selectionEnd) })()"
    assert page.evaluate(selected) == '{"title": 6, "rows": []}'


def test_lines_that_cannot_be_read_are_named_and_nothing_is_sent(visit: Visit, api: FakeApi) -> None:
    page = visit("#/new-batch")
    page.get_by_label("Or paste them").fill("title,rows.1.product\nMay,Anvil\nJune\n")
    expect(page.get_by_text("2 lines cannot be read:")).to_be_visible()
    page.get_by_role("button", name="Line 3").click()
    expect(page.get_by_label("Or paste them")).to_be_focused()
    page.get_by_role("button", name="Submit batch").click()
    many: FilePayload = {"name": "many.csv", "mimeType": "text/csv", "buffer": b"title\n" + b"May\n" * 1_001}
    page.get_by_label("A file of rows").set_input_files(many)  # typed, so many lines take a browser ten seconds
    expect(page.get_by_text("a batch has at most 1,000 reports, and here are 1,001")).to_be_visible()
    page.get_by_role("button", name="Submit 1,001 reports").click()
    assert api.posts("/api/v1/batches") == []


@pytest.fixture
def read(visit: Visit) -> Callable[..., Any]:
    """What the page makes of a text: the payloads, and the lines that it cannot read."""
    page = visit("#/new-batch")
    return lambda text, name, base=None: json.loads(
        page.evaluate(READ, {"text": text, "name": name, "schema": SCHEMA, "base": base})
    )


def test_the_page_reads_rows_as_the_command_does(read: Callable[..., Any], tmp_path: Path) -> None:
    good = {
        "cells.csv": 'title,paid,odd\n"a ""b"", c",TRUE,1\nd,maybe,\n',
        "deep.csv": "rows.0.amount,rows.1.amount,buyer.age,buyer.name,pages\n1,x,7,Ada,3\n,,1.5,,\n",
        "lists.csv": 'rows,buyer\n"[{""amount"": 1}]","{""age"": 2}"\n[,{}\n',
        "lines.csv": '\ufefftitle,paid\r\n"two\nlines",false\r\n\r\nlast,true',
        "odd.csv": '__proto__,constructor.name,title\n1,2,a"b\n',
        "rows.jsonl": '{"title": 1}\n\n[2]\n"x"\nnull\n',
    }
    base = {"title": "base", "buyer": {"age": 3, "city": "Bern"}}
    for name, text in good.items():
        (tmp_path / name).write_text(text, "utf-8", newline="")
        for common in (None, base):
            expected = [row.data for row in sheet.rows(tmp_path / name, SCHEMA, base=common)]
            assert read(text, name, common) == [expected, []], name
    bad = {
        "twice.csv": ("a,a\n1,2\n", 1),
        "few.csv": ("a,b\n1\n", 2),
        "gap.csv": ("rows.1.amount\n1\n", 2),
        "into.csv": ("title,title.x\na,b\n", 2),
        "open.csv": ('a\n"b\n', 2),
        "after.csv": ('a\n"b"c\n', 2),
        "late.csv": ('a,b\n"x\ny",1\nz\n', 4),
        "half.jsonl": ('{"a": 1}\n{"a"\n', 2),
    }
    for name, (text, line) in bad.items():
        (tmp_path / name).write_text(text, "utf-8", newline="")
        with pytest.raises(Usage):
            sheet.rows(tmp_path / name, SCHEMA)
        assert read(text, name)[1] == [line], name


def test_a_list_in_json_is_rows_too(read: Callable[..., Any]) -> None:
    assert read('[{"title": "a"},\n "b"]', "") == [[{"title": "a"}, "b"], []]
    assert read('{"title": "a"}\n', "rows.json") == [[{"title": "a"}], []]
    assert read("[1,", "rows.json") == [[], [1]]


def test_batches_come_in_pages_and_one_is_found_by_its_id(visit: Visit, api: FakeApi) -> None:
    for place in range(25):
        api.batches[f"b{place:02}"] = batch(f"b{place:02}", name=f"Batch {place}")
    api.batches["b00"] |= {"counts": {"waiting": 3, "failed": 1}}
    api.batches["b01"] |= {"counts": None}
    page = visit("#/batches")
    lines = page.get_by_role("listitem").filter(has=page.get_by_role("link"))
    expect(lines).to_have_count(20)
    expect(lines.nth(0)).to_contain_text("Waiting3Failed1")
    expect(lines.nth(1)).to_contain_text("The batch itself says how far it is")
    page.get_by_role("link", name="Older").click()
    expect(lines).to_have_count(5)
    assert page.url.endswith("#/batches?after=20")
    page.reload()
    expect(lines).to_have_count(5)
    page.get_by_label("Batch id").fill("b07")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Batch 7")).to_be_visible()
