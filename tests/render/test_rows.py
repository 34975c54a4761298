"""Rows that are read from a file: templates see a list; what is no row ends the report with its line."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from jinja2.exceptions import SecurityError, UndefinedError
from report_words import rendered

from report_queue.data_ref import Kind, RowsFile
from report_queue.errors import PermanentFailure
from report_queue.render import figures, rows, templates
from report_queue.render.rows import Rows
from report_queue.render.rows_check import checked
from report_queue.reports import ReportType, report_types

SALES = report_types()["sales"]
ROW = SALES.sample["rows"][0]
SCHEMA = {
    "title": "Odd",
    "type": "object",
    "$defs": {"row": {"$ref": "#/$defs/really"}, "really": None},
    "properties": {"rows": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/row"}}},
}
SCHEMA["$defs"]["really"] = {  # type: ignore[index]  # as it is written above
    "type": "object",
    "required": ["name", "amount"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "amount": {"type": "number", "maximum": 1000},
        "sold": {"type": "boolean"},
        "count": {"type": ["integer", "null"]},
        "note": {"type": "string"},
        "more": {"type": "object", "additionalProperties": {"type": "number"}},
    },
}
ODD = ReportType(name="odd", folder=Path(), schema=SCHEMA, sample={})


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some rows make several blocks."""
    for module in ("rows", "rows_lines", "rows_check"):
        monkeypatch.setattr(f"report_queue.render.{module}.BLOCK", 700)


@pytest.fixture
def read(tmp_path: Path) -> Iterator[Any]:
    """Reads rows out of a file of these bytes."""
    opened: list[int] = []

    def read(text: bytes | str, kind: Kind = "jsonl", report_type: ReportType = SALES, most: int = 1_000) -> Rows:
        path = tmp_path / f"rows-{len(opened)}"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        opened.append(os.open(path, os.O_RDONLY))
        return checked(opened[-1], RowsFile("rows", kind, most), report_type)

    yield read
    for fd in opened:
        os.close(fd)


def lines(many: Sequence[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in many)


def table(many: Sequence[dict[str, Any]]) -> str:
    names = list(SALES.schema["properties"]["rows"]["items"]["properties"])
    quoted = [['"' + str(row.get(name, "")).replace('"', '""') + '"' for name in names] for row in many]
    return "\r\n".join([",".join(names), *map(",".join, quoted)])


# Like a list.


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_rows_of_a_file_are_those_of_the_payload(read: Any, kind: Kind) -> None:
    given = [ROW | {"quantity": n, "unitPrice": n / 7, "customer": f'"O\'Neil", № {n}\n'} for n in range(40)]
    given[3]["unitPrice"], given[4]["unitPrice"] = -0.0, 1e-7
    wanted = figures.exact(given)
    found = read(lines(given) if kind == "jsonl" else table(given), kind)
    for _ in range(2):  # as often as one likes
        assert list(found) == wanted
    assert [[repr(value) for value in row.values()] for row in found] == [
        [repr(value) for value in row.values()] for row in wanted
    ]
    assert len(found) == 40
    assert len(found._blocks) > 5
    assert list(reversed(found)) == wanted[::-1]
    for n in (0, 17, 1, -1, 39, 2, 18):
        assert found[n] == wanted[n]
    assert found[5:30:7] == wanted[5:30:7]
    with pytest.raises(IndexError):
        found[40]


@pytest.mark.usefixtures("small_blocks")
def test_two_walks_at_once_do_not_disturb_each_other(read: Any) -> None:
    given = [ROW | {"quantity": n} for n in range(40)]
    found = read(lines(given))
    assert [(a["quantity"], b["quantity"]) for a, b in zip(found, found[10:], strict=False)][:3] == [
        (0, 10),
        (1, 11),
        (2, 12),
    ]
    pairs = [(a["quantity"], b["quantity"]) for a in found for b in found]
    assert pairs == [(a, b) for a in range(40) for b in range(40)]


def test_no_rows_are_an_empty_list(read: Any) -> None:
    for text, kind in ((" \n\n", "jsonl"), (table([]), "csv")):
        found = read(text, kind)
        assert (len(found), list(found), bool(found)) == (0, [], False)


def test_blank_lines_a_byte_order_mark_and_a_last_line_without_its_end_are_taken(read: Any) -> None:
    row = json.dumps(ROW)
    assert len(read(f"\ufeff{row}\r\n\n \t{row}  \n{row}")) == 3
    assert len(read("\ufeff" + table([ROW, ROW]) + "\r\n\r\n", "csv")) == 2


@pytest.mark.parametrize("report_type", ["sales", "inventory", "test", "performance"])
def test_a_report_is_the_same_whether_its_rows_come_with_the_payload_or_from_a_file(
    read: Any, report_type: str
) -> None:
    kind = report_types()[report_type]
    data = kind.sample | {"rows": kind.sample["rows"] * 15}  # a sales table of them takes the fast lane
    found = read(lines(data["rows"]), "jsonl", kind)
    assert rendered(report_type, data | {"rows": found}).pdf == rendered(report_type, data).pdf


def test_a_line_that_is_longer_than_a_block_is_taken(read: Any) -> None:
    row = '{"name": "' + "x" * 900_000 + '", "amount": 1}'
    for text in (f"{row}\n{GOOD}\n{row}\n", f"{GOOD}\n{row}"):
        assert [len(one["name"]) for one in read(text, report_type=ODD)] == [
            len(json.loads(line)["name"]) for line in text.splitlines()
        ]


# Safe.


@pytest.mark.parametrize(
    "attempt",
    [
        "{{ data.rows._fd }}",
        "{{ data.rows['_fd'] }}",
        "{{ data.rows|attr('_read') }}",
        "{{ data.rows.__class__ }}",
        "{{ data.rows.__iter__.__globals__ }}",
        "{{ data.rows.append({}) }}",
        "{{ data.rows.clear() }}",
        "{{ '{0._fd}'.format(data.rows) }}",
        "{{ data.rows.index.__func__ }}",
    ],
)
def test_a_template_reaches_nothing_by_them(read: Any, attempt: str) -> None:
    found = read(lines([ROW]))
    template = templates.environment(SALES.folder).from_string(attempt)
    with pytest.raises((SecurityError, UndefinedError)):
        template.render(data={"rows": found})
    assert list(found) == figures.exact([ROW])


def test_a_template_may_call_of_them_only_what_a_tuple_has() -> None:
    public = {name for name in dir(Rows) if not name.startswith("_")}
    assert public == {"count", "index"}


def test_printed_they_say_how_many_they_are(read: Any) -> None:
    assert str(read(lines([ROW, ROW]))) == "[2 rows]"


def test_a_templates_error_names_the_row(read: Any, tmp_path: Path) -> None:
    (tmp_path / "type").mkdir()
    for name in ("template.html", "style.css"):
        (tmp_path / "type" / name).write_text("")
    (tmp_path / "type" / "template.html").write_text("{% for row in data.rows %}{{ row.discount }}{% endfor %}")
    broken = ReportType("sales", tmp_path / "type", SALES.schema, {})
    found = read(lines([ROW | {"discount": 1}, ROW | {"discount": 2}, ROW]))
    with pytest.raises(PermanentFailure, match=re.escape("data.rows[2].discount is missing")):
        rendered(broken, {"rows": found})


# What is no row.

GOOD = '{"name": "a", "amount": 1}'
SECRET = "S3cr3t"
DEEP = '{"name": ' + "[" * 70 + "]" * 70 + ', "amount": 1}'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f'{{"name": "{SECRET}"}}', "/amount is missing"),
        (f'{{"name": "{SECRET}", "amount": "{SECRET}"}}', '/amount is not of type "number"'),
        (f'{{"name": "{SECRET}", "amount": 1001}}', "/amount is greater than the maximum"),
        (f'{{"name": "a", "amount": 1, "{SECRET}": 1}}', "the row has a member that is not known there"),
        (f'{{"name": "a", "amount": 1, "more": {{"{SECRET}": "{SECRET}"}}}}', '/more/* is not of type "number"'),
        (f'{{"name": "{SECRET}", "name": "b", "amount": 1}}', "a name twice in one object"),
        ('{"name": "a", "amount": NaN}', "is JSON that is not accepted"),
        ('{"name": "a", "amount": 1e999}', "is JSON that is not accepted"),
        ('{"name": "\\ud83d", "amount": 1}', "is JSON that is not accepted"),
        (DEEP, "more than 64 levels"),
        ("[" * 100_000, "is JSON that is not accepted"),
        (f'{{"name": "{SECRET}"', "is not JSON: expecting ',' delimiter at column 18"),
        (f"{GOOD}, {GOOD}", "is not JSON: extra data"),
        (f"{GOOD} {SECRET}", "is not JSON: extra data"),
        ("[1]", "is not a JSON object"),
        ("null", "is not a JSON object"),
        (f'"{SECRET}"', "is not a JSON object"),
        ("\u2003" + GOOD, "is not JSON"),
        (b'{"name": "\xff"}', "is not UTF-8 at byte 11"),
        ('{"name": "' + "x" * 1_000_000 + '", "amount": 1}', "has more than 1,000,000 bytes"),
    ],
)
def test_a_line_that_is_no_row_is_told_by_its_number_and_not_quoted(read: Any, line: str | bytes, said: str) -> None:
    line = line.encode() if isinstance(line, str) else line
    for before, after in ((2, b"\n"), (17, b""), (20_000, b"\n" + GOOD.encode())):
        with pytest.raises(PermanentFailure) as caught:
            read(f"{GOOD}\n".encode() * before + line + after, report_type=ODD, most=1_000_000)
        assert caught.value.reason == "data.invalid"
        assert str(caught.value).startswith(f"line {before + 1:,} of the rows: ")
        assert said in str(caught.value)
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "number", "said"),
    [
        ("", 1, "a head line names the columns"),
        (f"name,{SECRET}\na,1", 1, "column 2 has no name that is known: the names of columns are name, amount"),
        ("name,name\na,1", 1, "names a column twice"),
        ("name,,amount\na,1", 1, "column 2 has no name"),
        (f"name,amount\na,1\n{SECRET}", 3, "has 1 cells, the head has 2"),
        (f"name,amount\na,1\n{SECRET},1,2", 3, "has 3 cells, the head has 2"),
        (f"name,amount\na,1\nb,{SECRET}", 3, "/amount is not a number such as 1234.5"),
        ('name,amount\na,1\nb,"1,5"', 3, "/amount is not a number"),
        ("name,amount\na,1\nb,NaN", 3, "/amount is not a number"),
        ("name,amount\na,1\nb,1e999", 3, "is JSON that is not accepted"),
        ("name,amount,sold\na,1,true\nb,1,yes", 3, "/sold is not true or false"),
        ("name,amount,count\na,1,1\nb,1,1.5", 3, "/count is not of type"),
        ("name,amount\na,1\nb,", 3, "/amount is missing"),
        ("name\na\nb", 2, "/amount is missing"),
        (f'name,amount\n"a\nb\nc",1\n{SECRET},x', 5, "/amount is not a number"),
        (f'name,amount\na,1\n"{SECRET},1', 3, "a quote is missing"),
        (f'name,amount\na,1\n"{SECRET}"x,1', 3, "a quote is missing"),
        ("name,amount\na,1\n" + "x" * 200_000 + ",1", 3, "a cell is too long"),
        (b"name,amount\na,1\n\xff,1", 3, "is not UTF-8"),
        ("name,amount\na,1\n" + "x" * 1_000_001 + ",1", 3, "has more than 1,000,000 bytes"),
    ],
)
def test_a_record_of_csv_that_is_no_row_is_told_by_its_line(
    read: Any, text: str | bytes, number: int, said: str
) -> None:
    with pytest.raises(PermanentFailure) as caught:
        read(text, "csv", ODD)
    assert caught.value.reason == "data.invalid"
    assert str(caught.value).startswith(f"line {number} of the rows: ")
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_cells_become_what_the_schema_says(read: Any) -> None:
    found = read('note,amount,sold,count,name\n,1.50,true,,\n"007",-2e1,,3,""\n1,0,false,0,x', "csv", ODD)
    assert list(found) == [
        {"amount": figures.Decimal("1.5"), "sold": True, "name": ""},
        {"note": "007", "amount": figures.Decimal("-20"), "count": 3, "name": ""},
        {"note": "1", "amount": 0, "sold": False, "count": 0, "name": "x"},
    ]


def test_there_is_a_limit_to_rows(read: Any) -> None:
    assert len(read(f"{GOOD}\n" * 5, report_type=ODD, most=5)) == 5
    with pytest.raises(PermanentFailure, match="more than 5 rows, the limit") as caught:
        read(f"{GOOD}\n" * 6, report_type=ODD, most=5)
    assert caught.value.reason == "data.too_many"


def test_fewer_rows_than_the_schema_asks_for_are_refused(read: Any) -> None:
    with pytest.raises(PermanentFailure, match="There are 1 rows, and odd needs 2 or more") as caught:
        read(GOOD, report_type=ODD)
    assert caught.value.reason == "data.invalid"


def test_more_rows_than_a_payload_may_have_are_taken(read: Any) -> None:
    kind = report_types()["test"]
    assert kind.schema["properties"]["rows"]["maxItems"] == 1_000
    assert len(read('{"label": "a", "value": 1}\n' * 1_200, report_type=kind, most=2_000)) == 1_200


def test_a_walk_holds_a_block_and_not_all_rows(read: Any) -> None:
    found = read(lines([ROW] * 20_000), most=50_000)
    for _ in found:
        assert len(found._latest[1]) < 5_000
    assert rows.BLOCK < 1_000_000


def test_one_walk_sums_what_several_would(read: Any) -> None:
    kept = [ROW | {"quantity": n, "region": f"r{n % 3}", "date": f"2026-{n % 5 + 1:02}-10"} for n in range(50)]
    given = read(lines(kept))
    total, by = figures.amounts_of(given, "EUR", "region", "date")
    assert total == figures.amounts(given, "EUR")
    assert by == {key: figures.amounts_by(given, key, "EUR") for key in ("region", "date")}
    assert figures.shorter(by["date"], 7) == figures.amounts_by(given, "date", "EUR", length=7)
    assert figures.periods(by["date"], ["2025-12"]) == ["2025-12", *(f"2026-{month:02}" for month in range(1, 6))]
    assert figures.amounts_of([], "EUR", "region") == (0, {"region": {}})
