"""The objects of rows in the ledger's bucket: inputs/<tenant>/<id>/<name>, put there by callers, read by workers.

    link ──► the caller's PUT ──► look (pins etag and size) ──► read, exactly that one ──► a file

They are no part of the truth: S3 deletes them some days after their upload (`settings.INPUT_DAYS`). Every method raises
`StoreAway` where S3 does not answer or refuses. It knows nothing of what is in them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol, Self

from report_queue.data_ref import DataRef
from report_queue.errors import PermanentFailure
from report_queue.ledger import Ledger
from report_queue.marks import Head
from report_queue.settings import INPUT_DAYS


class Place(Protocol):
    """Where objects are: what `Bucket` is of that."""

    def head(self, key: str) -> Head | None: ...
    def pieces(self, key: str, *, etag: str) -> Iterator[bytes] | None: ...


@dataclass(frozen=True)
class Uploaded:
    """What there is under a key."""

    etag: str
    size: int  # bytes
    at: int  # s since the epoch


class Inputs:
    """The prefix inputs/ of one bucket."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @classmethod
    def beside(cls, ledger: Ledger) -> Self:
        """Those in the ledger's bucket."""
        return cls(ledger._bucket)

    def look(self, key: str) -> Uploaded | None:
        """What is there; None: nothing."""
        head = self._place.head(key)
        return Uploaded(head.etag, head.size, head.changed_at) if head else None

    def read(self, ref: DataRef, file: BinaryIO, *, between: Callable[[], None] = lambda: None) -> None:
        """Write the very object that was pinned into `file`; `between` its pieces something may be looked after.

        Raises PermanentFailure, `data.missing` or `data.changed`: no later attempt finds it.
        """
        assert ref.etag is not None, "a reference without an etag was never accepted"
        pieces = self._place.pieces(ref.key, etag=ref.etag)
        if pieces is None and self._place.head(ref.key) is None:
            raise PermanentFailure(
                f"The object that held the rows is gone; such objects are kept for {INPUT_DAYS} days: upload it again "
                "and submit a new request.",
                reason="data.missing",
            )
        if pieces is None:
            raise PermanentFailure(
                "The object that holds the rows was written again after the request was accepted: submit a new request "
                "for what stands there now.",
                reason="data.changed",
            )
        for piece in pieces:
            file.write(piece)
            between()
        file.flush()
