"""Where a long table stands in the structure tree: WeasyPrint's own, which is here when the rows come.

    Sect ─┬─ H2                         Sect ─┬─ H2
          └─ Div  ◄── the first block         └─ Table ── THead, TBody …  ◄── all rows, of all pages
    Sect ─── Div  ◄── the next block          (nothing)
    Sect ─── Div                              (nothing)
    P                                   P

    each page's StructParents ──► the elements of its marked content, WeasyPrint's first and then the rows'

It reads and changes parts of WeasyPrint that are not public: its version is pinned.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any

import pydyf  # type: ignore[import-untyped]
from weasyprint.pdf import tags  # type: ignore[import-untyped]

from report_queue.render import streamed
from report_queue.render.table import structure
from report_queue.render.table.plan import Block
from report_queue.render.table.rows import Table
from report_queue.render.table.specimen import named
from report_queue.render.table.structure import Stood, Structure

Elements = dict[tuple[str, str], Any]  # a table's number and a block's to WeasyPrint's element of the block


@contextmanager
def watched() -> Iterator[Elements]:
    """The elements of the blocks in the documents that are written inside."""
    found: Elements = {}
    build = tags._build_box_tree

    def built(box: Any, *arguments: Any) -> Iterator[Any]:
        number = named(box, "data-lane") if getattr(box, "element", None) is not None else None
        for element in build(box, *arguments):
            if number is not None:
                found[named(box, "data-of") or "", number] = element
            yield element

    tags._build_box_tree = built
    try:
        yield found
    finally:
        tags._build_box_tree = build


class Tree:
    """The structure tree of one PDF, before it is written."""

    def __init__(self, pdf: Any, elements: Elements) -> None:
        self._pdf = pdf
        self._elements = elements
        self._root = self._object(pdf.catalog["StructTreeRoot"])
        self._numbers = self._object(self._root["ParentTree"])["Nums"]
        self._pages = dict(zip(self._numbers[::2], self._numbers[1::2], strict=True))
        self._marked = {key: len(known) for key, known in self._pages.items() if isinstance(known, pydyf.Array)}
        self._tables: dict[int, Table] = {}
        self._stood: dict[int, dict[int, Stood]] = defaultdict(dict)  # by the tables' numbers and the blocks'

    def put(self, table: Table, number: int, block: Block, *, page: Any) -> int:
        """A block onto a page. The number that its first piece of marked content has there."""
        key = page.get("StructParents")
        if key is None:  # a page of ours
            key = page["StructParents"] = self._numbers[-2] + 1
            self._pages[key] = pydyf.Array()
            self._pdf.add_object(self._pages[key])
            self._numbers += (key, self._pages[key].reference)
            self._marked[key] = 0
        content = self._marked[key]
        first = streamed.reserve(self._pdf, structure.count(block.shapes))
        stood = Stood(block.shapes, page.number, content, first)
        self._tables[table.number] = table
        self._stood[table.number][number] = stood
        if owners := structure.owners(stood):
            self._pages[key].append(owners.encode())
        self._marked[key] += sum(sum(lines) for _, lines in block.shapes)
        return content

    def close(self) -> None:
        """When all blocks are there."""
        tables = [self._joined(self._tables[number], stood) for number, stood in self._stood.items()]
        streamed.with_packs(self._pdf, chain.from_iterable(one.packs() for one in tables))

    def _joined(self, table: Table, stood: Mapping[int, Stood]) -> Structure:
        first, *others = (self._elements[str(table.number), str(number)] for number in self._laid_out(table))
        one = Structure(structure.cells_of(table), [stood[number] for number in sorted(stood)], table=first.number)
        one.first = streamed.reserve(self._pdf, one.own)
        first["S"] = "/Table"
        first["K"] = pydyf.Array([one.kids.encode()])
        for other in others:
            self._remove(other)
        return one

    def _laid_out(self, table: Table) -> list[str]:
        numbers = (number for of, number in self._elements if of == str(table.number))
        return sorted(numbers, key=int)

    def _remove(self, element: Any) -> None:
        """The element, and what has nothing else in it."""
        parent = self._object(element["P"])
        parent["K"].remove(element.reference)
        element.free = "f"
        if not parent["K"] and parent["S"] != "/Document":
            self._remove(parent)

    def _object(self, reference: bytes) -> Any:
        return self._pdf.objects[int(reference.split()[0])]
