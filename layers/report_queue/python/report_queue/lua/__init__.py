"""The scripts: one file a verb, put together into what Redis runs.

A file defines one function of the verb's name. Its first lines may say `-- flags: …` (of the script, Redis's words) and
`-- needs: …` (other verbs that it calls). A script is: flags, keys, policy, prelude, the verbs needed, the verb, and
one call with the arguments, which are one JSON object, as is the reply; and the prelude's `save` of what was gathered.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from report_queue.settings import Limits, Settings

# As in prelude/keys.lua, which says what each holds.
KEYS: Final = (
    *(
        "waiting",
        "delayed",
        "active",
        "completed",
        "failed",
        "cancelled",
        "jobs",
        "index",
        "tenants",
        "turns",
        "limited",
    ),
    *("meters", "expiries", "dedups", "windows", "paused", "stats", "usage"),
    *("plans", "batches", "workers", "beats", "wakes"),
)

PRELUDE: Final = ("keys", "record", "gather", "job", "lines", "index", "usage", "move", "stats", "workers")

_FOLDER: Final = Path(__file__).parent
_KEYS: Final = "local key = {" + ", ".join(f"{name} = KEYS[{number}]" for number, name in enumerate(KEYS, 1)) + "}"
_POLICY: Final = (
    *(
        "attempt_ms",
        "backoff_jitter",
        "backoff_limit_ms",
        "backoff_ms",
        "lease_ms",
        "rate",
        "retries_per_second",
        "slots",
    ),
    *("retention_completed_ms", "retention_failed_ms", "retention_cancelled_ms", "retention_completed_count"),
    *("retention_failed_count", "retention_cancelled_count", "stalls", "stay_ms", "wake_ms", "workers"),
)


def policy(settings: Settings) -> str:
    """The settings that the scripts decide by, as a line of Lua: part of the script, so that no call carries them."""
    fields = [f"{name} = {getattr(settings, name)}" for name in _POLICY]
    tenants = [f"['{name}'] = {_limits(limits)}" for name, limits in sorted(settings.tenants.items())]
    fields += [f"tenant = {_limits(settings.tenant)}", f"tenants = {{{', '.join(tenants)}}}"]
    return "local policy = {" + ", ".join(fields) + "}"


def _limits(limits: Limits) -> str:
    return "{" + ", ".join(f"{name} = {value}" for name, value in limits.model_dump().items()) + "}"


@cache
def script(verb: str, policy: str) -> tuple[str, str]:
    """A verb's whole script, and the SHA-1 that Redis knows it by."""
    parts: dict[str, str] = {}
    flags = _gather(verb, parts)
    call = f"local reply = {verb}(cjson.decode(ARGV[1]))\nsave()\nreturn cjson.encode(reply)\n"
    prelude = (_text(f"prelude/{part}") for part in PRELUDE)
    source = "\n".join([f"#!lua flags={flags}", _KEYS, policy, *prelude, *parts.values(), call])
    return source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


def _gather(verb: str, parts: dict[str, str]) -> str:
    """Add a verb behind all that it needs; its flags."""
    text = _text(verb)
    heads = (line.removeprefix("-- ").partition(": ") for line in text.splitlines()[:2])
    head = {word: rest for word, _, rest in heads}
    for needed in head.get("needs", "").split():
        _gather(needed, parts)
    parts.setdefault(verb, text)
    return head.get("flags", "")


def _text(verb: str) -> str:
    return (_FOLDER / f"{verb}.lua").read_text("utf-8")
