"""What is shipped and what it is made with, as CycloneDX 1.6: `make sbom`, in `out/sbom/`.

cyclonedx-py says what the virtual environment holds and what needs what; a lock says which of it is in the layer, in
the image and in development, and by which hashes. Beside it `licences.md`, of all that is shipped. Of the image, its
base and what Debian's packages bring in turn are not in it: `dpkg-query -W` in the image tells those.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cdk_app.supply import licences, locks

FOLDER: Final = locks.ROOT / "out/sbom"
SHIPPED: Final = ("layer", "image")


def main(folder: Path = FOLDER) -> None:
    """Write all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = environment()
    for group in (*SHIPPED, "development"):
        bill = json.dumps(narrowed(whole, group), indent=1, sort_keys=True, ensure_ascii=False)
        _write(folder / f"{group}.cdx.json", bill)
    _write(folder / "licences.md", licence_list())


def environment() -> dict[str, Any]:
    """What this virtual environment holds."""
    command = (str(Path(sys.executable).with_name("cyclonedx-py")), "environment", "--no-validate", "--short-PURLs")
    wanted = ("--spec-version=1.6", "--output-format=JSON", "--output-reproducible")
    done = subprocess.run([*command, *wanted, sys.executable], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def narrowed(whole: dict[str, Any], group: str) -> dict[str, Any]:
    """Of all that there is what the group's lock holds, each with the hashes of its files."""
    pins = {pin.name: pin for pin in here(group)}
    found: dict[str, dict[str, Any]] = {canonicalize_name(one["name"]): one for one in whole["components"]}
    if missing := pins.keys() - found.keys():
        raise SystemExit(f"error: not installed: {', '.join(sorted(missing))}; run `make setup`")
    components = [_component(found[name], pins[name], shipped=group in SHIPPED) for name in sorted(pins)]
    debian = [_debian(package) for package in licences.DEBIAN] if group == "image" else []
    root = {"type": "application", "name": f"report-queue-{group}", "bom-ref": "root"}
    refs = {component["bom-ref"] for component in components}
    needs = [
        {"ref": entry["ref"], "dependsOn": sorted(refs & set(entry.get("dependsOn", [])))}
        for entry in whole["dependencies"]
        if entry["ref"] in refs
    ]
    asked = {canonicalize_name(Requirement(line).name) for line in locks.asked(group)}
    direct = [*(found[name]["bom-ref"] for name in sorted(asked)), *(component["bom-ref"] for component in debian)]
    return {
        **{key: whole[key] for key in ("$schema", "bomFormat", "specVersion", "version")},
        "metadata": {**whole["metadata"], "component": root},
        "components": [*components, *debian],
        "dependencies": [{"ref": "root", "dependsOn": direct}, *needs],
    }


def here(group: str) -> list[locks.Pin]:
    """The group's packages on this machine's platform."""
    there: dict[str, Any] = {**default_environment()}
    pins = locks.read(locks.LOCKS[group]).values()
    return [pin for pin in pins if not pin.marker or Marker(pin.marker).evaluate(there)]


def licence_list() -> str:
    """All that is shipped, and under which licence, as a page."""
    layer = {pin.name for pin in here("layer")}
    rows = [
        (str(pin), licences.of(pin.name), "layer, image" if pin.name in layer else "image", _why(pin.name))
        for pin in here("image")
    ]
    rows += [(package, said, "image", "Debian") for package, said in licences.DEBIAN.items()]
    return _table(("What", "Licence", "In", "Known from"), rows)


def _why(package: str) -> str:
    return licences.READ[package][1] if package in licences.READ else "its metadata"


def _component(found: dict[str, Any], pin: locks.Pin, *, shipped: bool) -> dict[str, Any]:
    purl = f"pkg:pypi/{pin.name}@{pin.version}"  # by the name as registries and advisories have it
    files = [
        {"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": digest[7:]}]}
        for digest in pin.hashes
    ]
    licence = {"licenses": [{"expression": licences.of(pin.name), "acknowledgement": "concluded"}]} if shipped else {}
    return found | licence | {"purl": purl, "externalReferences": [*found.get("externalReferences", []), *files]}


def _debian(package: str) -> dict[str, Any]:
    return {
        "type": "library",
        "name": package,
        "bom-ref": f"debian/{package}",
        "purl": f"pkg:deb/debian/{package}?distro=trixie",
        "licenses": [{"expression": licences.DEBIAN[package], "acknowledgement": "concluded"}],
    }


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *(list(row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    print(path, file=sys.stderr)


if __name__ == "__main__":
    main()
