"""Which images a report may show: of five kinds, told by their content and not by their name, and not too large.

    bytes ──► PNG, JPEG, GIF, WebP: the header, by Pillow ──► kind, pixels within the limit
         └──► SVG: well-formed, of the root <svg>, without entities of its own

Only headers are read here, so a bomb is refused before anything unpacks it.
"""

import warnings
from io import BytesIO
from typing import Final, NoReturn
from xml.parsers import expat

# Pillow loads a decoder when it first meets an image of its kind; these are met.
from PIL import GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError, WebPImagePlugin

MAX_IMAGES: Final = 500  # in one report
MAX_BYTES: Final = 20 << 20  # of one image, style sheet or font
MAX_PIXELS: Final = 40_000_000  # of one image; unpacked that is 160 MB

_PLUGINS: Final = (PngImagePlugin, JpegImagePlugin, GifImagePlugin, WebPImagePlugin)
_RASTER: Final = tuple(plugin.__name__.rpartition(".")[2].removesuffix("ImagePlugin").upper() for plugin in _PLUGINS)

# Beyond it Pillow warns, which `kind_of` takes for a refusal; at twice that it refuses itself.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


class UnfitImage(Exception):
    """An image that a report may not show. `reason` is the failure's code, the message ends a sentence about it."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def kind_of(content: bytes) -> str:
    """The image's media type. Raises UnfitImage: `asset.broken`, `asset.blocked`, `asset.too_large`."""
    if len(content) > MAX_BYTES:
        raise UnfitImage(f"is larger than {MAX_BYTES >> 20} MB", reason="asset.too_large")
    if content[:3] == b"\xef\xbb\xbf" or content.lstrip()[:1] == b"<":
        return _svg(content)
    return _raster(content)


def _raster(content: bytes) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content), formats=_RASTER) as image:
                return Image.MIME["JPEG" if image.format == "MPO" else str(image.format)]
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnfitImage(f"has more than {MAX_PIXELS // 1_000_000} megapixels", reason="asset.too_large") from None
    except UnidentifiedImageError:
        raise UnfitImage("is no PNG, JPEG, GIF, WebP or SVG", reason="asset.broken") from None
    except (OSError, ValueError, SyntaxError):  # Pillow's words for a header that makes no sense
        raise UnfitImage("cannot be read", reason="asset.broken") from None


def _svg(content: bytes) -> str:
    """Parsed to be sure: an entity can hide in any encoding, and a short text of entities can mean gigabytes."""
    roots: list[str] = []

    def root(name: str, _: object) -> None:
        roots.append(name)
        parser.StartElementHandler = None

    def entity(*_: object) -> NoReturn:
        raise UnfitImage("declares entities, which an SVG here may not", reason="asset.blocked")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = root
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError):  # not well-formed, or in an encoding that nobody knows
        raise UnfitImage("is no well-formed SVG", reason="asset.broken") from None
    if [name.rpartition(" ")[2] for name in roots] != ["svg"]:
        raise UnfitImage("is no PNG, JPEG, GIF, WebP or SVG", reason="asset.broken")
    return "image/svg+xml"
