"""The rows of a long table are in the structure tree, as one table, whichever pages they are on."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from conformance import accessible
from report_words import Rendered, made_up, rendered
from structure_words import joined, outline, tables
from table_words import (
    AFTER,
    COLUMNS,
    TOTAL,
    copies,
    ordinary,
    some_rows,
    tables_from,
    took_the_lane,
    with_every_page_laid_out,
    with_table,
)
from test_grouped_tables import grouped, in_towns

from report_queue.edition import Edition
from report_queue.errors import PermanentFailure
from report_queue.render.table import lane
from report_queue.reports import ReportType

UA = Edition(variant="pdf/ua-1")
TABLE = f"{{{{ data_table({COLUMNS}, data.rows, total={TOTAL}) }}}}"


def in_lane(report_type: ReportType | str, data: object) -> Rendered:
    """An accessible report, its tables in the lane."""
    with tables_from(1):
        report = rendered(report_type, data, edition=UA)
    assert took_the_lane(report)
    return report


@pytest.mark.parametrize("count", [9, 60, 150])
def test_a_long_tables_structure_is_that_of_an_ordinary_one(tmp_path: Path, count: int) -> None:
    report_type = with_table(tmp_path / "table")
    data = {"rows": some_rows(count, note="paid")}

    (fast,) = tables(in_lane(report_type, data).pdf)

    assert fast == joined(tables(ordinary(report_type, data).pdf))
    assert [section.role for section in fast] == ["THead", "TBody", "TFoot"]
    assert [len(section.rows) for section in fast] == [1, count, 1]


@pytest.mark.parametrize("total", [TOTAL, "[]"], ids=["total", "no total"])
@pytest.mark.parametrize("group", ['{"key": "town"}', None], ids=["heads only", "subtotals"])
def test_groups_heads_and_subtotals_are_told_as_in_an_ordinary_table(
    tmp_path: Path, group: str | None, total: str
) -> None:
    report_type = grouped(tmp_path / "table", total=total, **({"group": group} if group else {}))
    data = in_towns([1, 2, 7, 1, 40, 3, 60, 1])

    (fast,) = tables(in_lane(report_type, data).pdf)

    assert fast == joined(tables(ordinary(report_type, data).pdf))
    assert [section.role for section in fast].count("TBody") == 8


@pytest.mark.parametrize("gap", [0, 150, 175, 190])
def test_a_table_stands_where_it_is_read_and_leaves_nothing_empty_behind(tmp_path: Path, gap: int) -> None:
    before = f'<section><h2>All of them</h2><div style="height: {gap}mm">Before</div>'
    report_type = with_table(tmp_path / "table", before=before)
    data = {"rows": some_rows(70)}

    told = outline(in_lane(report_type, data).pdf)

    slow = outline(ordinary(report_type, data).pdf)
    table = told.index("      Table")
    assert told[:table] == slow[: slow.index("      Table")]
    assert told[-3:] == slow[-3:]
    ends = [line for line, after in pairwise(told) if _depth(after) <= _depth(line)]
    assert {line.strip() for line in ends if '"' not in line} <= {"TD"}  # the cells that say nothing


def test_two_tables_that_share_a_page_are_each_told_with_its_own_rows(tmp_path: Path) -> None:
    report_type = made_up(tmp_path / "table", f"<h2>One</h2>{TABLE}<h2>Two</h2>{TABLE}<p>End</p>")
    data = {"rows": some_rows(130, name="Ann")}

    report = in_lane(report_type, data)

    one, other = tables(report.pdf)
    assert one == other == joined(tables(ordinary(report_type, data).pdf)[: report.pages // 2 + 1])[: len(one)]
    assert accessible(report.pdf) == []


@pytest.mark.parametrize("style", ["", "@page :left { margin-left: 30mm }"], ids=["copied", "all laid out"])
def test_an_accessible_report_with_long_tables_breaks_no_rule(tmp_path: Path, style: str) -> None:
    body = f"<section><h2>One</h2>{TABLE}{AFTER}<section><h2>Two</h2><p id='x'><a href='#x'>x</a></p>{TABLE}{AFTER}"
    report_type = made_up(tmp_path / "table", body, style=style)

    report = in_lane(report_type, {"rows": some_rows(200)})

    assert (copies(report) > 4) == (not style)
    assert accessible(report.pdf) == []


def test_copied_pages_are_told_as_if_each_was_laid_out(tmp_path: Path) -> None:
    report_type = with_table(tmp_path / "table")
    data = {"rows": some_rows(150)}
    with tables_from(1):
        whole = with_every_page_laid_out(report_type, data)

    short = in_lane(report_type, data)

    assert copies(short) > 0
    assert outline(short.pdf) == outline(whole.pdf)


def test_a_table_that_begins_at_a_pages_end_has_its_head_told_on_the_next(tmp_path: Path) -> None:
    report_type = with_table(tmp_path / "table", before='<div style="height: 187mm">Before</div>')

    report = in_lane(report_type, {"rows": some_rows(40)})

    (told,) = tables(report.pdf)
    assert [len(section.rows) for section in told] == [1, 40, 1]
    assert accessible(report.pdf) == []


def test_the_same_accessible_rows_give_the_same_bytes(tmp_path: Path) -> None:
    report_type = with_table(tmp_path / "table")
    data = {"rows": some_rows(150)}
    assert in_lane(report_type, data).pdf == in_lane(report_type, data).pdf


def test_rows_are_told_in_every_pdf_and_beyond_some_thousands_where_it_is_to_be_accessible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_type = with_table(tmp_path / "table")
    data = {"rows": some_rows(60)}
    assert len(tables(rendered(report_type, data).pdf)) == 1
    monkeypatch.setattr(lane, "TAGGED", 59)
    assert tables(rendered(report_type, data).pdf) == []
    assert len(tables(rendered(report_type, data, edition=UA).pdf)) == 1


@pytest.mark.parametrize(
    ("limit", "edition", "told"),
    [("ELEMENTS", UA, ""), ("LOCKED", replace(UA, password="p"), " where it has a password")],
)
def test_more_cells_than_a_pdf_may_have_objects_for_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, edition: Edition, told: str
) -> None:
    report_type = with_table(tmp_path / "table")
    data = {"rows": some_rows(60)}
    monkeypatch.setattr(lane, limit, 60 * 7)
    assert rendered(report_type, data, edition=edition).pages
    monkeypatch.setattr(lane, limit, 60 * 7 - 1)
    with pytest.raises(PermanentFailure, match=f"here 420, and at most 419{told}: send fewer rows, or") as refused:
        rendered(report_type, data, edition=edition)
    assert refused.value.reason == "table.too_long"
    assert rendered(report_type, data, edition=replace(edition, variant=None)).pages


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
