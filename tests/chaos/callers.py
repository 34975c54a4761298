"""The callers of a run: they submit its jobs, as `submit` does, and cancel some. Each asks again until it is told."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Final

from report_queue import desk
from report_queue.errors import BrokerAway, Conflict, NotFound, StoreAway
from report_queue.reports import report_types
from report_queue.request import Request
from report_queue.wiring import now_ms

from .crew import Crew
from .plan import Plan
from .world import World

TENANTS: Final = ("acme", "globex", "initech", "umbrella")
_TYPE: Final = "test"  # the cheapest report
_OPEN: Final = 250  # jobs at a time that are accepted and not ended
_ASKING: Final = 2


class Callers:
    """Their threads. `accepted` are the numbers of the jobs that were promised."""

    def __init__(self, world: World, plan: Plan, crew: Crew, *, real: bool, still_open: Callable[[], int]) -> None:
        self.accepted: dict[int, Request] = {}
        self._world, self._plan, self._real = world, plan, real
        self._open = still_open
        self._asked = 0
        self.wanted = plan.jobs
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.mistakes: list[str] = []
        # What `desk` uses of a function's wiring.
        self._wired: Any = SimpleNamespace(
            queue=world.queue, ledger=world.ledger, bus=crew, now_ms=now_ms, settings=world.settings
        )
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(_ASKING)]

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                number = self._asked if self._asked < self.wanted and self._open() < _OPEN else None
                self._asked += number is not None
            if number is None:
                time.sleep(0.02)
                continue
            request = self._request(number)
            self._until_told(number, "accept", lambda: desk.keep(self._wired, request))  # noqa: B023 - called at once
            self.accepted[number] = request
            if self._plan.kinds.get(number) == "cancelled":
                self._until_told(number, "cancel", lambda: self._cancel(request))  # noqa: B023

    def _cancel(self, request: Request) -> None:
        with suppress(Conflict, NotFound):  # it was quicker
            desk.cancel(self._wired, tenant=request.tenant, id=request.id)

    def _until_told(self, number: int, op: str, ask: Callable[[], Any]) -> None:
        while not self._stop.is_set():
            try:
                self._world.history.tell(op, ask, lambda _: {}, job=job_id(number))
            except (BrokerAway, StoreAway):
                time.sleep(0.05)
            except Exception as error:
                self.mistakes.append(f"{op}: {type(error).__name__}: {error}")
                return
            else:
                return

    def _request(self, number: int) -> Request:
        kind = self._plan.kinds.get(number)
        plain = Request(
            id=job_id(number),
            tenant=TENANTS[number % len(TENANTS)],
            report_type=_TYPE,
            data=report_types()[_TYPE].sample if self._real else {"kind": kind},
            digest=f"{number:064x}",
            accepted_at=now_ms(),
            attempts=3,
        )
        return replace(plain, attempts=2) if kind == "fails" else plain


def job_id(number: int) -> str:
    """So that a job's number can be told from its id."""
    return f"j{number:025d}"
