"""The scripts' own rules, held against their text."""

import re
from pathlib import Path

import pytest

from report_queue import lua

FOLDER = Path(lua.__file__).parent
PARTS = sorted(FOLDER.rglob("*.lua"))
GATHERED = "waiting|delayed|active|completed|failed|cancelled|index|jobs|turns"


@pytest.mark.parametrize("path", PARTS, ids=lambda path: path.stem)
def test_what_is_gathered_is_asked_for_and_written_in_one_place(path: Path) -> None:
    if path.name == "gather.lua":
        return
    code = re.sub(r"--.*", "", path.read_text("utf-8"))
    strays = re.findall(rf"key\.(?:{GATHERED})\b|key\[", code)
    assert not strays, f"{path.name} goes past look, put, take_out, score_of and read: {strays}"


def test_every_part_of_the_prelude_is_in_every_script() -> None:
    assert sorted(lua.PRELUDE) == sorted(path.stem for path in (FOLDER / "prelude").glob("*.lua"))


def test_every_key_is_described() -> None:
    text = (FOLDER / "prelude" / "keys.lua").read_text("utf-8")
    described = text[: text.index("local STATES")]
    assert [name for name in lua.KEYS if not re.search(rf"\b{name}\b", described)] == []
