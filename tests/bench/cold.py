"""A cold start, in a process of its own: start the renderer as the worker does, and make one report.

`python -m tests.bench.cold TYPE FILE` renders the payload in FILE (JSON) and prints its hash when the PDF is there.
"""

import json
import sys
import tempfile
from pathlib import Path

from report_queue.render import Renderer, RenderJob


def main() -> None:
    with Renderer() as renderer, tempfile.TemporaryFile() as output:
        payload = json.loads(Path(sys.argv[2]).read_bytes())
        job = RenderJob("cold", sys.argv[1], payload, 1_767_605_412_000, memory_mb=1_500, cpu_seconds=60)
        made = renderer.start(job, output).wait(seconds=60, progress=lambda _: None)
        print(made.sha256, flush=True)  # what comes now is not the first PDF any more


if __name__ == "__main__":
    main()
