"""Batches as the broker sees them: where each job of one stands, and which batches have ended.

It only orders and remembers for a while. What a batch is, and that its result is still to be assembled, stands in the
store (`batch_store`): a broker that was wiped is told again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from report_queue.broker import Broker
from report_queue.job import State

_BATCH: Final = 500  # most batches in one script
_PAGES: Final = 1_000  # scripts in a row, so that a walk ends


@dataclass(frozen=True)
class Seen:
    """A batch's job as the broker has it."""

    state: State
    round: int
    progress: int  # 0-100
    reason: str | None  # of a failed job
    message: str | None  # its first 300 bytes


class BatchFacet:
    """One queue's batches. Every method raises BrokerAway."""

    def __init__(self, broker: Broker) -> None:
        self._run = broker.run

    def members(self, batch_id: str) -> dict[str, Seen]:
        """The batch's jobs that the broker knows, by id."""
        return {entry["id"]: _seen(entry) for entry in self._run("batch", id=batch_id)["members"] or ()}

    def counts(self, *batch_ids: str) -> dict[str, dict[State, int]]:
        """Of each batch, at most 500, how many of its jobs are in which state; those that are forgotten are in none."""
        found = self._run("batch_counts", ids=batch_ids)["batches"] if batch_ids else ()
        return {entry["id"]: {state: int(entry["counts"][state]) for state in State} for entry in found}

    def open(self, *batches: tuple[str, str]) -> int:
        """Have these, (tenant, id), looked at until they are closed; how many were not known."""
        opened = 0
        for start in range(0, len(batches), _BATCH):
            entries = [{"tenant": tenant, "id": batch_id} for tenant, batch_id in batches[start : start + _BATCH]]
            opened += int(self._run("batch_open", batches=entries)["opened"])
        return opened

    def close(self, batch_id: str) -> bool:
        """Look at it no more; False where it was not open."""
        return bool(self._run("batch_close", id=batch_id)["closed"])

    def ended(self, *, limit: int = 100) -> Iterator[tuple[str, str]]:
        """Open batches without a job that waits, is delayed or active, as (tenant, id); `limit` are looked at a script.

        So is one whose jobs the broker does not know: only the ledger can say how these stand.
        """
        cursor = "0"
        for _ in range(_PAGES):
            reply = self._run("batches_ended", cursor=cursor, limit=limit)
            yield from ((entry["tenant"], entry["id"]) for entry in reply["ended"] or ())
            cursor = str(reply["cursor"])
            if cursor == "0":
                return


def _seen(entry: Any) -> Seen:
    return Seen(
        state=State(entry["state"]),
        round=int(entry["round"]),
        progress=int(entry["progress"]),
        reason=entry.get("reason"),
        message=entry.get("message"),
    )
