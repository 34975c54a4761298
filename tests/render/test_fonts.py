"""The fonts of a document: the system's, listed once, and those that it brings, which are its alone."""

import subprocess
from io import BytesIO

import pytest
import weasyprint

from report_queue.render.fonts import Fonts


@pytest.fixture(scope="module")
def brought() -> str:
    """A style sheet that brings a font."""
    command = ["fc-match", "--format", "%{file}", "DejaVu Sans Mono"]
    file = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return f"@font-face {{ font-family: Mine; src: url(file://{file}) }}"


def families(fonts: Fonts, style: str = "") -> list[str]:
    """Of a document in the font Mine."""
    sheet = weasyprint.CSS(string=f"{style} p {{ font-family: Mine }}", font_config=fonts)
    document = weasyprint.HTML(string="<p>office").render(stylesheets=[sheet], font_config=fonts)
    document.write_pdf(BytesIO())
    return [font.family for font in document.fonts.values()]


def test_a_font_that_one_document_brings_is_no_other_s(brought: str) -> None:
    before, beside = Fonts(), Fonts()
    without = families(before)
    assert without != ["Mine"]
    assert families(Fonts(), brought) == ["Mine"]
    assert [families(Fonts()), families(beside), families(before)] == [without, without, without]
    assert families(Fonts(), brought) == ["Mine"]


def test_the_system_s_fonts_are_listed_once() -> None:
    one, other = Fonts(), Fonts()
    assert one._config == other._config
    assert one.font_map != other.font_map
