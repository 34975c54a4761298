"""Assembling, the worker's part: the reports of a batch's jobs become one zip or one PDF, with a manifest of them all.

    receipts (ledger) ──► all there, and of this generation? ──► reports (store) ──► zip, or a child merges ──► publish

A job that failed has its line in the manifest and no file: 993 reports of 1,000 are a result. The same generation gives
the same bytes, so that an attempt publishes what an earlier one would have. It knows nothing of HTTP or Redis.
"""

import hashlib
import math
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol

from report_queue import manifest
from report_queue.batch import Batch, ResultKind
from report_queue.batch_results import BatchResults
from report_queue.errors import PermanentFailure, TransientFailure
from report_queue.job import Progress
from report_queue.ledger import Ledger
from report_queue.merging import Merging, Part
from report_queue.receipt import Receipt
from report_queue.request import Request
from report_queue.result import Result
from report_queue.settings import Settings

_READERS: Final = 8


class Killable(Protocol):
    """A child that can be ended from any thread."""

    def kill(self) -> None: ...


class Steps(Protocol):
    """What an attempt is told on its way."""

    def reached(self, percent: int) -> None: ...
    def started(self, child: Killable) -> None: ...
    def raise_if_lost(self) -> None: ...


@dataclass(frozen=True)
class Assembly:
    """One generation of one batch, as its job's request says."""

    request: Request
    ledger: Ledger
    results: BatchResults
    settings: Settings

    def make(self, steps: Steps, *, still_ours: Callable[[], None]) -> Result:
        """The result, published; one that an earlier attempt published is taken as it is.

        Raises TransientFailure where a job's receipt is not there yet, PermanentFailure where there is one of a later
        round: then there will be a later generation.
        """
        began = time.monotonic()
        if there := self.results.published(**self._named, kind=self._kind):
            return there
        receipts = self._receipts(steps)
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder, "result")
            told, pages, peak_mb = self._write(receipts, output, Path(folder), steps)
            with output.open("rb") as body:
                digest = hashlib.file_digest(body, "sha256").hexdigest()
                steps.reached(Progress.WRITTEN)
                still_ours()
                return self.results.publish(
                    **self._named,
                    kind=self._kind,
                    manifest=told,
                    body=body,
                    made=lambda key: Result(
                        output.stat().st_size, pages, digest, round(time.monotonic() - began, 3), peak_mb, key=key
                    ),
                )

    def _receipts(self, steps: Steps) -> list[Receipt]:
        """Each job's receipt. A retry that is under way changes nothing: a generation is of how the jobs had ended."""
        found: list[Receipt] = []
        with ThreadPoolExecutor(_READERS) as readers:
            for start in range(0, len(self._member_ids), _READERS):
                steps.raise_if_lost()
                group = self._member_ids[start : start + _READERS]
                found += [receipt for receipt in readers.map(self.ledger.receipt, group) if receipt]
        rounds, wanted = sum(receipt.request.round for receipt in found), self._data["generation"]
        if len(found) < len(self._member_ids) or rounds < wanted:
            raise TransientFailure("some of the batch's jobs have no receipt yet", reason="batch.running")
        if rounds > wanted:
            raise PermanentFailure("some of the batch's jobs were retried since", reason="batch.superseded")
        return found

    def _write(self, receipts: Sequence[Receipt], output: Path, folder: Path, steps: Steps) -> tuple[bytes, int, int]:
        """Write the result; its manifest, its pages, and the memory (MB) of the child that made it, 0 without one."""
        write = self._zip if self._kind is ResultKind.ZIP else self._pdf
        return write(receipts, output, folder, steps)

    def _zip(self, receipts: Sequence[Receipt], output: Path, _: Path, steps: Steps) -> tuple[bytes, int, int]:
        at = datetime.fromtimestamp(self.request.accepted_at / 1000, UTC).timetuple()[:6]
        kept: list[int] = []
        with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as whole:  # a PDF is compressed already
            for n, body in self._reports(receipts, steps):
                whole.writestr(zipfile.ZipInfo(manifest.file_name(n, receipts[n]), at), body)
                kept.append(n)
            told = manifest.write(self._data["batch"], self._data["generation"], receipts, kept)
            whole.writestr(zipfile.ZipInfo("manifest.json", at), told)
        return told, sum(result.pages for n in kept if (result := receipts[n].result)), 0

    def _pdf(self, receipts: Sequence[Receipt], output: Path, folder: Path, steps: Steps) -> tuple[bytes, int, int]:
        kept: list[int] = []
        parts: list[Part] = []
        for n, body in self._reports(receipts, steps):
            path = folder / f"{n}.pdf"
            path.write_bytes(body)
            kept.append(n)
            parts.append(Part(str(path), f"{n:03} {receipts[n].request.report_type}"))
        if not parts:
            raise PermanentFailure(
                "none of the batch's jobs has a report: there is nothing to merge", reason="batch.empty"
            )
        told = manifest.write(self._data["batch"], self._data["generation"], receipts, kept)
        seconds = 0.8 * self.settings.attempt_ms / 1000
        merging = Merging(
            parts,
            manifest=told.decode(),
            output=output,
            memory_mb=self.settings.child_memory_mb,
            cpu_seconds=math.ceil(seconds),
        )
        steps.started(merging)
        merged = merging.wait(seconds=seconds)
        return told, merged.pages, merged.peak_memory_mb

    def _reports(self, receipts: Sequence[Receipt], steps: Steps) -> Iterator[tuple[int, bytes]]:
        """The reports that there are, in their order, a few at a time: together they may be more than memory holds."""
        wanted = [(n, receipt.result.key) for n, receipt in enumerate(receipts) if receipt.result]
        with ThreadPoolExecutor(_READERS) as readers:
            for start in range(0, len(wanted), _READERS):
                steps.raise_if_lost()
                steps.reached(Progress.CLAIMED + (Progress.LAID_OUT - Progress.CLAIMED) * start // len(wanted))
                group = wanted[start : start + _READERS]
                bodies = readers.map(self.results.report, [key for _, key in group])
                yield from ((n, body) for (n, _), body in zip(group, bodies, strict=True) if body is not None)

    @property
    def _data(self) -> dict[str, Any]:
        return dict(self.request.data)

    @property
    def _kind(self) -> ResultKind:
        return ResultKind(self._data["result"])

    @property
    def _named(self) -> dict[str, Any]:
        return {"tenant": self.request.tenant, "id": self._data["batch"], "generation": self._data["generation"]}

    @cached_property
    def _member_ids(self) -> tuple[str, ...]:
        data = self._data
        return Batch(data["batch"], self.request.tenant, None, self._kind, data["jobs"], "", 0).member_ids
