"""Audit the broker of a running stack: `python -m cdk_app.local audit`; with `--dry-run` it only tells."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from cdk_app.local.datadir import running
from cdk_app.local.errors import StackError
from cdk_app.local.stack import BUCKET, BUS, QUEUE, SECRET
from report_queue.audit import Audit, Audited, Suspect, walk
from report_queue.broker import Broker
from report_queue.errors import BrokerAway
from report_queue.settings import Settings

_ROWS = 200  # of the table: what is beyond is told in numbers


def audit_stack(data_dir: Path, *, dry_run: bool) -> int:
    """Print what was found and done; 0 where there was nothing, 1 where there was. Raises StackError."""
    there = running(data_dir)
    if there is None or "broker" not in there:
        raise StackError(f"no stack is up on {data_dir}: start it with `make run`, or name its --data-dir")
    settings = Settings(broker_url=there["broker"], queue=QUEUE, bucket=BUCKET, bus=BUS, keys_secret=SECRET)
    with Redis.from_url(settings.broker_url, retry=Retry(NoBackoff(), 0)) as client, _progress() as seen:
        try:
            audited = walk(Audit(Broker(client, settings)), mend=not dry_run, seen=seen)
        except BrokerAway as error:
            raise StackError(str(error)) from None
    _show(audited)
    return int(bool(audited.found))


def _show(audited: Audited) -> None:
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(f"looked at {audited.looked:,} members of the broker's keys")
    if audited.found:
        console.print(_table(audited.found))
    kinds = Counter((one.part, one.fault, _done(one)) for one in audited.found)
    for (part, fault, did), number in sorted(kinds.items()):
        console.print(f"{number:>7,}  {fault} in {part}: {did}", markup=False)
    if not audited.found:
        console.print("nothing contradicts the records")


def _table(found: Sequence[Suspect]) -> Table:
    table = Table("whose", "in", "what is wrong", "what was done")
    for one in found[:_ROWS]:
        table.add_row(*(Text(_plain(cell)) for cell in (one.whose or "–", one.part, one.fault, _done(one))))  # noqa: RUF001 - an en dash: nobody's
    return table


def _done(one: Suspect) -> str:
    return one.did or "nothing: it was only looked at"


def _plain(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Called with how many members were looked at, of how many; a bar, where stderr is a terminal."""
    columns = (TextColumn("audit"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as shown:
        task = shown.add_task("audit", total=None)
        yield lambda looked, size: shown.update(task, completed=looked, total=max(looked, size))
