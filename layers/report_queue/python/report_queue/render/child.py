"""One attempt: takes limits upon itself, reads the job from its channel, renders into the open file, reports, ends."""

import errno
import gc
import json
import os
import socket
import sys
import traceback
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, NoReturn

from report_queue.data_ref import RowsFile
from report_queue.edition import Edition
from report_queue.errors import AttemptFailure, PermanentFailure
from report_queue.render import limits, seal


def run(channel: int, output: int, rows: int | None = None, *, parent: int) -> NoReturn:
    """Never returns: whatever happens, this process ends here. `parent` is who forked it."""
    code = 1
    try:
        limits.die_with_parent(parent)
        os.setpgid(0, 0)
        with socket.socket(fileno=channel) as connection:
            _attempt(connection, output, rows)
        code = 0
    except BaseException as error:
        # Where, and of what type; not the message, which may hold what was in the payload.
        traceback.print_tb(error.__traceback__)
        print(type(error).__name__, file=sys.stderr, flush=True)  # noqa: T201 — the function's log
    finally:
        os._exit(code)


def _attempt(connection: socket.socket, output: int, rows: int | None) -> None:
    def say(**report: Any) -> None:
        connection.sendall(json.dumps(report).encode() + b"\n")

    def failed(reason: str, message: str, *, permanent: bool, place: tuple[str, int] | None = None) -> None:
        say(failed={"reason": reason, "message": message, "permanent": permanent, "place": place})

    job = json.loads(_read_all(connection))
    edition = Edition.of(job["edition"])
    limits.apply(memory_mb=job["memory_mb"], cpu_seconds=job["cpu_seconds"])
    seal.seal()
    gc.set_threshold(50_000, 50, 1_000)  # layout makes many objects and little garbage: collecting is half of its time
    from report_queue.render import report
    from report_queue.reports import report_types

    try:
        with os.fdopen(output, "w+b") as file:
            written = report.make(
                report_types()[job["report_type"]],
                data=_data(job, rows),
                job_id=job["job_id"],
                created=datetime.fromtimestamp(job["created_at"] / 1000, UTC),
                output=file,
                progress=lambda percent: say(progress=percent),
                edition=edition,
            )
        say(done=asdict(written))
    except AttemptFailure as error:
        failed(error.reason, str(error), permanent=isinstance(error, PermanentFailure), place=error.place)
    except RecursionError:
        failed("render.too_deep", "the document is nested too deeply to lay out", permanent=True)
    except Exception as error:
        if isinstance(error, MemoryError) or limits.memory_is_exhausted():
            needed = f"rendering needed more than {job['memory_mb']} MB of memory: send fewer rows, or allow it more"
            failed("render.out_of_memory", needed, permanent=True)
        elif isinstance(error, OSError) and error.errno == errno.EFBIG:
            failed("render.too_large", f"the PDF is larger than {limits.MAX_FILE_MB} MB", permanent=True)
        else:
            # Its message may hold what was in the payload; its type does not. The same job gives the same document, or
            # the same mistake: only what the machine lacked (room, files) may be there the next time.
            machine = isinstance(error, OSError)
            failed("render.error", f"the renderer stopped with {type(error).__name__}", permanent=not machine)


def _data(job: dict[str, Any], rows: int | None) -> Any:
    """The payload, with the rows that a file has of it. Raises PermanentFailure where these are wrong."""
    if rows is None:
        return job["data"]
    from report_queue.render.rows_check import checked  # the schemas' library is for these jobs only
    from report_queue.reports import report_types

    file = RowsFile(**job["rows"])
    return job["data"] | {file.member: checked(rows, file, report_types()[job["report_type"]])}


def _read_all(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as stream:
        return stream.read()
