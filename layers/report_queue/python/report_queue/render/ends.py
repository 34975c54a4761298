"""Lines, and the names at their ends."""

from collections.abc import Sequence

from markupsafe import Markup

from report_queue.render import svg
from report_queue.render.frame import Frame

End = tuple[float, str, str]  # how far down a line ends, its name, its colour


def stroke(points: Sequence[tuple[float, float]], colour: str, dash: str, *, markers: bool = True) -> list[Markup]:
    """A line through the points. Few points get a dot each; a single one is nothing but its dot."""
    marks = [svg.polyline(points, colour, dash=dash)] if len(points) > 1 else []
    if markers and len(points) <= 36:
        marks += [svg.circle(x, y, 2.2, colour) for x, y in points]
    return marks


def room(names: Sequence[str], width: float) -> float:
    """How much of the `width` of a picture these names need at its right."""
    return max((svg.width_of(_short(name, width)) for name in names), default=-10) + 14


def named(frame: Frame, ends: Sequence[End]) -> list[Markup]:
    """The names at the right of the axes, each beside its line's end."""
    return [
        svg.text(frame.right + 8, y + 3, _short(name, frame.width), colour=colour, weight=600)
        for y, name, colour in _spread(ends, lowest=frame.bottom)
    ]


def _short(name: str, width: float) -> str:
    return svg.shorten(name, width * 0.2)


def _spread(ends: Sequence[End], *, lowest: float, gap: float = 11.5) -> list[End]:
    """The names moved apart until none covers another, and none below the axis."""
    placed: list[End] = []
    for y, name, colour in sorted(ends):
        placed.append((max(y, placed[-1][0] + gap) if placed else y, name, colour))
    limit = lowest
    for index in range(len(placed) - 1, -1, -1):
        y, name, colour = placed[index]
        placed[index] = (min(y, limit), name, colour)
        limit = placed[index][0] - gap
    return placed
