"""What is shipped may be: each package's licence is known and allowed, and the lists of it say what is in the locks."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from cdk_app.supply import licences, locks, sbom

SHIPPED = sorted(locks.read(locks.LOCKS["image"]).keys() & {pin.name for pin in sbom.here("image")})
DOCKERFILE = (locks.ROOT / "functions/worker/Dockerfile").read_text("utf-8")


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command writes."""
    folder = tmp_path_factory.mktemp("sbom")
    sbom.main(folder)
    return folder


def _bill(lists: Path, group: str) -> dict[str, Any]:
    return dict(json.loads((lists / f"{group}.cdx.json").read_text("utf-8")))


@pytest.mark.parametrize("package", SHIPPED)
def test_a_package_that_is_shipped_has_a_licence_that_is_allowed(package: str) -> None:
    assert licences.allowed(licences.of(package)), f"{package} is {licences.of(package)}: not in ALLOWED"


@pytest.mark.parametrize("package", licences.DEBIAN)
def test_so_has_what_the_image_takes_from_debian(package: str) -> None:
    assert licences.allowed(licences.DEBIAN[package])


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0-or-later OR MIT", True),  # one may choose
        ("AGPL-3.0-or-later AND MIT", False),
        ("GPL-2.0-or-later WITH Classpath-exception-2.0", False),
        ("(MIT OR GPL-2.0-only) AND (Apache-2.0 OR SSPL-1.0)", True),
    ],
)
def test_of_a_choice_one_is_enough_and_of_what_holds_together_all_are_needed(expression: str, allowed: bool) -> None:
    assert licences.allowed(expression) is allowed


def test_a_package_that_does_not_say_its_licence_is_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(licences.READ, "weasyprint")
    with pytest.raises(licences.Unclear, match="weasyprint names no licence that is one of SPDX; read its files"):
        licences.of("weasyprint")


def test_nothing_was_read_in_vain_and_every_reason_is_given() -> None:
    assert licences.READ.keys() <= set(SHIPPED)
    assert all(why for _, why in licences.READ.values())
    assert all(licences.ALLOWED.values())


def test_the_packages_of_debian_are_those_that_the_image_installs_and_their_licences_stay() -> None:
    (installed,) = re.findall(r"apt-get install .*\\\n((?:        .+\\\n)+)", DOCKERFILE)
    assert sorted(installed.replace("\\", "").split()) == sorted(licences.DEBIAN)
    assert "find /usr/share/doc -type f ! -name copyright -delete" in DOCKERFILE
    assert not re.search(r"rm .*/usr/share/doc", DOCKERFILE)


@pytest.mark.parametrize("group", ["layer", "image", "development"])
def test_a_list_names_what_is_in_the_lock_with_its_version_and_hashes(lists: Path, group: str) -> None:
    bill = _bill(lists, group)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    told = {}
    for component in bill["components"]:
        hashes = [
            one["content"] for where in component.get("externalReferences", []) for one in where.get("hashes", [])
        ]
        told[component["purl"].partition("?")[0]] = {f"sha256:{digest}" for digest in hashes}
    python = {f"pkg:pypi/{pin.name}@{pin.version}": set(pin.hashes) for pin in sbom.here(group)}
    debian = {f"pkg:deb/debian/{package}": set() for package in licences.DEBIAN} if group == "image" else {}
    assert told == {**python, **debian}
    assert str(locks.ROOT) not in json.dumps(bill)


@pytest.mark.parametrize("group", ["layer", "image"])
def test_a_list_of_what_is_shipped_says_each_licence_and_what_needs_what(lists: Path, group: str) -> None:
    bill = _bill(lists, group)
    assert all(len(component["licenses"]) == 1 for component in bill["components"])
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in bill["dependencies"]}
    assert needs.keys() - {"root"} <= {component["bom-ref"] for component in bill["components"]}
    reached, left = set[str](), ["root"]
    while left:
        ref = left.pop()
        if ref not in reached:
            reached.add(ref)
            left += needs.get(ref, [])
    assert reached == {"root", *(component["bom-ref"] for component in bill["components"])}


def test_a_list_is_cyclonedx(lists: Path) -> None:
    bill = _bill(lists, "image")
    kept = [component for component in bill["components"] if component["name"] in {"boto3", "jmespath", "fonts-inter"}]
    assert len(kept) == 3
    refs = {component["bom-ref"] for component in kept}
    needs = [{"ref": ref, "dependsOn": []} for ref in sorted(refs)]
    text = json.dumps({**bill, "components": kept, "dependencies": needs})  # the whole takes the validator two minutes
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_list_of_licences_has_a_row_for_each_that_is_shipped(lists: Path) -> None:
    rows = (lists / "licences.md").read_text("utf-8").splitlines()[2:]
    assert len(rows) == len(SHIPPED) + len(licences.DEBIAN)
    assert "| weasyprint==70.0 | BSD-3-Clause | image |" in "\n".join(rows)
