"""A fault that `make mutants` makes, one line, and the one test that must notice it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "layers/report_queue/python/report_queue"

LOST: Final = "queue/test_lost_replies.py::test_a_verb_whose_reply_was_lost_takes_effect_once"


@dataclass(frozen=True)
class Fault:
    """In `file`, `text`, which stands there once, becomes `instead`."""

    what: str  # goes wrong then
    file: str  # in the package
    text: str
    instead: str
    test: str  # in tests/: file and name, and which of its cases

    def apply(self, package: Path) -> None:
        """Make the fault in a copy of the package; raises ValueError where it does not fit."""
        path = package / self.file
        whole = path.read_text("utf-8")
        if whole.count(self.text) != 1:
            raise ValueError(f"{self.file} holds {self.text!r} {whole.count(self.text)} times, not once")
        path.write_text(whole.replace(self.text, self.instead), "utf-8")
