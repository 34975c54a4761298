"""Faults strike where they are to, and one at a time."""

import threading
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.history import History
from tests.chaos.plan import Fault
from tests.chaos.witness import Witness, _Body

SIGNATURE, URLLIB3, HTTP_CLIENT = 1 << 20, 131_072, 16_384  # how much each reads at once


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    faults = [Fault(0, "stop", "after render", after=0), Fault(1, "kill", "mid-upload", after=0)]
    return Witness(tmp_path, History(tmp_path, "w1"), faults, seen=9, odd=frozenset({3}))


@pytest.mark.parametrize("block", [URLLIB3, HTTP_CLIENT])
def test_an_upload_is_struck_when_a_part_of_it_is_sent_whichever_client_sends_it(
    witness: Witness, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    sent: list[bytes] = []
    struck_at: list[int] = []
    monkeypatch.setattr(witness, "_strike", lambda *_: struck_at.append(len(sent)))
    body = _Body(BytesIO(b"x" * 10_000), witness, "j1")
    while body.read(SIGNATURE):
        pass
    body.seek(0)
    assert struck_at == []
    while octets := body.read(block):
        sent.append(octets)
    assert b"".join(sent) == b"x" * 10_000
    assert struck_at == [1]
    assert len(sent) > 2


def test_no_fault_strikes_a_worker_that_is_being_stopped(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was killed then, or stopped twice and continued once: in either case the plan did not come to pass."""
    both = threading.Barrier(2)
    met: list[Any] = []

    def strike(*_: Any) -> None:
        with suppress(threading.BrokenBarrierError):
            met.append(both.wait(timeout=0.2))

    monkeypatch.setattr(witness, "_strike", strike)
    other = threading.Thread(target=witness.at, args=("mid-upload", "j1"))
    other.start()
    witness.at("after render", "j2")
    other.join()
    assert witness.faults == []
    assert met == []


def test_nobody_is_stopped_for_a_job_that_another_attempt_may_never_complete(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    struck: list[Any] = []
    monkeypatch.setattr(witness, "_strike", lambda fault, job: struck.append((fault.act, job)))
    for job in ("j3", "j4"):
        witness.at("after render", job)
        witness.at("mid-upload", job)
    assert struck == [("kill", "j3"), ("stop", "j4")]
