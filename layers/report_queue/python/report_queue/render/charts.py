"""Charts as inline SVG, drawn from numbers: bars, columns, lines, sparklines.

    values ──scale──► ticks at round numbers, zero among them where lengths are compared ──► marks ──► labels

Told apart without colour too: line styles and names at the lines' ends, the zero line and signs for what is negative.
Labels that would touch are left out (time axis), moved (line names) or shortened (bar names).
It knows nothing of payloads or languages: whoever makes a Charts says how a number reads.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Final

from markupsafe import Markup

from report_queue.render import svg
from report_queue.render.frame import Frame
from report_queue.render.scale import Number, Scale

# Told apart with any colour vision; in grey the line styles do it.
PALETTE: Final = ("#17456e", "#d9722a", "#0a8f83", "#b8447f", "#58a9d8", "#6b7684")
_DASHES: Final = ("", "5 3", "1.5 2.5", "8 3 2 3", "3 2", "10 4")

LabelMaker = Callable[[str | None, str], Callable[[Number], str]]


class Charts:
    """What a template calls `charts`. Widths are in CSS pixels; a page's text is 673 wide."""

    def __init__(self, label: LabelMaker) -> None:
        self._label = label

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
        return svg.picture(width, height, title, marks if pairs else [_nothing(width, height)])

    def column(
        self,
        labels: Sequence[str],
        series: Sequence[tuple[str, Sequence[Number | None]]],
        *,
        title: str,
        currency: str | None = None,
        unit: str = "",
        width: float = 673,
        height: float = 190,
    ) -> Markup:
        """Columns over time: the first series as columns, a second, if there is one, as a tick across each.

        None is no column, or no tick.
        """
        values = [value for _, points in series for value in points if value is not None]
        frame = Frame(
            labels, values, self._label(currency, unit), width, height, zero=True, right=4, key=len(series) > 1
        )
        marks = frame.axes()
        thick = min(frame.slot * 0.62, 34.0)
        zero = frame.y(0)
        for index, value in _there(series[0][1], labels):
            top = frame.y(value)
            marks.append(
                svg.rect(frame.x(index) - thick / 2, min(top, zero), thick, abs(zero - top), PALETTE[value < 0])
            )
        for _, points in series[1:2]:
            for index, value in _there(points, labels):
                x, y, reach = frame.x(index), frame.y(value), thick / 2 + min(4, frame.slot * 0.12)
                marks.append(svg.line(x - reach, y, x + reach, y, "#ffffff", 4))
                marks.append(svg.line(x - reach, y, x + reach, y, svg.INK, 1.8))
        marks.append(svg.line(frame.left, zero, frame.right, zero, svg.ZERO))
        if len(series) > 1:
            marks += [svg.rect(frame.left, 2, 9, 9, PALETTE[0]), svg.text(frame.left + 14, 10, series[0][0])]
            after = frame.left + 14 + svg.width_of(series[0][0]) + 18
            marks += [svg.line(after, 6.5, after + 13, 6.5, svg.INK, 1.8), svg.text(after + 18, 10, series[1][0])]
        return svg.picture(width, height, title, marks if labels else [_nothing(width, height)])

    def line(
        self,
        labels: Sequence[str],
        series: Sequence[tuple[str, Sequence[Number | None]]],
        *,
        title: str,
        currency: str | None = None,
        unit: str = "",
        width: float = 673,
        height: float = 200,
    ) -> Markup:
        """A line per (name, values), named at its end. A value of None is a gap."""
        values = [value for _, points in series for value in points if value is not None]
        names = [svg.shorten(name, width * 0.2) for name, _ in series]
        right = max(map(svg.width_of, names), default=0) + 14
        frame = Frame(labels, values, self._label(currency, unit), width, height, zero=False, right=right)
        marks = frame.axes()
        ends: list[tuple[float, str, str]] = []
        for index, (name, (_, points)) in enumerate(zip(names, series, strict=True)):
            colour, dash = PALETTE[index % len(PALETTE)], _DASHES[index % len(_DASHES)]
            placed = [
                None if value is None else (frame.x(i), frame.y(value)) for i, value in enumerate(points[: len(labels)])
            ]
            for there, run in groupby(placed, key=lambda point: point is not None):
                if there:
                    marks += _run([point for point in run if point], colour, dash)
            if last := next((point for point in reversed(placed) if point), None):
                ends.append((last[1], name, colour))
        for y, name, colour in _spread(ends, lowest=frame.bottom):
            marks.append(svg.text(frame.right + 8, y + 3, name, colour=colour, weight=600))
        return svg.picture(width, height, title, marks if values and labels else [_nothing(width, height)])

    def spark(self, values: Sequence[Number], *, title: str, width: float = 84, height: float = 20) -> Markup:
        """A line without axes, to stand in a table's cell; the dot is the latest value."""
        scale = Scale.over(values, zero=False, loose=False).onto(height - 4, 4)
        step = (width - 8) / max(len(values) - 1, 1)
        points = [(4 + index * step, scale(value)) for index, value in enumerate(values)]
        dot = [svg.circle(*points[-1], 2.4, PALETTE[0])] if points else []
        return svg.picture(width, height, title, _run(points, PALETTE[0], "", markers=False) + dot)


def _there(points: Sequence[Number | None], labels: Sequence[str]) -> list[tuple[int, Number]]:
    """The points that are given and have a label to stand over, by index."""
    return [(index, value) for index, value in enumerate(points[: len(labels)]) if value is not None]


def _run(points: Sequence[tuple[float, float]], colour: str, dash: str, *, markers: bool = True) -> list[Markup]:
    """A line through the points. Few points get a dot each; a single one is nothing but its dot."""
    path = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    style = Markup(' stroke-dasharray="{}"').format(dash) if dash else ""
    line = Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="1.8"{}/>').format(path, colour, style)
    marks = [line] if len(points) > 1 else []
    if markers and len(points) <= 36:
        marks += [svg.circle(x, y, 2.2, colour) for x, y in points]
    return marks


def _spread(ends: list[tuple[float, str, str]], *, lowest: float, gap: float = 11.5) -> list[tuple[float, str, str]]:
    """The names at the lines' ends, moved apart until none covers another, and none below the axis."""
    placed: list[tuple[float, str, str]] = []
    for y, name, colour in sorted(ends):
        placed.append((max(y, placed[-1][0] + gap) if placed else y, name, colour))
    limit = lowest
    for index in range(len(placed) - 1, -1, -1):
        y, name, colour = placed[index]
        placed[index] = (min(y, limit), name, colour)
        limit = placed[index][0] - gap
    return placed


def _nothing(width: float, height: float) -> Markup:
    return svg.text(width / 2, height / 2 + 3, "No figures", anchor="middle")
