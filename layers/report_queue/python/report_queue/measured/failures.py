"""Jobs that failed without an attempt's word, whoever met them."""

from report_queue import measures
from report_queue.telemetry import tell


def failed(stalled: int, expired: int) -> None:
    """So many whose stall budget was spent, and so many that were to start by a moment that has passed."""
    for reason, count in (("stalled", stalled), ("expired", expired)):
        if count:
            tell({measures.FAILED: count}, reason=reason)
