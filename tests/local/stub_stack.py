"""The local stack's command line over stub functions: `python stub_stack.py CODE up …`."""

import sys
from dataclasses import replace
from pathlib import Path

from cdk_app.local.__main__ import main
from cdk_app.local.stack import Drawing
from cdk_app.topology import Function, May, Route, Schedule, rules

TIMEOUTS_S = {"authorizer": 5, "echo": 5, "probe": 1, "sink": 5, "ticked": 90}


def drawing(code: Path) -> Drawing:
    """Functions that start in no time, with a probe that may run for one second."""
    return Drawing(
        functions=[
            Function(name, memory_mb=192, timeout_s=timeout_s, may=May(broker=True))
            for name, timeout_s in TIMEOUTS_S.items()
        ],
        routes=[
            Route("GET", "/health", "echo", public=True),
            Route("GET", "/raise", "echo", public=True),
            Route("GET", "/unchanged", "echo", public=True),
            Route("GET", "/binary", "echo", public=True),
            Route("GET", "/things/{id}", "echo", public=True),
            Route("GET", "/things/named", "echo", public=True),
            Route("POST", "/things", "echo", public=True),
            Route("GET", "/private/{id}", "echo"),
        ],
        schedules=[Schedule("ticked", every_minutes=1)],
        rules=[replace(rules("bucket" if "bucket" in sys.argv else "bus")[0], function="sink")],
        code=code,
    )


if __name__ == "__main__":
    code = Path(sys.argv.pop(1))
    sys.exit(main(drawing(code)))
