"""The queue beside BullMQ, SAQ, RQ and arq, in one run on one server: `python -m tests.bench.queue`.

`--quick` takes small numbers and one repeat, `--only enqueue,drain` some parts, `--sides ours,BullMQ` some sides.
A full run takes about half an hour. The peers are installed on first use into an environment of their own.
"""

import argparse
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import redis

sys.path.insert(0, str(Path(__file__).parents[1]))

from brokers import valkey_server
from tests.bench import measures
from tests.bench.lines import head, line
from tests.bench.measures import Bench
from tests.bench.sides import COMMANDS, PYTHON, install

PARTS = ("enqueue", "bulk", "drain", "claim", "memory", "recovery", "fairness")
NOTES = """\
One server for all, over its unix socket, appendonly no and noeviction, emptied between measures; the sides take turns,
and a figure is the median of its repeats. Peers carry a payload of 1 KiB; ours stays in the ledger (S3), and the broker
gets the record only. Peers that keep theirs elsewhere are in the lines "peers without a payload".
One a trip: a call ends a worker's last job and takes the next. Ten a trip: ten at once, which no peer can. Each of our
workers has one connection; a peer's process has 50 jobs at a time (RQ: one). RQ drains by SimpleWorker, without a fork.
Recovery: each side's defaults, but jobs that may be tried again; ours is killed right after a beat."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas: " + ",".join(PARTS))
    parser.add_argument("--sides", default=",".join(COMMANDS), help="sides, with commas: " + ",".join(COMMANDS))
    parser.add_argument("--quick", action="store_true", help="small numbers, one repeat")
    options = parser.parse_args()
    parts, sides = options.only.split(","), tuple(options.sides.split(","))
    if unknown := [name for name in parts if name not in PARTS] + [name for name in sides if name not in COMMANDS]:
        parser.error(f"unknown: {', '.join(unknown)}")
    if set(sides) - {"ours"}:
        install()
    config = {"appendonly": "no", "slowlog-max-len": "100000", "slowlog-log-slower-than": "-1"}
    with valkey_server(**config) as url, redis.Redis.from_url(url) as server:
        bench = Bench(
            path=url.removeprefix("unix://"),
            server=server,
            sides=sides,
            repeats=1 if options.quick else 3,
            scale=0.1 if options.quick else 1,
            patience=70 if options.quick else 330,
        )
        print(versions(sides, server), NOTES, sep="\n", end="\n\n")
        print(head(sides), flush=True)
        for part in parts:
            print(part, file=sys.stderr, flush=True)
            for row in getattr(measures, part)(bench):
                print(line(row, sides), flush=True)


def versions(sides: tuple[str, ...], server: redis.Redis) -> str:
    found = [f"Valkey {server.info('server')['valkey_version']}", f"{os.cpu_count()} cores, {platform.machine()}"]
    found.append(f"Python {platform.python_version()}, redis-py {version('redis')}")
    if set(sides) & {"SAQ", "RQ", "arq"}:
        names = "('saq', 'rq', 'arq')"
        script = f"import importlib.metadata as m; print(*(f'{{n}} {{m.version(n)}}' for n in {names}), sep=', ')"
        found.append(said_by(str(PYTHON), "-c", script))
    if "BullMQ" in sides:
        script = "const v = (n) => require(n + '/package.json').version; "
        script += "console.log(process.version, v('bullmq'), v('ioredis'))"
        node, bullmq, ioredis = said_by("node", "-e", script).split()
        found.append(f"BullMQ {bullmq} on ioredis {ioredis} and Node {node.removeprefix('v')}")
    return "; ".join(found)


def said_by(*command: str) -> str:
    environ = os.environ | {"NODE_PATH": str(PYTHON.parents[1] / "node_modules")}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout.strip()


if __name__ == "__main__":
    main()
