"""Charts as inline SVG, drawn from numbers: over time (column, stacked, line, area, spark), and of parts (bar, donut).

    values ──scale──► ticks at round numbers, zero among them where lengths are compared ──► marks ──► labels

Told apart without colour too: hatched areas with a key, line styles and names at the lines' ends, the zero line and
signs for what is negative. Labels that would touch are left out (time axis), moved (line names) or shortened (bars).
It knows nothing of payloads or languages: whoever makes a Charts says how a number reads.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import groupby, pairwise
from typing import TypedDict, Unpack

from markupsafe import Markup

from report_queue.render import donut, svg
from report_queue.render.ends import End, named, room, stroke
from report_queue.render.fills import PALETTE, Fills, colour, dash, tint
from report_queue.render.frame import KEY, Frame, nothing
from report_queue.render.scale import Number, Scale

LabelMaker = Callable[[str | None, str], Callable[[Number], str]]
Series = Sequence[tuple[str, Sequence[Number | None]]]  # (name, a value per label) each


class Options(TypedDict, total=False):
    """What every chart over time may be told beside its title."""

    currency: str | None
    unit: str
    width: float
    height: float


class Charts:
    """What a template calls `charts`. Widths are in CSS pixels; a page's text is 673 wide."""

    def __init__(self, label: LabelMaker) -> None:
        self._label = label
        self._fills = Fills()

    def bar(
        self,
        pairs: Sequence[tuple[object, Number]],
        *,
        title: str,
        currency: str | None = None,
        unit: str = "",
        width: float = 320,
    ) -> Markup:
        """One horizontal bar per (name, value), in the order given, each with its value beside it."""
        label = self._label(currency, unit)
        row, bar = 22.0, 11.0
        names = [svg.shorten(str(name), width * 0.36) for name, _ in pairs]
        values = [value for _, value in pairs]
        texts = [svg.shorten(label(value), width * 0.36) for value in values]
        left = max(map(svg.width_of, names), default=0) + 10
        margin = max(map(svg.width_of, texts), default=0) + 8
        lowest = min(values, default=0)
        scale = Scale.over(values, zero=True).onto(left + (margin if lowest < 0 else 0), width - margin)
        zero = scale(0)
        marks = []
        for index, (name, value, text) in enumerate(zip(names, values, texts, strict=True)):
            middle, end = index * row + row / 2, scale(value)
            marks.append(svg.text(left - 10, middle + 3, name, anchor="end", colour=svg.INK))
            marks.append(svg.rect(min(zero, end), middle - bar / 2, abs(end - zero), bar, PALETTE[value < 0]))
            side = -5 if value < 0 else 5
            marks.append(svg.text(end + side, middle + 3, text, anchor="end" if value < 0 else "start", colour=svg.INK))
        height = max(len(pairs), 1) * row
        marks.append(svg.line(zero, 0, zero, height, svg.ZERO))
        return svg.picture(width, height, title, marks if pairs else [nothing(width, height)])

    def donut(
        self,
        pairs: Sequence[tuple[object, Number]],
        *,
        title: str,
        centre: str = "",
        currency: str | None = None,
        unit: str = "",
        width: float = 320,
    ) -> Markup:
        """A ring of a part per (name, value), clockwise from the top, with names, values and shares beside it.

        In its middle stands the sum, and under it the words `centre`. What is not above zero is no part of a whole: it
        is listed, and has neither part nor share.
        """
        label, share = self._label(currency, unit), self._label(None, "%")
        return donut.drawn(pairs, title=title, centre=centre, label=label, share=share, width=width, fills=self._fills)

    def column(self, labels: Sequence[str], series: Series, *, title: str, **options: Unpack[Options]) -> Markup:
        """Columns over time: the first series as columns, a second, if there is one, as a tick across each.

        None is no column, or no tick.
        """
        key = [name for name, _ in series[:2]] if len(series) > 1 else []
        frame = self._frame(labels, _given(series), zero=True, key=key, **options)
        marks = frame.axes()
        thick, zero = _thickness(frame), frame.y(0)
        for _, points in series[:1]:
            for index, value in frame.there(points):
                top, bottom = sorted((frame.y(value), zero))
                marks.append(svg.rect(frame.x(index) - thick / 2, top, thick, bottom - top, PALETTE[value < 0]))
        for _, points in series[1:2]:
            for index, value in frame.there(points):
                x, y, reach = frame.x(index), frame.y(value), thick / 2 + min(4, frame.slot * 0.12)
                marks.append(svg.line(x - reach, y, x + reach, y, "#ffffff", 4))
                marks.append(svg.line(x - reach, y, x + reach, y, svg.INK, 1.8))
        marks.append(svg.line(frame.left, zero, frame.right, zero, svg.ZERO))
        for index, (x, y, name) in enumerate(frame.key):
            middle = y + KEY / 2
            tick = svg.line(x, middle, x + KEY, middle, svg.INK, 1.8)
            marks += [tick if index else svg.rect(x, y, KEY, KEY, PALETTE[0]), svg.text(x + KEY + 5, y + 8, name)]
        return frame.picture(title, marks)

    def stacked(self, labels: Sequence[str], series: Series, *, title: str, **options: Unpack[Options]) -> Markup:
        """Columns over time of a part per series, the first at the bottom; None and what has no value is no part.

        What is negative is stacked downwards from zero.
        """
        heights: dict[tuple[int, bool], Number] = {}  # of a label's stack, upwards and downwards
        parts: list[list[tuple[int, Number, Number]]] = []
        for _, points in series:
            parts.append([])
            for index, value in enumerate(points[: len(labels)]):
                if value:
                    start = heights.get((index, value < 0), 0)
                    heights[index, value < 0] = start + value
                    parts[-1].append((index, start, start + value))
        frame = self._frame(labels, [0, *heights.values()], zero=True, key=[name for name, _ in series], **options)
        marks = frame.axes()
        thick, zero = _thickness(frame), frame.y(0)
        for number, part in enumerate(parts):
            rects = [(frame.x(index) - thick / 2, *sorted((frame.y(low), frame.y(high)))) for index, low, high in part]
            if rects:
                outline = "".join(f"M{x:.2f} {y:.2f}h{thick:.2f}v{end - y:.2f}h{-thick:.2f}z" for x, y, end in rects)
                top, bottom = min(y for _, y, _ in rects), max(end for _, _, end in rects)
                box = (rects[0][0], top, rects[-1][0] + thick, bottom)
                marks += self._fills.hatched(outline, number, box, edge="#ffffff")
        marks.append(svg.line(frame.left, zero, frame.right, zero, svg.ZERO))
        for number, (x, y, name) in enumerate(frame.key):
            swatch = f"M{x:.2f} {y:.2f}h{KEY}v{KEY}h-{KEY}z"
            marks += self._fills.hatched(swatch, number, (x, y, x + KEY, y + KEY))
            marks.append(svg.text(x + KEY + 5, y + 8, name))
        return frame.picture(title, marks)

    def line(self, labels: Sequence[str], series: Series, *, title: str, **options: Unpack[Options]) -> Markup:
        """A line per series, named at its end. A value of None is a gap."""
        frame = self._frame(labels, _given(series), zero=False, names=[name for name, _ in series], **options)
        marks = frame.axes()
        ends: list[End] = []
        for number, (name, points) in enumerate(series):
            places = {index: (frame.x(index), frame.y(value)) for index, value in frame.there(points)}
            # Neighbours have the same distance from their rank, so that each run between two gaps has one of its own.
            for _, run in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
                marks += stroke([places[index] for _, index in run], colour(number), dash(number))
            if places:
                ends.append((places[max(places)][1], name, colour(number)))
        return frame.picture(title, marks + named(frame, ends))

    def area(self, labels: Sequence[str], series: Series, *, title: str, **options: Unpack[Options]) -> Markup:
        """An area per series, each on top of the one before, named at its end. None, or no value, counts as 0."""
        edges: list[list[Number]] = [[0] * len(labels)]
        for _, points in series:
            padded = [*points, *[0] * len(labels)]
            edges.append([below + (value or 0) for below, value in zip(edges[-1], padded, strict=False)])
        values = [value for edge in edges for value in edge] if series else []
        frame = self._frame(labels, values, zero=True, names=[name for name, _ in series], **options)
        marks = frame.axes()
        ends: list[End] = []
        for number, ((name, _), (below, above)) in enumerate(zip(series, pairwise(edges), strict=True)):
            lower, upper = ([(frame.x(index), frame.y(value)) for index, value in enumerate(e)] for e in (below, above))
            if upper:
                outline = "L".join(f"{x:.2f} {y:.2f}" for x, y in [*upper, *reversed(lower)])
                marks.append(svg.path(f"M{outline}z", tint(number)))
                marks += stroke(upper, colour(number), dash(number), markers=len(upper) == 1)
                ends.append(((lower[-1][1] + upper[-1][1]) / 2, name, colour(number)))
        zero = frame.y(0)
        marks.append(svg.line(frame.left, zero, frame.right, zero, svg.ZERO))
        return frame.picture(title, marks + named(frame, ends))

    def spark(self, values: Sequence[Number], *, title: str, width: float = 84, height: float = 20) -> Markup:
        """A line without axes, to stand in a table's cell; the dot is the latest value."""
        scale = Scale.over(values, zero=False, loose=False).onto(height - 4, 4)
        step = (width - 8) / max(len(values) - 1, 1)
        points = [(4 + index * step, scale(value)) for index, value in enumerate(values)]
        dot = [svg.circle(*points[-1], 2.4, PALETTE[0])] if points else []
        return svg.picture(width, height, title, stroke(points, PALETTE[0], "", markers=False) + dot)

    def _frame(
        self,
        labels: Sequence[str],
        values: Sequence[Number],
        *,
        zero: bool,
        key: Sequence[str] = (),
        names: Sequence[str] = (),
        currency: str | None = None,
        unit: str = "",
        width: float = 673,
        height: float = 190,
    ) -> Frame:
        """The frame of these values; `names` stand at its right, `key` above it."""
        label = self._label(currency, unit)
        right = room(names, width)
        return Frame(labels, values, label, width=width, height=height, zero=zero, right=right, key=key)


def _given(series: Series) -> list[Decimal | int]:
    return [value for _, points in series for value in points if value is not None]


def _thickness(frame: Frame) -> float:
    return min(frame.slot * 0.62, 34.0)
