"""One job's way through a slot of a worker, from its lease to its outcome.

    read the request (ledger) ──► render (child) ──► still ours? (queue) ──► publish (ledger) ──► outcome
                              └─► or assemble a batch's result (`assembly`) ──────────────────────────^

Where the request names an object of rows, that is read (`inputs`) into a file, which the child is given.
Errors meet the queue here: PermanentFailure ends the job, TransientFailure is retried, LeaseLost is dropped.
It knows nothing of HTTP, Redis, S3 or PDF beyond the verbs of `queue`, `ledger` and `render`.
"""

import logging
import math
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BufferedRandom
from typing import Any, Final

from report_queue.assembly import Assembly, Killable
from report_queue.batch import RESULT_TYPE
from report_queue.batch_results import BatchResults
from report_queue.data_ref import RowsFile
from report_queue.errors import BrokerAway, LeaseLost, PermanentFailure, StoreAway, TransientFailure, whereabouts
from report_queue.inputs import Inputs
from report_queue.job import Completed, Failed, Lease, Outcome, Progress, Verdict
from report_queue.ledger import Ledger
from report_queue.queue import Queue
from report_queue.render import Renderer, RenderJob
from report_queue.replies import Worker
from report_queue.request import Request
from report_queue.result import Made, Result
from report_queue.settings import Settings
from report_queue.trace import Trace

log = logging.getLogger(__name__)

# Verdicts on which work is dropped. UNKNOWN is none of them: a wiped broker does not make the report less wanted, and
# once it is published the reconciler's next attempt takes it as it is.
TAKEN_AWAY: Final = frozenset({Verdict.CANCELLED, Verdict.SUPERSEDED})


@dataclass
class Attempt:
    """A job in a slot: what its thread, the beat and the main thread share. Its fields only move forward."""

    lease: Lease
    progress: int = Progress.CLAIMED
    request: Request | None = None
    lost: Verdict | None = None
    claimed_at: int = 0  # ms, by this machine's clock, as acceptance is
    busy_s: float = 0  # of the worker's time, shared with the attempts beside it
    _child: Killable | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ready_at(self) -> int | None:
        """When (ms) it could first have started: its acceptance, or the moment that it was asked for. None: nobody
        knows, or someone had to retry it."""
        request = self.request
        if request is None or self.lease.round > 0:
            return None
        return max(request.accepted_at, request.due_at or 0)

    @property
    def named(self) -> dict[str, Any]:
        """How the lines of the log name it: by these all that happened to a job is found."""
        lease = self.lease
        trace = Trace.of_parent(self.request.trace) if self.request else None
        named = {"job": lease.id, "tenant": lease.tenant, "report_type": lease.report_type, "attempt": lease.attempt}
        return named | ({"trace": trace.xray_id} if trace else {})

    def reached(self, percent: int) -> None:
        """A step is behind it."""
        self.progress = percent

    def started(self, child: Killable) -> None:
        """Its child runs, or is ended at once where the job is lost already."""
        with self._lock:
            self._child = child
            if self.lost:
                child.kill()

    def drop(self, verdict: Verdict) -> None:
        """Someone else owns the job, or it was cancelled: end the child."""
        with self._lock:
            self.lost = verdict
            if self._child:
                self._child.kill()

    def raise_if_lost(self) -> None:
        """Raises LeaseLost after `drop`."""
        if self.lost:
            raise LeaseLost(f"job {self.lease.id}: {self.lost}")


@dataclass(frozen=True)
class Slot:
    """Where attempts are made; one serves all threads of a worker."""

    worker: Worker
    queue: Queue
    ledger: Ledger
    renderer: Renderer
    settings: Settings
    on_start: Callable[[Attempt], None] = lambda _: None  # its request is read

    def make(self, attempt: Attempt) -> Outcome | None:
        """A job's way through a slot. None: the job is not ours any more, and nothing is to be said of it."""
        lease = attempt.lease
        try:
            attempt.request = request = self.ledger.open_request(lease.id)
            if request is None:
                return self._as_closed(lease)
            log.info("started", extra=attempt.named | {"worker": self.worker.id})
            self.on_start(attempt)
            if request.report_type == RESULT_TYPE:
                return Completed(lease, self._assemble(attempt, request))
            if published := self._published(lease, request):
                return Completed(lease, published)
            with tempfile.TemporaryFile() as pdf:
                rendered = self._render(attempt, request, pdf)
                self._still_ours(attempt)
                result = self.ledger.publish(
                    tenant=lease.tenant,
                    id=lease.id,
                    body=pdf,
                    made=rendered,
                    ending=request.edition.format,
                )
            attempt.reached(Progress.PUBLISHED)
            return Completed(lease, result)
        except LeaseLost:
            return None
        except (PermanentFailure, TransientFailure) as error:
            if attempt.lost:
                return None
            return Failed(
                lease,
                error.reason,
                str(error),
                permanent=isinstance(error, PermanentFailure),
                blameless=isinstance(error, BrokerAway | StoreAway),
            )
        except Exception as error:  # a mistake of ours: the job must not hang on it, nor its neighbours
            log.error("job %s: a mistake of ours: %s", lease.id, whereabouts(error), extra=attempt.named)
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

    def _published(self, lease: Lease, request: Request) -> Result | None:
        """An earlier attempt may have published and died before it could say so: its report is this job's report."""
        ending = request.edition.format
        return self.ledger.published(tenant=lease.tenant, id=lease.id, ending=ending) if lease.attempt > 1 else None

    def _render(self, attempt: Attempt, request: Request, pdf: BufferedRandom) -> Made:
        attempt.raise_if_lost()
        began, rows = time.monotonic(), None
        with ExitStack() as files:
            if request.data_ref:
                rows = files.enter_context(tempfile.TemporaryFile())
                Inputs.beside(self.ledger).read(request.data_ref, rows, between=attempt.raise_if_lost)
            seconds = max(render_seconds(self.settings.attempt_ms) - (time.monotonic() - began), 1)
            job = render_job(
                request,
                memory_mb=self.settings.child_memory_mb,
                seconds=seconds,
                most_rows=self.settings.input_rows,
            )
            rendering = self.renderer.start(job, pdf, rows)
            attempt.started(rendering)
            return rendering.wait(seconds=seconds, progress=attempt.reached)

    def _assemble(self, attempt: Attempt, request: Request) -> Result:
        attempt.raise_if_lost()
        assembly = Assembly(request, self.ledger, BatchResults.beside(self.ledger), self.settings)
        result = assembly.make(attempt, still_ours=lambda: self._still_ours(attempt))
        attempt.reached(Progress.PUBLISHED)
        return result

    def _still_ours(self, attempt: Attempt) -> None:
        """Ask once more before the one step that cannot be taken back. With the broker away we go on: the ledger
        takes one report only, and any attempt would publish the same bytes. Only where the job has ended since and its
        documents were deleted, there must be none: that the ledger knows."""
        attempt.raise_if_lost()
        try:
            (verdict,) = self.queue.beat(self.worker, [(attempt.lease, attempt.progress)])
        except BrokerAway as error:
            log.warning("beat: %s", error)
            verdict = Verdict.UNKNOWN
        if verdict is Verdict.UNKNOWN and self.ledger.purged(attempt.lease.id):
            verdict = Verdict.CANCELLED
        if verdict in TAKEN_AWAY:
            attempt.drop(verdict)
        attempt.raise_if_lost()


def render_seconds(attempt_ms: int) -> float:
    """How long a child may take. The broker lets an attempt own its job for `attempt_ms`; the child ends a little
    earlier, so that we say why."""
    return 0.95 * attempt_ms / 1000


def render_job(request: Request, *, memory_mb: int, seconds: float, most_rows: int = sys.maxsize) -> RenderJob:
    """What a child is told of a request: all that its report depends on, but the file of its rows."""
    ref = request.data_ref
    return RenderJob(
        job_id=request.id,
        report_type=request.report_type,
        data=request.data,
        created_at=request.accepted_at,
        memory_mb=memory_mb,
        cpu_seconds=math.ceil(seconds),
        edition=request.edition,
        rows=RowsFile(ref.member, ref.kind, most_rows) if ref else None,
    )
