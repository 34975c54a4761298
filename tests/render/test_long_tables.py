"""Long tables: written apart from the layout, they look and read like those that are laid out; what may not, is not."""

import random
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from babel import Locale
from report_words import JOB_ID, rendered
from table_words import alike, in_lane, lines, ordinary, some_rows, tables_from, took_the_lane, with_table

from report_queue.errors import PermanentFailure
from report_queue.render import formats
from report_queue.render.figures import exact
from report_queue.render.table import digits, lane
from report_queue.render.table.rows import LONG, Texts
from report_queue.reports import report_types


@pytest.mark.parametrize("locale", ["en-GB", "de", "fr-CH"])
def test_a_long_table_looks_and_reads_like_an_ordinary_one(tmp_path: Path, locale: str) -> None:
    report_type = with_table(tmp_path / "table")
    data = {"rows": some_rows(120, note="paid"), "locale": locale}

    fast, slow = in_lane(report_type, data), ordinary(report_type, data)

    assert took_the_lane(fast)
    assert not took_the_lane(slow)
    assert fast.pages == slow.pages > 3
    assert lines(fast) == lines(slow)
    assert alike(tmp_path, fast, slow)
    assert fast.findings == slow.findings == ()


@pytest.mark.parametrize("gap", range(0, 28, 4))
def test_wherever_a_table_ends_its_total_stays_with_its_last_row(tmp_path: Path, gap: int) -> None:
    report_type = with_table(tmp_path / "table", before=f'<div style="height: {132 + gap}mm">Before</div>')
    data = {"rows": some_rows(9, name="Ann")}

    fast, slow = in_lane(report_type, data), ordinary(report_type, data)

    assert took_the_lane(fast)
    assert lines(fast) == lines(slow)


def test_a_table_without_a_total_that_begins_far_down_the_page_looks_the_same(tmp_path: Path) -> None:
    report_type = with_table(tmp_path / "table", total="[]", before='<div style="height: 150mm">Before</div>')
    data = {"rows": some_rows(50)}

    fast, slow = in_lane(report_type, data), ordinary(report_type, data)

    assert took_the_lane(fast)
    assert lines(fast) == lines(slow)
    assert alike(tmp_path, fast, slow)


def test_the_look_is_the_style_sheets_and_not_written_down_twice(tmp_path: Path) -> None:
    style = "td { padding: 3mm; color: #8f2d12; font-size: 10pt } tbody tr:nth-child(even) { background: #ffeedd }"
    report_type = with_table(tmp_path / "table", style=style + "section { padding-left: 7mm }")
    data = {"rows": some_rows(40)}

    fast, slow = in_lane(report_type, data), ordinary(report_type, data)

    assert took_the_lane(fast)
    assert alike(tmp_path, fast, slow)


def test_two_long_tables_follow_each_other(tmp_path: Path) -> None:
    columns = '[{"title": "Name", "width": 60, "key": "name"}]'
    twice = f"<h2>One</h2>{{{{ data_table({columns}, data.rows) }}}}<h2>Two</h2>"
    report_type = with_table(tmp_path / "table", before=twice)
    data = {"rows": some_rows(70)}

    fast, slow = in_lane(report_type, data), ordinary(report_type, data)

    assert took_the_lane(fast)
    assert lines(fast) == lines(slow)
    assert alike(tmp_path, fast, slow)


@pytest.mark.parametrize("name", ["👩‍👩‍👧‍👦", "a\u0378b", "a\u2028b"], ids=["emoji", "no such letter", "end of line"])
def test_text_that_is_a_picture_or_cannot_be_drawn_is_laid_out_the_ordinary_way(tmp_path: Path, name: str) -> None:
    report_type = with_table(tmp_path / "table")
    rows = some_rows(40)
    rows[33]["name"] = name

    with tables_from(1):
        report = rendered(report_type, {"rows": rows}, quiet=False)

    assert not took_the_lane(report)
    assert lines(report) == lines(ordinary(report_type, {"rows": rows}))


@pytest.mark.parametrize(
    "style", ["td { letter-spacing: 1px }", "td { border: 1px solid }", "td { opacity: .5; color: #0008 }"]
)
def test_a_look_that_cannot_be_written_is_laid_out_the_ordinary_way(tmp_path: Path, style: str) -> None:
    report_type = with_table(tmp_path / "table", style=style)
    assert not took_the_lane(in_lane(report_type, {"rows": some_rows(40)}))


def test_a_row_higher_than_a_page_is_laid_out_the_ordinary_way(tmp_path: Path) -> None:
    rows = some_rows(10)
    rows[4]["name"] = "word " * 1_500
    assert not took_the_lane(in_lane(with_table(tmp_path / "table"), {"rows": rows}))


def test_more_rows_than_can_be_laid_out_cell_by_cell_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "ORDINARY", 20)
    rows = some_rows(21)
    rows[3]["name"] = "📦"
    with pytest.raises(PermanentFailure, match="21 rows") as failure:
        in_lane(with_table(tmp_path / "table"), {"rows": rows})
    assert failure.value.reason == "table.too_long"


def test_a_short_table_is_laid_out_and_tagged_cell_by_cell(tmp_path: Path) -> None:
    report_type = with_table(tmp_path / "table")
    assert not took_the_lane(rendered(report_type, {"rows": some_rows(LONG - 1, name="Ann")}))
    assert took_the_lane(rendered(report_type, {"rows": some_rows(LONG, name="Ann")}))


def test_the_rows_of_a_very_long_table_are_artifacts_and_all_else_is_tagged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "TAGGED", 59)
    report = in_lane(with_table(tmp_path / "table"), {"rows": some_rows(60)})
    with pikepdf.open(_file(tmp_path, report.pdf)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        for page in pdf.pages:
            *_, rows, end = [part.read_bytes() for part in page.Contents]
            assert rows.startswith(b"/Artifact BMC\n")
            assert rows.endswith(b"EMC")
            assert rows.count(b"EMC") == 1
            assert end.split() == [b"Q"]


def test_a_pdf_with_a_long_table_is_sound_and_has_each_font_once(tmp_path: Path) -> None:
    report = in_lane(with_table(tmp_path / "table"), {"rows": some_rows(60)})
    with pikepdf.open(_file(tmp_path, report.pdf)) as pdf:
        assert pdf.check_pdf_syntax() == []
        names = [str(one.FontName) for one in pdf.objects if _is(one, "/FontDescriptor")]
    assert len(names) == len(set(names)) > 0


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    report_type = with_table(tmp_path / "table")
    data = {"rows": some_rows(60)}
    assert in_lane(report_type, data).pdf == in_lane(report_type, data).pdf


def test_a_missing_value_is_told_with_its_row_and_line(tmp_path: Path) -> None:
    rows = some_rows(20)
    del rows[7]["price"]
    with pytest.raises(PermanentFailure) as failure:
        in_lane(with_table(tmp_path / "table", total="[]"), {"rows": rows})
    assert failure.value.reason == "template.error"
    assert "data.rows[7].price is missing" in str(failure.value)
    assert "template.html, line" in str(failure.value)


@pytest.mark.parametrize(
    "column", ['{"title": "A", "width": 9}', '{"title": "A", "width": 9, "key": "name", "wide": 1}']
)
def test_a_column_that_is_wrong_is_told(tmp_path: Path, column: str) -> None:
    with pytest.raises(PermanentFailure, match="a column of data_table") as failure:
        in_lane(with_table(tmp_path / "table", columns=f"[{column}]", total="[]"), {"rows": some_rows(1)})
    assert failure.value.reason == "template.error"


def test_a_table_without_rows_says_so(tmp_path: Path) -> None:
    assert "No rows." in in_lane(with_table(tmp_path / "table"), {"rows": []}).text


def test_rows_are_read_once_and_kept_small() -> None:
    read = 0

    def stream() -> Iterator[list[str]]:
        nonlocal read
        for index in range(20_000):
            read += 1
            yield [f"row {index}", "<b>\n", ""]

    texts = Texts(stream())

    assert texts.count == read == 20_000
    assert list(texts) == list(texts) == [[f"row {index}", "<b>\n", ""] for index in range(20_000)]
    assert sum(map(len, texts._packs)) < 200_000


@pytest.mark.parametrize("locale", ["en", "de", "fr", "de-CH", "hi", "ar-EG", "en-IN", "ja", "pt-PT"])
def test_quick_digits_are_babels(locale: str) -> None:
    context = {"locale": Locale.parse(locale, sep="-")}
    chance = random.Random(7)
    numbers = [0, 1, -1, 0.05, -0.005, 0.0125, 999.995, 1e15, -1234567.5, 12345678.901]
    numbers += [chance.choice((1, -1)) * round(10 ** chance.uniform(-3, 12), chance.randint(0, 5)) for _ in range(400)]
    for name, arguments in (("money", ("EUR",)), ("money", ("JPY",)), ("price", ("USD",)), ("number", ())):
        slow = lambda value: formats.FILTERS[name](context, value, *arguments)  # noqa: B023, E731
        quick = digits.patterned(slow)
        for number in exact(numbers):
            assert quick(number) == slow(number)
            assert quick(number) == slow(number)


def test_the_sales_report_is_the_same_either_way(tmp_path: Path) -> None:
    sample = report_types()["sales"].sample
    data = sample | {"rows": sample["rows"] * 6}

    fast, slow = in_lane("sales", data), ordinary("sales", data)

    assert took_the_lane(fast)
    assert lines(fast) == lines(slow)
    assert JOB_ID in fast.text


def _file(folder: Path, pdf: bytes) -> Path:
    file = folder / "report.pdf"
    file.write_bytes(pdf)
    return file


def _is(one: object, kind: str) -> bool:
    return isinstance(one, pikepdf.Dictionary) and one.get("/Type") == kind
