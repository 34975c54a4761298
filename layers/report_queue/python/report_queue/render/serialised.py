"""A PDF's objects as bytes, made once: what pydyf writes out, it else makes twice, and compresses as hard as it can.

pydyf hashes all objects for the file's identifier, and then writes them; each time it makes each of them anew. Together
with zlib's highest level that is a tenth of a report's time, for one part in a hundred of its size.
"""

import zlib
from typing import Any, Final

import pydyf  # type: ignore[import-untyped]

_LEVEL: Final = 6
_BEGIN, _END = b"\nstream\n", b"\nendstream"


class _Serialised(pydyf.Object):  # type: ignore[misc]
    """An object that is bytes already, in the place of the one that it was made from."""

    def __init__(self, made_from: Any) -> None:
        super().__init__()
        self.number, self.generation = made_from.number, made_from.generation
        self._compressible = made_from.compressible
        self._content = _packed(made_from) if _is_plain(made_from) else made_from.data

    @property
    def data(self) -> bytes:
        return self._content

    @property
    def compressible(self) -> bool:
        return bool(self._compressible)


def once(pdf: Any) -> None:
    """Serialise all objects of a PDF that is whole, but for what pydyf adds when it writes: a finisher's last step."""
    pdf.objects = [one if one.free == "f" else _Serialised(one) for one in pdf.objects]


def _is_plain(made_from: Any) -> bool:
    return type(made_from) is pydyf.Stream and made_from.compress


def _packed(stream: Any) -> bytes:
    plain: bytes = pydyf.Stream(stream.stream, stream.extra).data
    content = zlib.compress(plain[plain.index(_BEGIN) + len(_BEGIN) : -len(_END)], _LEVEL)
    head = pydyf.Dictionary({**stream.extra, "Filter": "/FlateDecode", "Length": len(content)})
    return b"".join((head.data, _BEGIN, content, _END))
