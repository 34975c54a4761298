"""What Pango is told of a line's look, told once for each look that a document has.

WeasyPrint makes a context and a font description for every line that it measures, and again when it draws it. Both are
only read once they are made: they hang on the document's fonts, and serve all lines that look the same.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from weasyprint.text import line_break  # type: ignore[import-untyped]
from weasyprint.text.constants import LST_TO_ISO, PANGO_DIRECTION  # type: ignore[import-untyped]
from weasyprint.text.ffi import FROM_UNITS, ffi, gobject, pango  # type: ignore[import-untyped]
from weasyprint.text.fonts import font_features, get_font_description  # type: ignore[import-untyped]

_FEATURES: Final = (
    "font_kerning",
    "font_variant_ligatures",
    "font_variant_position",
    "font_variant_caps",
    "font_variant_numeric",
    "font_variant_alternates",
    "font_variant_east_asian",
    "font_feature_settings",
)
# All of a style that a look is made of, beside its fonts' names.
_TELLING: Final = (
    "direction",
    "font_language_override",
    "font_size",
    "font_stretch",
    "font_style",
    "font_variation_settings",
    "font_weight",
    "lang",
    *_FEATURES,
)


def take() -> None:
    """Have lines of one look share what Pango is told of it."""
    line_break.Layout.setup = setup


def setup(line: Any, style: Any) -> None:
    """As in WeasyPrint: the line gets an empty layout of Pango's."""
    line.style = style
    line.first_line_direction = 0
    look = _look(style)
    line.language = look.language
    line.layout = ffi.gc(pango.pango_layout_new(look.context), gobject.g_object_unref)
    pango.pango_layout_set_auto_dir(line.layout, False)
    pango.pango_layout_set_font_description(line.layout, look.description)
    if style["text_decoration_line"] == "none":
        line.ascent = line.underline_position = line.strikethrough_position = None
    else:
        line.ascent, line.underline_position, line.strikethrough_position = look.heights[:3]
        line.underline_thickness, line.strikethrough_thickness = look.heights[3:]
    if look.features is not None:
        attributes = pango.pango_attr_list_new()  # the line's own: it adds to them
        pango.pango_attr_list_insert(attributes, look.features)
        pango.pango_layout_set_attributes(line.layout, attributes)


def _look(style: Any) -> "_Look":
    fonts = style.font_config
    key = (tuple(style["font_family"]), *[style[name] for name in _TELLING])
    try:
        return fonts.looks[key]  # type: ignore[no-any-return]
    except AttributeError:
        fonts.looks = {}
    except KeyError:
        pass
    look = fonts.looks[key] = _Look.of(style)
    return look


@dataclass
class _Look:
    """What Pango knows of a text before it knows the text."""

    context: Any
    language: Any
    description: Any
    features: Any | None  # an attribute of OpenType features

    @classmethod
    def of(cls, style: Any) -> "_Look":
        assert not isinstance(style["font_family"], str)
        context = ffi.gc(pango.pango_font_map_create_context(style.font_config.font_map), gobject.g_object_unref)
        pango.pango_context_set_round_glyph_positions(context, False)
        pango.pango_context_set_base_dir(context, PANGO_DIRECTION[style["direction"]])
        language = _language(style)
        if language is None:
            language = pango.pango_language_get_default()
        else:
            pango.pango_context_set_language(context, language)
        said = font_features(*[style[name] for name in _FEATURES])
        features = ",".join(f"{name} {value}" for name, value in said.items()).encode()
        attribute = pango.pango_attr_font_features_new(features) if said else None
        return cls(context, language, get_font_description(style), attribute)

    @cached_property
    def heights(self) -> tuple[float, ...]:
        """Ascent, underline's and strike-through's place, then their thickness; in pixels."""
        metrics = ffi.gc(
            pango.pango_context_get_metrics(self.context, self.description, self.language),
            pango.pango_font_metrics_unref,
        )
        return tuple(
            FROM_UNITS * told(metrics)
            for told in (
                pango.pango_font_metrics_get_ascent,
                pango.pango_font_metrics_get_underline_position,
                pango.pango_font_metrics_get_strikethrough_position,
                pango.pango_font_metrics_get_underline_thickness,
                pango.pango_font_metrics_get_strikethrough_thickness,
            )
        )


def _language(style: Any) -> Any | None:
    override = style["font_language_override"]
    name = LST_TO_ISO.get(override.lower(), override) if override != "normal" else style["lang"]
    if not name:
        return None
    return pango.pango_language_from_string(ffi.new("char[]", name.encode().replace(b"\0", b"")))
