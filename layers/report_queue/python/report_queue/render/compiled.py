"""Templates compiled when the software is built, as Python's modules are: `python -m report_queue.render.prepared`.

A file is used for the very source, place, Jinja and environment that it was made for, and else there is none. A start
only reads here; nothing that renders ever writes.
"""

import hashlib
from functools import cache
from pathlib import Path
from pickle import UnpicklingError

import jinja2
from jinja2.bccache import Bucket, BytecodeCache

FOLDER = Path(__file__).parent / "__pycache__"


class Compiled(BytecodeCache):
    """The compiled templates; `keep` puts there what is missing."""

    def __init__(self, *, keep: bool = False) -> None:
        self._folder = FOLDER
        self._keep = keep

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket where there is a file; Jinja compares the source's checksum in it."""
        try:
            with self._file(bucket).open("rb") as file:
                bucket.load_bytecode(file)
        except (OSError, EOFError, UnpicklingError):  # missing or damaged
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled just now, if that is wanted."""
        if self._keep:
            self._folder.mkdir(exist_ok=True)
            fresh = self._file(bucket).with_suffix(".part")
            with fresh.open("wb") as file:
                bucket.write_bytecode(file)
            fresh.replace(self._file(bucket))

    def _file(self, bucket: Bucket) -> Path:
        return self._folder / f"template-{bucket.key}-{_environment()}.jinja"


@cache
def _environment() -> str:
    """Of the environment's own making: an option or a filter of another kind makes other code of the same source."""
    made_by = Path(__file__).with_name("templates.py").read_bytes()
    return hashlib.sha256(jinja2.__version__.encode() + made_by).hexdigest()[:16]
