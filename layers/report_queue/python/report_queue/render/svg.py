"""The marks that charts are made of, as SVG, and about how much room words take.

All text is escaped here; what comes back is Markup. It knows the look (type, greys) and nothing of any chart.
WeasyPrint draws an SVG's text letter by letter: it suits labels, and no prose.
"""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

INK: Final = "#22303f"
MUTED: Final = "#5d6b7a"
RULE: Final = "#e3e8ee"
ZERO: Final = "#8794a3"
FONT: Final = "Inter, DejaVu Sans, sans-serif"
SIZE: Final = 9.0


def picture(width: float, height: float, title: str, marks: Sequence[Markup]) -> Markup:
    """The marks as one picture, with a title for those who cannot see it."""
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" width="{w}" height="{h}" '
        'viewBox="0 0 {w} {h}" font-family="{font}"><title>{title}</title>{marks}</svg>'
    ).format(w=f"{width:g}", h=f"{height:g}", font=FONT, title=title, marks=Markup("").join(marks))


def text(x: float, y: float, words: str, *, anchor: str = "start", colour: str = MUTED, weight: int = 400) -> Markup:
    """Words whose baseline starts, ends or has its middle at the point."""
    return Markup('<text x="{}" y="{}" font-size="{:g}" text-anchor="{}" fill="{}" font-weight="{}">{}</text>').format(
        f"{x:.2f}", f"{y:.2f}", SIZE, anchor, colour, weight, escape(words)
    )


def rect(x: float, y: float, width: float, height: float, colour: str) -> Markup:
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}"/>').format(
        f"{x:.2f}", f"{y:.2f}", f"{width:.2f}", f"{height:.2f}", colour
    )


def line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 0.8) -> Markup:
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="{:g}"/>').format(
        f"{x1:.2f}", f"{y1:.2f}", f"{x2:.2f}", f"{y2:.2f}", colour, width
    )


def circle(x: float, y: float, radius: float, colour: str) -> Markup:
    return Markup('<circle cx="{}" cy="{}" r="{:g}" fill="{}"/>').format(f"{x:.2f}", f"{y:.2f}", radius, colour)


def width_of(words: str) -> float:
    """About how wide a text is in Inter: a guess on the safe side, for there is no font at hand here."""
    wide = "MW@%"
    narrow = " .,:;'|il!()"
    return SIZE * sum(0.34 if char in narrow else 1.05 if char in wide or char > "\u2e7f" else 0.66 for char in words)


def shorten(words: str, room: float) -> str:
    """The words, or as much of their beginning as has room, with an ellipsis."""
    if width_of(words) <= room:
        return words
    while words and width_of(words) > room - width_of("…"):
        words = words[:-1]
    return f"{words.rstrip()}…"
