"""Installs what requirements.txt locks into the virtual environment that runs this: `python -m cdk_app.supply.install`.

By uv, which takes a tenth of pip's time; by pip where uv cannot, as behind an index that only pip was told of. Either
compares every hash. What the functions import is compiled beforehand, because their sandboxes write no bytecode; the
rest is when it is first imported, or beforehand too where PYTHONDONTWRITEBYTECODE says that nobody else is to write it.
Imports nothing beyond the standard library.
"""

import compileall
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

from cdk_app.supply import locks


def main() -> int:
    """Install everything; returns the exit code."""
    lock = f"--requirement={locks.LOCKS['development']}"
    if not _by_uv(lock):
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
        if code := subprocess.run([*pip, *locks.EXACTLY, lock], check=False).returncode:
            return code
    for path in [Path(sysconfig.get_path("purelib"))] if sys.dont_write_bytecode else _imported_by_functions():
        if path.is_dir():
            compileall.compile_dir(path, quiet=2, workers=0)
        else:
            compileall.compile_file(path, quiet=2)
    return 0


def _by_uv(lock: str) -> bool:
    if locks.fetch("install", locks.tool("uv")).returncode:
        return False
    uv = (str(Path(sys.executable).with_name("uv")), "pip", "install", f"--python={sys.executable}", "--quiet")
    done = subprocess.run([*uv, *locks.EXACTLY, "--no-config", lock], check=False, capture_output=True, text=True)
    if done.returncode:
        print(f"uv cannot install the lock, so pip does; uv said: {done.stderr.strip()}", file=sys.stderr, flush=True)
    return done.returncode == 0


def _imported_by_functions() -> list[Path]:
    """The folders and single modules of the image's packages."""
    names = locks.read(locks.LOCKS["image"])
    there = [one for one in metadata.distributions() if (one.name or "").lower().replace("_", "-") in names]
    files = [(one, file) for one in there for file in one.files or [] if file.suffix == ".py"]
    return sorted({Path(str(one.locate_file(file.parts[0]))) for one, file in files if file.parts[0] != ".."})


if __name__ == "__main__":
    sys.exit(main())
