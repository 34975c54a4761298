"""How the parts of a chart are told apart: by colour, and without it by hatching and dashes.

    1 plain   2 ////   3 dots   4 \\\\\\\\   5 ====   6 crossed, then from the first again

It knows outlines and nothing of what they mean.
"""

from itertools import count
from typing import Final

from markupsafe import Markup

from report_queue.render import svg

# Told apart with any colour vision; in grey the hatching of areas and the dashes of lines do it.
PALETTE: Final = ("#17456e", "#d9722a", "#0a8f83", "#b8447f", "#58a9d8", "#6b7684")
DASHES: Final = ("", "5 3", "1.5 2.5", "8 3 2 3", "3 2", "10 4")

Box = tuple[float, float, float, float]  # left, top, right, bottom

_GAP: Final = 5.0  # between two lines of a hatching


def colour(index: int) -> str:
    """The colour of the part with this index."""
    return PALETTE[index % len(PALETTE)]


def dash(index: int) -> str:
    """The dashes of the line with this index, as SVG writes them; none for the first."""
    return DASHES[index % len(DASHES)]


def tint(index: int) -> str:
    """The part's colour, pale: three quarters white."""
    channels = bytes.fromhex(colour(index)[1:])
    return "#" + bytes(round(channel + (255 - channel) * 0.75) for channel in channels).hex()


class Fills:
    """The hatchings of one document: each is cut out by a clip path, whose name must be the document's only one."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def hatched(self, outline: str, index: int, box: Box, *, edge: str = "none") -> list[Markup]:
        """An outline (or several in one) in the colour and hatching of the part `index`; `box` holds all of it."""
        marks = [svg.path(outline, colour(index), edge=edge)]
        if lines := _lines(index % len(PALETTE), box):
            name = f"hatching-{next(self._numbers)}"
            dots = index % len(PALETTE) == 2
            style = Markup(' stroke-linecap="round" stroke-dasharray="0 4.5"') if dots else ""
            marks.append(Markup('<clipPath id="{}"><path d="{}"/></clipPath>').format(name, outline))
            marks.append(
                Markup('<path d="{}" fill="none" stroke="#ffffff" stroke-width="{}"{} clip-path="url(#{})"/>').format(
                    lines, "1.6" if dots else "0.8", style, name
                )
            )
            if edge != "none":  # again, since the hatching covers its inner half
                marks.append(svg.path(outline, "none", edge=edge))
        return marks


def _lines(kind: int, box: Box) -> str:
    """The lines of a hatching across the box, as a path. They stand on one grid, so that neighbours go on in line."""
    match kind:
        case 1:
            return _slanted(box, rising=True)
        case 2 | 4:
            return _level(box)
        case 3:
            return _slanted(box, rising=False)
        case 5:
            return _slanted(box, rising=True) + _slanted(box, rising=False)
        case _:
            return ""


def _level(box: Box) -> str:
    left, top, right, bottom = box
    rows = range(int(top // _GAP), int(bottom // _GAP) + 1)
    return "".join(f"M{left // 4.5 * 4.5:.1f} {row * _GAP + 2.5:.1f}H{right:.1f}" for row in rows)


def _slanted(box: Box, *, rising: bool) -> str:
    left, top, right, bottom = box
    sums = (left + top, right + bottom) if rising else (left - bottom, right - top)
    steps = range(int(sums[0] // _GAP), int(sums[1] // _GAP) + 1)
    if rising:  # x + y is the same all along
        return "".join(f"M{n * _GAP - top:.1f} {top:.1f}L{n * _GAP - bottom:.1f} {bottom:.1f}" for n in steps)
    return "".join(f"M{n * _GAP + top:.1f} {top:.1f}L{n * _GAP + bottom:.1f} {bottom:.1f}" for n in steps)
