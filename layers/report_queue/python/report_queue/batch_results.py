"""The results of batches in S3: one file a generation, and its manifest.

    reports/<tenant>/<id>.<generation>.json       the manifest: how each job ended
    reports/<tenant>/<id>.<generation>.zip|pdf    the result, after its manifest: who finds the one finds the other

Both are written once and never change; a retry makes another generation beside it. It knows nothing of how a result is
made. Every method raises `StoreAway` where S3 does not answer or refuses.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Self

from report_queue.batch import Batch, ResultKind
from report_queue.bucket import Bucket
from report_queue.edition import CONTENT_TYPES, PDF
from report_queue.ledger import JSON, Ledger
from report_queue.marks import result_marks
from report_queue.result import Result

_CONTENT_TYPES: Final = {ResultKind.ZIP: "application/zip", ResultKind.PDF: CONTENT_TYPES[PDF]}


@dataclass(frozen=True)
class Published:
    """A result that is there."""

    generation: int
    key: str


class BatchResults:
    """The results of all tenants' batches in one bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    @classmethod
    def beside(cls, ledger: Ledger) -> Self:
        """Those in the ledger's bucket."""
        return cls(ledger._bucket)

    def report(self, key: str) -> bytes | None:
        """A report of one of the jobs."""
        return self._bucket.get(key)

    def newest(self, batch: Batch) -> Published | None:
        """The result of the latest generation that is there."""
        prefix, newest, after = f"reports/{batch.tenant}/{batch.id}.", None, ""
        pattern = re.compile(re.escape(prefix) + r"(\d+)\." + batch.result)
        while keys := self._bucket.page(prefix, after=after, limit=1_000):
            for match in filter(None, map(pattern.fullmatch, keys)):
                newest = Published(int(match[1]), match[0])
            after = keys[-1]
        return newest

    def manifest(self, *, tenant: str, id: str, generation: int) -> Any:  # noqa: A002 (the word of the API)
        """The manifest of a generation, as parsed JSON; None where there is none."""
        body = self._bucket.get(_result(tenant, id, generation, "json"))
        return json.loads(body) if body else None

    def published(self, *, tenant: str, id: str, generation: int, kind: ResultKind) -> Result | None:  # noqa: A002 (as in `manifest`)
        """The result of a generation that is there already."""
        key = _result(tenant, id, generation, kind)
        head = self._bucket.head(key)
        return head.result(key) if head else None

    def publish(
        self,
        *,
        tenant: str,
        id: str,  # noqa: A002 (as in `manifest`)
        generation: int,
        kind: ResultKind,
        manifest: bytes,
        body: BinaryIO,
        made: Callable[[str], Result],  # from its key
    ) -> Result:
        """Put manifest and result there, once: where one is, it stays as it is."""
        self._bucket.put(_result(tenant, id, generation, "json"), manifest, content_type=JSON, marks={})
        key = _result(tenant, id, generation, kind)
        result, content_type = made(key), _CONTENT_TYPES[kind]
        there = self._bucket.put_once(
            key,
            body,
            content_type=content_type,
            marks=result_marks(result),
            size=result.size,
            sha256=result.sha256,
        )
        return there.result(key) if there else result

    def link(self, published: Published, kind: ResultKind, *, filename: str, seconds: int, inline: bool = False) -> str:
        """A link to download a result, as `Ledger.link` gives for a report; `filename` is of plain letters."""
        disposition = f'{"inline" if inline else "attachment"}; filename="{filename}"'
        content_type = _CONTENT_TYPES[kind]
        return self._bucket.link(published.key, disposition=disposition, content_type=content_type, seconds=seconds)


def _result(tenant: str, id: str, generation: int, ending: str) -> str:  # noqa: A002 (as in `manifest`)
    return f"reports/{tenant}/{id}.{generation:06}.{ending}"
