"""A long table's rows set into lines, by several processes where Pango has much to do.

    packs of rows    0      1      2      3      4  …
    set              here   in A   in B   in A   in B  …  forks, as many as there are processors
                     └─ how much of it is Pango's work?     │
                                                            └─► each pack's lines through a pipe, in their order

A line is the same wherever it is set, so the PDF is too. Its glyphs have to be known here, where the fonts are
embedded: a fork tells by which texts letters or glyphs came into use, and these few are set here once more, in order.

A fork that ends early is done without: what it left is set here, and what ended it (Unfit, a crash, no memory) comes
up here as it would have without forks. They die with this process and are in its group. Pango's thread and locks do
not live on in a fork, so it begins with a font configuration of its own.
"""

import gc
import os
import pickle
import signal
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from weasyprint.text.fonts import FontConfiguration  # type: ignore[import-untyped]

from report_queue.render import limits
from report_queue.render.table.rows import Texts
from report_queue.render.table.specimen import Look
from report_queue.render.table.typeset import Line, Typesetter

SetRow = tuple[str, tuple[tuple[Line, ...], ...]]  # its kind, and its cells' lines

_WORTH: Final = 2_000  # texts that Pango still has to set, about half a second: forks cost a tenth of that
_MOST: Final = 4  # forks for one table; a child may have 16 (`seal`), and does without where it may not


def set_rows(look: Look, texts: Texts) -> Generator[SetRow, None, None]:
    """The rows in their order, to be read to the end or closed. Raises Unfit."""
    typesetters = look.typesetters
    before = _shaped(typesetters)
    for number in range(texts.packs):
        if number == 1 and (_shaped(typesetters) - before) * (texts.packs - 1) >= _WORTH:
            yield from _shared_out(look, texts, first=number)
            return
        yield from _set(look, texts.pack(number))


def _shaped(typesetters: Sequence[Typesetter]) -> int:
    return sum(one.shaped for one in typesetters)


def _set(look: Look, rows: Sequence[Sequence[str]]) -> list[SetRow]:
    return [
        (
            kind,
            tuple(cell.shaper.lines(text, cell.room) for cell, text in zip(look.rows[kind].cells, texts, strict=True)),
        )
        for kind, *texts in rows
    ]


def _shared_out(look: Look, texts: Texts, *, first: int) -> Generator[SetRow, None, None]:
    count = min(len(os.sched_getaffinity(0)), _MOST, texts.packs - first)
    forks: list[_Fork] = []
    try:
        if count > 1:
            for one in look.typesetters:
                one.settle()
            with suppress(
                OSError
            ):  # no more processes may be: those that are do their share, and the rest is done here
                while len(forks) < count:
                    forks.append(_Fork(look, texts, range(first + len(forks), texts.packs, count)))
        for number in range(first, texts.packs):
            which = (number - first) % count
            rows = forks[which].next() if which < len(forks) else None
            yield from _set(look, texts.pack(number)) if rows is None else rows
    finally:
        for fork in forks:
            fork.end()


class _Fork:
    """A process that sets some of the packs."""

    def __init__(self, look: Look, texts: Texts, numbers: range) -> None:
        reading, writing = os.pipe()
        me = os.getpid()
        try:
            self._pid = os.fork()
        except OSError:
            os.close(reading)
            raise
        finally:
            if getattr(self, "_pid", -1) != 0:
                os.close(writing)
        if self._pid == 0:
            _run(writing, look, texts, numbers, parent=me)
        self._look = look
        self._pipe = os.fdopen(reading, "rb", buffering=1 << 16)

    def next(self) -> list[SetRow] | None:
        """Its next pack's rows; None where it has ended early."""
        try:
            news, rows = pickle.load(self._pipe)  # noqa: S301 - our own fork wrote it
        except (EOFError, pickle.UnpicklingError):
            return None
        for index, text, room in news:
            self._look.typesetters[index].lines(text, room)
        return list(rows)

    def end(self) -> None:
        """End it, whatever it does."""
        self._pipe.close()
        os.kill(self._pid, signal.SIGKILL)  # it is ours until it is waited for
        os.waitpid(self._pid, 0)


def _run(writing: int, look: Look, texts: Texts, numbers: range, *, parent: int) -> NoReturn:
    """The fork. It is silent: what goes wrong here goes wrong once more where it can be told."""
    try:
        limits.die_with_parent(parent)
        _close_all_but(writing)
        gc.freeze()
        fonts = FontConfiguration()
        for typesetter in look.typesetters:
            typesetter.move(fonts)
        with os.fdopen(writing, "wb") as pipe:
            for number in numbers:
                pickle.dump(_pack(look, texts, number), pipe, protocol=5)
                pipe.flush()
    finally:
        os._exit(0)


def _pack(look: Look, texts: Texts, number: int) -> tuple[list[tuple[int, str, float]], list[SetRow]]:
    news = look.typesetters[0].glyphs.news  # all of a document's styles have the same
    news.clear()
    rows = _set(look, texts.pack(number))
    return [(look.typesetters.index(one), text, room) for one, text, room in news], rows


def _close_all_but(kept: int) -> None:
    """What others wait for to be closed must not be held open here."""
    for file in list(Path("/proc/self/fd").iterdir()):
        if (descriptor := int(file.name)) > 2 and descriptor != kept:
            with suppress(OSError):
                os.close(descriptor)
