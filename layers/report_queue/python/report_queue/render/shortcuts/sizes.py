"""The sizes of a box: most are lengths in pixels, or auto, and depend on nothing around it.

WeasyPrint asks two functions for each of fifteen, for each box, each time that it is laid out; here it is one.
"""

from typing import Any

from weasyprint.css.properties import Dimension  # type: ignore[import-untyped]
from weasyprint.layout import percent  # type: ignore[import-untyped]

_resolved = percent.resolve_one_percentage


def take() -> None:
    """Have plain lengths taken as they are."""
    percent.resolve_one_percentage = resolve_one


def resolve_one(box: Any, name: str, refer_to: Any) -> None:
    """As in WeasyPrint: the box gets the size of that name, in pixels."""
    value = box.style[name]
    if type(value) is Dimension and value.unit == "px":
        setattr(box, name, value.value)
    else:
        _resolved(box, name, refer_to)
