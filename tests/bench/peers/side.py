"""What every Python side of the benchmark shares: one JSON command on the command line, JSON lines out."""

import asyncio
import inspect
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any


def side(**verbs: Callable[..., Any]) -> None:
    """Do what the command line says, and say what came of it."""
    words = json.loads(sys.argv[1])
    done = verbs[words.pop("do")](**words)
    if inspect.isawaitable(done):
        done = asyncio.run(_awaited(done))
    say(**done)


async def _awaited(done: Any) -> Any:
    return await done


def say(**words: Any) -> None:
    print(json.dumps(words), flush=True)


def text(length: int) -> str:
    """A payload that does not shrink to nothing where it is compressed."""
    return os.urandom(length // 2).hex()


def go() -> float:
    """Ready; gives the moment at which the benchmark said to begin, in seconds."""
    say(ready=True)
    sys.stdin.readline()
    return time.time()


def measured(jobs: int, began: float, ended: float | None = None) -> dict[str, Any]:
    return {"jobs": jobs, "began": began, "ended": ended or time.time()}
