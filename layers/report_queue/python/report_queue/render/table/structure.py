"""What a table is to those who do not see it: its elements, as a PDF's structure tree has them.

    Table ─┬─ THead ── TR ── TH TH TH       the head once, on the first page; on others it is an artifact
           ├─ TBody ─┬ TR ── TH             a group's head, which begins a TBody
           │         ├ TR ── TD TD TD
           │         └ TR ── TD    TD       its subtotal
           └─ TFoot ── TR ── TD    TD       the total

One table, over however many pages: the same as _kit/table.html says, and as WeasyPrint tells it, but that WeasyPrint
has a Table for each page. A cell holds its lines itself, in marked content that is counted page by page. It knows the
table's kinds of rows, and nothing of what the cells say.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from report_queue.render.streamed import Pack
from report_queue.render.table.rows import GROUP, ROW, SUBTOTAL, Table
from report_queue.render.table.specimen import HEAD, TOTAL

Shape = tuple[str, tuple[int, ...]]  # a row: its kind, and how many lines each of its cells has


@dataclass(frozen=True)
class Cell:
    """A cell of one kind of row."""

    role: str
    column: int  # where it begins
    span: int = 1


@dataclass(frozen=True)
class Stood:
    """Rows that have come to stand on a page."""

    shapes: Sequence[Shape]
    page: int  # the page's object
    content: int  # the first one's number in the page's marked content
    first: int  # the first of their objects, which follow each other: a row, its cells, the next row


def cells_of(table: Table) -> Mapping[str, tuple[Cell, ...]]:
    """The cells of each kind of row."""
    width = len(table.columns)
    return {
        HEAD: tuple(Cell("TH", column) for column in range(width)),
        ROW: tuple(Cell("TD", column) for column in range(width)),
        GROUP: (Cell("TH", 0, width),),
        SUBTOTAL: _spanning([one.span for one in table.groups.sums] if table.groups else []),
        TOTAL: _spanning([one.span for one in table.total]),
    }


def count(shapes: Sequence[Shape]) -> int:
    """How many elements the rows are."""
    return sum(1 + len(lines) for _, lines in shapes)


class Structure:
    """One table's elements. Their numbers are those of objects of the PDF: `own` of them from `first` on."""

    def __init__(self, cells: Mapping[str, tuple[Cell, ...]], stood: Sequence[Stood], *, table: int) -> None:
        self._cells = cells
        self._stood = stood  # in the order of the rows
        self._table = table
        self.first = 0

    @cached_property
    def sections(self) -> list[str]:
        """The parts that the table has, in their order."""
        found: list[str] = []
        for one in self._stood:
            for kind, _ in one.shapes:
                section = _section_of(kind)
                if kind == GROUP or not found or found[-1] != section:
                    found.append(section)
        return found

    @property
    def own(self) -> int:
        """How many objects there are beside the rows and the cells."""
        return len(self.sections) + sum(len(cells) for cells in self._cells.values())

    @property
    def kids(self) -> str:
        """The table's own elements."""
        return _references(range(self.first, self.first + len(self.sections)))

    def packs(self) -> Iterator[Pack]:
        """All its objects."""
        own = Pack(self.first)
        attributes = self.first + len(self.sections)
        numbers = {place: number for number, place in enumerate(self._places(), start=attributes)}
        known: dict[Shape, _Spelling] = {}
        kids: list[int] = []
        for one in self._stood:
            pack, number, content = Pack(one.first), one.first, one.content
            for shape in one.shapes:
                kind, _ = shape
                if shape not in known:
                    known[shape] = _Spelling(shape, self._cells[kind], numbers, self._table)
                if self._begins(kind, own, bool(kids)):
                    own.bodies.append(self._section(len(own.bodies), kids))
                    kids = []
                kids.append(number)
                section = self.first + len(own.bodies)
                number, content = known[shape].put(pack.bodies, number, section, one.page, content)
            yield pack
        own.bodies.append(self._section(len(own.bodies), kids))
        own.bodies += self._attributes()
        yield own

    def _begins(self, kind: str, own: Pack, any_rows: bool) -> bool:
        """Whether a row of this kind begins a section, which ends another."""
        return any_rows and (kind == GROUP or _section_of(kind) != self.sections[len(own.bodies)])

    def _section(self, index: int, kids: Sequence[int]) -> str:
        return f"<</S/{self.sections[index]}/P {self._table} 0 R/K[{_references(kids)}]>>"

    def _places(self) -> list[tuple[str, int]]:
        """Each cell of each kind of row."""
        return [(kind, index) for kind, cells in self._cells.items() for index in range(len(cells))]

    def _attributes(self) -> Iterator[str]:
        """What all the cells of a place have in common."""
        for kind, index in self._places():
            cell = self._cells[kind][index]
            more = f"/ColSpan {cell.span}" if cell.span != 1 else ""
            if cell.role == "TH":
                more += f"/Scope/{'Column' if kind == HEAD else 'Row'}"
            else:
                heads = "".join(f"({self._table}-0-{cell.column + column})" for column in range(cell.span))
                more += f"/Headers[{heads}]"
            yield f"<</O/Table{more}>>"


class _Spelling:
    """How rows of one shape are spelled."""

    def __init__(
        self, shape: Shape, cells: Sequence[Cell], attributes: Mapping[tuple[str, int], int], table: int
    ) -> None:
        kind, counts = shape
        self._row = f"<</S/TR/P %d 0 R/K[{' '.join(['%d 0 R'] * len(counts))}]>>"
        self._cells = []
        for index, (cell, lines) in enumerate(zip(cells, counts, strict=True)):
            spelled = f"<</S/{cell.role}/P %d 0 R"
            if lines:
                spelled += f"/Pg %d 0 R/K[{' '.join(['%d'] * lines)}]" if lines > 1 else "/Pg %d 0 R/K %d"
            spelled += f"/A {attributes[kind, index]} 0 R"
            if kind == HEAD:
                spelled += f"/ID({table}-0-{index})"
            self._cells.append((f"{spelled}>>", lines))

    def put(self, bodies: list[str], number: int, section: int, page: int, content: int) -> tuple[int, int]:
        """A row with its cells, and the numbers of the next one and its content."""
        after = number + 1 + len(self._cells)
        bodies.append(self._row % (section, *range(number + 1, after)))
        for spelled, lines in self._cells:
            if lines == 1:
                bodies.append(spelled % (number, page, content))
            elif lines:
                bodies.append(spelled % (number, page, *range(content, content + lines)))
            else:
                bodies.append(spelled % number)
            content += lines
        return after, content


def owners(stood: Stood) -> str:
    """The cell of each piece of the page's marked content, in order."""
    number, found = stood.first, []
    for _, lines in stood.shapes:
        for cell, pieces in enumerate(lines, start=number + 1):
            found += [cell] * pieces
        number += 1 + len(lines)
    return _references(found)


def _references(numbers: Sequence[int]) -> str:
    return " ".join([f"{number} 0 R" for number in numbers])


def _section_of(kind: str) -> str:
    return "THead" if kind == HEAD else "TFoot" if kind == TOTAL else "TBody"


def _spanning(spans: Sequence[int]) -> tuple[Cell, ...]:
    cells, column = [], 0
    for span in spans:
        cells.append(Cell("TD", column, span))
        column += span
    return tuple(cells)
