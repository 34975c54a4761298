"""A file of rows as lines: numbered from 1, UTF-8, none longer than a limit, and never all of them in memory."""

import os
from collections.abc import Iterator
from typing import Final

from report_queue.errors import PermanentFailure
from report_queue.render.rows import BLOCK

LONGEST: Final = 1_000_000  # bytes of a line, at most

_MARK: Final = b"\xef\xbb\xbf"  # UTF-8's byte order mark

Line = tuple[int, str]  # its number, and its text without the line break


def wrong(number: int, what: str) -> PermanentFailure:
    """The failure for what is wrong with a line; `what` quotes nothing of it."""
    return PermanentFailure(f"line {number:,} of the rows: {what}", reason="data.invalid")


def blocks(fd: int) -> Iterator[tuple[int, int, list[Line]]]:
    """Offset, length and lines of one block of the file after the other. Raises as `wrong` says."""
    size = os.fstat(fd).st_size
    offset = len(_MARK) if os.pread(fd, len(_MARK), 0) == _MARK else 0
    number = 1
    while offset < size:
        text = os.pread(fd, BLOCK, offset)
        if b"\n" not in text:
            text = os.pread(fd, LONGEST + 1, offset)
        if offset + len(text) < size:
            text = text[: text.rfind(b"\n") + 1]
        if not text:
            raise wrong(number, f"has more than {LONGEST:,} bytes")
        lines = text.removesuffix(b"\n").split(b"\n")
        yield offset, len(text), [(at, _decoded(at, line)) for at, line in enumerate(lines, number)]
        offset += len(text)
        number += len(lines)


def _decoded(number: int, line: bytes) -> str:
    if len(line) > LONGEST:
        raise wrong(number, f"has more than {LONGEST:,} bytes")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise wrong(number, f"is not UTF-8 at byte {error.start + 1}") from None
