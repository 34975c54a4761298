"""Writes a PDF that has more objects than there is memory for: most of them are spelled only when they are written.

    pydyf's objects, as they are ──► objects of their own, and object streams │
    packs, one after the other   ──► an object stream each                    │──► cross-reference stream
                                                                     moments later nothing of a pack is kept

pydyf keeps each object, and writes all that may be compressed as one stream. A long table's structure has hundreds of
thousands of objects. Here each has its number and seven bytes.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import accumulate, chain
from typing import Any, BinaryIO, Final

import pydyf  # type: ignore[import-untyped]

MOST: Final = 8_388_607  # objects of a PDF, by ISO 32000-1, annex C

_LEVEL: Final = 6
_TOGETHER: Final = 200  # of pydyf's objects in a stream
_ENTRY: Final = struct.Struct(">BIH")  # kind, place, index
_FREE, _PLAIN, _PACKED = range(3)


@dataclass
class Pack:
    """Objects that are written together, none of them a stream: their numbers follow each other."""

    first: int
    bodies: list[str] = field(default_factory=list)


class _Reserved(pydyf.Object):  # type: ignore[misc]
    """Holds the place of an object that a pack will have."""

    def __init__(self) -> None:
        super().__init__()
        self.free = "f"


_RESERVED: Final = _Reserved()


def reserve(pdf: Any, count: int) -> int:
    """The first of so many numbers that follow each other, for objects of packs."""
    first = len(pdf.objects)
    pdf.objects.extend([_RESERVED] * count)
    return first


def with_packs(pdf: Any, packs: Iterable[Pack]) -> None:
    """Have the PDF written with these packs, whose numbers are reserved. Nothing is asked of them before."""
    pdf.write = partial(_write, pdf, packs)


def _write(
    pdf: Any,
    packs: Iterable[Pack],
    output: BinaryIO,
    version: bytes | str | None = None,
    identifier: Any = None,
    _compress: bool = True,
) -> None:
    """In the place of `pydyf.PDF.write`."""
    pdf.add_object(pdf.info)
    file = _File(output, len(pdf.objects))
    file.line(b"%PDF-" + pydyf._to_bytes(version or b"1.7"))
    file.line(b"%\xf0\x9f\x96\xa4")
    for number, one in enumerate(pdf.objects):
        if one.free != "f" and not one.compressible:
            file.plain(number, one.data)
    for pack in chain(_together(pdf.objects), packs):
        file.pack(pack)
    file.end(pdf, pydyf._to_bytes(identifier or ""))


def _together(objects: Sequence[Any]) -> Iterator[Pack]:
    pack = Pack(0)
    for number, one in enumerate(objects):
        if one.free == "f" or not one.compressible:
            continue
        if number != pack.first + len(pack.bodies) or len(pack.bodies) == _TOGETHER:
            yield pack
            pack = Pack(number)
        pack.bodies.append(one.data.decode("latin-1"))
    yield pack


class _File:
    """What is written, and where each object stands in it."""

    def __init__(self, output: BinaryIO, count: int) -> None:
        self._output = output
        self._at = 0
        self._hash = hashlib.sha256()
        self._places = bytearray(_ENTRY.pack(_FREE, 0, 0xFFFF) * count)

    def line(self, content: bytes) -> None:
        self._hash.update(content)
        self._output.write(content)
        self._output.write(b"\n")
        self._at += len(content) + 1

    def plain(self, number: int, content: bytes) -> None:
        self._place(number, _ENTRY.pack(_PLAIN, self._at, 0))
        self.line(b"%d 0 obj\n%b\nendobj" % (number, content))

    def pack(self, pack: Pack) -> None:
        count = len(pack.bodies)
        if not count:
            return
        numbers = range(pack.first, pack.first + count)
        offsets = accumulate([len(body) + 1 for body in pack.bodies], initial=0)
        head = " ".join([f"{number} {offset}" for number, offset in zip(numbers, offsets, strict=False)])
        stream = self._next()
        before = _ENTRY.pack(_PACKED, stream, 0)[:-2]
        self._place(pack.first, before + before.join(_indexes(count)))
        content = zlib.compress("\n".join((head, *pack.bodies)).encode("latin-1"), _LEVEL)
        self.plain(stream, _stream({"Type": "/ObjStm", "N": count, "First": len(head) + 1}, content))

    def end(self, pdf: Any, identifier: bytes) -> None:
        own = pydyf.String(hashlib.md5(self._hash.digest(), usedforsecurity=False).hexdigest())
        number, start = self._next(), self._at
        self._place(number, _ENTRY.pack(_PLAIN, start, 0))
        told = {
            "Type": "/XRef",
            "Size": len(self._places) // _ENTRY.size,
            "W": "[1 4 2]",
            "Root": pdf.catalog.reference,
            "Info": pdf.info.reference,
            "ID": pydyf.Array((pydyf.String(identifier).data, own.data)),
        }
        self.line(b"%d 0 obj\n%b\nendobj" % (number, _stream(told, zlib.compress(self._places, _LEVEL))))
        self.line(b"startxref\n%d\n%%%%EOF" % start)

    def _next(self) -> int:
        """The number of an object of ours."""
        self._places += _ENTRY.pack(_FREE, 0, 0xFFFF)
        return len(self._places) // _ENTRY.size - 1

    def _place(self, first: int, entries: bytes) -> None:
        start = first * _ENTRY.size
        self._places[start : start + len(entries)] = entries


@lru_cache(maxsize=64)
def _indexes(count: int) -> list[bytes]:
    return [index.to_bytes(2, "big") for index in range(count)]


def _stream(told: dict[str, Any], content: bytes) -> bytes:
    head = pydyf.Dictionary({**told, "Filter": "/FlateDecode", "Length": len(content)})
    return b"".join((head.data, b"\nstream\n", content, b"\nendstream"))
