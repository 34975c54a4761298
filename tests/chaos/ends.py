"""How a run's jobs ended, by what the bucket and the broker hold: looked at past the code under test."""

import hashlib
import os
from collections import Counter
from pathlib import Path

import psutil

from report_queue.job import Job, State
from report_queue.receipt import Receipt
from report_queue.request import Request

from .world import World

_AT_ONCE = 500


class Ends:
    """`states` counts how jobs ended; `wrong` what is wrong, by kind. Each is also a line of the history."""

    def __init__(self, world: World, accepted: dict[int, Request]) -> None:
        self._world, self._accepted = world, list(accepted.values())
        self.states: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()

    def look(self) -> None:
        for start in range(0, len(self._accepted), _AT_ONCE):
            some = self._accepted[start : start + _AT_ONCE]
            known = self._world.queue.find(*(request.id for request in some))
            read = self._world.read
            for request, job in zip(some, known, strict=True):
                opened, closed = read(f"open/{request.id}.json"), read(f"closed/{request.id}.json")
                receipt = Receipt.from_json(closed) if closed else None
                report = read(receipt.result.key) if receipt and receipt.result else None
                self._judge(request, job, opened is not None, receipt, report)

    def _judge(
        self, request: Request, job: Job | None, opened: bool, receipt: Receipt | None, report: bytes | None
    ) -> None:
        wrong = ""
        if receipt is None:
            wrong = "still open" if opened or job else "lost"
        elif opened:
            wrong = "still open"
        elif receipt.state is State.COMPLETED:
            assert receipt.result
            if report is None or hashlib.sha256(report).hexdigest() != receipt.result.sha256:
                wrong = "unreadable"
        elif receipt.state is State.FAILED and not receipt.reason:
            wrong = "without a reason"
        if not wrong and job and not job.state.is_terminal:
            wrong = "ended, and on its way in the broker"
        self.states[receipt.state.value if receipt else "none"] += 1
        self.wrong[wrong] += bool(wrong)
        self._world.history.add("end", job=request.id, wrong=wrong)

    def orphans(self) -> list[str]:
        """Processes of this run that live on. A renderer's environment names the run's folder."""
        mark = str(self._world.folder).encode()
        found = []
        for process in psutil.process_iter(["pid", "name"]):
            try:
                if mark in Path(f"/proc/{process.pid}/environ").read_bytes() and process.pid != os.getpid():
                    found.append(f"{process.info['name']} {process.pid}")
            except OSError:
                continue
        return found
