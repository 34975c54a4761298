"""What callers keep with a job for themselves: names and texts, which we carry and never read.

They stand in the ledger with the request, so in the job's detail and its receipt, and not in the broker: it knows
their limits and nothing of where they are kept.
"""

import json
import re
from typing import Any, Final

MOST_NAMES: Final = 50
MOST_BYTES: Final = 4_096  # of their JSON, in UTF-8

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}")


def fault(value: Any) -> str | None:
    """What is wrong with metadata as it was sent, if anything is. Neither names nor texts are quoted."""
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        return "must be an object whose values are texts"
    if len(value) > MOST_NAMES or not all(map(_NAME.fullmatch, value)):
        return f"must have at most {MOST_NAMES} names, each 1 to 64 letters, digits and _ . : / -"
    if len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")) > MOST_BYTES:
        return f"must be at most {MOST_BYTES:,} bytes of JSON"
    return None
