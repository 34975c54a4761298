"""What a table is: its columns, and its rows as texts. `data_table` is what templates call.

    {{ data_table([
         {"title": "Date", "width": 21, "key": "date", "format": "day", "kind": "date"},
         {"title": "Amount", "width": 25, "of": amount, "given": [currency],
          "format": ["money", currency], "kind": "number"},
       ], data.rows, total=[["Total", 1], [sum|money(currency), 1, "number"]], empty="sales") }}

Widths are in millimetres. `key` names what a cell reads, or `of` a function that is `given` the row and more. A
`format` is a filter of `formats`, with its arguments; the value is divided by `per` first. `missing` is said where a
row has no such key, which else is an error. A cell of the total says its text, the columns that it spans, its kind.

    group={"key": "region",
           "subtotal": [["Subtotal", 1], [{"sum": "price", "format": ["money", currency]}, 1, "number"]]}

Rows that follow each other and say the same in `group`, which is told like a column, stand under a head that says it,
and over a subtotal if there is one: its cells say a text, or what they `sum`, or what a function `of` the group's rows
and what it is `given` returns. Rows have to come in their groups' order. It knows nothing of pages.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import groupby, islice
from typing import Any, Final

from jinja2 import TemplateError, pass_context
from jinja2.runtime import Context, StrictUndefined
from markupsafe import Markup

from report_queue.render import faults, formats
from report_queue.render.table import digits

LONG: Final = 50  # rows; fewer take about as long the ordinary way, and are tagged cell by cell
_BATCH: Final = 500  # rows that are packed together
_CELL, _ROW = "\x1f", "\x1e"
ROW, GROUP, SUBTOTAL = "row", "group", "subtotal"  # kinds of rows
_SPACE: Final = re.compile(f"[ \\t\\n\\r\\f{_CELL}{_ROW}]+")
_SAID: Final = ("key", "of", "given", "format", "per", "missing")
_CLASSES: Final = {"text": "", "number": "n", "date": "d"}


class _Kind:
    """What has a kind of cell."""

    kind: str

    @property
    def style(self) -> str:
        """The class of such a cell in style.css."""
        return _CLASSES[self.kind]


@dataclass(frozen=True)
class Column(_Kind):
    """One column: how it is headed, how wide it is, and what a cell says."""

    title: str
    width: float  # mm
    kind: str
    text: Callable[[Any], str]  # of a row
    value: Callable[[Any], Any]  # of a row, as the format is given it
    format: tuple[Any, ...] = ()  # a filter of `formats` and its arguments; none: a text


@dataclass(frozen=True)
class Total(_Kind):
    """A cell of the last row."""

    text: str
    span: int = 1
    kind: str = "text"


@dataclass(frozen=True)
class Sum(_Kind):
    """A cell of a group's last row."""

    text: Callable[[list[Any]], str]  # of the group's rows
    span: int = 1
    kind: str = "text"


@dataclass(frozen=True)
class Groups:
    """What parts a table's rows."""

    text: Callable[[Any], str]  # of a row: what its group's head says
    sums: tuple[Sum, ...] = ()


@dataclass(frozen=True)
class Told:
    """What a template tells of one table. `rows` are to be read once."""

    columns: tuple[Column, ...]
    rows: Iterable[Any]
    total: tuple[Total, ...]
    groups: Groups | None
    empty: str


class Texts:
    """The rows, each its kind and then its texts, packed: a hundred thousand take some megabytes.

    To be read as often as is wanted.
    """

    def __init__(self, rows: Iterable[Sequence[str]]) -> None:
        self._packs: list[bytes] = []
        self.count = 0
        rows = iter(rows)
        while batch := list(islice(rows, _BATCH)):
            self.count += len(batch)
            text = _ROW.join(_CELL.join(cells) for cells in batch)
            self._packs.append(zlib.compress(text.encode("utf-8", "surrogatepass"), 1))

    def __iter__(self) -> Iterator[list[str]]:
        for number in range(self.packs):
            yield from self.pack(number)

    @property
    def packs(self) -> int:
        """How many there are."""
        return len(self._packs)

    def pack(self, number: int) -> list[list[str]]:
        """The rows of one pack, from 0."""
        text = zlib.decompress(self._packs[number]).decode("utf-8", "surrogatepass")
        return [row.split(_CELL) for row in text.split(_ROW)]


@dataclass(frozen=True)
class Table:
    """A table with all that it says."""

    number: int
    columns: tuple[Column, ...]
    texts: Texts
    total: tuple[Total, ...]
    groups: Groups | None
    empty: str
    html: Callable[..., Markup]  # the macro of _kit/table.html

    @property
    def slot(self) -> str:
        """What stands in the HTML in its place."""
        return f'<div data-table="{self.number}"></div>'

    def ordinary(self) -> str:
        """It as HTML, to be laid out like any other."""
        return str(self.html(self, self.texts, ()))

    def specimen(self) -> str:
        """It with few rows: enough to see all that a row can be, before and after a page's end."""
        return str(self.html(self, *self.specimen_rows()))

    def specimen_rows(self) -> tuple[list[list[str]], tuple[int]]:
        """These rows, and which of them, from 0, starts a page."""
        row = [ROW, *("0" for _ in self.columns)]
        if not self.groups:
            return [row] * 5, (2,)
        head = [GROUP, "0"]
        subtotals = [[SUBTOTAL, *("0" for _ in self.groups.sums)]] if self.groups.sums else []
        before = [head, row, row, row, *subtotals, head, row]
        return [*before, row, row, row, *subtotals], (len(before),)


class Tables:
    """The tables of one report. `long` are those whose place in the HTML is held by their slot."""

    def __init__(self, *, at_least: int | None = LONG) -> None:
        self.long: list[Table] = []
        self.longest = 0  # rows, of all tables
        self._at_least = at_least  # rows, to be a long table; None: none is

    @pass_context
    def data_table(
        self,
        context: Context,
        columns: Sequence[Mapping[str, Any]],
        rows: Iterable[Any],
        total: Sequence[Sequence[Any]] = (),
        empty: str = "rows",
        group: Mapping[str, Any] | None = None,
    ) -> Markup:
        """The table's HTML, or what stands in its place. `rows` are read once."""
        if isinstance(rows, StrictUndefined):
            str(rows)  # raises
        told = Told(
            columns=tuple(column_of(context, column) for column in columns),
            rows=rows,
            total=tuple(Total(" ".join(str(cell[0]).split()), *cell[1:]) for cell in total),
            groups=groups_of(context, group) if group else None,
            empty=empty,
        )
        return self._placed(context, told)

    def _placed(self, context: Context, told: Told) -> Markup:
        table = Table(
            number=len(self.long),
            columns=told.columns,
            texts=Texts(_texts(told.columns, told.rows, told.groups)),
            total=told.total,
            groups=told.groups,
            empty=told.empty,
            html=context.environment.get_template("_kit/table.html").module.table,  # type: ignore[attr-defined]
        )
        self.longest = max(self.longest, table.texts.count)
        if self._at_least is None or table.texts.count < max(self._at_least, 1):
            return Markup(table.ordinary())  # noqa: S704 - a template of ours wrote it, and escaped what it was given
        self.long.append(table)
        return Markup(table.slot)  # noqa: S704


def _texts(columns: Sequence[Column], rows: Iterable[Any], groups: Groups | None) -> Iterator[list[str]]:
    reads = [column.text for column in columns]
    if groups is None:
        yield from ([ROW, *(read(row) for read in reads)] for row in rows)
        return
    for words, of_group in groupby(rows, groups.text):
        yield [GROUP, words]
        seen = []
        for row in of_group:
            yield [ROW, *(read(row) for read in reads)]
            if groups.sums:
                seen.append(row)
        if groups.sums:
            yield [SUBTOTAL, *(one.text(seen) for one in groups.sums)]


def column_of(context: Context, told: Mapping[str, Any]) -> Column:
    """The column that a template tells of. Raises TemplateError."""
    _must_be_known(told, "a column", {"title", "width", "kind", *_SAID})
    how = told.get("format")
    return Column(
        title=str(told["title"]),
        width=float(told["width"]),
        kind=told.get("kind", "text"),
        text=_text(context, told),
        value=_value(told),
        format=() if how is None else (how,) if isinstance(how, str) else tuple(how),
    )


def groups_of(context: Context, told: Mapping[str, Any]) -> Groups:
    """The groups that a template tells of. Raises TemplateError."""
    _must_be_known(told, "the group", {"subtotal", *_SAID})
    return Groups(_text(context, told), tuple(_sum(context, *cell) for cell in told.get("subtotal", ())))


def _sum(context: Context, told: Any, span: int = 1, kind: str = "text") -> Sum:
    if not isinstance(told, Mapping):
        words = " ".join(str(told).split())
        return Sum(lambda _: words, span, kind)
    if "sum" in told:
        read = _reader({"key": told["sum"]})
        told = {"of": lambda rows: sum(map(read, rows)), **{name: told[name] for name in told if name != "sum"}}
    _must_be_known(told, "the subtotal", {"of", "given", "format", "per"})
    return Sum(_text(context, told), span, kind)


def _must_be_known(told: Mapping[str, Any], what: str, known: set[str]) -> None:
    unknown = set(told) - known
    if unknown or ("key" in told) == ("of" in told) or told.get("kind", "text") not in _CLASSES:
        wrong = f"{what} of data_table has {', '.join(sorted(unknown)) or 'not one of key and of, or an unknown kind'}"
        raise TemplateError(wrong)


def _text(context: Context, told: Mapping[str, Any]) -> Callable[[Any], str]:
    read = _reader(told)
    how, per = told.get("format"), told.get("per", 1)
    write = lru_cache(maxsize=4096)(_writer(context, how, per))
    missing = told.get("missing")

    def text(row: Any) -> str:
        value = read(row)
        return missing if value is None and missing is not None else write(value)

    return text


def _value(told: Mapping[str, Any]) -> Callable[[Any], Any]:
    read, per, missing = _reader(told), told.get("per", 1), told.get("missing")

    def value(row: Any) -> Any:
        found = read(row)
        if found is None:
            return missing
        return Decimal(found) / per if per != 1 else found

    return value


def _reader(told: Mapping[str, Any]) -> Callable[[Any], Any]:
    if "of" in told:
        function, given = told["of"], tuple(told.get("given", ()))
        return lambda row: function(row, *given)
    key = told["key"]
    if "missing" in told:
        return lambda row: row.get(key)

    def value(row: Any) -> Any:
        try:
            return row[key]
        except KeyError:
            return str(faults.Missing(obj=row, name=key))  # raises, and says where the row stands

    return value


def _writer(context: Context, how: Any, per: int) -> Callable[[Any], str]:
    if how is None:
        return lambda value: _plain(str(value))
    name, *arguments = [how] if isinstance(how, str) else how
    write = formats.FILTERS[name]
    if name in digits.ALIKE and per == 1:
        return digits.patterned(lambda value: str(write(context, value, *arguments)))
    return lambda value: str(write(context, value / per, *arguments) if per != 1 else write(context, value, *arguments))


def _plain(text: str) -> str:
    """White space as HTML has it; what separates cells and rows here is a space too."""
    return _SPACE.sub(" ", text).strip(" ")
