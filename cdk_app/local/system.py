"""The system packages that pip cannot bring: `python -m cdk_app.local.system run|test|image`.

On Debian and Ubuntu they are installed where that needs no password, else the command is printed. Elsewhere the
libraries are looked for by loading them. Imports nothing beyond the standard library.
"""

import ctypes
import os
import shutil
import subprocess
import sys

PACKAGES = {
    "run": (
        "libpango-1.0-0",
        "libpangoft2-1.0-0",
        "libharfbuzz-subset0",
        "fonts-inter",  # Latin, Greek, Cyrillic
        "fonts-dejavu-core",  # Arabic, Hebrew, signs
        "fonts-hosny-amiri",  # Urdu
        "fonts-wqy-microhei",  # Chinese, Japanese, Korean
        "fonts-noto-color-emoji",
    ),
    "test": (
        "chromium",
        "poppler-utils",
        "redis-tools",  # a broker with TLS
    ),
    "image": ("buildah", "crun", "debian-archive-keyring", "mmdebstrap"),
}
_LIBRARIES = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0")


def missing(packages: tuple[str, ...]) -> list[str]:
    """Those that dpkg does not know as installed."""
    query = ("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages)
    told = subprocess.run(query, check=False, capture_output=True, text=True).stdout
    return [package for package in packages if f"{package} installed\n" not in told]


def install(packages: list[str]) -> bool:
    """Install them as root; False where that would ask for a password or fails."""
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and (not shutil.which("sudo") or subprocess.run([*as_root, "true"], check=False).returncode):
        return False
    print(f"installing {' '.join(packages)}", flush=True)
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    subprocess.run([*apt, "update"], check=False, stdout=subprocess.DEVNULL)
    wanted = [*apt, "install", "-y", "--no-install-recommends", *packages]
    return subprocess.run(wanted, check=False, stdout=subprocess.DEVNULL).returncode == 0


def main() -> int:
    """Have the packages of one purpose; returns the exit code."""
    packages = PACKAGES[sys.argv[1]]
    if not shutil.which("apt-get"):
        return 0 if sys.argv[1] != "run" or _loadable() else _tell(f"install the equivalents of: {' '.join(packages)}")
    wanted = missing(packages)
    if not wanted or install(wanted):
        return 0
    return _tell(f"run this, then try again:\n  sudo apt-get install -y --no-install-recommends {' '.join(wanted)}")


def _tell(text: str) -> int:
    print(f"error: system packages are missing; {text}", file=sys.stderr)
    return 1


def _loadable() -> bool:
    try:
        for library in _LIBRARIES:
            ctypes.CDLL(library)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
