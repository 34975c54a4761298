"""Pages that are counted though they are not laid out: those in the middle of a long table, which are all alike.

    laid out     4 first │ 5 middle │ 6 middle │           2,802 last │ 2,803 what follows     of 2,803 pages
    left out                                    7 … 2,801

WeasyPrint counts its pages while it lays them out. Inside `counting` it takes those that are left out for counted
before the page that begins with a block which says so: in the margins, in the text, in a table of contents that points
there. What the pages that are left out look like is `stencil`'s. This reads and changes parts of WeasyPrint that are
not public: its version is pinned.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from weasyprint import layout  # type: ignore[import-untyped]
from weasyprint.layout import page  # type: ignore[import-untyped]

ATTRIBUTE: Final = "data-left-out"  # of the block that stands after the pages, which are as many


@dataclass
class Counted:
    """What was seen of the layout."""

    context: Any = None
    found: set[int] = field(default_factory=set)  # pages, from 0, that begin with such a block


@contextmanager
def counting(pages: int) -> Iterator[Counted]:
    """Inside, one document is laid out of which so many pages are left out."""
    counted = Counted()
    begin, make_page = layout.initialize_page_maker, page.make_page

    def begun(context: Any, root_box: Any) -> None:
        begin(context, root_box)
        counted.context = context
        *place, (quotes, values, *more), remake = context.page_maker[0]
        context.page_maker[0] = (*place, (quotes, _Values(pages, values), *more), remake)

    def made(context: Any, root_box: Any, page_type: Any, resume_at: Any, number: int, state: Any) -> Any:
        before = 0 if page_type.blank else _before(root_box, resume_at)
        if before and "page" in state[1]:
            state[1]["page"][-1] += before
            counted.found.add(number - 1)
        return make_page(context, root_box, page_type, resume_at, number, state)

    layout.initialize_page_maker, page.make_page = begun, made
    try:
        yield counted
    finally:
        layout.initialize_page_maker, page.make_page = begin, make_page


class _Values(dict[str, list[int]]):
    """The counters' values on a page. Whoever sets the number of pages has counted those that are laid out."""

    def __init__(self, left_out: int, values: dict[str, list[int]]) -> None:
        super().__init__(values)
        self._left_out = left_out

    def __setitem__(self, name: str, values: list[int]) -> None:
        super().__setitem__(name, [values[0] + self._left_out] if name == "pages" else values)

    def __deepcopy__(self, _: Any) -> "_Values":
        return _Values(self._left_out, {name: list(values) for name, values in self.items()})


def _before(box: Any, resume_at: Any) -> int:
    """How many pages are left out before the page that begins there."""
    while resume_at:
        if len(resume_at) != 1:
            return 0  # inside of columns and the like
        ((index, resume_at),) = resume_at.items()
        box = box.children[index]
    return int(box.element.get(ATTRIBUTE, 0)) if box.element is not None else 0
