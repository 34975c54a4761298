"""Charts from the numbers that nobody tries out: none, one, zeros, negatives, the very large and the very small."""

import re
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
    for outline in svg.findall(f"{SVG}path[@stroke]"):
        if "clip-path" not in outline.attrib:
            for x, y in points(outline):
                assert -0.01 <= x <= width + 0.01, outline.attrib["d"]
                assert -0.01 <= y <= height + 0.01, outline.attrib["d"]
    for mark in svg:
        for name, limit in (("x", width), ("x1", width), ("x2", width), ("cx", width), ("y", height), ("cy", height)):
            assert -0.01 <= float(mark.get(name, 0)) <= limit + 0.01, ElementTree.tostring(mark)
        if mark.tag == f"{SVG}rect":
            assert float(mark.attrib["x"]) + float(mark.attrib["width"]) <= width
    return svg


def points(outline: ElementTree.Element) -> list[tuple[float, float]]:
    """The corners of a path of M, L, H, h, v, A and z."""
    x = y = 0.0
    found = []
    for verb, text in re.findall(r"([MLHhvA])([^MLHhvAz]*)", outline.attrib["d"]):
        numbers = [float(number) for number in text.split()]
        if verb in "MLA":
            x, y = numbers[-2:]
        if verb in "Hh":
            x = numbers[0] + (x if verb == "h" else 0)
        if verb == "v":
            y += numbers[0]
        found.append((x, y))
    return found


def box(outline: ElementTree.Element) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    xs, ys = zip(*points(outline), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def fills(chart: ElementTree.Element) -> list[ElementTree.Element]:
    """The outlines that are filled, in order; an edge that is drawn again is none."""
    return [path for path in chart.findall(f"{SVG}path") if path.attrib["fill"] != "none"]


@pytest.mark.parametrize("values", CASES.values(), ids=CASES.keys())
def test_any_numbers_can_be_drawn_inside_the_picture(values: list[Decimal | int]) -> None:
    labels = [str(number) for number in range(len(values))]
    drawn(CHARTS.bar(list(zip(labels, values, strict=True))[:50], title="t"))
    drawn(CHARTS.column(labels, [("a", values), ("b", values)], title="t", currency="EUR"))
    drawn(CHARTS.line(labels, [("a", values)], title="t", unit="%"))
    drawn(CHARTS.area(labels, [("a", values), ("b", values)], title="t"))
    drawn(CHARTS.stacked(labels, [("a", values), ("b", values)], title="t"))
    drawn(CHARTS.donut(list(zip(labels, values, strict=True))[:50], title="t", centre="c"))
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


def test_parts_are_stacked_to_scale_each_on_the_one_before_and_negative_ones_downwards() -> None:
    chart = drawn(CHARTS.stacked(["a"], [("x", [2]), ("y", [-1]), ("z", [4])], title="t"))
    first, below, above, *key = fills(chart)
    (_, top, _, zero), (_, under, _, lowest), (_, highest, _, end) = map(box, (first, below, above))
    assert (under, end) == pytest.approx((zero, top), abs=0.02)
    assert (zero - top) / (lowest - under) == pytest.approx(2, abs=0.02)
    assert (end - highest) / (zero - top) == pytest.approx(2, abs=0.02)
    assert [text.text for text in chart.iter(f"{SVG}text")][-3:] == ["x", "y", "z"]
    assert [swatch.attrib["fill"] for swatch in key] == [part.attrib["fill"] for part in (first, below, above)]


def test_hatched_parts_are_told_apart_without_colour_and_their_clips_have_names_of_their_own() -> None:
    charts = Charts(lambda currency, unit: compact(locale_of("en"), currency, unit))
    series = [(str(number), [1]) for number in range(6)]
    chart = drawn(charts.stacked(["a"], series, title="t"))
    hatchings = [path for path in chart.findall(f"{SVG}path") if "clip-path" in path.attrib]
    looks = set()
    for hatching in hatchings[:5]:
        slants = {
            round((x2 - x1) / (y2 - y1)) if y2 != y1 else 0
            for (x1, y1), (x2, y2) in zip(points(hatching)[::2], points(hatching)[1::2], strict=True)
        }
        looks.add((tuple(sorted(slants)), hatching.get("stroke-dasharray")))
    assert len(looks) == 5  # and the first part is plain
    both = charts.stacked(["a"], series, title="t") + charts.donut([("a", 1), ("b", 1)], title="t")
    names = re.findall('<clipPath id="([^"]+)"', both)
    assert len(names) == len(set(names)) > 6


def test_a_key_that_has_no_room_in_a_row_goes_on_in_the_next_and_takes_nothing_from_the_chart() -> None:
    def height(count: int) -> float:
        return float(drawn(CHARTS.stacked(["a"], [("A long name", [1])] * count, title="t")).attrib["height"])

    assert height(2) == 190
    assert height(12) > 190


def test_areas_stand_on_each_other_and_are_named_beside_their_middle() -> None:
    chart = drawn(CHARTS.area(["a", "b"], [("low", [1, 2]), ("high", [3, 6])], title="t"))
    low, high = map(box, fills(chart))
    assert low[1] == pytest.approx(points(fills(chart)[1])[-2][1], abs=0.02)
    assert (low[3] - high[1]) / (low[3] - low[1]) == pytest.approx(4, abs=0.02)
    names = {text.text: float(text.attrib["y"]) for text in chart.iter(f"{SVG}text")}
    assert names["high"] < names["low"]


def test_what_is_missing_in_an_area_counts_as_nothing() -> None:
    chart = CHARTS.area(["a", "b"], [("x", [None]), ("y", [1, 1])], title="t")
    assert drawn(chart) is not None
    assert chart == CHARTS.area(["a", "b"], [("x", [0, 0]), ("y", [1, 1])], title="t")


def test_a_donut_says_names_values_and_shares_and_the_sum_in_its_middle() -> None:
    chart = drawn(CHARTS.donut([("a", 30), ("b", 10), ("none", 0)], title="t", centre="All"))
    texts = [text.text for text in chart.iter(f"{SVG}text")]
    assert texts == ["40", "All", "a", "30", "75%", "b", "10", "25%", "none", "0", "–"]  # noqa: RUF001 - no figure
    large, small = fills(chart)[:2]
    assert "A62.0 62.0 0 1 1" in large.attrib["d"]
    assert "A62.0 62.0 0 0 1" in small.attrib["d"]


def test_a_donut_of_one_part_is_a_whole_ring() -> None:
    chart = drawn(CHARTS.donut([("a", 5)], title="t"))
    _, top, _, bottom = box(fills(chart)[0])
    assert bottom - top == pytest.approx(124)


def test_an_option_that_is_not_known_is_an_error() -> None:
    with pytest.raises(TypeError, match="colour"):
        CHARTS.line(["a"], [("x", [1])], title="t", colour="red")  # type: ignore[call-arg]


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
