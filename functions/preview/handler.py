"""Shows a report without a job: the document is the answer. Its code is in the worker's image; it has no broker, no
bucket and no key to anything."""

import os
import time
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response

from report_queue import preview
from report_queue.api import body_of, entry, needs, resolver
from report_queue.edition import CONTENT_TYPES
from report_queue.keys import Principal
from report_queue.render import Renderer
from report_queue.settings import Settings
from report_queue.telemetry import logger

# Started while the function initialises, so that it is warm when the first report is asked for. Lambda hands a sandbox
# one event at a time: there is one child at most.
RENDERER = Renderer()

app = resolver()


@app.post("/api/v1/reports/preview", enable_validation=False)  # which would have the answer be text
def show(_: Annotated[Principal, Depends(needs("submit"))]) -> Response[bytes]:
    """200 and the document, dated now. Nothing of it is kept."""
    settings = Settings.read(os.environ)
    asked = preview.parse(body_of(app), limit=settings.preview_bytes)
    shown = preview.make(
        asked,
        RENDERER,
        memory_mb=settings.child_memory_mb,
        seconds=settings.preview_ms / 1000,
        now_ms=time.time_ns() // 1_000_000,
    )
    made = shown.made
    logger.info(
        "shown", report_type=shown.report_type, bytes=made.size, seconds=made.seconds, memory_mb=made.peak_memory_mb
    )
    return Response(200, CONTENT_TYPES[shown.format], shown.document, headers=_headers(shown))


def _headers(shown: preview.Preview) -> dict[str, str]:
    """What goes with a document: its name, what the preflight has against it, and that nobody keeps it."""
    found = dict.fromkeys(one.code for one in shown.made.findings)
    return {
        "Cache-Control": "no-store",
        "Content-Disposition": f'inline; filename="{shown.file_name}"',
        "X-Content-Type-Options": "nosniff",
        # HTML from a template: as a page of its own it has no part in this origin, where our page keeps its key.
        **({"Content-Security-Policy": "sandbox"} if shown.format == "html" else {}),
        **({"Report-Warnings": ", ".join(found)} if found else {}),
    }


handler = entry(app)
