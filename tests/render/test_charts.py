"""Charts from the numbers that nobody tries out: none, one, zeros, negatives, the very large and the very small."""

from decimal import Decimal
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from report_queue.render.charts import Charts
from report_queue.render.formats import compact, locale_of
from report_queue.render.scale import Scale

SVG = "{http://www.w3.org/2000/svg}"
CHARTS = Charts(lambda currency, unit: compact(locale_of("en"), currency, unit))

CASES: dict[str, list[Decimal | int]] = {
    "none": [],
    "one": [5],
    "one zero": [0],
    "zeros": [0, 0, 0],
    "negative": [-3, -8, Decimal("-0.5")],
    "both signs": [-3, 8],
    "all the same": [7, 7, 7],
    "very large": [10**15, -(10**15)],
    "very small": [Decimal("1e-300"), 0],
    "small": [Decimal("0.0001"), Decimal("0.0003")],
    "close together": [10**15, 10**15 - 1],
    "many": list(range(10_000)),
}


def drawn(markup: Markup) -> ElementTree.Element:
    """The chart, as XML; fails where anything of it stands outside of its picture."""
    svg = ElementTree.fromstring(markup)
    width, height = (float(svg.attrib[name]) for name in ("width", "height"))
    for mark in svg:
        for name, limit in (("x", width), ("x1", width), ("x2", width), ("cx", width), ("y", height), ("cy", height)):
            assert -0.01 <= float(mark.get(name, 0)) <= limit + 0.01, ElementTree.tostring(mark)
        if mark.tag == f"{SVG}rect":
            assert float(mark.attrib["x"]) + float(mark.attrib["width"]) <= width
    return svg


@pytest.mark.parametrize("values", CASES.values(), ids=CASES.keys())
def test_any_numbers_can_be_drawn_inside_the_picture(values: list[Decimal | int]) -> None:
    labels = [str(number) for number in range(len(values))]
    drawn(CHARTS.bar(list(zip(labels, values, strict=True))[:50], title="t"))
    drawn(CHARTS.column(labels, [("a", values), ("b", values)], title="t", currency="EUR"))
    drawn(CHARTS.line(labels, [("a", values)], title="t", unit="%"))
    drawn(CHARTS.spark(values, title="t"))


def test_text_is_escaped_and_the_chart_has_a_title_and_a_role() -> None:
    chart = drawn(CHARTS.bar([("<b>&\"'", 1)], title="<i>&"))
    assert chart.attrib["role"] == "img"
    assert chart.findtext(f"{SVG}title") == "<i>&"
    assert "<b>&\"'" in [text.text for text in chart.iter(f"{SVG}text")]


def test_a_negative_bar_grows_from_the_zero_line_to_the_other_side() -> None:
    chart = drawn(CHARTS.bar([("up", 4), ("down", -2)], title="t"))
    up, down = chart.iter(f"{SVG}rect")
    (zero,) = (float(line.attrib["x1"]) for line in chart.iter(f"{SVG}line"))
    assert float(up.attrib["x"]) == zero
    assert float(down.attrib["x"]) + float(down.attrib["width"]) == pytest.approx(zero, abs=0.02)
    assert float(up.attrib["width"]) == pytest.approx(2 * float(down.attrib["width"]), abs=0.02)
    assert up.attrib["fill"] != down.attrib["fill"]


def test_columns_start_at_zero_and_their_heights_are_to_scale() -> None:
    chart = drawn(CHARTS.column(["a", "b"], [("x", [100, 101])], title="t"))
    low, high = (float(rect.attrib["height"]) for rect in chart.iter(f"{SVG}rect"))
    assert low / high == pytest.approx(100 / 101, abs=0.001)


def test_a_gap_in_a_line_stays_a_gap() -> None:
    chart = drawn(CHARTS.line(list("abcde"), [("x", [1, 2, None, 3, 4])], title="t"))
    assert len(list(chart.iter(f"{SVG}polyline"))) == 2


def test_points_without_a_label_are_not_drawn() -> None:
    chart = drawn(CHARTS.line(["a"], [("x", [1, 2, 3])], title="t"))
    assert len(list(chart.iter(f"{SVG}circle"))) == 1
    assert "No figures" in CHARTS.line([], [("x", [1])], title="t")


def test_lines_are_told_apart_without_colour_and_their_names_do_not_touch() -> None:
    chart = drawn(CHARTS.line(["a", "b"], [(f"line {n}", [n, 5]) for n in range(6)], title="t"))
    dashes = [line.get("stroke-dasharray") for line in chart.iter(f"{SVG}polyline")]
    assert len(set(dashes)) == 6
    names = sorted(float(text.attrib["y"]) for text in chart.iter(f"{SVG}text") if "line" in (text.text or ""))
    assert len(names) == 6
    assert all(below - above > 9 for above, below in pairwise(names))


def test_labels_of_the_time_axis_that_would_touch_are_left_out() -> None:
    labels = [f"September {year}" for year in range(1900, 2000)]
    chart = drawn(CHARTS.column(labels, [("x", [1] * 100)], title="t"))
    shown = [float(text.attrib["x"]) for text in chart.iter(f"{SVG}text") if "September" in (text.text or "")]
    assert len(shown) > 3
    assert all(right - left > 70 for left, right in pairwise(shown))


def test_a_long_name_is_shortened_to_its_room() -> None:
    chart = drawn(CHARTS.bar([("W" * 60, 1)], title="t"))
    assert any((text.text or "").endswith("W…") for text in chart.iter(f"{SVG}text"))


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0, 42], ["0", "10", "20", "30", "40", "50"]),
        ([-8, 42], ["-10", "0", "10", "20", "30", "40", "50"]),
        ([0, 1], ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([0, 0], ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ],
)
def test_ticks_are_round_numbers_around_the_values(values: list[int], ticks: list[str]) -> None:
    assert list(Scale.over(values, zero=True).ticks) == [Decimal(tick) for tick in ticks]


def test_a_line_need_not_start_at_zero_where_its_values_are_far_from_it() -> None:
    assert Scale.over([95, 97], zero=False).low >= 94
    assert Scale.over([1, 97], zero=False).low == 0
