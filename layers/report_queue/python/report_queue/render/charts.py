"""Charts as inline SVG, drawn from numbers: bars, columns, lines, sparklines.

    values ──scale──► ticks at round numbers, zero among them where lengths are compared ──► marks ──► labels

Told apart without colour too: line styles and names at the lines' ends, the zero line and signs for what is negative.
Labels that would touch are left out (time axis), moved (line names) or shortened (bar names).
It knows nothing of payloads or languages: whoever makes a Charts says how a number reads.
Everything that is text is escaped here, and what comes back is Markup.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from math import ceil
from typing import Final

from markupsafe import Markup, escape

from report_queue.render.scale import Number, Scale

# Told apart with any colour vision, and in grey: dark, mid, dark-ish, ... ; the line styles do the rest.
PALETTE: Final = ("#17456e", "#d9722a", "#0a8f83", "#b8447f", "#58a9d8", "#6b7684")
_DASHES: Final = ("", "5 3", "1.5 2.5", "8 3 2 3", "3 2", "10 4")
_INK, _MUTED, _RULE, _ZERO = "#22303f", "#5d6b7a", "#e3e8ee", "#8794a3"
_FONT: Final = "Inter, DejaVu Sans, sans-serif"
_SIZE: Final = 9.0

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
        names = [_shorten(str(name), width * 0.36) for name, _ in pairs]
        values = [value for _, value in pairs]
        texts = [_shorten(label(value), width * 0.36) for value in values]
        left = max(map(_width, names), default=0) + 10
        margin = max(map(_width, texts), default=0) + 8
        lowest = min(values, default=0)
        scale = Scale.over(values, zero=True).onto(left + (margin if lowest < 0 else 0), width - margin)
        zero = scale(0)
        marks = []
        for index, (name, value, text) in enumerate(zip(names, values, texts, strict=True)):
            middle, end = index * row + row / 2, scale(value)
            marks.append(_text(left - 10, middle + 3, name, anchor="end", colour=_INK))
            marks.append(_rect(min(zero, end), middle - bar / 2, abs(end - zero), bar, PALETTE[value < 0]))
            side = -5 if value < 0 else 5
            marks.append(_text(end + side, middle + 3, text, anchor="end" if value < 0 else "start", colour=_INK))
        height = max(len(pairs), 1) * row
        marks.append(_line(zero, 0, zero, height, _ZERO))
        return _svg(width, height, title, marks if pairs else [_nothing(width, height)])

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
        frame = _Frame(
            labels, values, self._label(currency, unit), width, height, zero=True, right=4, key=len(series) > 1
        )
        marks = frame.axes()
        thick = min(frame.slot * 0.62, 34.0)
        zero = frame.y(0)
        for index, value in _there(series[0][1], labels):
            top = frame.y(value)
            marks.append(_rect(frame.x(index) - thick / 2, min(top, zero), thick, abs(zero - top), PALETTE[value < 0]))
        for _, points in series[1:2]:
            for index, value in _there(points, labels):
                x, y, reach = frame.x(index), frame.y(value), thick / 2 + min(4, frame.slot * 0.12)
                marks.append(_line(x - reach, y, x + reach, y, "#ffffff", 4))
                marks.append(_line(x - reach, y, x + reach, y, _INK, 1.8))
        marks.append(_line(frame.left, zero, frame.right, zero, _ZERO))
        if len(series) > 1:
            marks += [_rect(frame.left, 2, 9, 9, PALETTE[0]), _text(frame.left + 14, 10, series[0][0])]
            after = frame.left + 14 + _width(series[0][0]) + 18
            marks += [_line(after, 6.5, after + 13, 6.5, _INK, 1.8), _text(after + 18, 10, series[1][0])]
        return _svg(width, height, title, marks if labels else [_nothing(width, height)])

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
        names = [_shorten(name, width * 0.2) for name, _ in series]
        right = max(map(_width, names), default=0) + 14
        frame = _Frame(labels, values, self._label(currency, unit), width, height, zero=False, right=right)
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
            marks.append(_text(frame.right + 8, y + 3, name, colour=colour, weight=600))
        return _svg(width, height, title, marks if values and labels else [_nothing(width, height)])

    def spark(self, values: Sequence[Number], *, title: str, width: float = 84, height: float = 20) -> Markup:
        """A line without axes, to stand in a table's cell; the dot is the latest value."""
        scale = Scale.over(values, zero=False, loose=False).onto(height - 4, 4)
        step = (width - 8) / max(len(values) - 1, 1)
        points = [(4 + index * step, scale(value)) for index, value in enumerate(values)]
        dot = [_circle(*points[-1], 2.4, PALETTE[0])] if points else []
        return _svg(width, height, title, _run(points, PALETTE[0], "", markers=False) + dot)


class _Frame:
    """The axes of a chart over time, and where a value stands between them."""

    def __init__(
        self,
        labels: Sequence[str],
        values: Sequence[Number],
        label: Callable[[Number], str],
        width: float,
        height: float,
        *,
        zero: bool,
        right: float,
        key: bool = False,
    ) -> None:
        scale = Scale.over(values, zero=zero)
        self._ticks = [(tick, _shorten(label(tick), width * 0.2)) for tick in scale.ticks]
        self._labels = [_shorten(text, width * 0.2) for text in labels]
        self.left = max(_width(text) for _, text in self._ticks) + 8
        self.right = width - right
        self.bottom = height - 20
        self.y = scale.onto(self.bottom, 24 if key else 8)
        self.slot = (self.right - self.left) / max(len(labels), 1)

    def x(self, index: int) -> float:
        """The middle of the column of the label with this index."""
        return self.left + (index + 0.5) * self.slot

    def axes(self) -> list[Markup]:
        """Rules at the ticks, their labels, and as many labels of the time axis as have room."""
        marks = []
        for tick, text in self._ticks:
            marks.append(_line(self.left, self.y(tick), self.right, self.y(tick), _RULE))
            marks.append(_text(self.left - 8, self.y(tick) + 3, text, anchor="end"))
        widest = max(map(_width, self._labels), default=0)
        every = max(1, ceil((widest + 6) / self.slot))
        for index in range(0, len(self._labels), every):
            marks += [_text(self.x(index), self.bottom + 15, self._labels[index], anchor="middle")]
        return marks


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
        marks += [_circle(x, y, 2.2, colour) for x, y in points]
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


def _width(text: str, size: float = _SIZE) -> float:
    """About how wide a text is in Inter: a guess on the safe side, for there is no font at hand here."""
    return (
        sum(0.34 if char in " .,:;'|il!()" else 1.05 if char in "MW@%" or char > "\u2e7f" else 0.66 for char in text)
        * size
    )


def _shorten(text: str, room: float) -> str:
    """The text, or as much of its beginning as has room, with an ellipsis."""
    if _width(text) <= room:
        return text
    while text and _width(text) > room - _width("…"):
        text = text[:-1]
    return f"{text.rstrip()}…"


def _svg(width: float, height: float, title: str, marks: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" width="{w}" height="{h}" '
        'viewBox="0 0 {w} {h}" font-family="{font}"><title>{title}</title>{marks}</svg>'
    ).format(w=f"{width:g}", h=f"{height:g}", font=_FONT, title=title, marks=Markup("").join(marks))


def _nothing(width: float, height: float) -> Markup:
    return _text(width / 2, height / 2 + 3, "No figures in this period", anchor="middle")


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = _MUTED, weight: int = 400) -> Markup:
    return Markup('<text x="{}" y="{}" font-size="{:g}" text-anchor="{}" fill="{}" font-weight="{}">{}</text>').format(
        f"{x:.2f}", f"{y:.2f}", _SIZE, anchor, colour, weight, escape(text)
    )


def _rect(x: float, y: float, width: float, height: float, colour: str) -> Markup:
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}"/>').format(
        f"{x:.2f}", f"{y:.2f}", f"{width:.2f}", f"{height:.2f}", colour
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 0.8) -> Markup:
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="{:g}"/>').format(
        f"{x1:.2f}", f"{y1:.2f}", f"{x2:.2f}", f"{y2:.2f}", colour, width
    )


def _circle(x: float, y: float, radius: float, colour: str) -> Markup:
    return Markup('<circle cx="{}" cy="{}" r="{:g}" fill="{}"/>').format(f"{x:.2f}", f"{y:.2f}", radius, colour)
