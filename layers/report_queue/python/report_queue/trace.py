"""Traces: whose request this is, from the API through the queue to each attempt.

    submit ── Lambda's trace ──► traceparent in the request (ledger) ──► attempt ── a segment of that trace ──► X-Ray

A worker serves many jobs in one invocation, so an attempt cannot be part of the worker's own trace alone: it is told
to X-Ray as a segment of the trace that its job was submitted in, with the worker's trace as an annotation. Lambda's
daemon takes such a segment as one datagram; no SDK is loaded. Where a trace is not sampled, which is always so where
tracing is off, nothing is sent, and what is left is an id that the log's lines have in common.

What travels is W3C's traceparent, so that it means the same to whoever reads the ledger without X-Ray.
"""

import json
import os
import re
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

_HEADER: Final = "_X_AMZN_TRACE_ID"  # Lambda's word for it: Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=1
_DAEMON: Final = "AWS_XRAY_DAEMON_ADDRESS"
_ROOT: Final = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")
_SPAN: Final = re.compile(r"[0-9a-f]{16}")
_PARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True)
class Trace:
    """A place in a trace."""

    id: str  # 32 hex digits
    span: str  # 16 hex digits: what comes next is its child
    sampled: bool

    @property
    def xray_id(self) -> str:
        """The id as X-Ray writes it, and as the log's lines have it: `1-6745b2c0-…`."""
        return f"1-{self.id[:8]}-{self.id[8:]}"

    @property
    def parent(self) -> str:
        """The traceparent header."""
        return f"00-{self.id}-{self.span}-{'01' if self.sampled else '00'}"

    @classmethod
    def of_parent(cls, text: str | None) -> Self | None:
        """The trace of a traceparent; None where there is none, or it is not one."""
        found = _PARENT.fullmatch(text or "")
        return cls(found[1], found[2], sampled=bool(int(found[3], 16) & 1)) if found else None

    @classmethod
    def of_header(cls, text: str) -> Self | None:
        """The trace of an X-Ray header; None where it names none."""
        words = dict(word.strip().partition("=")[::2] for word in text.split(";"))
        root = _ROOT.fullmatch(words.get("Root", ""))
        if root is None:
            return None
        span = words.get("Parent", "")
        # An invocation that nobody traces may have no parent.
        known = span if _SPAN.fullmatch(span) else root[2][:16]
        return cls(root[1] + root[2], known, sampled=words.get("Sampled") == "1")


def current(environ: Mapping[str, str] = os.environ) -> Trace | None:
    """The trace of this invocation; None outside Lambda."""
    return Trace.of_header(environ.get(_HEADER, ""))


def send(
    trace: Trace | None,
    name: str,
    *,
    began_at: int,
    ended_at: int,
    fault: bool,
    annotations: Mapping[str, str | int | float | bool],
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Tell X-Ray of something that was done for a trace, between two moments (ms). It cannot fail and does not wait."""
    host, _, port = environ.get(_DAEMON, "").rpartition(":")
    if trace is None or not trace.sampled or not port.isdecimal():
        return
    segment = {
        "name": name,
        "id": secrets.token_hex(8),
        "trace_id": trace.xray_id,
        "parent_id": trace.span,
        "start_time": began_at / 1_000,
        "end_time": ended_at / 1_000,
        "fault": fault,
        "annotations": dict(annotations),
    }
    datagram = b'{"format": "json", "version": 1}\n' + json.dumps(segment).encode()
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.setblocking(False)
        daemon.sendto(datagram, (host, int(port)))
