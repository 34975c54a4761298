"""The worker: claims jobs, has each rendered and published in a slot, and tells the queue, until nothing waits.

    drain   claim ──► attempts, `slots` at a time ──► claim (ends of the last, the next ones) ──► … ──► leave
    after   the queue's verdict on an outcome ──► close (ledger)

One thread a slot makes the attempts (`attempt`), one beats (`beat`), and this one claims. The order publish, complete,
close is the guarantee: whichever of the three is missing after a crash, the next attempt or the reconciler makes up for
it, and nothing is published twice.
"""

import logging
import time
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import psutil

from report_queue.attempt import Attempt, Slot
from report_queue.beat import beating
from report_queue.errors import BrokerAway, StoreAway
from report_queue.job import Completed, Failed, Outcome, State, Verdict
from report_queue.ledger import Ledger
from report_queue.queue import Queue
from report_queue.receipt import Receipt
from report_queue.render import Renderer
from report_queue.replies import Shown, Worker
from report_queue.settings import WIND_UP_MS, Settings
from report_queue.wake import Wakes

log = logging.getLogger(__name__)

_LOOK_AGAIN_S: Final = 0.25  # with a slot free and something to wait for: how soon to claim again
_PATIENCE_S: Final = 30  # with the broker away and nothing in hand: how long to wait for it


@dataclass(frozen=True)
class Ended:
    """An attempt's end and the queue's word on it: for logs and metrics."""

    outcome: Outcome
    verdict: Verdict
    attempt: Attempt
    at: int  # ms


@dataclass
class Drained:
    """What one drain did."""

    ended: list[Ended] = field(default_factory=list)
    lost: int = 0  # attempts dropped because the job was cancelled or went to another
    stalled: int = 0  # others' leases that ran out, met by the way
    stalled_for_good: int = 0  # of these, jobs that failed by it
    expired: int = 0  # jobs that were to start by now, met by the way


@dataclass(frozen=True)
class Drain:
    """One run of a worker, from its wake to its leave. `run` is the story; the rest are its steps."""

    worker: Worker
    queue: Queue
    ledger: Ledger
    bus: Wakes
    renderer: Renderer
    settings: Settings
    remaining_ms: Callable[[], int]  # of the function's time
    now_ms: Callable[[], int]
    on_start: Callable[[Attempt], None] = lambda _: None  # called by its slot's thread
    on_end: Callable[[Ended], None] = lambda _: None

    def run(self, token: str | None) -> Drained:
        """Claim and render until nothing waits, or until what remains of the function's time is too short."""
        self.renderer.ensure()
        drained = Drained()
        running: dict[Future[Outcome | None], Attempt] = {}
        call = 0
        finished: list[tuple[Attempt, Outcome]] = []
        patience = time.monotonic() + _PATIENCE_S
        memory = memory_mb()

        def shown() -> Shown:
            jobs = tuple(attempt.lease.id for attempt in list(running.values()))
            return Shown(jobs, done=len(drained.ended), memory_mb=memory)

        def measured() -> Shown:  # for the beat: this looks at every process, which a claim should not wait for
            nonlocal memory
            memory = memory_mb()
            return shown()

        slot = Slot(self.worker, self.queue, self.ledger, self.renderer, self.settings, self.on_start)
        shares = _Shares()
        beat = beating(
            self.queue,
            self.worker,
            every_ms=self.settings.beat_ms,
            running=lambda: list(running.values()),
            shown=measured,
        )
        with ThreadPoolExecutor(self.settings.slots, "slot") as slots, beat:
            while self.remaining_ms() > self.settings.attempt_ms + WIND_UP_MS:
                try:
                    claimed = self.queue.claim(
                        self.worker,
                        call=call,
                        free=self.settings.slots - len(running),
                        shown=shown(),
                        finished=[outcome for _, outcome in finished],
                        token=token,
                        leave=not running,
                    )
                except BrokerAway as error:
                    log.warning("claim: %s", error)
                    if not running and time.monotonic() > patience:
                        break
                    time.sleep(1)
                    continue
                patience = time.monotonic() + _PATIENCE_S
                call += 1
                if claimed.over:
                    drained.stalled += len(claimed.over.requeued) + len(claimed.over.failed)
                    drained.stalled_for_good += len(claimed.over.failed)
                drained.expired += len(claimed.expired)
                shares.pass_on(running.values())
                for lease in claimed.leases:
                    attempt = Attempt(lease, claimed_at=self.now_ms())
                    running[slots.submit(slot.make, attempt)] = attempt
                self._close(finished, claimed.verdicts, drained)
                finished = []
                if claimed.left:
                    return drained
                if claimed.again_at and not running:
                    self._linger(claimed.again_at)
                    continue
                finished = self._collect(running, drained, shares, free=len(running) < self.settings.slots)
            self._wind_up(running, finished, drained, shares)
        return drained

    def _linger(self, until: int) -> None:
        """A rate or its retry holds the next job back for a moment (ms), which is less than being woken again takes.

        What comes meanwhile asks for no wake, since this worker lives: so it looks again all the time.
        """
        with suppress(BrokerAway):  # the next claim meets it too, and has patience
            time.sleep(min(max(until - self.queue.now(), 1) / 1000, _LOOK_AGAIN_S))

    def _collect(
        self, running: dict[Future[Outcome | None], Attempt], drained: Drained, shares: "_Shares", *, free: bool
    ) -> list[tuple[Attempt, Outcome]]:
        """Wait for an attempt to end, or for the time to look for more jobs; gives those that ended with an outcome."""
        if not running:
            return []
        done, _ = wait(running, timeout=_LOOK_AGAIN_S if free else None, return_when=FIRST_COMPLETED)
        shares.pass_on(running.values())
        finished = []
        for future in done:
            attempt = running.pop(future)
            outcome = future.result()
            if outcome:
                finished.append((attempt, outcome))
            else:
                drained.lost += 1
        return finished

    def _close(self, finished: list[tuple[Attempt, Outcome]], verdicts: tuple[Verdict, ...], drained: Drained) -> None:
        """Write the receipts of what has ended. Where that fails, the reconciler does it within a minute or two."""
        for (attempt, outcome), verdict in zip(finished, verdicts, strict=True):
            ended = Ended(outcome, verdict, attempt, self.now_ms())
            drained.ended.append(ended)
            _tell(ended)
            self.on_end(ended)
            receipt = self._receipt(attempt, outcome, verdict)
            if receipt:
                try:
                    self.ledger.close(receipt)
                except StoreAway as error:
                    log.warning("job %s: %s", outcome.lease.id, error, extra=attempt.named)

    def _receipt(self, attempt: Attempt, outcome: Outcome, verdict: Verdict) -> Receipt | None:
        """The receipt, if this is the job's end. A broker that was wiped knows nothing of a report that is published:
        the ledger does, so that too is the end."""
        lease, request = outcome.lease, attempt.request
        if request is None:
            return None
        now = self.now_ms()
        if isinstance(outcome, Completed) and verdict in (Verdict.COMPLETED, Verdict.UNKNOWN):
            return Receipt(request, State.COMPLETED, lease.attempt, now, result=outcome.result)
        if isinstance(outcome, Failed) and verdict is Verdict.FAILED:
            return Receipt(request, State.FAILED, lease.attempt, now, outcome.reason, outcome.message)
        return None

    def _wind_up(
        self,
        running: dict[Future[Outcome | None], Attempt],
        finished: list[tuple[Attempt, Outcome]],
        drained: Drained,
        shares: "_Shares",
    ) -> None:
        """No more claims: see the running attempts to their end. The worker signs off first, and again with each end,
        so that others are woken at once for what waits, and no end waits for a neighbour's."""
        while True:
            try:
                left = self.queue.leave(self.worker, finished=[outcome for _, outcome in finished])
            except BrokerAway as error:
                log.warning("leave: %s", error)
                if not running:
                    return  # the leases run out, and the next attempt finds what is published
            else:
                self._close(finished, left.verdicts, drained)
                finished = []
                self.bus.wake(left.wakes)
                if not running:
                    return
            finished += self._collect(running, drained, shares, free=False)


class _Shares:
    """Gives each attempt its share of the worker's time: while two run, each second is half of each one's."""

    def __init__(self) -> None:
        self._at = time.monotonic()

    def pass_on(self, running: Collection[Attempt]) -> None:
        """These have run since it was last called."""
        now = time.monotonic()
        for attempt in running:
            attempt.busy_s += (now - self._at) / len(running)
        self._at = now


def _tell(ended: Ended) -> None:
    outcome, attempt = ended.outcome, ended.attempt
    job = attempt.named | {"verdict": str(ended.verdict)}
    if attempt.ready_at is not None:
        job["age_seconds"] = (ended.at - attempt.ready_at) / 1000
    if isinstance(outcome, Completed):
        result = outcome.result
        made = {"pages": result.pages, "bytes": result.size, "memory_mb": result.peak_memory_mb}
        log.info("completed", extra=job | made | {"seconds": result.seconds})
    else:
        log.warning("failed", extra=job | {"reason": outcome.reason, "signature": outcome.signature})


def memory_mb() -> int:
    """What this worker and its children take: memory that they share is counted once (Linux), else by each."""
    total = 0
    me = psutil.Process()
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.Error):  # a child that has just ended, or a system that does not say
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
    return total >> 20
