"""Is a published report what its receipt says, and do the same bytes come out again?

    receipt ──► request ──► render anew ──► the same sha256?        published bytes ──► the sha256 of the receipt?

Where they differ, the recipes tell why: another template, other fonts, another engine. It knows nothing of where
receipts and reports are kept: whoever asks brings both.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from report_queue.attempt import render_job
from report_queue.batch import RESULT_TYPE
from report_queue.receipt import Receipt
from report_queue.render import Renderer
from report_queue.result import Made, Result


class NotVerifiable(Exception):
    """There is nothing to compare; the message says why."""


@dataclass(frozen=True)
class Verified:
    """What came out. `differences` are for people, the cause first; none: all is as it was."""

    made: Made  # now
    differences: tuple[str, ...]


def verify(
    receipt: Receipt,
    published: bytes,
    renderer: Renderer,
    *,
    memory_mb: int,
    seconds: float,
    rows: BinaryIO | None = None,
) -> Verified:
    """Render the receipt's request again and compare; at most `seconds` of rendering in `memory_mb` MB.

    `rows` is the file that holds the very object which the request's `data_ref` names.

    Raises NotVerifiable for a job that made no report of its own, and what `Rendering.wait` raises.
    """
    told, request = receipt.result, receipt.request
    if told is None:
        raise NotVerifiable(f"the job is {receipt.state}: it made no report")
    if request.report_type == RESULT_TYPE:
        raise NotVerifiable("the job made the result of a batch: verify the batch's reports, one by one")
    if request.data_ref and rows is None:
        raise NotVerifiable("its rows are in an object of the bucket: bring that")
    with tempfile.TemporaryFile() as output:
        job = render_job(request, memory_mb=memory_mb, seconds=seconds)
        rendering = renderer.start(job, output, rows)
        made = rendering.wait(seconds=seconds, progress=lambda _: None)
    return Verified(made, tuple(_differences(told, made, published)))


def _differences(told: Result, made: Made, published: bytes) -> Iterator[str]:
    if hashlib.sha256(published).hexdigest() != told.sha256:
        yield "the published document is not the one that the receipt tells of"
    if made.sha256 == (told.unlocked_sha256 or told.sha256):  # a receipt keeps no password: ours is made without one
        return
    if told.recipe and made.recipe:
        for name, then in vars(told.recipe).items():
            now = getattr(made.recipe, name)
            if then != now:
                yield f"{name}: " + (f"was {then}, is {now}" if name == "engine" else "changed since")
    if made.pages != told.pages:
        yield f"pages: were {told.pages}, are {made.pages}"
    yield "rendered anew, the bytes are others"
