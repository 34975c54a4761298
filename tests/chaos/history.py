"""The history of a run: what each process did, as JSON lines in a file of its own.

An operation is `invoked`, and then it is `ok`, `failed`, or `unknown` where nobody can say whether it took effect; or
nothing follows, because its process was killed. A line is one write, so a process that is killed leaves whole lines.
Moments are of the machine's steady clock, in ms, which all processes share and no fault sets. Each line also has the
moment by the clock of the day, `day`: by that the broker's leases go, and someone may set it.
"""

import itertools
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from report_queue.errors import BrokerAway, StoreAway


def now() -> float:
    """ms of the steady clock."""
    return time.monotonic_ns() / 1e6


def day() -> float:
    """ms of the clock of the day."""
    return time.time_ns() / 1e6


class History:
    """One process's."""

    def __init__(self, folder: Path, who: str) -> None:
        self._file = os.open(folder / f"{who}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._who = who
        self._numbers = itertools.count()

    def add(self, op: str, how: str = "ok", **facts: Any) -> None:
        line = json.dumps({"t": now(), "day": day(), "who": self._who, "op": op, "how": how, **facts})
        os.write(self._file, line.encode() + b"\n")

    def tell(self, op: str, act: Callable[[], Any], gives: Callable[[Any], dict[str, Any]], **facts: Any) -> Any:
        """Do it, and write down how it went; what it raises is raised."""
        facts["n"] = next(self._numbers)
        self.add(op, "invoked", **facts)
        try:
            reply = act()
        except (BrokerAway, StoreAway) as error:
            self.add(op, "unknown", **facts, why=str(error))
            raise
        except Exception as error:
            self.add(op, "failed", **facts, why=str(error), error=type(error).__name__)
            raise
        self.add(op, "ok", **facts, **gives(reply))
        return reply


def read(folder: Path) -> list[dict[str, Any]]:
    """All that was written, in the order of its moments."""
    return sorted(_lines(folder), key=lambda line: line["t"])


def _lines(folder: Path) -> Iterator[dict[str, Any]]:
    for file in folder.glob("*.jsonl"):
        for line in file.read_text("utf-8").splitlines():
            yield json.loads(line)
