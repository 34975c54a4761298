"""The fonts that a document may use: a font map of its own, over the system's fonts, which are listed once.

The font map of a newer Pango has a thread, which a fork leaves behind in the parent, and a child that shared the map
would wait for it for ever: so each document has its own. What fontconfig knows of the system has none, and forks share
it. A document that brings fonts adds them to a list of its own.
"""

from functools import cache
from typing import Any

from weasyprint.text.ffi import ffi, fontconfig, gobject, pangoft2  # type: ignore[import-untyped]
from weasyprint.text.fonts import FontConfiguration  # type: ignore[import-untyped]


class Fonts(FontConfiguration):  # type: ignore[misc]
    """WeasyPrint's FontConfiguration, which lists the system's fonts for each document."""

    def __init__(self) -> None:
        self._folder = None
        self.strut_layouts: dict[Any, Any] = {}
        self.font_features: dict[Any, Any] = {}
        self.font_map = ffi.gc(pangoft2.pango_ft2_font_map_new(), gobject.g_object_unref)
        self._brings = False
        self._use(_of_the_system())

    def add_font_face(self, rule_descriptors: Any, url_fetcher: Any) -> None:
        """As in WeasyPrint: a font that a style sheet brings, for this document."""
        if not self._brings:
            self._brings = True
            self._use(_listed())
        super().add_font_face(rule_descriptors, url_fetcher)

    def _use(self, config: Any) -> None:
        self._config = config
        pangoft2.pango_fc_font_map_set_config(ffi.cast("PangoFcFontMap *", self.font_map), config)


@cache
def _of_the_system() -> Any:
    return _listed()


def _listed() -> Any:
    return ffi.gc(fontconfig.FcInitLoadConfigAndFonts(), fontconfig.FcConfigDestroy)
