"""Whether anything grows: `python -m tests.soak --minutes 30 [--rate 1] [--every 20] [--seed 1]`.

A local stack, the whole of it, is given reports at a steady rate, some of them wrong, while one thing after another is
killed or wiped. Every ten seconds it is looked at: memory, processes, open files, keys, connections, files in its
folders. In the end every accepted report must have ended, and what was looked at must be no more in the last quarter
than in the second one. The store's own memory is told and not judged: it holds all documents.
"""

# ruff: noqa: T201 - it prints a table

import argparse
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import redis

sys.path.insert(0, str(Path(__file__).parents[1]))

from report_queue.reports import report_types
from stacks import Running, command_line, start_real

LOOK_S: Final = 10
RETAINED_S: Final = 60  # so long the broker remembers a job that has ended
PATIENCE_S: Final = 240  # of the end, for all that was accepted
STEADY: Final = ("test", "test", "test", "sales")
FAULTS: Final = ("kill a worker", "kill a renderer", "kill submit", "kill the broker", "wipe the broker")
# How much more the last quarter may have than the second: share, and number.
MAY_GROW: Final = {
    "memory, MB": (0.10, 20.0),
    "broker's memory, MB": (0.10, 1.0),
    "processes": (0.0, 1.0),
    "open files": (0.05, 5.0),
    "connections to the broker": (0.0, 2.0),
    "keys": (0.0, 4.0),
    "jobs that the broker knows": (0.25, 20.0),
    "files beside the documents": (0.0, 3.0),
}


@dataclass
class Soak:
    """A stack under a steady load."""

    stack: Running
    rng: random.Random
    accepted: list[str] = field(default_factory=list)
    seen: list[dict[str, float]] = field(default_factory=list)
    did: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    def submit(self, rate: float) -> None:
        """At the rate, until it is over; asked again until it is answered."""
        client = httpx.Client(base_url=self.stack.url, trust_env=False, timeout=60)
        client.headers["authorization"] = f"Bearer {self.stack.key}"
        began = time.monotonic()
        for number in range(10**9):
            if self.over.wait(max(0.0, began + number / rate - time.monotonic())):
                return
            kind = self.rng.choice(STEADY)
            data: Any = report_types()[kind].sample
            if number % 20 == 7:
                data = {"wrong": True}
            body = {"reportType": kind, "data": data, "options": {"retentionSeconds": RETAINED_S}}
            headers = {"idempotency-key": f"soak-{number}"}
            while not self.over.is_set():
                with suppress(httpx.TransportError):
                    answer = client.post("/api/v1/reports/generate", json=body, headers=headers)
                    self.did[f"answered {answer.status_code}"] += 1
                    if answer.status_code == 202:
                        self.accepted.append(answer.json()["data"]["jobId"])
                    if answer.status_code < 500:
                        break
                time.sleep(0.5)

    def strike(self, every: float) -> None:
        """One fault after another."""
        deck: list[str] = []
        while not self.over.wait(self.rng.uniform(0.5, 1.5) * every):
            deck = deck or self.rng.sample(FAULTS, len(FAULTS))
            fault = deck.pop()
            with suppress(OSError, redis.RedisError, IndexError):
                self._strike(fault)
                self.did[fault] += 1

    def look(self) -> dict[str, float]:
        """All that may not grow."""
        family = [psutil.Process(pid) for pid in self.stack.family() if psutil.pid_exists(pid)]
        memory = files = stores = 0.0
        for one in family:
            with suppress(psutil.Error):
                pss = one.memory_full_info().pss / 1e6
                store, broker = (
                    "moto" in (line := command_line(one.pid)) or "local.aws" in line,
                    "valkey-server" in line,
                )
                stores += pss if store else 0
                memory += 0 if store or broker else pss
                files += one.num_fds()
        with self._broker() as broker_:
            info = broker_.info()
            folder = self.stack.data_dir
            return {
                "memory, MB": memory,
                "store's memory, MB": stores,
                "broker's memory, MB": info["used_memory"] / 1e6,
                "processes": len(family),
                "open files": files,
                "connections to the broker": info["connected_clients"],
                "keys": broker_.dbsize(),
                "jobs that the broker knows": broker_.hlen("{reports}:jobs"),
                "files beside the documents": sum(
                    1 for path in folder.rglob("*") if path.is_file() and "s3" not in path.relative_to(folder).parts
                ),
            }

    def _strike(self, fault: str) -> None:
        words = {
            "kill a worker": "worker handler",
            "kill a renderer": "render.zygote",
            "kill submit": "submit handler",
            "kill the broker": "valkey-server",
        }
        if fault == "wipe the broker":
            with self._broker() as broker_:
                broker_.flushall()
            return
        os.kill(self.rng.choice(self._pids(words[fault])), signal.SIGKILL)

    def _pids(self, words: str) -> list[int]:
        function, _, rest = words.partition(" ")
        if rest != "handler":
            return self.stack.pids(words)
        return [
            pid for pid in self.stack.pids("-m awslambdaric warmed.handler") if _folder(pid).endswith(f"/{function}")
        ]

    def _broker(self) -> redis.Redis:
        return redis.Redis.from_url(self.stack.address["broker"], decode_responses=True)

    def ended(self) -> list[str]:
        """Waits until all that was accepted has ended; those that have not."""
        waiting, until = list(dict.fromkeys(self.accepted)), time.monotonic() + PATIENCE_S
        while waiting and time.monotonic() < until:
            waiting = [one for one in waiting if self.stack.job(one)["status"] not in ("completed", "failed")]
            time.sleep(1)
        return waiting


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=1, help="reports a second")
    parser.add_argument("--every", type=float, default=20, help="seconds between two faults, about")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        stack = start_real(Path(folder) / "data")
        threading.Thread(target=_read, args=(stack,), daemon=True).start()
        soak = Soak(stack, random.Random(given.seed))
        try:
            threads = [
                threading.Thread(target=call, args=(how,), daemon=True)
                for call, how in ((soak.submit, given.rate), (soak.strike, given.every))
            ]
            for thread in threads:
                thread.start()
            _watched(soak, seconds=60 * given.minutes)
            soak.over.set()
            for thread in threads:
                thread.join()
            late = soak.ended()
        finally:
            stack.end()
    return _told(soak, late)


def _watched(soak: Soak, *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(redis.RedisError, psutil.Error, OSError):  # the broker was just killed
            soak.seen.append(soak.look())
            told = ", ".join(f"{name} {value:,.0f}" for name, value in soak.seen[-1].items())
            print(f"{len(soak.accepted):>6} accepted; {told}", flush=True)
        time.sleep(LOOK_S)


def _told(soak: Soak, late: list[str]) -> int:
    quarter = max(1, len(soak.seen) // 4)
    parts = (soak.seen[quarter : 2 * quarter], soak.seen[-quarter:])
    grown = []
    print(f"\n{'':<30}{'second quarter':>16}{'last quarter':>16}")
    for name in soak.seen[0]:
        before, after = (statistics.median(one[name] for one in part) for part in parts)
        share, number = MAY_GROW.get(name, (float("inf"), float("inf")))
        if after > before * (1 + share) + number:
            grown.append(name)
        print(f"{name:<30}{before:>16,.1f}{after:>16,.1f}{'   GROWN' if name in grown else ''}")
    print(", ".join(f"{name} {times:,}" for name, times in sorted(soak.did.items())))
    print(f"accepted {len(set(soak.accepted)):,}, not ended {len(late)}", flush=True)
    return 1 if grown or late else 0


def _folder(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""


def _read(stack: Running) -> None:
    """What the stack says, so that it never waits to say it."""
    for _ in stack.process.stdout or ():
        pass


if __name__ == "__main__":
    sys.exit(main())
