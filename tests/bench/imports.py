"""What it costs to import each function's handler, cold: `python -m tests.bench.imports [FUNCTION…]`.

CPU seconds of a fresh process, without the interpreter's own start, and the modules that take most of it. Each is done
several times in turns and the least counts: a machine that is busy makes it dearer, never cheaper.
"""

import argparse
import os
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
FUNCTIONS = ("submit", "dashboard", "poller", "requeue_stalled", "authorizer")
TURNS = 7


def run(function: str, *flags: str, code: str = "import handler") -> tuple[float, str]:
    """CPU seconds, and what was written to stderr."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "layers/report_queue/python")}
    before = _children()
    done = subprocess.run(
        [sys.executable, *flags, "-c", code],
        cwd=ROOT / "functions" / function,
        env={**environment, "POWERTOOLS_TRACE_DISABLED": "true", "POWERTOOLS_SERVICE_NAME": function},
        capture_output=True,
        text=True,
        check=True,
    )
    return _children() - before, done.stderr


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def dearest(function: str) -> str:
    """The packages whose modules take most, in ms, by `-X importtime`."""
    took: Counter[str] = Counter()
    for line in run(function, "-X", "importtime")[1].splitlines():
        own, _, name = line.removeprefix("import time:").split("|")
        if own.strip().isdecimal():
            took[name.strip().partition(".")[0]] += int(own)
    return ", ".join(f"{name} {microseconds // 1000}" for name, microseconds in took.most_common(6))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("functions", nargs="*", default=FUNCTIONS, metavar="function", help="all five, unless named")
    functions = parser.parse_args().functions
    seconds: dict[str, list[float]] = {function: [] for function in functions}
    nothing: list[float] = []
    for _ in range(TURNS):
        nothing.append(run(functions[0], code="pass")[0])
        for function, taken in seconds.items():
            taken.append(run(function)[0])
    print(f"{'function':<16} {'CPU s':>6}   dearest packages, ms of one import")
    for function, taken in seconds.items():
        print(f"{function:<16} {min(taken) - min(nothing):>6.2f}   {dearest(function)}")


if __name__ == "__main__":
    main()
