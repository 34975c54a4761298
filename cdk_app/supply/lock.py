"""Makes the locks: `make lock`, or `python -m cdk_app.supply.lock --upgrade` for what packages bring in turn.

uv resolves for every platform at once, so that a lock holds on x86-64 and on arm64; nothing is built for it. A version
that stands in a lock stays while pyproject.toml lets it.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

from cdk_app.supply import locks

OLDEST: Final = {"development": "3.11", "image": "3.13", "layer": "3.13", "tools": "3.11"}
_COMMON: Final = ("--universal", "--generate-hashes", "--only-binary=:all:", "--annotation-style=line", "--no-config")


def main(words: list[str]) -> int:
    """Make every lock; returns the exit code."""
    uv = locks.tool("uv")
    fetched = locks.fetch("install", uv)
    if fetched.returncode:
        return _tell(f"cannot fetch {uv}:\n{fetched.stderr.strip()}")
    for group, lock in locks.LOCKS.items():
        print(f"locking {lock.relative_to(locks.ROOT)}", file=sys.stderr, flush=True)
        if subprocess.run(_command(group, lock, words), cwd=locks.ROOT, check=False).returncode:
            return _tell(f"{group} of pyproject.toml cannot be resolved; uv says why above")
    return 0


def _command(group: str, lock: Path, words: list[str]) -> list[str]:
    narrowed = {
        "development": (),
        # The same versions as where they are tested.
        "image": (f"--constraints={locks.LOCKS['development'].name}",),
        "layer": (f"--constraints={locks.LOCKS['development'].name}",),
        "tools": ("--no-deps",),
    }
    uv = str(Path(sys.executable).with_name("uv"))
    where = (f"--group={group}", f"--python-version={OLDEST[group]}", f"--output-file={lock.relative_to(locks.ROOT)}")
    told = ("--quiet", "--custom-compile-command=make lock")
    return [uv, "pip", "compile", *told, *_COMMON, *where, *narrowed[group], *words]


def _tell(text: str) -> int:
    print(f"error: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
