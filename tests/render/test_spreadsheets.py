"""A report's tables as a workbook and as CSV: values with their formats, in any language, whatever a payload holds."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from report_words import CREATED, JOB_ID, made_up, rendered

from report_queue.errors import PermanentFailure
from report_queue.render import spreadsheet
from report_queue.render.sheets import book, collect
from report_queue.render.templates import Report
from report_queue.reports import ReportType, report_types

ALL: Final = sorted(report_types())
PRIVATE: Final = "".join(map(chr, (*range(0xF0000, 0xF0020), 0x100000)))


def test_sales_are_a_sheet_of_dates_numbers_and_money_with_the_total_below_the_filter() -> None:
    sheet = workbook("sales")["Sales in detail"]
    head, first, last = (list(sheet[number]) for number in (1, 2, sheet.max_row))
    assert [cell.value for cell in head] == [
        "Date", "Customer", "Product", "Region", "Quantity", "Unit price", "Discount", "Amount",
    ]  # fmt: skip
    assert [cell.value for cell in first] == [
        datetime(2025, 1, 14), "Bergmann & Söhne", "Orbit pendant", "DACH", 40, 389, None, 15560,  # noqa: DTZ001
    ]  # fmt: skip
    assert [cell.number_format for cell in first if cell.data_type != "s" and cell.value is not None] == [
        "[$-en-GB]d mmm yyyy", "#,##0", "[$€]#,##0.00;-[$€]#,##0.00", "[$€]#,##0.00;-[$€]#,##0.00",
    ]  # fmt: skip
    assert (sheet["G5"].value, sheet["G5"].number_format) == (0.05, "#,##0%")
    assert [cell.value for cell in last] == ["Total", None, None, None, 1629, None, None, 394005.03]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:H{sheet.max_row - 1}"
    assert all(cell.font.bold for cell in (*head, *last))
    assert not first[1].font.bold
    assert sheet.column_dimensions["B"].width > sheet.column_dimensions["E"].width


def test_sales_as_csv_are_raw_values_without_totals() -> None:
    written = as_csv("sales")
    assert written.startswith("\ufeffDate,Customer,Product,Region,Quantity,Unit price,Discount,Amount\r\n".encode())
    lines = written.decode("utf-8-sig").split("\r\n")
    assert lines[1] == "2025-01-14,Bergmann & Söhne,Orbit pendant,DACH,40,389.00,,15560.00"
    assert lines[4] == "2025-02-20,Northwind Trading,Beacon floor lamp,Nordics,75,274.90,0.05,19586.63"
    assert len(lines) == 1 + len(report_types()["sales"].sample["rows"]) + 1
    assert lines[-1] == ""


@pytest.mark.parametrize("name", ALL)
def test_every_types_sample_is_a_workbook_and_csv_always_with_the_same_bytes(name: str) -> None:
    first, again = as_xlsx(name), as_xlsx(name)
    assert first == again
    assert as_csv(name) == as_csv(name)
    file = openpyxl.load_workbook(io.BytesIO(first))
    texts = [str(cell.value) for sheet in file for row in sheet for cell in row if cell.value is not None]
    assert len(texts) > 8
    assert not set(PRIVATE) & set("".join(texts) + as_csv(name).decode())


@pytest.mark.parametrize(
    ("name", "sheets", "heads"),
    [
        ("inventory", ["Stock levels"], ["Article", "Category", "Location", "In stock", "Reorder at", "State", "Unit cost", "Value"]),  # noqa: E501
        ("invoice", ["Invoice 2025-1184", "Payment"], ["#", "Description", "Quantity", "Unit price", "Discount", "VAT", "Net amount"]),  # noqa: E501
        ("performance", ["Key figures against target", "Results by team"], ["Key figure", "Actual", "Target", "Difference", "State"]),  # noqa: E501
        ("test", ["Table"], ["Label", "Mark", "Value"]),
    ],
)  # fmt: skip
def test_plain_tables_are_sheets_named_by_their_headings_without_the_columns_of_drawings(
    name: str, sheets: list[str], heads: list[str]
) -> None:
    file = workbook(name)
    assert file.sheetnames == sheets
    assert [cell.value for cell in file[sheets[0]][1]] == heads


def test_plain_tables_keep_the_values_behind_their_formatted_texts() -> None:
    stock = workbook("inventory")["Stock levels"]
    assert [cell.value for cell in stock[2]] == [
        "Arc desk lamp, black\nAL-100", "Lamps", "Hamburg", 412, 150, "✓ In stock", 61.2, 25214.4,
    ]  # fmt: skip
    assert [cell.value for cell in stock[stock.max_row]] == ["Total", None, None, 15301, None, None, None, 247183.65]
    lines = rows_of(as_csv("invoice"))
    assert lines[1][0] == "1"
    assert lines[2][3:] == ["219.50", "0.075", "0.19", "17055.15"]
    assert lines[4][3] == "5.085"


GROUPED: Final = """
{% call kit.table("Orders", [60, 60, 58]) %}
<thead>
<tr><th rowspan="2">Day</th><th colspan="2">Of the order</th></tr>
<tr><th>Article</th><th class="n">Value</th></tr>
</thead>
{% for group in data.groups %}
<tbody>
{{ kit.group(3, group.name, "2 orders") }}
{% for one in group.orders %}
<tr><td>{{ one.day|day }}</td><td>{{ one.article }}<br>new</td><td class="n">{{ one.value|money("EUR") }}</td></tr>
{% else %}{{ kit.empty(3, "orders") }}{% endfor %}
{{ kit.total(group.name ~ " in all", 2, [group.orders|sum(attribute="value")|money("EUR")]) }}
</tbody>
{% endfor %}
<tfoot>{{ kit.total("All", 2, [7|money("EUR")], kind="grand") }}</tfoot>
{% endcall %}"""


def test_groups_are_a_first_column_and_their_totals_stand_below(tmp_path: Path) -> None:
    orders = [{"day": "2026-02-03", "article": "Lamp", "value": 1.5}, {"day": "soon", "article": "Oil", "value": 2.5}]
    data = {"groups": [{"name": "North", "orders": orders}, {"name": "South", "orders": []}]}
    report_type = made_up(tmp_path / "grouped", GROUPED)
    sheet = workbook(report_type, data)["Orders"]
    assert [[cell.value for cell in row] for row in sheet] == [
        ["Group", "Day", "Of the order Article", "Of the order Value"],
        ["North", datetime(2026, 2, 3), "Lamp\nnew", 1.5],  # noqa: DTZ001
        ["North", "soon", "Oil\nnew", 2.5],
        ["North in all", None, None, 4],
        ["South in all", None, None, 0],
        ["All", None, None, 7],
    ]
    assert sheet.auto_filter.ref == "A1:D3"
    assert rows_of(as_csv(report_type, data)) == [
        ["Group", "Day", "Of the order Article", "Of the order Value"],
        ["North", "2026-02-03", "Lamp\nnew", "1.50"],
        ["North", "soon", "Oil\nnew", "2.50"],
    ]


def test_groups_of_a_data_table_are_a_first_column_too(tmp_path: Path) -> None:
    columns = """[{"title": "Lamp", "width": 60, "key": "lamp"},
        {"title": "Price", "width": 30, "key": "price", "format": ["money", "EUR"], "kind": "number"}]"""
    group = """{"key": "town", "subtotal": [["Subtotal", 1], [{"sum": "price"}, 1, "number"]]}"""
    total = """[["Total", 1], [9|money("EUR"), 1, "number"]]"""
    body = f"<h2>Lamps</h2>{{{{ data_table({columns}, data.rows, total={total}, group={group}) }}}}"
    rows = [{"town": town, "lamp": "Halo", "price": price} for town, price in (("Ulm", 2), ("Ulm", 3), ("Bonn", 4))]
    report_type = made_up(tmp_path / "grouped", body)
    assert [[cell.value for cell in row] for row in workbook(report_type, {"rows": rows})["Lamps"]] == [
        ["Group", "Lamp", "Price"],
        ["Ulm", "Halo", 2],
        ["Ulm", "Halo", 3],
        ["Bonn", "Halo", 4],
        ["Total", None, 9],
    ]
    assert rows_of(as_csv(report_type, {"rows": rows}))[1:] == [
        ["Ulm", "Halo", "2.00"],
        ["Ulm", "Halo", "3.00"],
        ["Bonn", "Halo", "4.00"],
    ]


TEXTS: Final = """{{ data_table([{"title": "Text", "width": 90, "key": "text"}], data.rows) }}"""
FORMULAS: Final = ("=1+1", "+49 40", "-5 pcs", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("https://example.com")')


def test_no_text_becomes_a_formula_or_a_link(tmp_path: Path) -> None:
    report_type = made_up(tmp_path / "texts", TEXTS)
    texts = [*FORMULAS, "https://example.com", "mailto:a@example.com", "internal:A1", "12", "1 - 2", "{=1}"]
    data = {"rows": [{"text": text} for text in texts]}
    made = as_xlsx(report_type, data)
    cells = [row[0] for row in openpyxl.load_workbook(io.BytesIO(made)).worksheets[0].iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.hyperlink is None for cell in cells)
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        assert not any(b"<f>" in parts.read(name) or b"yperlink" in parts.read(name) for name in parts.namelist()
                       if "sheet" in name)  # fmt: skip
    written = rows_of(as_csv(report_type, data))[1:]
    assert [row[0] for row in written] == [f"'{text}" for text in FORMULAS] + texts[len(FORMULAS) :]


def test_a_negative_number_is_no_formula(tmp_path: Path) -> None:
    table = """{{ data_table([{"title": "N", "width": 9, "key": "n", "format": "number"}], data.rows) }}"""
    report_type = made_up(tmp_path / "negative", table)
    assert rows_of(as_csv(report_type, {"rows": [{"n": -1.25}]})) == [["N"], ["-1.25"]]


MARKED: Final = """
{{ data_table([{"title": "Text", "width": 90, "key": "text"}], data.rows) }}
<section><h2>Plain</h2><table><thead><tr><th>Text</th><th>Value</th></tr></thead><tbody>
{% for row in data.rows %}<tr><td>{{ row.text }}</td><td>{{ row.value|money("EUR") }}</td></tr>{% endfor %}
<tr><td>{{ (data.rows[0].value|money("EUR"))[:9] }}…</td><td>{{ data.rows[0].value|money("EUR") }} a piece</td></tr>
</tbody></table></section>"""


def test_a_payloads_own_private_characters_stay_and_lead_to_nothing(tmp_path: Path) -> None:
    report_type = made_up(tmp_path / "marked", MARKED)
    seen: list[str] = []
    as_xlsx(report_type, {"rows": [{"text": "", "value": 1}]}, parsed=seen.append)
    end = seen[0].index("€1.00")
    start = seen[0].rindex(PRIVATE[0], 0, end)
    assert seen[0][end + 5] in PRIVATE
    guessed = f"{seen[0][start:end]}€9.00{seen[0][end + 5]}"
    texts = [guessed, PRIVATE, f"{PRIVATE}1.00", "\ue000\uf8ff"]
    data = {"rows": [{"text": text, "value": index + 1} for index, text in enumerate(texts)]}
    given, plain = workbook(report_type, data)
    assert [row[0].value for row in given.iter_rows(min_row=2)] == texts
    read = [[cell.value for cell in row] for row in plain.iter_rows(min_row=2)]
    assert read[:-1] == [[text, index + 1] for index, text in enumerate(texts)]
    assert not (set("".join(read[-1])) - set("€1.00 a piece…"))  # pieces of marks are left out
    assert rows_of(as_csv(report_type, data))[1:] == [[text] for text in texts]


def test_a_payload_with_every_private_character_is_told_so(tmp_path: Path) -> None:
    report_type = made_up(tmp_path / "marked", MARKED)
    every = "".join(map(chr, (*range(0xE000, 0xF900), *range(0xF0000, 0xFFFFE), *range(0x100000, 0x10FFFE))))
    failed = refused(lambda: as_csv(report_type, {"rows": [{"text": every, "value": 1}]}))
    assert failed.reason == "format.no_marks"


def test_no_mark_is_in_a_pdf_whatever_was_made_before() -> None:
    before = rendered("invoice").pdf
    as_xlsx("invoice")
    after = rendered("invoice")
    assert after.pdf == before
    assert not set(after.text) & set(PRIVATE)


VALUES: Final = """{{ data_table([
  {"title": "Day", "width": 20, "key": "day", "format": "day"},
  {"title": "Paid", "width": 20, "key": "paid", "format": ["money", data.currency]},
  {"title": "Price", "width": 20, "key": "price", "format": ["price", data.currency]},
  {"title": "Change", "width": 20, "key": "change", "format": "percent"},
  {"title": "Count", "width": 20, "key": "count", "format": "number"},
], data.rows) }}
<table><thead><tr><th>Change</th><th>Long</th></tr></thead>
<tr><td>{{ data.rows[0].change|percent(sign=true) }}</td><td>{{ data.rows[0].day|day("long") }}</td></tr></table>"""


@pytest.mark.parametrize(
    ("locale", "currency", "day", "paid", "price"),
    [
        ("en", "USD", "[$-en-US]mmm d, yyyy", "[$$]#,##0.00;-[$$]#,##0.00", "[$$]#,##0.0125"),
        ("de", "EUR", "[$-de-DE]dd.mm.yyyy", '#,##0.00"\u00a0"[$€];-#,##0.00"\u00a0"[$€]', '#,##0.0125"\u00a0"[$€]'),
        ("ja", "JPY", "[$-ja-JP]yyyy/mm/dd", "[$￥]#,##0;-[$￥]#,##0", "[$￥]#,##0.0125"),
        ("de-CH", "CHF", "[$-de-CH]dd.mm.yyyy", '[$CHF]"\u00a0"#,##0.00;[$CHF]-#,##0.00', '[$CHF]"\u00a0"#,##0.0125'),
        ("pt", "X]", '[$-pt-BR]d "de" mmm "de" yyyy',
         '"X]""\u00a0"#,##0.00;-"X]""\u00a0"#,##0.00', '"X]""\u00a0"#,##0.0125'),
    ],
)  # fmt: skip
def test_numbers_are_shown_as_the_reports_language_writes_them(
    tmp_path: Path, locale: str, currency: str, day: str, paid: str, price: str
) -> None:
    row = {"day": "2026-03-14", "paid": 1234.5, "price": 0.0125, "change": 0.0725, "count": 12.5}
    data = {"locale": locale, "currency": currency, "rows": [row]}
    given, plain = workbook(made_up(tmp_path / "values", VALUES), data)
    codes = [cell.number_format for cell in given[2]]
    assert codes[:2] == [day, paid]
    assert codes[2].split(";")[0] == price.replace("0.0125", "0.0000")
    assert codes[3:] == ["#,##0.0%", "#,##0.0"]
    assert plain["A2"].number_format == "+#,##0.0%;-#,##0.0%;#,##0.0%"
    assert plain["A2"].value == 0.0725
    assert plain["B2"].is_date


def test_a_quotient_is_cut_at_twelve_digits_and_a_moment_has_its_time_zone(tmp_path: Path) -> None:
    cells = "<tr><td>{{ share(1, 3)|percent }}</td><td>{{ report.created|moment }}</td></tr>"
    report_type = made_up(tmp_path / "quotients", f"<table>{cells}</table>")
    assert rows_of(as_csv(report_type, {})) == [["0.333333333333", "2026-01-05T09:30:12+00:00"]]
    share, moment = workbook(report_type, {}).worksheets[0][1]
    assert (share.number_format, moment.number_format) == ("#,##0.0%", "[$-en-US]mmm d, yyyy hh:mm")
    assert moment.value == CREATED.replace(tzinfo=None)


def test_a_report_from_right_to_left_is_a_sheet_from_right_to_left(tmp_path: Path) -> None:
    text = "مصباح مكتب"
    data = {"locale": "ar", "currency": "EGP", "rows": [{"text": text, "value": 3.5}]}
    report_type = made_up(tmp_path / "arabic", GROUPED.replace('"Orders"', f'"{text}"').replace("EUR", "EGP"))
    data = {"locale": "ar", "groups": [{"name": text, "orders": [{"day": "2026-02-03", "article": text, "value": 2}]}]}
    sheet = workbook(report_type, data)[text]
    assert sheet.sheet_view.rightToLeft
    assert [cell.value for cell in sheet[2]] == [text, datetime(2026, 2, 3), f"{text}\nnew", 2]  # noqa: DTZ001
    assert sheet["A1"].value == "المجموعة"
    assert "ج.م" in sheet["D2"].number_format
    assert rows_of(as_csv(report_type, data))[1] == [text, "2026-02-03", f"{text}\nnew", "2.00"]


def test_what_a_workbooks_numbers_and_days_cannot_hold_is_a_text(tmp_path: Path) -> None:
    rows = [
        {"day": "1899-12-31", "paid": 12345678901234567, "price": 10**40, "change": 0.5, "count": 12345678901234567},
        {"day": "1900-03-01", "paid": 99999999999.99, "price": 1, "change": 1e-30, "count": 0.1},
    ]
    report_type = made_up(tmp_path / "values", VALUES)
    data = {"currency": "EUR", "rows": rows}
    sheet = workbook(report_type, data).worksheets[0]
    assert [cell.data_type for cell in sheet[2]] == ["s", "s", "n", "n", "s"]
    assert [sheet["A2"].value, sheet["B2"].value] == ["1899-12-31", "12345678901234567"]
    assert [cell.data_type for cell in sheet[3]] == ["d", "n", "n", "n", "n"]
    assert rows_of(as_csv(report_type, data))[1][1] == "12345678901234567.00"


def test_a_text_that_no_cell_has_room_for_is_cut_and_told(tmp_path: Path) -> None:
    report_type = made_up(tmp_path / "texts", TEXTS)
    data = {"rows": [{"text": "x" * 32_767}, {"text": "\N{GRINNING FACE}" * 20_000}]}
    output = io.BytesIO()
    findings = spreadsheet.xlsx(report_type, data=data, report=words(report_type, data), output=output)
    assert [(one.code, one.message) for one in findings] == [
        ("cell.cut", "A text was cut after 32,767 characters, the most that a cell holds.")
    ]
    whole, cut = (row[0].value for row in openpyxl.load_workbook(output).worksheets[0].iter_rows(min_row=2))
    assert whole == "x" * 32_767
    assert cut == "\N{GRINNING FACE}" * 16_383 + "…"


def test_more_rows_or_columns_than_a_sheet_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report_type = made_up(tmp_path / "texts", TEXTS)
    data = {"rows": [{"text": "x"}] * 5}
    monkeypatch.setattr(book, "MOST_ROWS", 6)
    assert len(list(workbook(report_type, data).worksheets[0])) == 6
    monkeypatch.setattr(book, "MOST_ROWS", 5)
    failed = refused(lambda: as_xlsx(report_type, data))
    assert (failed.reason, "csv" in str(failed)) == ("format.too_long", True)
    assert len(rows_of(as_csv(report_type, data))) == 6
    wide = made_up(tmp_path / "wide", "<table><tr>" + "<td colspan=1000000000>x</td>" * 17 + "</tr></table>")
    assert refused(lambda: as_xlsx(wide, {})).reason == "format.too_wide"


def test_sheets_names_are_what_excel_allows_and_no_two_alike(tmp_path: Path) -> None:
    headings = [
        "Sales: [2025] / *all*?",
        "'History'",
        "SALES 2025 all",
        "x" * 40,
        "x" * 35,
        "\N{GRINNING FACE}" * 20,
        "\\",
    ]
    body = "".join(f"<h2>{one}</h2><table><tr><td>1</td></tr></table>" for one in headings)
    names = workbook(made_up(tmp_path / "named", body), {}).sheetnames
    assert names == [
        "Sales 2025 all", "History 1", "SALES 2025 all 2", "x" * 31, "x" * 29 + " 2", "\N{GRINNING FACE}" * 15, "Table",
    ]  # fmt: skip


def test_a_report_without_a_table_is_none_to_be_made_a_sheet_of(tmp_path: Path) -> None:
    report_type = made_up(tmp_path / "bare", "<p>No table here.</p>")
    for made in (as_csv, as_xlsx):
        assert refused(lambda made=made: made(report_type, {})).reason == "format.no_table"  # type: ignore[misc]


def test_csv_takes_the_data_table_first_and_else_the_first_with_a_head(tmp_path: Path) -> None:
    bare, headed = "<table><tr><td>bare</td></tr></table>", "<table><thead><tr><th>H</th></tr></thead></table>"
    data = {"rows": [{"text": "given"}]}
    assert rows_of(as_csv(made_up(tmp_path / "a", bare + headed + TEXTS), data)) == [["Text"], ["given"]]
    assert rows_of(as_csv(made_up(tmp_path / "b", bare + headed), data)) == [["H"]]
    assert rows_of(as_csv(made_up(tmp_path / "c", bare), data)) == [["bare"]]
    nested = made_up(tmp_path / "d", f"<h2>Inner</h2><table><tr><td>{headed}</td></tr></table>")
    assert rows_of(as_csv(nested, data)) == [["H"]]
    assert workbook(nested, data).sheetnames == ["Inner"]


def test_a_row_without_what_a_column_reads_is_told_with_its_place(tmp_path: Path) -> None:
    report_type = made_up(tmp_path / "texts", TEXTS)
    for made in (as_csv, as_xlsx):
        failed = refused(lambda made=made: made(report_type, {"rows": [{"text": "a"}, {}]}))  # type: ignore[misc]
        assert failed.reason == "template.error"
        assert str(failed) == "texts: data.rows[1].text is missing"


def test_the_workbook_says_what_it_is() -> None:
    told = workbook("sales").properties
    assert (told.title, told.creator, told.subject) == ("Sales 2025", "Lumen Lighting", "Sales report")
    assert told.created == CREATED.replace(tzinfo=None)
    assert told.keywords == JOB_ID
    assert told.description == f"Job {JOB_ID}"


def test_texts_that_are_no_characters_do_no_harm(tmp_path: Path) -> None:
    report_type = made_up(tmp_path / "texts", TEXTS + "<table><tr><td>{{ data.rows[0].text }}</td></tr></table>")
    data = {"rows": [{"text": "a\ud800b\x00\x0b\ufffe_x0041_<&>"}]}
    assert workbook(report_type, data).worksheets[0]["A2"].value.startswith("a\ufffdb")
    assert as_csv(report_type, data).decode("utf-8-sig").startswith("Text\r\na")


def test_fifty_thousand_rows_are_read_one_by_one_and_never_html(tmp_path: Path) -> None:
    count, sizes, parsed = 50_000, list[int](), list[str]()
    output = io.BytesIO()

    class Rows:
        def __iter__(self) -> Iterator[dict[str, Any]]:
            for index in range(count):
                sizes.append(len(output.getvalue()) if index % 5_000 == 0 else 0)
                yield {"day": "2026-03-14", "paid": index, "price": 1, "change": 0.5, "count": index}

        def __getitem__(self, index: int) -> dict[str, Any]:
            return next(iter(self))

    report_type = made_up(tmp_path / "values", VALUES)
    data = {"currency": "EUR", "rows": Rows()}
    as_csv(report_type, data, output=output, parsed=parsed.append)
    assert len(parsed[0]) < 20_000
    grown = [size for size in sizes if size]
    assert len(grown) >= 9
    assert grown == sorted(set(grown))
    assert output.getvalue().count(b"\r\n") == count + 1


def words(report_type: ReportType, data: Any) -> Report:
    title = data.get("title") or report_type.title
    return Report(title=title, job_id=JOB_ID, created=CREATED, locale=data.get("locale"))


def made(
    write: Callable[..., Any],
    report_type: str | ReportType,
    data: Any,
    output: io.BytesIO | None,
    parsed: Callable[[str], None] | None,
) -> bytes:
    """What `write` writes; `parsed` is told of the HTML that is parsed for it."""
    if isinstance(report_type, str):
        report_type = report_types()[report_type]
    data, output = report_type.sample if data is None else data, output or io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        if parsed:
            parse = collect.tinyhtml5.parse
            patch.setattr(collect.tinyhtml5, "parse", lambda text, **more: parsed(text) or parse(text, **more))
        write(report_type, data=data, report=words(report_type, data), output=output)
    return output.getvalue()


def as_csv(
    report_type: str | ReportType,
    data: Any = None,
    *,
    output: io.BytesIO | None = None,
    parsed: Callable[[str], None] | None = None,
) -> bytes:
    return made(spreadsheet.csv, report_type, data, output, parsed)


def as_xlsx(report_type: str | ReportType, data: Any = None, *, parsed: Callable[[str], None] | None = None) -> bytes:
    return made(spreadsheet.xlsx, report_type, data, None, parsed)


def workbook(report_type: str | ReportType, data: Any = None) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(as_xlsx(report_type, data)))


def rows_of(written: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))


def refused(make: Callable[[], Any]) -> PermanentFailure:
    with pytest.raises(PermanentFailure) as caught:
        make()
    return caught.value
