"""Never lost, never twice: `python -m tests.chaos --jobs N --kills K --stops S --wipes W --seed X`.

`--real` with real reports, `--failover` with a broker that has a replica.
Ends with a table, and with 0 only if all of it is as promised.
"""

# ruff: noqa: T201 - it prints a table

import argparse
import sys

from .plan import FAILOVER, KINDS, REAL_KINDS, WIPES, plan
from .run import run
from .table import kept, printed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    for name, usual in (("jobs", 2_000), ("kills", 100), ("stops", 25), ("wipes", 3), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--real", action="store_true", help="real PDFs and moto, not a stub and a store in memory")
    parser.add_argument("--failover", action="store_true", help="each wipe is a failover to a replica that lags behind")
    given = parser.parse_args()
    planned = plan(
        jobs=given.jobs,
        kills=given.kills,
        stops=given.stops,
        wipes=given.wipes,
        seed=given.seed,
        wipe_ways=FAILOVER if given.failover else WIPES,
        odd=REAL_KINDS if given.real else KINDS,
    )
    ran = run(planned, real=given.real, replicated=given.failover, say=lambda line: print(line, flush=True))
    print("\n".join(printed(ran)))
    return 0 if kept(ran) else 1


if __name__ == "__main__":
    sys.exit(main())
