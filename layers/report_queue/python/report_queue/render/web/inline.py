"""Assets as data: URLs: images of the page, and whatever a style sheet asks for, through the locked fetcher.

    <img src="logo.png">, url(logo.png) ──AssetFetcher──► data:image/png;base64,…
    @import "more.css"                  ──AssetFetcher──► its rules

An SVG is parsed, cleaned as the page is, and may bring images of its own along; its text is none of the template's.
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, fromstring, register_namespace, tostring

import tinycss2  # type: ignore[import-untyped]
from tinycss2 import ast
from weasyprint.urls import FatalURLFetchingError  # type: ignore[import-untyped]

from report_queue.errors import PermanentFailure
from report_queue.render.fetch import AssetFetcher

_URL_FUNCTIONS: Final = frozenset({"url", "src"})
_URL_LISTS: Final = frozenset({"image", "image-set", "-webkit-image-set", "cross-fade", "-webkit-cross-fade"})
_DROPPED: Final = frozenset({"charset", "namespace"})  # at-rules
_DEEPEST: Final = 8  # files that bring one another along

_Made = TypeVar("_Made")

register_namespace("", "http://www.w3.org/2000/svg")


class Inliner:
    """Brings the assets of one document in. Raises PermanentFailure, as `AssetFetcher` refuses.

    `clean` is what is done to an SVG's tree before it is written.
    """

    def __init__(self, assets: AssetFetcher, clean: Callable[[Element, str], None]) -> None:
        self._assets = assets
        self._clean = clean
        self._known: dict[str, str] = {}
        self._open: list[str] = []

    def image(self, url: str, base: str) -> str:
        """The data: URL of an image; `base` is what the URL is relative to."""
        return self._asset(url, base)

    def style(self, css: str, base: str) -> str:
        """A style sheet that names no file any more, to stand in a <style>."""
        rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
        # A string's "</style" would end the element; "\\/" says the same in a string, and stands nowhere else.
        return "\n".join(filter(None, (self._rule(rule, base) for rule in rules))).replace("</", "<\\/")

    def declarations(self, css: str, base: str) -> str:
        """The same for a style attribute, or the value of an attribute of SVG's."""
        return str(tinycss2.serialize(self._values(tinycss2.parse_component_value_list(css, skip_comments=True), base)))

    def _rule(self, rule: Any, base: str) -> str:
        if rule.type == "error" or (rule.type == "at-rule" and rule.lower_at_keyword in _DROPPED):
            return ""
        if rule.type == "at-rule" and rule.lower_at_keyword == "import":
            return self._import(rule, base)
        rule.prelude = self._values(rule.prelude, base)
        if rule.content is not None:
            rule.content = self._values(rule.content, base)
        return str(rule.serialize())

    def _import(self, rule: Any, base: str) -> str:
        told = [one for one in rule.prelude if one.type != "whitespace"]
        if not told or (url := _address(told[0])) is None:
            return ""
        where = urljoin(base, url)
        with_media = tinycss2.serialize(told[1:]).strip()
        css = self._within(where, lambda: self.style(self._fetched(where)[0].decode("utf-8", "replace"), where))
        return f"@media {with_media} {{\n{css}\n}}" if with_media else css

    def _values(self, tokens: list[Any], base: str) -> list[Any]:
        return [self._value(token, base) for token in tokens]

    def _value(self, token: Any, base: str) -> Any:
        if token.type == "url":
            return self._url(token, token.value, base)
        if token.type == "function":
            if token.lower_name in _URL_FUNCTIONS:
                return self._url(token, _address(token) or "", base)
            strings = token.lower_name in _URL_LISTS
            token.arguments = [
                self._url(one, one.value, base) if strings and one.type == "string" else self._value(one, base)
                for one in token.arguments
            ]
        elif token.type in ("() block", "[] block", "{} block"):
            token.content = self._values(token.content, base)
        return token

    def _url(self, token: Any, url: str, base: str) -> Any:
        if url.strip() and not url.strip().startswith("#"):
            url = self._asset(url, base)
        quoted = url.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\a ")
        return ast.URLToken(token.source_line, token.source_column, url, f'url("{quoted}")')

    def _asset(self, url: str, base: str) -> str:
        where = urljoin(base, url.strip())
        if where not in self._known:
            content, kind = self._fetched(where)
            if kind == "image/svg+xml":
                content = self._within(where, lambda: self._svg(content, where))
            self._known[where] = f"data:{kind};base64,{b64encode(content).decode()}"
        return self._known[where]

    def _svg(self, content: bytes, where: str) -> bytes:
        # Well-formed and without entities of its own: the fetcher has seen to it.
        root = fromstring(content)  # noqa: S314
        self._clean(root, where)
        return bytes(tostring(root, "utf-8", xml_declaration=True))

    def _within(self, where: str, made: Callable[[], _Made]) -> _Made:
        if where in self._open or len(self._open) >= _DEEPEST:
            raise PermanentFailure(
                "The template's files bring one another along without an end: leave one out.", reason="asset.blocked"
            )
        self._open.append(where)
        try:
            return made()
        finally:
            self._open.pop()

    def _fetched(self, where: str) -> tuple[bytes, str]:
        try:
            found = self._assets.fetch(where)
        except FatalURLFetchingError as fatal:
            raise self._assets.refusal or fatal from None
        return found.read(), str(found.content_type)


def _address(token: Any) -> str | None:
    """The URL that a token says, in any of the ways of CSS."""
    if token.type in ("url", "string"):
        return str(token.value)
    if token.type == "function" and token.lower_name in _URL_FUNCTIONS:
        return next((str(one.value) for one in token.arguments if one.type == "string"), None)
    return None
