"""A worker of a run: a process of its own, forked from one that has everything loaded, so that it can be killed freely.

It runs the real drain with the real queue and ledger. Its clock may be wrong: whatever it decides by the clock, it
must not matter.
"""

import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.session import Session, get_session

from report_queue.job import Failed
from report_queue.queue import Queue
from report_queue.render import Renderer
from report_queue.replies import Worker
from report_queue.settings import Settings
from report_queue.wiring import broker, now_ms
from report_queue.worker import Drain, Ended

from .history import History
from .plan import Fault
from .stub import StubRenderer
from .thin import ThinS3
from .tie import tie
from .witness import WatchedLedger, WatchedQueue, WatchedRenderer, Witness

BUCKET = "reports"
_SESSION: Session = get_session()


@dataclass(frozen=True)
class Spec:
    """What a worker is told."""

    name: str
    folder: Path
    settings: Settings
    store: str  # URL
    token: str | None
    faults: list[Fault]
    seen: int
    odd: frozenset[int]
    clock_off_ms: int
    real: bool


def queue_at(settings: Settings) -> Queue:
    """As `wiring` has it, but sooner out of patience with a broker that says nothing."""
    client = broker(settings)
    client.connection_pool.connection_kwargs["socket_timeout"] = 2
    return Queue(client, settings)


def store_client(url: str, *, real: bool) -> Any:
    """As `wiring.aws_client`; or one that costs less."""
    return _boto(url) if real else ThinS3(url)


def _boto(url: str) -> Any:
    return _SESSION.create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="chaos",
        aws_secret_access_key="chaos",
        config=Config(
            connect_timeout=2,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 2},
            s3={"addressing_style": "path"},
        ),
    )


def work(spec: Spec) -> None:
    """One drain."""
    tie()
    sys.path.append(str(spec.folder))  # a renderer's environment has it: so whose it is can be told
    history = History(spec.folder, spec.name)
    logging.basicConfig(handlers=[_Told(history)], level=logging.ERROR, force=True)
    witness = Witness(spec.folder, history, list(spec.faults), spec.seen, spec.odd)
    ledger = WatchedLedger(store_client(spec.store, real=spec.real), bucket=BUCKET)
    ledger.witness = witness
    renderer = Renderer() if spec.real else StubRenderer(spec.folder)
    began = now_ms()

    def ended(one: Ended) -> None:
        if isinstance(one.outcome, Failed):
            history.add("failed", job=one.outcome.lease.id, reason=one.outcome.reason, verdict=one.verdict)

    drain = Drain(
        worker=Worker(id=spec.name, pid=os.getpid(), slots=spec.settings.slots, started_at=began + spec.clock_off_ms),
        queue=WatchedQueue(queue_at(spec.settings), witness),  # type: ignore[arg-type]
        ledger=ledger,
        bus=witness,
        renderer=WatchedRenderer(renderer, witness),  # type: ignore[arg-type]
        settings=spec.settings,
        remaining_ms=lambda: 900_000 - (now_ms() - began),
        now_ms=lambda: now_ms() + spec.clock_off_ms,
        on_end=ended,
    )
    drain.run(spec.token)
    if isinstance(renderer, Renderer):
        renderer.close()

    history.add("gone")


_boto("http://127.0.0.1:1")  # before any fork: it reads S3's description, which takes it longest


class _Told(logging.Handler):
    """A mistake of ours that the code has met and got over is still one."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history

    def emit(self, record: logging.LogRecord) -> None:
        self._history.add("error", says=record.getMessage())
