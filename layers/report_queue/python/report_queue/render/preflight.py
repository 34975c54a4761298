"""What speaks against a report that was made all the same: it is looked over once it is laid out and written.

    document ──► document.no_title   document.no_language
                 page.blank          a page with nothing to read or to see but its margins
                 text.cut            text or an image that reaches beyond the paper
                 image.no_alt        an <img> without alt, an <svg> without <title>
                 glyph.missing       a character that no font has: a box is printed in its place

A finding says what and on which page, and nothing of the payload but a missing character's code point. A part that
cannot be drawn at all is no finding: `document` fails the job. This reads WeasyPrint's page boxes, whose shapes are
only half public, and changes none of them.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import weasyprint  # type: ignore[import-untyped]
from weasyprint.formatting_structure.boxes import MarginBox, ReplacedBox, TextBox  # type: ignore[import-untyped]
from weasyprint.layout.absolute import AbsolutePlaceholder  # type: ignore[import-untyped]

from report_queue.render import glyphs
from report_queue.result import Finding

MOST: Final = 20  # findings of one report: who has that many has seen enough

_MM: Final = 25.4 / 96  # of a CSS pixel
_SLACK: Final = 1.0  # pixels: a text's box is a little larger than its letters
_SVG: Final = "{http://www.w3.org/2000/svg}"


@dataclass
class _Seen:
    """What one page shows."""

    filled: bool
    beyond: dict[str, float] = field(default_factory=dict)  # edge -> how far the worst reaches beyond it, in pixels
    unnamed: int = 0  # images
    lost: dict[str, str] = field(default_factory=dict)  # character -> the first element that has it


def look(document: weasyprint.Document, *, filled: Collection[int] = ()) -> tuple[Finding, ...]:
    """The findings, at most `MOST`: first those of the whole document, then the pages' in their order.

    Something stands on the pages `filled`, counted from 1, even where no box holds it: a long table's rows.
    """
    metadata, findings = document.metadata, []
    if not (metadata.title or "").strip():
        findings.append(Finding("document.no_title", "The document has no title: give the template a <title>."))
    if not (metadata.lang or "").strip():
        findings.append(Finding("document.no_language", 'The document names no language: write <html lang="…">.'))
    lost = set(glyphs.missing(document))
    for number, page in enumerate(document.pages, start=1):
        seen = _see(page, lost, filled=number in filled)
        lost.difference_update(seen.lost)  # a character is told once, where it comes first
        findings += [Finding(code, message, number) for code, message in _against(page, seen)]
        if len(findings) >= MOST:
            break
    # What stands on no page as it is in the template: counters and the like.
    findings += [Finding("glyph.missing", _boxed(character)) for character in sorted(lost)]
    return tuple(findings[:MOST])


def _against(page: weasyprint.Page, seen: _Seen) -> Iterator[tuple[str, str]]:
    # Pages that a template leaves blank on purpose, so that a chapter starts on the right, are as they should be.
    if not seen.filled and not page._page_box.page_type.blank:
        yield "page.blank", "The page has nothing on it but its margins."
    if seen.beyond:
        edge, far = max(seen.beyond.items(), key=lambda one: one[1])
        yield "text.cut", f"Something reaches {far * _MM:.0f} mm beyond the {edge} edge of the paper and is cut off."
    if seen.unnamed:
        said = "An image has" if seen.unnamed == 1 else f"{seen.unnamed} images have"
        yield "image.no_alt", f"{said} no text for those who do not see it: an <img> needs alt, an <svg> a <title>."
    for character, tag in sorted(seen.lost.items()):
        yield "glyph.missing", _boxed(character, f", in <{tag}>")


def _boxed(character: str, where: str = "") -> str:
    return f"No font has {glyphs.named(character)}: a box is printed in its place{where}."


def _see(page: weasyprint.Page, lost: set[str], *, filled: bool) -> _Seen:
    """Look at every text and image of the page. `lost` are the characters to look out for."""
    seen = _Seen(filled)
    for box, matrix, in_margin in _shown(page):
        seen.filled = seen.filled or not in_margin
        if isinstance(box, ReplacedBox):
            words = "".join(box.element.itertext()) if box.element is not None else ""
            seen.unnamed += _is_unnamed(box)
            x, y = box.content_box_x(), box.content_box_y()
        else:
            words, x, y = box.text, box.position_x, box.position_y
        _reach(seen, page, box, corners=_corners(x, y, box.width, box.height, matrix))
        if not lost.isdisjoint(words):
            seen.lost |= dict.fromkeys(lost.intersection(words), _tag(box)) | seen.lost
    return seen


def _shown(page: weasyprint.Page) -> Iterator[tuple[Any, Any, bool]]:
    """The page's texts and images in their order, each with its transformation and whether it stands in a margin."""
    open_boxes = [(child, None, isinstance(child, MarginBox)) for child in reversed(page._page_box.children)]
    while open_boxes:
        box, matrix, in_margin = open_boxes.pop()
        if isinstance(box, AbsolutePlaceholder):
            box = box._box
        if own := box.transformation_matrix:
            matrix = own @ matrix if matrix else own
        if isinstance(box, ReplacedBox) or (isinstance(box, TextBox) and box.text.strip()):
            yield box, matrix, in_margin
        else:
            open_boxes += [(child, matrix, in_margin) for child in reversed(box.children)]


def _reach(seen: _Seen, page: weasyprint.Page, box: Any, *, corners: list[tuple[float, float]]) -> None:
    across, down = zip(*corners, strict=True)
    far = {
        "left": -min(across),
        "top": -min(down),
        "right": max(across) - page.width,
        "bottom": max(down) - page.height,
    }
    for edge, much in far.items():
        if much > max(_SLACK, seen.beyond.get(edge, 0)) and box.style["visibility"] == "visible":
            seen.beyond[edge] = much


def _corners(x: float, y: float, width: float, height: float, matrix: Any) -> list[tuple[float, float]]:
    plain = [(x, y), (x + width, y + height)]
    if not matrix:
        return plain
    return [matrix.transform_point(*corner) for corner in (*plain, (x + width, y), (x, y + height))]


def _is_unnamed(box: Any) -> bool:
    if box.element is None or box.element_tag not in ("img", f"{_SVG}svg"):
        return False  # drawn by the style sheet: decoration
    told = box.element.findtext(f"{_SVG}title") if box.element_tag.startswith(_SVG) else box.element.get("alt")
    return not (told or "").strip()


def _tag(box: Any) -> str:
    return str(box.element_tag or "page margin").removeprefix(_SVG).split("::")[0]
