"""What the pages in the middle of a long table have in common, and each one's page number, drawn by WeasyPrint.

    page A  ──drawn──► …  BT  5  ET  …             alike but for their numbers?
    page B  ──drawn──► …  BT  6  ET  …             then each further page is
                                                   …  BT │ 7 │ ET  …    the same two parts around a number of its own

Raises Unfit wherever the pages might differ in more than that: the table's pages are then all laid out. It knows
nothing of rows. This reads parts of WeasyPrint that are not public: its version is pinned.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pydyf  # type: ignore[import-untyped]
from weasyprint.draw.text import draw_first_line  # type: ignore[import-untyped]
from weasyprint.formatting_structure import build  # type: ignore[import-untyped]
from weasyprint.formatting_structure.boxes import LineBox, MarginBox, TextBox  # type: ignore[import-untyped]
from weasyprint.matrix import Matrix  # type: ignore[import-untyped]
from weasyprint.pdf.stream import Stream  # type: ignore[import-untyped]
from weasyprint.text.line_break import split_first_line  # type: ignore[import-untyped]

from report_queue.render.table.shaping import Unfit

Operators = list[bytes]

_COUNTERS: Final = ("counter_increment", "counter_reset", "counter_set")
_NEAR: Final = 0.01  # pixels


@dataclass(frozen=True)
class Stencil:
    """Pages in their order, each like page A but for the texts that count pages."""

    marks: tuple[bytes, ...]  # page A's operators by which these texts begin
    texts: tuple[tuple[bytes, ...], ...]  # each page's, as a PDF shows them


def read(document: Any, context: Any, *, page: int, count: int) -> Stencil:
    """Of `count` pages after the pages `page` and `page` + 1, from 0, which are laid out. Raises Unfit."""
    if any(_counts_pages(selector) for sheet, *_ in context.style_for._sheets for selector in _selectors(sheet)):
        raise Unfit
    here, there = document.pages[page : page + 2]
    values = _values(context, page), _values(context, page + 1)
    if values[1] != {**values[0], "page": [*values[0]["page"][:-1], values[0]["page"][-1] + 1]}:
        raise Unfit  # counts in steps of its own, or something else
    context.current_page = page + 1  # as far as the running heads go
    margins = _margins(here), _margins(there)
    if [box.at_keyword for box in margins[0]] != [box.at_keyword for box in margins[1]]:
        raise Unfit
    numbers = [
        _Number(document, context, page=here._page_box, boxes=pair, values=values)
        for pair in zip(*margins, strict=True)
        if any("page" in value for kind, value in _content(pair[0]) if kind in ("counter()", "counters()"))
    ]
    first, second = _drawn(document, here), _drawn(document, there)
    if any(number.marks[0] not in first for number in numbers):
        raise Unfit
    numbers.sort(key=lambda number: first.index(number.marks[0]))
    marks, others = (tuple(number.marks[which] for number in numbers) for which in (0, 1))
    if cut(first, marks) != cut(second, others) or _kept(here) != _kept(there):
        raise Unfit
    last = values[1]["page"]
    return Stencil(
        marks,
        tuple(
            tuple(number.text({**values[1], "page": [*last[:-1], last[-1] + further]}) for number in numbers)
            for further in range(1, count + 1)
        ),
    )


def cut(operators: Sequence[Any], marks: Sequence[bytes]) -> list[Operators]:
    """What a page draws, in the parts between the texts that begin with `marks`; all of it as an artifact."""
    parts, part, inside = [], Operators(), False
    left = list(marks)
    for operator in artifacts(operators):
        if left and operator == left[0]:
            left.pop(0)
            parts.append(part)
            part, inside = Operators(), True
        elif operator == b"ET":
            inside = False
        if not inside:
            part.append(operator)
    if left:
        raise Unfit
    return [*parts, part]


def artifacts(operators: Sequence[Any]) -> Iterator[bytes]:
    """The same, with nothing marked for the structure tree."""
    for operator, after in zip(operators, (*operators[1:], None), strict=True):
        if isinstance(after, dict):
            yield b"/Artifact"
        elif isinstance(operator, dict):
            continue
        else:
            yield b"BMC" if operator == b"BDC" else pydyf._to_bytes(operator)


class _Number:
    """A text in a page's margin that counts pages."""

    def __init__(self, document: Any, context: Any, *, page: Any, boxes: tuple[Any, Any], values: Any) -> None:
        self._document, self._context, self._page = document, context, page
        self._box = boxes[0]
        self._style = self._box.style
        texts = [_only_text(box) for box in boxes]
        self._text = texts[0]
        if self._text.style["text_decoration_line"] != "none" or any(
            self._style[name] not in ((), "auto") for name in _COUNTERS
        ):
            raise Unfit
        if self._style["width"] == "auto" and self._has_neighbours(page):
            raise Unfit  # they share their side by how long their texts are
        self._align = self._aligned(boxes, texts)
        self.marks = tuple(_mark(text.position_x, text.position_y + text.baseline) for text in texts)
        if [self._said(one) for one in values] != [text.text.strip(" ") for text in texts]:
            raise Unfit
        if any(text.position_y != self._text.position_y or text.baseline != self._text.baseline for text in texts):
            raise Unfit

    def text(self, values: dict[str, list[int]]) -> bytes:
        """The text where the counters have these values, as a PDF shows it. Raises Unfit."""
        said = self._said(values)
        line, length, _, width, *_ = split_first_line(said, self._text.style, None, self._box.width, 0)
        if length != len(said.encode()) or width > self._box.width:
            raise Unfit
        text = self._text.copy_with_text(said)
        line.reactivate(text.style)
        text.pango_layout = line
        x = self._box.content_box_x() + self._align * (self._box.width - width)
        stream = _stream(self._document)
        if draw_first_line(stream, text, "clip", "none", Matrix(d=-1, e=x, f=text.position_y + text.baseline)):
            raise Unfit  # pictures of letters
        return b"\n".join(stream.stream)

    def _said(self, values: dict[str, list[int]]) -> str:
        context, box = self._context, MarginBox(self._box.at_keyword, self._style)
        box.children = build.content_to_boxes(
            self._style,
            box,
            [0],
            values,
            context.get_image_from_uri,
            context.target_collector,
            context.counter_style,
            context,
            self._page,
        )
        box.process_whitespace()
        box.process_text_transform()
        if len(box.children) != 1 or not isinstance(box.children[0], TextBox):
            raise Unfit
        return str(box.children[0].text.strip(" "))

    def _has_neighbours(self, page: Any) -> bool:
        """Whether its width hangs on what others on its side say."""
        sides = [box.at_keyword.split("-")[0] for box in _boxes(page) if not box.at_keyword.endswith("corner")]
        own, *_, end = self._box.at_keyword.split("-")
        return end != "corner" and own in ("@top", "@bottom") and sides.count(own) > 1

    @staticmethod
    def _aligned(boxes: tuple[Any, Any], texts: list[Any]) -> float:
        """Which share of the room that is left stands before the text."""
        for share in (0.0, 0.5, 1.0):
            places = [box.content_box_x() + share * (box.width - text.width) for box, text in zip(boxes, texts)]  # noqa: B905
            if all(abs(text.position_x - x) < _NEAR for text, x in zip(texts, places)):  # noqa: B905
                return share
        raise Unfit


def _mark(x: float, y: float) -> bytes:
    stream = pydyf.Stream()
    stream.set_text_matrix(1, 0, 0, -1, x, y)
    return bytes(stream.stream[0])


def _selectors(sheet: Any) -> Iterator[Any]:
    for _, selectors, _ in sheet.page_rules:
        yield from selectors


def _counts_pages(selector: Any) -> bool:
    return bool(selector[2].index)  # @page :nth(…)


def _values(context: Any, page: int) -> dict[str, list[int]]:
    """The counters on a page."""
    return copy.deepcopy(dict(context.page_maker[page + 1][3][1]))


def _content(box: Any) -> Sequence[tuple[str, Any]]:
    content = box.style["content"]
    return () if isinstance(content, str) else content


def _boxes(page: Any) -> list[Any]:
    return [box for box in page.children if isinstance(box, MarginBox)]


def _margins(page: Any) -> list[Any]:
    return _boxes(page._page_box)


def _only_text(box: Any) -> Any:
    lines = [one for one in box.descendants() if isinstance(one, LineBox)]
    if len(lines) != 1 or [type(one) for one in lines[0].children] != [TextBox]:
        raise Unfit
    return lines[0].children[0]


def _kept(page: Any) -> tuple[Any, ...]:
    """What else a page has, which must be the same on both."""
    if page.links or page.bookmarks or any(page.forms.values()):
        raise Unfit
    return page.width, page.height, page.bleed


def _drawn(document: Any, page: Any) -> Operators:
    """What WeasyPrint draws of the page, and what that takes from its resources. Only the margins may have text."""
    tags: dict[Any, Any] = {}
    stream = _stream(document, tags)
    page.paint(stream, 0.75)
    margins = {id(one) for box in _margins(page) for one in box.descendants()}
    if any(id(box) not in margins for box in tags):
        raise Unfit
    return [*stream.stream, repr(_flat(stream._resources)).encode()]


def _stream(document: Any, tags: dict[Any, Any] | None = None) -> Stream:
    empty = {kind: pydyf.Dictionary() for kind in ("ExtGState", "XObject", "Pattern", "Shading")}
    resources = pydyf.Dictionary({**empty, "ColorSpace": None})
    return Stream(document.fonts, (0, 0, 0, 0), resources, {}, tags, document.color_profiles, document.output_intent)


def _flat(part: Any) -> Any:
    """A part of a PDF with all that is in it."""
    if isinstance(part, pydyf.Stream):
        return _flat(part.extra), [_flat(one) for one in part.stream]
    if isinstance(part, dict):
        return {name: _flat(value) for name, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [_flat(one) for one in part]
    return part if isinstance(part, (str, bytes, int, float, type(None))) else pydyf._to_bytes(part)
