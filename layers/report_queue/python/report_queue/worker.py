"""The worker: claims jobs, has each rendered in a child, publishes, and tells the queue, until nothing waits.

    drain   claim ──► attempts, `slots` at a time ──► claim (ends of the last, the next ones) ──► … ──► leave
    attempt read the request (ledger) ──► render (child) ──► still ours? (queue) ──► publish (ledger) ──► outcome
    after   the queue's verdict on the outcome ──► close (ledger)

One thread a slot waits for its child; one thread beats, renews the leases, carries the progress and hears of jobs that
were cancelled or lost, whose children it kills. The order publish, complete, close is the guarantee: whichever of the
three is missing after a crash, the next attempt or the reconciler makes up for it, and nothing is published twice.

Errors meet the queue here: PermanentFailure ends the job, TransientFailure is retried, LeaseLost is dropped.
It knows nothing of HTTP, Redis, S3 or PDF beyond the verbs of `queue`, `ledger` and `render`.
"""

import logging
import math
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedRandom

from report_queue.errors import BrokerAway, LeaseLost, PermanentFailure, StoreAway, TransientFailure
from report_queue.job import Completed, Failed, Lease, Outcome, Progress, Result, State, Verdict
from report_queue.ledger import Ledger
from report_queue.queue import Queue, Worker
from report_queue.receipt import Receipt
from report_queue.render import Rendered, Renderer, Rendering, RenderJob
from report_queue.request import Request
from report_queue.settings import Settings
from report_queue.wake import Bus

log = logging.getLogger(__name__)

_LOOK_AGAIN_S = 0.25  # with a slot free and another at work: how soon to claim again
_BEAT_CHECK_S = 0.5  # how soon a progress that moved is carried to the broker
_WIND_UP_MS = 15_000  # of the function's time, kept for publishing, completing and leaving
_PATIENCE_S = 30  # with the broker away and nothing in hand: how long to wait for it


@dataclass
class Attempt:
    """A job in a slot: what its thread, the beat and the main thread share. Its fields only move forward."""

    lease: Lease
    progress: int = Progress.CLAIMED
    request: Request | None = None
    lost: Verdict | None = None
    _rendering: Rendering | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reached(self, percent: int) -> None:
        """A step is behind it."""
        self.progress = percent

    def started(self, rendering: Rendering) -> None:
        """Its child runs, or is ended at once where the job is lost already."""
        with self._lock:
            self._rendering = rendering
            if self.lost:
                rendering.kill()

    def drop(self, verdict: Verdict) -> None:
        """Someone else owns the job, or it was cancelled: end the child."""
        with self._lock:
            self.lost = verdict
            if self._rendering:
                self._rendering.kill()

    def raise_if_lost(self) -> None:
        """Raises LeaseLost after `drop`."""
        if self.lost:
            raise LeaseLost(f"job {self.lease.id}: {self.lost}", cancelled=self.lost is Verdict.CANCELLED)


@dataclass(frozen=True)
class Ended:
    """An attempt's end and the queue's word on it: for logs and metrics."""

    outcome: Outcome
    verdict: Verdict


@dataclass
class Drained:
    """What one drain did."""

    ended: list[Ended] = field(default_factory=list)
    lost: int = 0  # attempts dropped because the job was cancelled or went to another


@dataclass(frozen=True)
class Drain:
    """One run of a worker, from its wake to its leave. `run` is the story; the rest are its steps."""

    worker: Worker
    queue: Queue
    ledger: Ledger
    bus: Bus
    renderer: Renderer
    settings: Settings
    remaining_ms: Callable[[], int]  # of the function's time
    now_ms: Callable[[], int]

    def run(self, token: str | None) -> Drained:
        """Claim and render until nothing waits, or until what remains of the function's time is too short."""
        drained = Drained()
        running: dict[Future[Outcome | None], Attempt] = {}
        call = 0
        finished: list[tuple[Attempt, Outcome]] = []
        patience = time.monotonic() + _PATIENCE_S
        with ThreadPoolExecutor(self.settings.slots, "slot") as slots, self._beating(running, drained):
            while self.remaining_ms() > self.settings.attempt_ms + _WIND_UP_MS:
                try:
                    claimed = self.queue.claim(
                        self.worker,
                        call=call,
                        free=self.settings.slots - len(running),
                        active=len(running),
                        done=len(drained.ended),
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
                for lease in claimed.leases:
                    attempt = Attempt(lease)
                    running[slots.submit(self.attempt, attempt)] = attempt
                self._close(finished, claimed.verdicts, drained)
                finished = []
                if claimed.left:
                    return drained
                finished = self._collect(running, drained, free=len(running) < self.settings.slots)
            self._wind_up(running, finished, drained)
        return drained

    def attempt(self, attempt: Attempt) -> Outcome | None:
        """A job's way through a slot. None: the job is not ours any more, and nothing is to be said of it."""
        lease = attempt.lease
        try:
            attempt.request = request = self.ledger.open_request(lease.id)
            if request is None:
                return self._as_closed(lease)
            if published := self._published(lease):
                return Completed(lease, published)
            with tempfile.TemporaryFile() as pdf:
                rendered = self._render(attempt, request, pdf)
                self._still_ours(attempt)
                result = self.ledger.publish(
                    tenant=lease.tenant,
                    id=lease.id,
                    body=pdf,
                    size=rendered.size,
                    pages=rendered.pages,
                    sha256=rendered.sha256,
                    seconds=rendered.seconds,
                    peak_memory_mb=rendered.peak_memory_mb,
                )
            attempt.reached(Progress.PUBLISHED)
            return Completed(lease, result)
        except LeaseLost:
            return None
        except (PermanentFailure, TransientFailure) as error:
            if attempt.lost:
                return None
            return Failed(lease, error.reason, str(error), permanent=isinstance(error, PermanentFailure))
        except Exception as error:  # a mistake of ours: the job must not hang on it, nor its neighbours
            log.exception("job %s attempt %d (%s)", lease.id, lease.attempt, lease.report_type)
            return Failed(lease, "worker.error", f"the worker stopped with {type(error).__name__}", permanent=False)

    def _as_closed(self, lease: Lease) -> Completed:
        """The ledger has no open request: the job ended in a life that a wiped broker has forgotten, and so it ends
        again. Raises PermanentFailure with the reason that it had, if it was not completed."""
        receipt = self.ledger.receipt(lease.id)
        if receipt is None:
            raise PermanentFailure("the ledger holds no request for this job", reason="ledger.missing")
        if receipt.result is None:
            raise PermanentFailure(
                receipt.message or f"the job had ended before: {receipt.state}", reason=receipt.reason or receipt.state
            )
        return Completed(lease, receipt.result)

    def _published(self, lease: Lease) -> Result | None:
        """An earlier attempt may have published and died before it could say so: its report is this job's report."""
        return self.ledger.published(tenant=lease.tenant, id=lease.id) if lease.attempt > 1 else None

    def _render(self, attempt: Attempt, request: Request, pdf: BufferedRandom) -> Rendered:
        attempt.raise_if_lost()
        # The broker lets an attempt own its job for `attempt_ms`; the child ends a little earlier, so that we say why.
        seconds = 0.95 * self.settings.attempt_ms / 1000
        job = RenderJob(
            job_id=request.id,
            report_type=request.report_type,
            data=request.data,
            created_at=request.accepted_at,
            memory_mb=self.settings.child_memory_mb,
            cpu_seconds=math.ceil(seconds),
        )
        rendering = self.renderer.start(job, pdf)
        attempt.started(rendering)
        return rendering.wait(seconds=seconds, progress=attempt.reached)

    def _still_ours(self, attempt: Attempt) -> None:
        """Ask once more before the one step that cannot be taken back. With the broker away we go on: the ledger
        takes one report only, and any attempt would publish the same bytes."""
        attempt.raise_if_lost()
        try:
            (verdict,) = self.queue.beat(self.worker, [(attempt.lease, attempt.progress)])
        except BrokerAway as error:
            log.warning("beat: %s", error)
            return
        if verdict in _TAKEN_AWAY:
            attempt.drop(verdict)
        attempt.raise_if_lost()

    def _collect(
        self, running: dict[Future[Outcome | None], Attempt], drained: Drained, *, free: bool
    ) -> list[tuple[Attempt, Outcome]]:
        """Wait for an attempt to end, or for the time to look for more jobs; gives those that ended with an outcome."""
        if not running:
            return []
        done, _ = wait(running, timeout=_LOOK_AGAIN_S if free else None, return_when=FIRST_COMPLETED)
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
            drained.ended.append(Ended(outcome, verdict))
            _tell(outcome, verdict)
            receipt = self._receipt(attempt, outcome, verdict)
            if receipt:
                try:
                    self.ledger.close(receipt)
                except StoreAway as error:
                    log.warning("job %s: %s", outcome.lease.id, error)

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
    ) -> None:
        """No more claims: see the running attempts to their end, and leave; others are woken for what still waits."""
        while running:
            finished += self._collect(running, drained, free=False)
        try:
            left = self.queue.leave(self.worker, finished=[outcome for _, outcome in finished])
        except BrokerAway as error:
            log.warning("leave: %s", error)  # the leases run out, and the next attempt finds what is published
            return
        self._close(finished, left.verdicts, drained)
        self.bus.wake(left.wakes)

    @contextmanager
    def _beating(self, running: dict[Future[Outcome | None], Attempt], drained: Drained) -> Iterator[None]:
        """Beat from a thread of its own while the block runs."""
        stop = threading.Event()

        def beats() -> None:
            told: dict[str, int] = {}
            beaten = time.monotonic()
            while not stop.wait(_BEAT_CHECK_S):
                attempts = [attempt for attempt in list(running.values()) if not attempt.lost]
                progress = {attempt.lease.id: attempt.progress for attempt in attempts}
                due = time.monotonic() - beaten >= self.settings.beat_ms / 1000
                if not attempts or not (due or any(told.get(name, 10) != now for name, now in progress.items())):
                    continue
                try:
                    verdicts = self.queue.beat(
                        self.worker,
                        [(attempt.lease, attempt.progress) for attempt in attempts],
                        done=len(drained.ended),
                    )
                except BrokerAway as error:
                    log.warning("beat: %s", error)
                    continue
                beaten, told = time.monotonic(), progress
                for attempt, verdict in zip(attempts, verdicts, strict=True):
                    if verdict in _TAKEN_AWAY:
                        log.info("job %s attempt %d: %s", attempt.lease.id, attempt.lease.attempt, verdict)
                        attempt.drop(verdict)

        thread = threading.Thread(target=beats, name="beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


# Verdicts on which work is dropped. UNKNOWN is none of them: a wiped broker does not make the report less wanted, and
# once it is published the reconciler's next attempt takes it as it is.
_TAKEN_AWAY = frozenset({Verdict.CANCELLED, Verdict.SUPERSEDED})


def _tell(outcome: Outcome, verdict: Verdict) -> None:
    lease = outcome.lease
    job = {"job": lease.id, "attempt": lease.attempt, "report_type": lease.report_type, "verdict": str(verdict)}
    if isinstance(outcome, Completed):
        log.info("completed", extra=job | {"pages": outcome.result.pages, "seconds": outcome.result.seconds})
    else:
        log.warning("failed", extra=job | {"reason": outcome.reason})
