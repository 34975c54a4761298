"""A tree as HTML, piece by piece. Text and attributes are escaped whatever they are: nothing here is written raw."""

from collections.abc import Callable, Iterator
from typing import Final
from xml.etree.ElementTree import Element

_VOID: Final = frozenset({"br", "col", "hr", "img", "wbr"})  # of those that may stand in a report


Instead = Callable[[Element], Iterator[str] | None]


def spelled(element: Element, instead: Instead) -> Iterator[str]:
    """The element with all that is in it; or what is to be written `instead`."""
    other = instead(element)
    yield from inside(element, instead) if other is None else other


def inside(element: Element, instead: Instead) -> Iterator[str]:
    """The same, whatever is to be written for the element itself."""
    name = str(element.tag).rpartition("}")[2]
    yield opened(element, name)
    if name in _VOID and not element.tag.startswith("{"):
        return
    if element.text:
        yield ("\n" if name == "pre" and element.text.startswith("\n") else "") + text(element.text)
    for child in element:
        yield from spelled(child, instead)
        if child.tail:
            yield text(child.tail)
    yield f"</{name}>"


def opened(element: Element, name: str) -> str:
    """The element's first tag."""
    attributes = (f' {key}="{quoted(value)}"' for key, value in element.attrib.items())
    return f"<{name}{''.join(attributes)}>"


def text(words: str) -> str:
    """As text of an element."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quoted(words: str) -> str:
    """As an attribute's value."""
    return text(words).replace('"', "&quot;")
