"""Building an image without a container engine: mmdebstrap makes the base, buildah builds and runs in a chroot.

Everything lies below one folder: the base, which is kept, and buildah's own store, which is gone afterwards.
"""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]
BASE = "localhost/trixie-base"
INCLUDED = ("ca-certificates", "python3", "python3-pip", "python3-venv")
CERTIFICATES = "/etc/ssl/certs"  # where this machine's may differ from Debian's


@dataclass(frozen=True)
class Engine:
    """buildah, with a store of its own."""

    store: Path

    def command(self, *words: str) -> list[str]:
        return [*AS_ROOT, "buildah", "--root", str(self.store / "root"), "--runroot", str(self.store / "run"), *words]

    def __call__(self, *words: str, cwd: Path | None = None) -> str:
        """Run to its end; returns what it printed, and fails with what it said."""
        done = subprocess.run(self.command(*words), cwd=cwd, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"buildah {words[0]}: {done.stderr[-3000:]}"
        return done.stdout.strip()

    def run(self, container: str, *command: str, variables: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
        """Start a command in a container, as the image's user, with these variables beside the image's own."""
        given = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        words = self.command("run", "--isolation", "chroot", "--network", "host", *given, container, "--", *command)
        with log.open("wb") as output:
            return subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    def config(self, image: str) -> dict[str, Any]:
        """What the image says of itself: User, Entrypoint, Cmd, Env, WorkingDir."""
        return dict(json.loads(self("inspect", "--type", "image", image))["OCIv1"]["config"])


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """An engine whose store is empty at first and gone at last."""
    missing = [name for name in ("buildah", "mmdebstrap") if not shutil.which(name)]
    assert not missing, "run this: sudo apt-get install -y --no-install-recommends buildah mmdebstrap crun"
    made = Engine(folder / "store")
    try:
        yield made
    finally:
        for words in (("umount", "--all"), ("rm", "--all"), ("rmi", "--all", "--force")):
            subprocess.run(made.command(*words), check=False, capture_output=True)
        subprocess.run([*AS_ROOT, "rm", "-rf", "--one-file-system", str(made.store)], check=True)


def base(folder: Path) -> Path:
    """Debian 13 with its Python 3.13 as a tar, in place of the base that the Dockerfile names; made where missing."""
    tar = folder / f"trixie-{platform.machine()}.tar"
    if not tar.exists():
        draft = tar.with_suffix(".part.tar")
        include = f"--include={','.join(INCLUDED)}"
        done = subprocess.run(
            [*AS_ROOT, "mmdebstrap", "--quiet", "--variant=minbase", include, "trixie", str(draft)],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"mmdebstrap: {done.stderr[-3000:]}"
        draft.replace(tar)
    return tar


def build(buildah: Engine, *, base_tar: Path, dockerfile: str, root: Path, tag: str) -> None:
    """The image of a Dockerfile on that base."""
    container = buildah("from", "scratch")
    buildah("add", container, str(base_tar), "/")
    buildah("config", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container)
    buildah("commit", "--rm", container, BASE)
    buildah(
        *("bud", "--isolation", "chroot", "--network", "host", "--layers", "--pull-never"),
        *("--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"),
        *("--build-arg", f"BASE_IMAGE={BASE}", "--tag", tag, "--file", dockerfile, "."),
        cwd=root,
    )
