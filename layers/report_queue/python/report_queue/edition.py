"""How a report is to be made, beside its type and payload: as what, in which language, how strictly.

It knows the wishes and what they may be. What they come to is `render`'s to know.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal, Self

Strictness = Literal["warn", "fail"]
Format = Literal["pdf", "html", "csv", "xlsx"]
Variant = Literal["pdf/ua-1", "pdf/a-3b"]
Attached = Literal["csv", "xlsx", "json", "factur-x"]

LOCALE: Final = r"[a-z]{2,3}(-[A-Z]{2})?"
UTC: Final = "UTC"
PDF: Final = "pdf"
ARCHIVED: Final = "pdf/a-3b"
ACCESSIBLE: Final = "pdf/ua-1"
FACTUR_X: Final = "factur-x"

# A format is also how a report's key and file name end.
CONTENT_TYPES: Final[Mapping[str, str]] = {
    PDF: "application/pdf",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
VARIANTS: Final = (ACCESSIBLE, ARCHIVED)
ATTACHED: Final = ("csv", "xlsx", "json", FACTUR_X)


@dataclass(frozen=True)
class Edition:
    """One job's wishes; what is not wished is as here."""

    locale: str | None = None  # such as de or fr-CH; None: the payload's `locale`, or English
    time_zone: str = UTC  # IANA name
    preflight: Strictness = "warn"  # what a finding of the preflight does: warns, or fails the job
    format: Format = "pdf"
    variant: Variant | None = None  # the standard that the PDF keeps
    attachments: tuple[Attached, ...] = ()  # what is embedded in the PDF
    password: str | None = field(default=None, repr=False)  # that opens the PDF

    @classmethod
    def of(cls, fields: Mapping[str, Any] | None) -> Self:
        """The edition that `to_fields` told, also where it was told before a wish of today was known."""
        told = dict(fields or {})
        return cls(**told | {"attachments": tuple(told.get("attachments", ()))})

    def to_fields(self) -> dict[str, Any]:
        """What differs from the usual, as JSON values."""
        return {name: value for name, value in asdict(self).items() if value != getattr(USUAL, name)}

    def without_password(self) -> Self:
        """The same, once the password has been used."""
        return replace(self, password=None)


USUAL: Final = Edition()
