"""What pip puts together for the functions' platform, on whatever machine runs it.

The wheels are fetched once for a lock and kept in the virtual environment, so that every further synthesis works
without a network; their hashes are compared each time. Imports nothing beyond the standard library.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from cdk_app.supply import locks

# Wheels are tagged by the oldest C library that they run on: Lambda's Python 3.13 has 2.34.
PLATFORM: Final = (
    *locks.EXACTLY,
    "--implementation=cp",
    "--python-version=3.13",
    "--platform=manylinux_2_28_aarch64",
    "--platform=manylinux2014_aarch64",
)
_QUIET: Final = ("--quiet", "--disable-pip-version-check")


def install(requirements: Path, target: Path) -> None:
    """Install what the file names into a folder, for the functions' platform."""
    kept = fetched(requirements)
    _pip("install", "--no-compile", "--no-index", f"--find-links={kept}", f"--target={target}", f"-r{requirements}")


def fetched(requirements: Path) -> Path:
    """The folder of the wheels, filled where it is not there."""
    digest = sha256(requirements.read_bytes() + " ".join(PLATFORM).encode()).hexdigest()[:16]
    kept = Path(sys.prefix) / "wheels" / digest
    if not kept.is_dir():
        kept.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as draft:
            _pip("download", f"--dest={draft}/wheels", f"-r{requirements}")
            Path(draft, "wheels").replace(kept)
    return kept


def _pip(*words: str) -> None:
    command: Sequence[str] = (sys.executable, "-m", "pip", words[0], *_QUIET, *PLATFORM, *words[1:])
    subprocess.run(command, check=True)


if __name__ == "__main__":
    fetched(Path(sys.argv[1]))
