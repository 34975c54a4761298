"""The sides of the benchmark as processes: ours and each peer's, with the same words in and out.

A side is a program that takes one JSON command and prints JSON lines. The peers live in an environment of their own,
.venv/bench-peers, made on first use: Python's by pip, BullMQ by npm, at the versions that peers/ pins.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final

from cdk_app.local.processes import tethered

ROOT: Final = Path(__file__).parents[2]
PEERS: Final = Path(__file__).parent / "peers"
HOME: Final = ROOT / ".venv" / "bench-peers"
PYTHON: Final = HOME / "bin" / "python"

COMMANDS: Final = {
    "ours": (sys.executable, "-m", "tests.bench.ours"),
    "BullMQ": ("node", str(PEERS / "bullmq.js")),
    "SAQ": (str(PYTHON), str(PEERS / "with_saq.py")),
    "RQ": (str(PYTHON), str(PEERS / "with_rq.py")),
    "arq": (str(PYTHON), str(PEERS / "with_arq.py")),
}


def install() -> None:
    """The peers at their pinned versions, unless they are there; raises SystemExit where Node is missing."""
    pins = "".join((PEERS / name).read_text() for name in ("requirements.txt", "package.json"))
    stamp = HOME / "pins"
    if stamp.exists() and stamp.read_text() == pins:
        return
    if not (shutil.which("node") and shutil.which("npm")):
        raise SystemExit("BullMQ needs Node 20 or newer with npm: install it, or leave BullMQ out with --sides")
    print("installing the peers into", HOME.relative_to(ROOT), file=sys.stderr, flush=True)
    run = {"check": True, "stdout": sys.stderr}
    subprocess.run([sys.executable, "-m", "venv", HOME], **run)
    pip = [PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]
    subprocess.run([*pip, "-r", PEERS / "requirements.txt"], **run)
    shutil.copy(PEERS / "package.json", HOME)
    npm = ["npm", "install", "--silent", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"]
    subprocess.run(npm, cwd=HOME, **run)
    stamp.write_text(pins)


class Side:
    """One running process of a side."""

    def __init__(self, name: str, do: str, **words: Any) -> None:
        environ = os.environ | {"NODE_PATH": str(HOME / "node_modules"), "PYTHONWARNINGS": "ignore"}
        self.name = name
        self._process = subprocess.Popen(
            tethered(os.getpid(), *COMMANDS[name], json.dumps({"do": do, **words})),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environ,
            start_new_session=True,
        )

    def hear(self, *, until: float | None = None) -> dict[str, Any]:
        """The next thing that it says; {} where it has said nothing `until` that moment, in seconds."""
        assert self._process.stdout
        if until and not select.select([self._process.stdout], [], [], max(0, until - time.time()))[0]:
            return {}
        line = self._process.stdout.readline()
        assert line, f"{self.name} ended without a word"
        heard: dict[str, Any] = json.loads(line)
        return heard

    def tell_to_begin(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def kill(self, *pids: int) -> None:
        """SIGKILL to its processes, and to those that it named."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> "Side":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def ask(name: str, do: str, **words: Any) -> dict[str, Any]:
    """One command to a process of its own; gives its answer."""
    with Side(name, do, **words) as side:
        return side.hear()


def rate(answers: list[dict[str, Any]]) -> float:
    """Jobs a second of processes that worked side by side, from the first beginning to the last end."""
    jobs = sum(answer["jobs"] for answer in answers)
    busy = [answer for answer in answers if answer["jobs"]]
    return float(jobs / (max(answer["ended"] for answer in busy) - min(answer["began"] for answer in busy)))


def together(name: str, processes: int, do: str, **words: Any) -> list[dict[str, Any]]:
    """The same command to several processes, which begin at the same moment."""
    with ExitStack() as running:
        sides = [running.enter_context(Side(name, do, **words)) for _ in range(processes)]
        for side in sides:
            side.hear()
        for side in sides:
            side.tell_to_begin()
        return [side.hear() for side in sides]
