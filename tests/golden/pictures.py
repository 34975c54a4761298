"""What a report looks like, page by page, as small pictures; and whether two pictures show the same.

    sample ──render──► PDF ──pdftoppm, 72 dpi──► a picture a page ──► the same as images/<name>-<page>.png?

Edges may be drawn a shade lighter or darker by another version of poppler: that is tolerated. A line that moved, a word
that changed, another colour are not, be they as pale as a rule between two rows.
"""

import json
import re
import subprocess
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter, ImageStat

from report_queue.reports import ReportType, report_types
from tests.render.report_words import rendered

HERE = Path(__file__).parent
IMAGES = HERE / "images"

_DPI = 72
_SHADE = 16  # of 255, in any channel: less is an edge that another drew a little differently
_TONE = 1  # the same within an area of one colour, where nothing has an edge
_SPOTS = 0.0001  # of a page's pixels may differ by more: a small part of a word


def subjects() -> dict[str, ReportType]:
    """What has golden images: every report type, and the gallery of the kit."""
    gallery = HERE / "gallery"
    schema, sample = (json.loads((gallery / f"{name}.json").read_text("utf-8")) for name in ("schema", "sample"))
    return report_types() | {"gallery": ReportType(name="gallery", folder=gallery, schema=schema, sample=sample)}


def drawn(report_type: ReportType) -> list[Image.Image]:
    """The pages of the type's sample."""
    return pages_of(rendered(report_type).pdf)


def pages_of(pdf: bytes, *, dpi: int = _DPI) -> list[Image.Image]:
    """The pages of a PDF, one after the other."""
    command = ["pdftoppm", "-r", str(dpi), "-"]
    rest = subprocess.run(command, input=pdf, capture_output=True, check=True).stdout
    pages = []
    while head := re.match(rb"P6\s(\d+) (\d+)\s255\s", rest):
        width, height = int(head[1]), int(head[2])
        start, end = head.end(), head.end() + width * height * 3
        pages.append(Image.frombytes("RGB", (width, height), rest[start:end]))
        rest = rest[end:]
    return pages


def golden(name: str) -> list[Path]:
    """The images of a subject, by page."""
    return sorted(IMAGES.glob(f"{name}-*.png"))


def difference(one: Image.Image, other: Image.Image) -> str:
    """What tells two pictures apart, in words; nothing if they show the same."""
    if one.size != other.size:
        return f"the page is {one.width} x {one.height} pixels, and was {other.width} x {other.height}"
    red, green, blue = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).split()
    apart = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    flat = ImageChops.multiply(_flat(one), _flat(other))
    limit = _SPOTS * one.width * one.height
    for spots, what in ((_above(apart, _SHADE), ""), (ImageChops.multiply(_above(apart, _TONE), flat), " in tone")):
        count = round(ImageStat.Stat(spots).sum[0] / 255)
        if count > limit:
            left, top, right, bottom = spots.getbbox() or (0, 0, 0, 0)
            return f"{count} pixels differ{what}, from ({left}, {top}) to ({right}, {bottom})"
    return ""


def edges(picture: Image.Image) -> Image.Image:
    """White where a pixel differs from a neighbour, black within areas of one colour."""
    grey = picture.convert("L")
    return _above(
        ImageChops.difference(grey.filter(ImageFilter.MaxFilter(3)), grey.filter(ImageFilter.MinFilter(3))), 2
    )


def _flat(picture: Image.Image) -> Image.Image:
    return ImageChops.invert(edges(picture))


def _above(picture: Image.Image, level: int) -> Image.Image:
    return picture.point(lambda value: 255 * (value > level))
