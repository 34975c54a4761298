"""The rows of a report that its payload does not hold: read from a file, over and over, a block at a time.

    file of JSON lines ── blocks of whole lines, checked once (`rows_check`) ──► parsed anew at each walk ──► templates

A template walks them like a list: it loops, asks for the length, takes one by its number. No more than some blocks are
in memory, however many rows there are. Numbers are what `figures.exact` makes of a payload's. It knows nothing of
report types and of who wrote the file.
"""

import json
import os
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, overload

from report_queue.render.figures import exact

Row = dict[str, Any]

BLOCK: Final = 1 << 18  # bytes of lines that are parsed together: some hundred kB of rows


@dataclass(frozen=True)
class Block:
    """Whole lines: where they stand in the file, and which row is their first."""

    offset: int
    length: int
    first: int


@lru_cache(maxsize=16_384)  # the same prices come again and again
def _exact(digits: str) -> Decimal:
    found: Decimal = exact(float(digits))
    return found


_parse: Final = json.JSONDecoder(parse_float=_exact).decode


class Rows(Sequence[Row]):
    """The rows, as often as they are wanted. What templates may reach of it is what a tuple has."""

    __slots__ = ("_blocks", "_count", "_fd", "_firsts", "_latest", "_packed")

    def __init__(self, fd: int, blocks: Sequence[Block], *, count: int, packed: bool = False) -> None:
        self._fd = fd  # stays open as long as the process
        self._blocks = tuple(blocks)
        self._firsts = [block.first for block in blocks]
        self._count = count
        self._packed = packed  # each block is compressed
        self._latest: tuple[int, list[Row]] = 0, []  # the block that was read last, and the number of its first row

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Row]:
        for block in self._blocks:
            yield from self._read(block)

    def __reversed__(self) -> Iterator[Row]:
        for block in reversed(self._blocks):
            yield from reversed(self._read(block))

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(self._count))]
        number = range(self._count)[index]  # raises IndexError as a list would
        first, rows = self._latest
        if not first <= number < first + len(rows):
            block = self._blocks[bisect_right(self._firsts, number) - 1]
            first, rows = block.first, self._read(block)
        return rows[number - first]

    def __repr__(self) -> str:
        return f"[{self._count} rows]"  # an address would be another in each attempt

    def _number_of(self, row: Any) -> int | None:
        """The number of this very object, if it is one of those that were read last: for who tells of an error."""
        first, rows = self._latest
        return next((first + place for place, one in enumerate(rows) if one is row), None)

    def _read(self, block: Block) -> list[Row]:
        lines = os.pread(self._fd, block.length, block.offset)
        if self._packed:
            lines = zlib.decompress(lines)
        # One call for the block is twice as fast as one a line, and was made safe by the check: a line is one object.
        text = b",".join([line for line in lines.split(b"\n") if line and not line.isspace()]).decode()
        rows: list[Row] = _parse(f"[{text}]")
        self._latest = block.first, rows
        return rows
