"""What each function may do in the broker: Valkey's access rules of the user that it signs in as.

    on ~{reports}:* -@all +evalsha +eval …

A user may touch the keys of its queue and no others, and run scripts, what the client needs to connect, and the
commands that its scripts call, for the broker checks these too. So none may FLUSHALL, CONFIG, KEYS, SCRIPT or DEBUG.
The stacks make ElastiCache's users by it, the local stack its Valkey's. The scripts are read, not known: a verb that
calls another command is granted it by the next deployment. Who runs which verb stands here, and tests hold it.
"""

import re
from typing import Final

from cdk_app.topology import function as named
from report_queue import lua

VERBS: Final = {
    "submit": ("admit", "enqueue", "cancel", "find", "explain", "numbers", "now", "plan", "batch_open"),
    "dashboard": (
        *("enqueue", "retry", "cancel", "promote", "wake", "pause", "plan", "batch_open", "forget"),
        *("find", "list", "groups", "explain", "numbers", "counts", "gauges", "workers", "batch"),
        *("batch_counts", "usage"),
    ),
    "worker": ("claim", "beat", "leave", "now"),
    "poller": (
        *("promote", "expire", "requeue", "prune", "wake", "gauges", "now", "enqueue", "plan", "due"),
        *("batches_ended", "batch", "batch_close"),
    ),
    "requeue_stalled": (
        *("requeue", "wake", "find", "enqueue", "retry", "pause", "plan", "due", "batch_open", "counts", "forget"),
        *("usage_due", "usage_kept", "audit", "mend"),
    ),
}
"""The verbs that each function runs itself; what these call in turn is part of their scripts."""

_CLIENT: Final = ("ping", "client|setinfo", "cluster|slots", "command")  # the latter two: a cluster's client
_SCRIPTS: Final = ("evalsha", "eval")
_BESIDE: Final = {"gauges": ("info",)}  # what a verb's method asks for outside of its script
_CALLED: Final = re.compile(r"(?:redis\.call|look|in_parts)\('([A-Z]+)'")
_QUEUE: Final = re.compile(r"[a-z][a-z0-9-]*")


def access_string(function: str, *, queue: str) -> str:
    """The rules of a function's user for one queue; raises KeyError where the function may not touch the broker."""
    if not named(function).may.broker:
        raise KeyError(f"{function} may not touch the broker")
    if not _QUEUE.fullmatch(queue):
        raise ValueError(f"{queue!r} is no name of a queue: it would mean other keys too")
    granted = " ".join(f"+{command}" for command in _commands(function))
    return f"on ~{{{queue}}}:* -@all {granted}"


def _commands(function: str) -> list[str]:
    called = {
        command.lower()
        for verb in VERBS[function]
        for command in (*_CALLED.findall(lua.script(verb, "")[0]), *_BESIDE.get(verb, ()))
    }
    return [*_CLIENT, *_SCRIPTS, *sorted(called)]
