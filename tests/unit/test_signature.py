"""What makes two failures alike."""

import re

import pytest

from report_queue.job import Failed, Lease
from report_queue.search import Signature

LEASE = Lease("a", "acme", "test", 1, 0, 0)


def signature(message: str, reason: str = "template.error") -> str:
    return Failed(LEASE, reason, message, permanent=True).signature


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("line 3: no such name", "line 41: no such name"),
        ('no "amount" in row', 'no "total" in row'),
        ("job 06h0rq2i347daa8j5p61rmumk4 is odd", "job p6dq9ebpitd0ja56022cpl2tgo is odd"),
        ("took 1.5 s", "took 22.75 s"),
    ],
)
def test_what_differs_from_job_to_job_makes_no_difference(one: str, other: str) -> None:
    assert signature(one) == signature(other)


def test_another_reason_or_another_message_is_another_failure() -> None:
    assert len({signature("out of memory"), signature("no such name"), signature("no such name", "render.crash")}) == 3


def test_a_signature_can_be_asked_for() -> None:
    pattern = Signature.__metadata__[0].metadata[0].pattern  # type: ignore[attr-defined]
    assert re.fullmatch(pattern, signature("ä \ud800 line 3"))
