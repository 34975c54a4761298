"""The frame of a chart over time: its ticks and labels, and where between them a value stands."""

from collections.abc import Callable, Sequence
from math import ceil

from markupsafe import Markup

from report_queue.render import svg
from report_queue.render.scale import Number, Scale


class Frame:
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
        self._ticks = [(tick, svg.shorten(label(tick), width * 0.2)) for tick in scale.ticks]
        self._labels = [svg.shorten(text, width * 0.2) for text in labels]
        self.left = max(svg.width_of(text) for _, text in self._ticks) + 8
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
            marks.append(svg.line(self.left, self.y(tick), self.right, self.y(tick), svg.RULE))
            marks.append(svg.text(self.left - 8, self.y(tick) + 3, text, anchor="end"))
        widest = max(map(svg.width_of, self._labels), default=0)
        every = max(1, ceil((widest + 6) / self.slot))
        marks.extend(
            svg.text(self.x(index), self.bottom + 15, self._labels[index], anchor="middle")
            for index in range(0, len(self._labels), every)
        )
        return marks
