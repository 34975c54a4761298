"""An element's property that no rule sets: it is the parent's, or the one that CSS begins with.

That is so for nine of ten, and WeasyPrint takes each of them through all that could be otherwise. The way here ends in
the same values. What has a meaning of its own (`display`, `page`, decorations of text) goes the long way.
"""

from typing import Any, Final

from weasyprint import css  # type: ignore[import-untyped]
from weasyprint.css.computed_values import PHYSICAL_FUNCTIONS  # type: ignore[import-untyped]
from weasyprint.css.properties import (  # type: ignore[import-untyped]
    INHERITED,
    INITIAL_NOT_COMPUTED,
    INITIAL_VALUES,
)

_PECULIAR: Final = {"display", "float", "page", "position", *INITIAL_NOT_COMPUTED}
_PLAIN: Final = {key for key in INITIAL_VALUES if key not in _PECULIAR and not key.startswith("text_decoration_")}
_INHERITED: Final = _PLAIN & set(INHERITED)
_INITIAL: Final = _PLAIN - set(INHERITED)
# A rule may set a side by its other name: margin-inline-start is margin-left, or margin-right from right to left.
_OTHER_NAMES: Final = {
    key: frozenset(name(block="ttb", inline=direction) for direction in ("ltr", "rtl"))
    for key, name in PHYSICAL_FUNCTIONS.items()
}
_worked_out = css.ComputedStyle.__missing__


def take() -> None:
    """Have such properties found at once."""
    css.ComputedStyle.__missing__ = missing


def missing(style: css.ComputedStyle, key: str) -> Any:
    """As in WeasyPrint: the value, which the style then has."""
    if key not in style.cascaded:
        if key in _INHERITED:
            if style.parent_style is not None:
                value = style[key] = style.parent_style[key]
                return value
        elif key in _INITIAL and _OTHER_NAMES.get(key, frozenset()).isdisjoint(style.cascaded):
            value = style[key] = INITIAL_VALUES[key]
            return value
    return _worked_out(style, key)
