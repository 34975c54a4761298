"""A batch's verbs: many reports at once, and one file of all of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from report_queue.client.answers import Batch
from report_queue.client.calls import Calls, given, id_of, told, until_ended


class Batches:
    """`client.batches`; raises as the client does."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def submit(
        self,
        reports: Sequence[Mapping[str, Any]],
        *,
        name: str | None = None,
        result: Literal["zip", "pdf"] | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """Hand in reports, each {reportType, data, options?}, all or none; returns the batch's id."""
        body = given({"reports": list(reports), "name": name, "result": result})
        return str(told(self._calls.act_once("/api/v1/batches", body, key=idempotency_key))["batchId"])

    def get(self, batch: str) -> Batch:
        """The batch of that id as it stands, with its jobs in `raw`."""
        return Batch.of(self._calls.look(f"/api/v1/batches/{id_of(batch)}"))

    def all(self, *, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """The tenant's, the newest first, page by page: {id, name, jobs, result, timestamp, counts}."""
        return self._calls.pages("/api/v1/batches", "batches", limit=limit)

    def wait(self, batch: str, *, within: float | None = None, seen: Callable[[Batch], None] | None = None) -> Batch:
        """The batch when all of it has ended and its result is there, or will not be. Raises Late."""
        return until_ended(lambda: self.get(batch), within=within, seen=seen)

    def download(self, batch: str, to: Path) -> Path:
        """Save the result as that file, or in that folder under its own name; returns the file."""
        return self._calls.save(f"/api/v1/batches/{id_of(batch)}/download", to)

    def retry(self, batch: str) -> int:
        """Its failed and cancelled jobs, once more; how many."""
        return self._all_of(f"/api/v1/batches/{id_of(batch)}/retry")

    def cancel(self, batch: str) -> int:
        """The end of its jobs that have not ended; how many."""
        return self._all_of(f"/api/v1/batches/{id_of(batch)}/cancel")

    def _all_of(self, path: str) -> int:
        """Asked again for as long as some are left and it gets on with them."""
        done: int = 0
        while True:
            acted = self._calls.act(path)
            done += int(acted["jobs"])
            if not acted["left"] or not acted["jobs"]:
                return done
