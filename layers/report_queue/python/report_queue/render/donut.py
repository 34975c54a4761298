"""A ring of parts, with what they are beside it."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import cos, pi, sin
from typing import Final

from markupsafe import Markup

from report_queue.render import svg
from report_queue.render.fills import Fills
from report_queue.render.frame import KEY, nothing
from report_queue.render.scale import Number

_OUTER: Final = 62.0
_INNER: Final = 40.0
_ROW: Final = 20.0
_GAP: Final = 26.0  # between the ring and the names

Label = Callable[[Number], str]


def drawn(
    pairs: Sequence[tuple[object, Number]],
    *,
    title: str,
    centre: str,
    label: Label,
    share: Label,
    width: float,
    fills: Fills,
) -> Markup:
    """The chart; `label` says how a value reads and `share` how a percentage does."""
    height = max(2 * _OUTER + 4, len(pairs) * _ROW)
    if not pairs:
        return svg.picture(width, height, title, [nothing(width, height)])
    total = sum((Decimal(max(value, 0)) for _, value in pairs), Decimal(0))
    x, y = _OUTER + 2, height / 2
    marks: list[Markup] = []
    turned = Decimal(0)
    for index, (_, value) in enumerate(pairs):
        if value > 0:
            outline = _part(x, y, float(turned / total), float((turned + value) / total))
            marks += fills.hatched(outline, index, (x - _OUTER, y - _OUTER, x + _OUTER, y + _OUTER), edge="#ffffff")
            turned += value
    if not total:
        marks.append(svg.path(_part(x, y, 0, 1), svg.RULE))
    marks += _middle(x, y, label(sum((Decimal(value) for _, value in pairs), Decimal(0))), centre)
    return svg.picture(width, height, title, marks + _list(pairs, total, label, share, width, height, fills))


def _part(x: float, y: float, start: float, end: float) -> str:
    """The outline of the part of the ring between two fractions of a turn."""
    if end - start > 0.999999:  # an arc that ends where it starts is none: two circles, one of them the hole
        return "".join(
            f"M{x} {y - r}A{r} {r} 0 1 {sweep} {x} {y + r}A{r} {r} 0 1 {sweep} {x} {y - r}z"
            for r, sweep in ((_OUTER, 1), (_INNER, 0))
        )
    (ax, ay), (bx, by) = ((sin(turn * 2 * pi), -cos(turn * 2 * pi)) for turn in (start, end))
    large = int(end - start > 0.5)
    return (
        f"M{x + ax * _OUTER:.2f} {y + ay * _OUTER:.2f}A{_OUTER} {_OUTER} 0 {large} 1 "
        f"{x + bx * _OUTER:.2f} {y + by * _OUTER:.2f}L{x + bx * _INNER:.2f} {y + by * _INNER:.2f}"
        f"A{_INNER} {_INNER} 0 {large} 0 {x + ax * _INNER:.2f} {y + ay * _INNER:.2f}z"
    )


def _middle(x: float, y: float, figure: str, words: str) -> list[Markup]:
    """The figure in the hole, in the largest size that has room, and the words under it."""
    room = 2 * _INNER - 12
    size = next((size for size in (17.0, 15.0, 13.0, 11.0) if svg.width_of(figure, size) <= room), 9.0)
    figure = svg.shorten(figure, room)
    words = svg.shorten(words, room)
    baseline = y + size * 0.36 - (6 if words else 0)
    marks = [svg.text(x, baseline, figure, anchor="middle", colour=svg.INK, weight=600, size=size)]
    return [*marks, svg.text(x, baseline + 13, words, anchor="middle")] if words else marks


def _list(
    pairs: Sequence[tuple[object, Number]],
    total: Decimal,
    label: Label,
    share: Label,
    width: float,
    height: float,
    fills: Fills,
) -> list[Markup]:
    """A row per part: swatch, name, value, share."""
    shares = [share(round(value * 100 / total, 1)) if value > 0 else "–" for _, value in pairs]  # noqa: RUF001 - no figure
    values = [svg.shorten(label(value), width * 0.22) for _, value in pairs]
    left = 2 * _OUTER + 4 + _GAP
    before_share = width - max(map(svg.width_of, shares)) - 12
    before_value = before_share - max(map(svg.width_of, values)) - 8
    marks: list[Markup] = []
    for index, (name, _) in enumerate(pairs):
        y = height / 2 + (index - len(pairs) / 2 + 0.5) * _ROW
        top = y - KEY / 2
        swatch = f"M{left} {top:.2f}h{KEY}v{KEY}h-{KEY}z"
        marks += fills.hatched(swatch, index, (left, top, left + KEY, top + KEY))
        words = svg.shorten(str(name), before_value - left - KEY - 6)
        marks.append(svg.text(left + KEY + 6, y + 3, words, colour=svg.INK))
        marks.append(svg.text(before_share, y + 3, values[index], anchor="end"))
        marks.append(svg.text(width, y + 3, shares[index], anchor="end", colour=svg.INK, weight=600))
    return marks
