"""Takes jobs through their lives on the real queue and ledger, as a worker would, without rendering."""

import hashlib
import io
import itertools
from typing import Any

from gateway import Api

from report_queue.edition import Format
from report_queue.job import Completed, Failed, Lease, State
from report_queue.receipt import Receipt
from report_queue.replies import Worker
from report_queue.reports import report_types
from report_queue.result import Made, Result
from report_queue.wiring import Wiring

PDF = b"%PDF-1.7 of a kind"


class Lives:
    """Jobs of a tenant, in any state that a test wants."""

    def __init__(self, wired: Wiring, api: Api) -> None:
        self._wired = wired
        self._api = api
        self._calls = itertools.count(1)
        self.worker = Worker(id="worker-1", pid=4711, slots=2, started_at=wired.queue.now() - 60_000)

    def waiting(self, **options: Any) -> str:
        """A job that was just submitted; its id."""
        body = {"reportType": "test", "data": report_types()["test"].sample, "options": options}
        return str(self._api.submit(body).json["data"]["jobId"])

    def claim(self) -> Lease:
        """The worker takes the job that is first in line."""
        claimed = self._wired.queue.claim(self.worker, call=next(self._calls), free=1)
        return claimed.leases[0]

    def active(self) -> str:
        """A job that the worker holds."""
        self.waiting()
        return self.claim().id

    def completed(self, *, receipt: bool = True) -> str:
        """A job whose report is there; without `receipt`, as it is for the moment before the worker leaves it."""
        return self.complete(self._submitted_and_claimed(), receipt=receipt)

    def end(self, job_id: str) -> None:
        """The worker completes this job, which is the first in line."""
        lease = self.claim()
        assert lease.id == job_id
        self.complete(lease)

    def failed(self, *, receipt: bool = True) -> str:
        """A job that failed for good."""
        return self.fail(self._submitted_and_claimed(), receipt=receipt)

    def fail(self, lease: Lease, *, message: str = "line 3: no such name", receipt: bool = True) -> str:
        """The worker fails this job for good."""
        self._wired.queue.fail(self.worker, Failed(lease, "template.error", message, permanent=True))
        if receipt:
            self.close(lease.id, State.FAILED, attempt=lease.attempt, reason="template.error", message=message)
        return lease.id

    def complete(self, lease: Lease, *, pdf: bytes = PDF, receipt: bool = True, ending: Format = "pdf") -> str:
        """The worker publishes this job's report and completes it."""
        result = self.publish(lease, pdf=pdf, ending=ending)
        self._wired.queue.complete(self.worker, Completed(lease, result))
        if receipt:
            self.close(lease.id, State.COMPLETED, attempt=lease.attempt, result=result)
        return lease.id

    def publish(self, lease: Lease, *, pdf: bytes = PDF, ending: Format = "pdf") -> Result:
        """The worker puts the report there."""
        return self._wired.ledger.publish(
            tenant=lease.tenant,
            id=lease.id,
            ending=ending,
            body=io.BytesIO(pdf),
            made=Made(size=len(pdf), pages=1, sha256=hashlib.sha256(pdf).hexdigest(), seconds=0.25, peak_memory_mb=60),
        )

    def close(self, job_id: str, state: State, *, attempt: int = 1, **ending: Any) -> None:
        """The worker leaves the receipt."""
        request = self._wired.ledger.open_request(job_id)
        assert request is not None
        finished_at = self._wired.queue.now()
        self._wired.ledger.close(
            Receipt(request=request, state=state, attempt=attempt, finished_at=finished_at, **ending)
        )

    def _submitted_and_claimed(self) -> Lease:
        submitted = self.waiting()
        lease = self.claim()
        assert lease.id == submitted
        return lease
