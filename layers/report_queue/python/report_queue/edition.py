"""How a report is to be made, beside its type and payload: in which language, for which time zone, how strictly.

It knows the wishes and what they may be. What they come to is `render`'s to know.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self

Strictness = Literal["warn", "fail"]

LOCALE: Final = r"[a-z]{2,3}(-[A-Z]{2})?"
UTC: Final = "UTC"


@dataclass(frozen=True)
class Edition:
    """One job's wishes; what is not wished is as here."""

    locale: str | None = None  # such as de or fr-CH; None: the payload's `locale`, or English
    time_zone: str = UTC  # IANA name
    preflight: Strictness = "warn"  # what a finding of the preflight does: warns, or fails the job

    @classmethod
    def of(cls, fields: Mapping[str, Any] | None) -> Self:
        """The edition that `to_fields` told, also where it was told before a wish of today was known."""
        return cls(**(fields or {}))

    def to_fields(self) -> dict[str, Any]:
        """What differs from the usual, as JSON values."""
        return {name: value for name, value in asdict(self).items() if value != getattr(USUAL, name)}


USUAL: Final = Edition()
