# ruff: noqa: RUF001 - letters of other scripts are what these tests are about
"""Long tables in all scripts: what cannot be set letter by letter looks and reads as WeasyPrint lays it out."""

from pathlib import Path

import pytest
from report_words import Rendered, rendered
from table_words import COLUMNS, alike, lines, some_rows, tables_from, took_the_lane, with_table

from report_queue.edition import Edition
from report_queue.reports import ReportType

NAMES = {
    "arabic": "شركة النور للتجارة والتوريدات العامة",
    "vowel signs": "نَصٌّ حَكِيمٌ لَهُ سِرٌّ قَاطِعٌ",
    "arabic digits": "فاتورة ١٢٣٤ بتاريخ ٢٠٢٥/٠١/٣١",
    "urdu": "رپورٹ کا خلاصہ ٹھیک ہے",
    "hebrew": "חברת האור (ישראל) בע״מ",
    "points": "שָׁלוֹם עוֹלָם",
    "both ways": "Order 17/4 של חברת ABC (2025) לשנה",
    "cjk": "株式会社日本語の請求書と見積書",
    "korean": "다람쥐 헌 쳇바퀴에 타고파",
    "sign of another font": "∰ of all ⅏ signs",
    "combining": "e\u0301te\u0301 x\u0323\u0302",
    "soft hyphen": "Donau\u00addampf\u00adschiff\u00adfahrts\u00adgesell\u00adschaft",
    "override": "\u202eback\u202c and on",
    "joiner": "zero\u200bwidth\u2060signs",
    "long word": "قسطنطينية" * 6,
}

FROM_LEFT = ("arabic", "hebrew", "cjk", "both ways", "long word")  # seconds each: those that differ most by it


@pytest.mark.parametrize(("script", "locale"), [(name, "ar") for name in NAMES] + [(name, "en") for name in FROM_LEFT])
def test_a_long_table_in_any_script_looks_and_reads_like_an_ordinary_one(
    tmp_path: Path, script: str, locale: str
) -> None:
    report_type = with_table(tmp_path / "table")
    data = {"rows": some_rows(60, name=NAMES[script], note=NAMES[script])}

    fast, slow = _both(report_type, data, locale)

    assert took_the_lane(fast)
    assert fast.pages == slow.pages > 1
    assert lines(fast) == lines(slow)
    assert alike(tmp_path, fast, slow)
    assert fast.findings == slow.findings == ()


@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize(
    "style",
    [
        "td { vertical-align: middle } td.n { text-align: center }",
        "td { vertical-align: bottom; line-height: normal } td { text-align: right }",
        "td { font-size: 11pt; font-weight: 600; color: #8f2d12; line-height: 1 }",
        ".data-table td { font-family: Amiri }",
        ".data-table { font-variant-ligatures: normal; font-family: 'DejaVu Sans' }",
    ],
    ids=["middle", "bottom", "large", "low", "ligatures"],
)
def test_lines_of_several_fonts_stand_where_the_style_says(tmp_path: Path, style: str, locale: str) -> None:
    report_type = with_table(tmp_path / "table", style=style)
    rows = some_rows(40, note="office")
    for index, row in enumerate(rows):
        row["name"] = list(NAMES.values())[index % len(NAMES)]

    fast, slow = _both(report_type, {"rows": rows}, locale)

    assert took_the_lane(fast)
    assert lines(fast) == lines(slow)
    assert alike(tmp_path, fast, slow)


@pytest.mark.parametrize("locale", ["en", "he"])
def test_heads_groups_and_totals_may_be_in_any_script(tmp_path: Path, locale: str) -> None:
    total = """[["المجموع الكلي", 3], ["١٢٣", 1, "number"], ["סך הכול", 2]],
      group={"key": "town", "subtotal": [["المجموع", 3], [{"sum": "price"}, 1, "number"], ["", 2]]}"""
    columns = COLUMNS.replace("Customer, as in the books of the company", NAMES["arabic"]).replace("Note", "הערה")
    report_type = with_table(tmp_path / "table", columns=columns, total=total)
    rows = some_rows(50, name=NAMES["hebrew"])
    for index, row in enumerate(rows):
        row["town"] = ("القاهرة", "תל אביב", "Hamburg", "東京")[index // 14]

    fast, slow = _both(report_type, {"rows": rows}, locale)

    assert took_the_lane(fast)
    assert lines(fast) == lines(slow)
    assert alike(tmp_path, fast, slow)


def test_cells_that_share_a_baseline_which_another_font_moves_are_laid_out_the_ordinary_way(tmp_path: Path) -> None:
    report_type = with_table(tmp_path / "table", style="td { font-family: Amiri; vertical-align: baseline }")

    moved, slow = _both(report_type, {"rows": some_rows(20, name=NAMES["cjk"])}, "en")
    plain, _ = _both(report_type, {"rows": some_rows(20)}, "en")

    assert not took_the_lane(moved)
    assert lines(moved) == lines(slow)
    assert took_the_lane(plain)


@pytest.mark.parametrize("align", ["justify", "justify-all"])
def test_text_that_is_justified_is_laid_out_the_ordinary_way(tmp_path: Path, align: str) -> None:
    report_type = with_table(tmp_path / "table", style=f"td {{ text-align: {align} }}")
    assert not took_the_lane(_both(report_type, {"rows": some_rows(20)}, "en")[0])


def _both(report_type: ReportType, data: object, locale: str) -> tuple[Rendered, Rendered]:
    edition = Edition(locale=locale)
    with tables_from(1):
        fast = rendered(report_type, data, edition=edition)
    with tables_from(None):
        return fast, rendered(report_type, data, edition=edition)
