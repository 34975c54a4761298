"""The client: every verb that the API has for jobs and for the queue; batches, schedules and webhooks stand
beside it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from report_queue.client.answers import Job, Submitted
from report_queue.client.batches import Batches
from report_queue.client.calls import Calls, id_of, replayed, told, until_ended
from report_queue.client.schedules import Schedules
from report_queue.client.webhooks import Webhooks
from report_queue.client.wire import Wire

_ENDED = 200  # of a submission: the job has ended, and is the answer


class Client:
    """A caller with one key. Use it in a `with`, or close it; it is for one thread at a time.

    `timeout` is for one answer, `patience` for asking again where that is safe, both in seconds. Every method raises
    a ClientError (Refused, Away or Broken), and ValueError for what can be no id.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float = 30.0,
        patience: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        wire = Wire(url, key, timeout=timeout, patience=patience, transport=transport)
        self._calls = Calls(wire, timeout=timeout)
        self.batches = Batches(self._calls)
        self.schedules = Schedules(self._calls)
        self.webhooks = Webhooks(self._calls)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End its connections."""
        self._calls.close()

    # Jobs.

    def submit(
        self,
        report_type: str,
        data: Any,
        *,
        rows: str | None = None,
        options: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        wait: int = 0,
    ) -> Submitted:
        """Hand in a report; `rows` is what `upload` gave. Sent again, also by itself, it is the same job.

        `wait`: the answer may come so many seconds later, 25 at most, and then has the job, if it has ended by then.
        """
        body = {"reportType": report_type, "data": data}
        body |= {"dataRef": {"key": rows}} if rows else {}
        body |= {"options": dict(options)} if options else {}
        prefer = {"prefer": f"wait={wait}"} if wait else {}
        answer = self._calls.act_once("/api/v1/reports/generate", body, key=idempotency_key, headers=prefer)
        if answer.status == _ENDED:
            job = Job.of(answer.body)
            return Submitted(job.id, replayed(answer), duplicate=False, job=job)
        return Submitted(told(answer)["jobId"], replayed(answer), bool(told(answer).get("duplicate")))

    def preview(self, report_type: str, data: Any, *, options: Mapping[str, Any] | None = None) -> bytes:
        """The report as it would come out, at once and without a job: its bytes, in the format of the options (pdf).
        Raises NotValid also where it is too much for a preview."""
        body = {"reportType": report_type, "data": data} | ({"options": dict(options)} if options else {})
        return self._calls.make("/api/v1/reports/preview", body)

    def get(self, job: str) -> Job:
        """The job of that id as it stands, with its payload and its timeline in `raw`."""
        return Job.of(self._calls.look(f"/api/jobs/{id_of(job)}"))

    def wait(self, job: str, *, within: float | None = None, seen: Callable[[Job], None] | None = None) -> Job:
        """The job when it has ended, however it did; `seen` is called with each look at it. Raises Late after `within`
        seconds."""
        return until_ended(lambda: self.get(job), within=within, seen=seen)

    def jobs(self, *, limit: int | None = None, **filters: str | None) -> Iterator[Job]:
        """The tenant's jobs, page by page: `state` (waiting), `type`, `tag`, `signature`, `batch`, `since`, `until`."""
        yield from map(Job.of, self._calls.pages("/api/jobs", "jobs", onward="next", limit=limit, **filters))

    def download(self, job: str, to: Path) -> Path:
        """Save the report as that file, or in that folder under its own name; returns the file."""
        result = self.get(job).raw.get("result") or {}
        return self._calls.save(f"/api/v1/reports/{job}/download", to, sha256=result.get("sha256"))

    def receipt(self, job: str) -> dict[str, Any]:
        """How the job's newest round ended; raises NotNow before it has."""
        return dict(self._calls.look(f"/api/jobs/{id_of(job)}/receipt"))

    def retry(self, job: str) -> None:
        """A failed or cancelled job, once more."""
        self._calls.act(f"/api/jobs/{id_of(job)}/retry")

    def cancel(self, job: str) -> None:
        """The end of a job that has not ended."""
        self._calls.act(f"/api/jobs/{id_of(job)}/cancel")

    def promote(self, job: str) -> None:
        """A delayed job, at once."""
        self._calls.act(f"/api/jobs/{id_of(job)}/promote")

    def delete(self, job: str) -> None:
        """The end of what is kept of a job that has ended: its documents. From then on it raises NotFound (410)."""
        self._calls.delete(f"/api/jobs/{id_of(job)}")

    def retry_all(self, *, dry_run: bool = False, **filters: Any) -> dict[str, Any]:
        """Failed or cancelled jobs once more, up to `limit` of those that fit the filters of `jobs`; what was done."""
        return dict(self._calls.act("/api/jobs/retry", {"dryRun": dry_run, **filters}))

    def groups(self) -> list[dict[str, Any]]:
        """Failed jobs by their errors."""
        return list(self._calls.look("/api/jobs/groups")["groups"])

    def upload(self, rows: Path) -> str:
        """Put a file of rows (.jsonl, .ndjson, .csv) where a submission may name it; returns what `rows` takes."""
        link = self._calls.act("/api/v1/inputs", {"name": f"rows{rows.suffix.lower()}"})
        self._calls.put(link["url"], rows)
        return str(link["key"])

    # The queue.

    def types(self) -> list[dict[str, Any]]:
        """The report types, each with its schema and a sample."""
        return list(self._calls.look("/api/report-types"))

    def stats(self) -> dict[str, Any]:
        """The tenant's jobs by state."""
        return dict(self._calls.look("/api/stats"))

    def usage(self, *, since: str | None = None, until: str | None = None) -> dict[str, Any]:
        """What the tenant's reports come to, by day and report type; days such as 2026-11-24."""
        return dict(self._calls.look("/api/usage", since=since, until=until))

    def usage_of_tenants(self, *, since: str | None = None, until: str | None = None) -> dict[str, Any]:
        """What each tenant's reports come to, for who runs it all."""
        return dict(self._calls.look("/api/usage/tenants", since=since, until=until))

    def queue(self, *, minutes: int | None = None) -> dict[str, Any]:
        """How the whole queue is going."""
        return dict(self._calls.look("/api/queue", minutes=minutes))

    def workers(self) -> list[dict[str, Any]]:
        """Those that are alive."""
        return list(self._calls.look("/api/workers")["workers"])

    def whose(self) -> dict[str, Any]:
        """Whose the key is, and what it may do."""
        return dict(self._calls.look("/api/key"))

    def health(self) -> dict[str, Any]:
        """Whether reports are accepted."""
        return dict(self._calls.look("/health"))

    def pause(self, report_type: str | None = None) -> None:
        """No job starts, or none of that type."""
        self._calls.act("/api/queue/pause", {"reportType": report_type})

    def resume(self, report_type: str | None = None) -> None:
        """They start again."""
        self._calls.act("/api/queue/resume", {"reportType": report_type})
