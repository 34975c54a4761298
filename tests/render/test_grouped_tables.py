"""Tables of groups, each with a head and a subtotal: the same whether their rows are laid out or written."""

from pathlib import Path
from typing import Any

import pytest
from report_words import made_up, rendered
from table_words import AFTER, COLUMNS, TOTAL, alike, copies, in_lane, lines, ordinary, some_rows, took_the_lane

from report_queue.errors import PermanentFailure
from report_queue.render.table import plan
from report_queue.reports import ReportType

SUBTOTAL = """[["Subtotal", 2], [{"sum": "pieces", "format": "number"}, 1, "number"],
               [{"sum": "price", "format": ["money", "EUR"]}, 1, "number"], ["", 2]]"""
GROUP = '{"key": "town", "subtotal": ' + SUBTOTAL + "}"


def grouped(
    folder: Path, *, group: str = GROUP, total: str = TOTAL, gap: float | str = 0, style: str = ""
) -> ReportType:
    call = f"{{{{ data_table({COLUMNS}, data.rows, total={total}, group={group}) }}}}"
    before = f'<section><div style="height: {gap}mm">Before</div>'
    return made_up(folder, before + call + AFTER, style=style)


def in_towns(sizes: list[int], *, name: str = "Bergmann") -> dict[str, Any]:
    """Rows in groups of these sizes."""
    towns = [f"Town {number}" for number, size in enumerate(sizes) for _ in range(size)]
    rows = some_rows(len(towns), name=name)
    return {"rows": [row | {"town": town} for row, town in zip(rows, towns, strict=True)]}


@pytest.mark.parametrize("group", [GROUP, '{"key": "town"}'], ids=["subtotals", "heads only"])
@pytest.mark.parametrize("total", [TOTAL, "[]"], ids=["total", "no total"])
def test_a_grouped_table_looks_and_reads_the_same_either_way(tmp_path: Path, group: str, total: str) -> None:
    report_type = grouped(tmp_path / "table", group=group, total=total)
    data = in_towns([1, 2, 7, 1, 1, 40, 3, 12, 1, 30, 2, 25, 1])

    fast, slow = in_lane(report_type, data), ordinary(report_type, data)

    assert took_the_lane(fast)
    assert not took_the_lane(slow)
    assert copies(fast) >= (2 if group == GROUP else 0)
    assert lines(fast) == lines(slow)
    assert alike(tmp_path, fast, slow)
    assert fast.findings == slow.findings == ()


@pytest.mark.parametrize("gap", range(110, 170, 4))
def test_wherever_a_page_ends_heads_and_subtotals_stay_with_their_rows(tmp_path: Path, gap: int) -> None:
    report_type = grouped(tmp_path / "table", gap=gap)
    data = in_towns([2, 1, 3, 1, 4], name="Ann")

    fast, slow = in_lane(report_type, data), ordinary(report_type, data)

    assert took_the_lane(fast)
    assert lines(fast) == lines(slow)


def test_no_page_holds_more_than_it_has_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[float] = []
    blocks = plan.blocks

    def measured(look: Any, place: Any, rows: Any, **more: Any) -> Any:
        done = blocks(look, place, rows, **more)
        left.append(place.room - done[0].height)
        return done

    monkeypatch.setattr(plan, "blocks", measured)
    report_type = grouped(tmp_path / "table", gap="{{ data.gap }}")
    for step in range(45):
        in_lane(report_type, in_towns([1, 1, 1, 1, 1, 1], name="Ann") | {"gap": f"{130 + step / 5}"})

    assert min(left) >= -1e-3
    assert min(left) < 1


def test_a_style_of_its_own_for_heads_and_subtotals_is_followed(tmp_path: Path) -> None:
    style = """
      tbody .group:nth-child(n) { background: #ffeedd } .group th { font-size: 11pt; border-bottom: 2pt solid red }
      .subtotal td { color: #8f2d12; padding-top: 3mm }
    """
    report_type = grouped(tmp_path / "table", style=style)
    data = in_towns([3, 20, 1, 25])

    fast, slow = in_lane(report_type, data), ordinary(report_type, data)

    assert took_the_lane(fast)
    assert lines(fast) == lines(slow)
    assert alike(tmp_path, fast, slow)


def test_a_rule_where_a_page_may_end_is_laid_out_the_ordinary_way(tmp_path: Path) -> None:
    report_type = grouped(tmp_path / "table", style=".group th { border-top: 1pt solid red }")
    assert not took_the_lane(in_lane(report_type, in_towns([3, 20, 1, 25])))


def test_a_subtotal_is_of_its_groups_rows(tmp_path: Path) -> None:
    data = {
        "rows": [
            {"day": "2025-01-01", "name": "A", "pieces": 2, "price": 10, "town": "Ulm"},
            {"day": "2025-01-02", "name": "B", "pieces": 3, "price": 5.5, "town": "Ulm"},
            {"day": "2025-01-03", "name": "C", "pieces": 1, "price": 7, "town": "Bonn"},
        ]
    }
    text = rendered(grouped(tmp_path / "table"), data).text
    assert "Ulm Jan 1, 2025" in text
    assert "Subtotal 5 €15.50" in text
    assert "Subtotal 1 €7.00 Total €22.50" in text


def test_a_group_and_its_subtotal_say_what_functions_return(tmp_path: Path) -> None:
    first = "{% macro first(row, letters) %}{{ row.town[:letters] }}{% endmacro %}"
    money = '{"of": amounts, "given": ["EUR", "price"], "format": ["money", "EUR"]}'
    group = f'{{"of": first, "given": [3], "subtotal": [["Sum", 5], [{money}, 1, "number"]]}}'
    report_type = grouped(tmp_path / "table", group=group)
    template = report_type.folder / "template.html"
    template.write_text(template.read_text("utf-8").replace("<section>", first + "<section>"), "utf-8")
    sold = {"day": "2025-01-01", "name": "A", "pieces": 1, "price": 2.5, "quantity": 4}

    text = rendered(report_type, {"rows": [sold | {"town": town} for town in ("Ulm", "Ulmen", "Bonn")]}).text

    assert "Ulm Jan 1, 2025" in text
    assert "Sum €20.00 Bon Jan 1, 2025" in text


@pytest.mark.parametrize(
    "group", ['{"title": "A", "key": "town"}', '{"subtotal": []}', '{"key": "town", "subtotal": [[{"max": "price"}]]}']
)
def test_a_group_that_is_wrong_is_told(tmp_path: Path, group: str) -> None:
    with pytest.raises(PermanentFailure, match="of data_table has") as failure:
        rendered(grouped(tmp_path / "table", group=group), in_towns([2]))
    assert failure.value.reason == "template.error"


def test_a_row_without_its_group_is_told(tmp_path: Path) -> None:
    data = in_towns([2, 3])
    del data["rows"][4]["town"]
    with pytest.raises(PermanentFailure, match=r"data.rows\[4\].town is missing"):
        rendered(grouped(tmp_path / "table"), data)
