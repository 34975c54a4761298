"""Which API, and which key: as an option says, or the environment, or the local stack that runs here.

A key is never an argument: what is typed there, every process of the machine can read.
"""

import json
import os
from pathlib import Path
from typing import Final

URL: Final = "REPORT_QUEUE_URL"
KEY: Final = "REPORT_QUEUE_KEY"


class Usage(Exception):
    """What was typed cannot be done; `str(error)` says why. Nothing was asked of the API."""


def found(url: str | None, key_file: Path | None, data_dir: Path) -> tuple[str, str]:
    """Address and key. The local stack's key goes to the local stack alone. Raises Usage."""
    local = _running(data_dir)
    url = url or os.environ.get(URL)
    key = text_of(key_file).strip() if key_file else os.environ.get(KEY, "").strip()
    if not url and not local:
        raise Usage(f"which report queue? Give --url or set {URL}; no local stack runs on {data_dir}")
    if not key and (not url or url.rstrip("/") == local):
        key = text_of(data_dir / "key").strip()
    if not key:
        raise Usage(f"with which key? Set {KEY}, or give --key-file")
    return url or local, key


def text_of(path: Path) -> str:
    """A file's text; raises Usage."""
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise Usage(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no UTF-8'}") from None


def _running(data_dir: Path) -> str:
    """The address that a stack on the data directory has announced; "" where there is none."""
    try:
        return str(json.loads((data_dir / "stack.json").read_text("utf-8"))["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
