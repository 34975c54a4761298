"""A schedule's verbs: a report that is made again and again."""

from collections.abc import Iterator, Mapping
from typing import Any

from report_queue.client.calls import Calls, id_of, told


class Schedules:
    """`client.schedules`; raises as the client does."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def make(self, schedule: Mapping[str, Any], *, idempotency_key: str | None = None) -> str:
        """A schedule as the API takes it: {cron | everySeconds, timeZone, report, …}; returns its id."""
        answer = self._calls.act_once("/api/v1/schedules", dict(schedule), key=idempotency_key)
        return str(told(answer)["scheduleId"])

    def all(self) -> Iterator[dict[str, Any]]:
        """The tenant's, page by page."""
        return self._calls.pages("/api/v1/schedules", "schedules")

    def get(self, schedule: str) -> dict[str, Any]:
        """One, with its report and its next runs."""
        return dict(self._calls.look(f"/api/v1/schedules/{id_of(schedule)}"))

    def pause(self, schedule: str) -> None:
        """Nothing runs until it is resumed."""
        self._calls.act(f"/api/v1/schedules/{id_of(schedule)}/pause")

    def resume(self, schedule: str) -> None:
        """It runs again from now on."""
        self._calls.act(f"/api/v1/schedules/{id_of(schedule)}/resume")

    def run(self, schedule: str, *, idempotency_key: str | None = None) -> str:
        """A job at once; its id."""
        path = f"/api/v1/schedules/{id_of(schedule)}/run"
        return str(told(self._calls.act_once(path, None, key=idempotency_key))["jobId"])

    def end(self, schedule: str) -> None:
        """It is forgotten; its jobs go on."""
        self._calls.act(f"/api/v1/schedules/{id_of(schedule)}/end")
