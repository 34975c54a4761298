"""What an attempt made of a job: where the report is, what it is made of, and what the preflight has against it.

It knows shapes only; nothing of how they come about (`render` does) or where they are kept (`queue`, `ledger`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Finding:
    """What the preflight has against a report that was made all the same."""

    code: str  # stable: glyph.missing
    message: str  # for people
    page: int | None = None  # 1 for the first; None: the whole document


@dataclass(frozen=True)
class Recipe:
    """What a report was made of, beside its request: with the same of all, the same bytes come out."""

    template: str  # sha256, hex, of the report type's folder and the kit
    fonts: str  # sha256, hex, of the font files that it uses
    engine: str  # the programs that drew it, with their versions


@dataclass(frozen=True)
class Made:
    """A report, wherever its bytes are."""

    size: int  # bytes
    pages: int
    sha256: str  # hex, of the file
    seconds: float  # of rendering, from the request to the child's end
    peak_memory_mb: int  # of the child that rendered
    findings: tuple[Finding, ...] = ()
    recipe: Recipe | None = None  # None: the result of a batch, or of an older worker
    unlocked_sha256: str | None = None  # of the PDF before it got its password: encrypting is never twice the same


@dataclass(frozen=True)
class Result(Made):
    """What an attempt made and published: kept with the job and in the receipt."""

    key: str = field(kw_only=True)  # the object's key in the bucket

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """The result that `to_fields` told."""
        found, recipe = fields.get("findings", ()), fields.get("recipe")
        return cls(
            **{**fields, "findings": tuple(Finding(*one) for one in found), "recipe": recipe and Recipe(*recipe)}
        )

    def to_fields(self) -> dict[str, Any]:
        """As JSON values, without what there is nothing of."""
        fields: dict[str, Any] = dict(vars(self))
        findings, recipe = fields.pop("findings"), fields.pop("recipe")
        if not fields["unlocked_sha256"]:
            del fields["unlocked_sha256"]
        if findings:
            fields["findings"] = [[one.code, one.message, one.page] for one in findings]
        if recipe:
            fields["recipe"] = [recipe.template, recipe.fonts, recipe.engine]
        return fields
