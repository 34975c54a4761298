"""A file that only its owner may read, and never half of it."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write it, or leave the one that is there as it is."""
    draft = path.with_name(path.name + ".tmp")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
