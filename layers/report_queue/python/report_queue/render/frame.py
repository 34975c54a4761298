"""The frame of a chart over time: its ticks, labels and key, and where between them a value stands."""

from collections.abc import Callable, Sequence
from math import ceil

from markupsafe import Markup

from report_queue.render import svg
from report_queue.render.scale import Number, Scale

KEY = 9.0  # a swatch of the key is a square of this size
_KEY_ROW = 15.0


class Frame:
    """The axes of a chart over time, and where a value stands between them.

    `right` is the room beside the axes that the names of lines need; `key` the names above them. A key of several rows
    makes the picture higher, not what is drawn smaller.
    """

    def __init__(
        self,
        labels: Sequence[str],
        values: Sequence[Number],
        label: Callable[[Number], str],
        *,
        width: float,
        height: float,
        zero: bool,
        right: float = 4,
        key: Sequence[str] = (),
    ) -> None:
        scale = Scale.over(values, zero=zero)
        self._ticks = [(tick, svg.shorten(label(tick), width * 0.2)) for tick in scale.ticks]
        self._labels = [svg.shorten(text, width * 0.2) for text in labels]
        self.width = width
        self.left = max(svg.width_of(text) for _, text in self._ticks) + 8
        self.right = width - right
        self.key, rows = _placed([svg.shorten(name, width * 0.3) for name in key], self.left, self.right)
        self._height = height + max(rows - 1, 0) * _KEY_ROW
        self.bottom = self._height - 20
        self.y = scale.onto(self.bottom, 9 + rows * _KEY_ROW if rows else 8)
        self.slot = (self.right - self.left) / max(len(labels), 1)
        self._drawn = bool(labels) and bool(values)

    def x(self, index: int) -> float:
        """The middle of the column of the label with this index."""
        return self.left + (index + 0.5) * self.slot

    def there(self, points: Sequence[Number | None]) -> list[tuple[int, Number]]:
        """The points that are given and have a label to stand over, by index."""
        return [(index, value) for index, value in enumerate(points[: len(self._labels)]) if value is not None]

    def axes(self) -> list[Markup]:
        """Rules at the ticks, their labels, and as many labels of the time axis as have room."""
        marks = []
        for tick, text in self._ticks:
            marks.append(svg.line(self.left, self.y(tick), self.right, self.y(tick), svg.RULE))
            marks.append(svg.text(self.left - 8, self.y(tick) + 3, text, anchor="end"))
        widest = max(map(svg.width_of, self._labels), default=0)
        every = max(1, ceil((widest + 6) / self.slot))
        marks.extend(
            svg.text(self.x(index), self.bottom + 15, self._labels[index], anchor="middle")
            for index in range(0, len(self._labels), every)
        )
        return marks

    def picture(self, title: str, marks: Sequence[Markup]) -> Markup:
        """The marks as the chart; where there is nothing to draw, a picture that says so."""
        shown = marks if self._drawn else [nothing(self.width, self._height)]
        return svg.picture(self.width, self._height, title, shown)


def nothing(width: float, height: float) -> Markup:
    """What stands in a picture without figures."""
    return svg.text(width / 2, height / 2 + 3, "No figures", anchor="middle")


def _placed(names: Sequence[str], left: float, right: float) -> tuple[list[tuple[float, float, str]], int]:
    """Where in the key each name's swatch has its upper left corner, and how many rows that takes."""
    places: list[tuple[float, float, str]] = []
    x, row = left, 0
    for name in names:
        width = KEY + 5 + svg.width_of(name)
        if x > left and x + width > right:
            x, row = left, row + 1
        places.append((x, 2 + row * _KEY_ROW, name))
        x += width + 16
    return places, row + 1 if names else 0
