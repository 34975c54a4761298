"""How far it is, on a terminal; nothing where stderr is none. Of the package, only this module knows rich."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from report_queue.client.command.show import plain

Seen = Callable[[float, str], None]


@contextmanager
def progress(what: str) -> Iterator[Seen]:
    """A bar to call with how far it is, from 0 to 1, and a word for it. It is gone when it is left."""
    if not sys.stderr.isatty():
        yield lambda _done, _word: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[word]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(plain(what), total=1.0, word="")

        def seen(done: float, word: str) -> None:
            shown.update(task, completed=done, word=plain(word))

        yield seen
