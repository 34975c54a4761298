"""The trace of a submit goes with its job, and an attempt becomes a part of it, where anybody looks at all."""

import json
import socket
from collections.abc import Iterator

import pytest

from report_queue.trace import Trace, current, send

HEADER = "Root=1-6745b2c0-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:0"
TRACE = Trace("6745b2c00123456789abcdef01234567", "53995c3f42cd8ad8", sampled=True)


@pytest.fixture
def daemon() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(5)
        yield listening


def attempt(trace: Trace | None, daemon: socket.socket) -> None:
    send(
        trace,
        "attempt",
        began_at=1_000,
        ended_at=3_500,
        fault=True,
        annotations={"job": "j", "attempt": 2},
        environ={"AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}"},
    )


def test_the_header_of_lambda_is_read_and_travels_as_a_traceparent() -> None:
    trace = current({"_X_AMZN_TRACE_ID": HEADER})
    assert trace == TRACE
    assert trace.parent == "00-6745b2c00123456789abcdef01234567-53995c3f42cd8ad8-01"
    assert Trace.of_parent(trace.parent) == trace
    assert trace.xray_id == "1-6745b2c0-0123456789abcdef01234567"


@pytest.mark.parametrize("flag", ["Sampled=0", ""])
def test_what_is_not_sampled_keeps_its_id(flag: str) -> None:
    trace = current({"_X_AMZN_TRACE_ID": f"Root=1-6745b2c0-0123456789abcdef01234567;{flag}"})
    assert trace
    assert (trace.id, trace.sampled) == (TRACE.id, False)
    assert Trace.of_parent(trace.parent) == trace


@pytest.mark.parametrize("header", ["", "Self=1-2", "Root=abc", "Root=1-6745b2c0-XYZ;Sampled=1", ";;=;"])
def test_no_trace_is_no_trace(header: str) -> None:
    assert current({"_X_AMZN_TRACE_ID": header}) is None
    assert current({}) is None
    assert Trace.of_parent(header) is None
    assert Trace.of_parent(None) is None


def test_an_attempt_is_told_to_the_daemon_as_a_part_of_the_submits_trace(daemon: socket.socket) -> None:
    attempt(TRACE, daemon)
    head, _, body = daemon.recv(65_536).partition(b"\n")
    assert json.loads(head) == {"format": "json", "version": 1}
    segment = json.loads(body)
    assert len(segment.pop("id")) == 16
    assert segment == {
        "name": "attempt",
        "trace_id": TRACE.xray_id,
        "parent_id": TRACE.span,
        "start_time": 1.0,
        "end_time": 3.5,
        "fault": True,
        "annotations": {"job": "j", "attempt": 2},
    }


def test_of_what_nobody_samples_nothing_is_sent(daemon: socket.socket) -> None:
    attempt(None, daemon)
    attempt(Trace(TRACE.id, TRACE.span, sampled=False), daemon)
    daemon.settimeout(0.1)
    with pytest.raises(TimeoutError):
        daemon.recv(1)


@pytest.mark.parametrize("address", ["", "nowhere", "127.0.0.1:", "no such host.invalid:2000", "127.0.0.1:9"])
def test_without_a_daemon_nothing_fails(address: str) -> None:
    send(
        TRACE,
        "attempt",
        began_at=1,
        ended_at=2,
        fault=False,
        annotations={},
        environ={"AWS_XRAY_DAEMON_ADDRESS": address},
    )
