"""Which images a report may show: told by their content, bounded in bytes and pixels."""

import struct
import zlib
from collections.abc import Callable

import pytest

from report_queue.render.images import MAX_BYTES, MAX_PIXELS, UnfitImage, kind_of

SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'


def png(width: int, height: int) -> bytes:
    """A PNG without its pixels: only its head is looked at."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = (struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in (head, b"IDAT"))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (png(MAX_PIXELS // 1_000, 1_000), "image/png"),
        (SVG.encode(), "image/svg+xml"),
        (b"\xef\xbb\xbf" + SVG.encode(), "image/svg+xml"),
        (b"<?xml version='1.0'?>\n" + SVG.encode(), "image/svg+xml"),
    ],
)
def test_an_image_is_what_its_content_says(content: bytes, kind: str) -> None:
    assert kind_of(content) == kind


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda: png(MAX_PIXELS // 1_000 + 1, 1_000), "asset.too_large"),
        (lambda: png(MAX_PIXELS, 1_000), "asset.too_large"),
        (lambda: png(1, 1) + bytes(MAX_BYTES), "asset.too_large"),
        (lambda: SVG.encode() + b" " * MAX_BYTES, "asset.too_large"),
        (lambda: b"BM" + bytes(60), "asset.broken"),
        (lambda: b"<html/>", "asset.broken"),
        (lambda: b"<svg", "asset.broken"),
        (lambda: b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.encode(), "asset.blocked"),
        (lambda: b"", "asset.broken"),
    ],
    ids=[
        "a few pixels too many",
        "far too many",
        "too many bytes",
        "a drawing of too many bytes",
        "a BMP",
        "HTML",
        "half a drawing",
        "entities",
        "nothing",
    ],
)
def test_an_image_that_a_report_may_not_show_is_told_why(content: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(UnfitImage) as refused:
        kind_of(content())
    assert refused.value.reason == reason
