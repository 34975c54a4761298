"""What came in."""

from collections import Counter
from collections.abc import Iterable

from report_queue import measures
from report_queue.desk import Accepted
from report_queue.telemetry import tell


def submitted(accepted: Accepted, report_type: str) -> None:
    """One submit that was answered with 202."""
    what = measures.DUPLICATES if accepted.duplicate else measures.REPLAYED if accepted.replayed else measures.ACCEPTED
    tell({what: 1}, report_type=report_type)


def submitted_batch(report_types: Iterable[str], *, replayed: bool) -> None:
    """A batch that was answered with 202: the types of its jobs."""
    for report_type, count in Counter(report_types).items():
        tell({measures.REPLAYED if replayed else measures.ACCEPTED: count}, report_type=report_type)
