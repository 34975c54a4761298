"""What became of deliveries to webhooks, and how many wait."""

from report_queue import measures
from report_queue.deliver import Tried
from report_queue.telemetry import tell


def of_event(one: Tried) -> None:
    """First tries; nothing where nobody is told."""
    if one.outcomes:
        tell(_counts(one))


def of_minute(one: Tried, *, late: int) -> None:
    """What was due, and what no event had told of."""
    gauges = {measures.HOOKS_WAITING: one.waiting, measures.HOOKS_LEFT: one.left, measures.HOOKS_LATE: late}
    tell(_counts(one) | gauges)


def _counts(one: Tried) -> dict[measures.Measure, float]:
    return {
        measures.HOOKS_DELIVERED: one.delivered,
        measures.HOOKS_FAILED: one.failed,
        measures.HOOKS_GIVEN_UP: one.given_up,
    }
