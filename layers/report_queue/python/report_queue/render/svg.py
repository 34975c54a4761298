"""The marks that charts are made of, as SVG, and about how much room words take.

All text is escaped here; what comes back is Markup. It knows the look (type, greys) and nothing of any chart.
WeasyPrint draws an SVG's text letter by letter: it suits labels, and no prose.
"""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from report_queue.render.right_to_left import as_drawn

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


def text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    colour: str = MUTED,
    weight: int = 400,
    size: float = SIZE,
) -> Markup:
    """Words whose baseline starts, ends or has its middle at the point."""
    return Markup('<text x="{}" y="{}" font-size="{:g}" text-anchor="{}" fill="{}" font-weight="{}">{}</text>').format(
        f"{x:.2f}", f"{y:.2f}", size, anchor, colour, weight, escape(as_drawn(words))
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


def path(outline: str, colour: str, *, edge: str = "none", width: float = 1.0) -> Markup:
    """A filled outline (SVG's own path language), and a line along its edge."""
    return Markup('<path d="{}" fill="{}" stroke="{}" stroke-width="{:g}"/>').format(outline, colour, edge, width)


def polyline(points: Sequence[tuple[float, float]], colour: str, *, dash: str = "", width: float = 1.8) -> Markup:
    """A line through the points."""
    style = Markup(' stroke-dasharray="{}"').format(dash) if dash else ""
    return Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="{:g}"{}/>').format(
        " ".join(f"{x:.2f},{y:.2f}" for x, y in points), colour, width, style
    )


def width_of(words: str, size: float = SIZE) -> float:
    """About how wide a text is in Inter: a guess on the safe side, for there is no font at hand here."""
    wide = "MW@%"
    narrow = " .,:;'|il!()"
    return size * sum(0.34 if char in narrow else 1.05 if char in wide or char > "\u2e7f" else 0.66 for char in words)


def shorten(words: str, room: float) -> str:
    """The words, or as much of their beginning as has room, with an ellipsis."""
    if width_of(words) <= room:
        return words
    while words and width_of(words) > room - width_of("…"):
        words = words[:-1]
    return f"{words.rstrip()}…"
