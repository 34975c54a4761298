"""The beat: a thread of its own renews a worker's leases while its slots work.

It carries their progress to the broker, at the latest every `beat_ms`, sooner where one has moved; and it brings back
which jobs were cancelled or lost, and drops those attempts. With the broker away it goes on trying: whoever renders
does not notice, and the leases decide.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from report_queue.attempt import TAKEN_AWAY, Attempt
from report_queue.errors import BrokerAway
from report_queue.job import Progress
from report_queue.queue import Queue
from report_queue.replies import Shown, Worker

log = logging.getLogger(__name__)

_CHECK_S: Final = 0.5  # how soon a progress that has moved is carried


@contextmanager
def beating(
    queue: Queue,
    worker: Worker,
    *,
    every_ms: int,
    running: Callable[[], list[Attempt]],
    shown: Callable[[], Shown],
) -> Iterator[None]:
    """Beat while the block runs. `running` gives the attempts in the slots, `shown` what people are to see."""
    stop = threading.Event()

    def beats() -> None:
        told: dict[str, int] = {}
        beaten = time.monotonic()
        while not stop.wait(_CHECK_S):
            attempts = [attempt for attempt in running() if not attempt.lost]
            progress = {attempt.lease.id: attempt.progress for attempt in attempts}
            due = time.monotonic() - beaten >= every_ms / 1000
            moved = any(told.get(name, Progress.CLAIMED) != now for name, now in progress.items())
            if not attempts or not (due or moved):
                continue
            try:
                verdicts = queue.beat(
                    worker, [(attempt.lease, attempt.progress) for attempt in attempts], shown=shown()
                )
            except BrokerAway as error:
                log.warning("beat: %s", error)
                continue
            except Exception as error:  # whatever it is: without this thread every lease would run out
                log.error("beat: %s", type(error).__name__)
                continue
            beaten, told = time.monotonic(), progress
            for attempt, verdict in zip(attempts, verdicts, strict=True):
                if verdict in TAKEN_AWAY:
                    log.info("dropped", extra=attempt.named | {"verdict": str(verdict)})
                    attempt.drop(verdict)

    thread = threading.Thread(target=beats, name="beat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
