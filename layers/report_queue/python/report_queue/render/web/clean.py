"""What may stand in a report for the web: elements and attributes that are known to show something and to do nothing.

    what `known` names                 stays
    <script>, <iframe>, <object>, on…  the report fails: `template.active`; a template that has them wants to act
    <form>, <input>, <button>…         `template.form`
    a link to anything but a place on the page, http, https, mailto; <base>, refresh ──► `link.blocked`
    an attachment                      `asset.blocked`
    <video>, <math>, srcset, what is not known ──► left out: the PDF shows nothing of it either

It works on the parsed tree, in place, so that no spelling gets around it.
"""

import re
from typing import Final, NoReturn
from xml.etree.ElementTree import Element

from report_queue.errors import PermanentFailure
from report_queue.render.links import refuse_scheme, scheme_of
from report_queue.render.web import known
from report_queue.render.web.inline import Inliner

SVG: Final = "{http://www.w3.org/2000/svg}"

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PAINTED: Final = re.compile(r"url|\\", re.IGNORECASE)


def clean(root: Element, base: str, inliner: Inliner) -> None:
    """Leave in the tree what may stand there, its images brought in. Raises PermanentFailure, as above."""
    _element(root, base, inliner)
    _children(root, base, inliner)


def refuse_head(head: Element) -> None:
    """What a head may ask for, and a report may not."""
    for element in head.iter("base"):
        _refuse(f"a <{element.tag}>, from which all links would start", "link.blocked")
    for element in head.iter("meta"):
        if (element.get("http-equiv") or "").strip().lower() == "refresh":
            _refuse("a refresh, which leads away", "link.blocked")


def _children(parent: Element, base: str, inliner: Inliner) -> None:
    """Of an element that is left out, its words stay; nothing of one that says nothing."""
    index = 0
    while index < len(parent):
        child = parent[index]
        fate = _fate(child)
        if fate == "known":
            _element(child, base, inliner)
            _children(child, base, inliner)
            index += 1
            continue
        del parent[index]
        inner = list(child) if fate == "unknown" else []
        _say(parent, index, (child.text or "") if fate == "unknown" else "")
        for place, one in enumerate(inner):
            parent.insert(index + place, one)
        _say(parent, index + len(inner), child.tail or "")


def _fate(element: Element) -> str:
    """known, silent, unknown; or the report fails."""
    if not isinstance(element.tag, str):  # a comment
        return "silent"
    name = element.tag.rpartition("}")[2]
    lower = name.lower()
    if lower in known.ACTS:
        _refuse(f"a <{lower}>, which acts", "template.active")
    if element.tag.startswith(SVG):
        return "known" if name in known.KNOWN_SVG else "silent" if name in known.SILENT_SVG else "unknown"
    if element.tag.startswith("{"):
        return "silent"
    if lower in known.FORMS:
        _refuse(f"a <{lower}>, a field of a form", "template.form")
    if lower in ("link", "a") and "attachment" in (element.get("rel") or "").lower().split():
        raise PermanentFailure("The template attaches a file; a report carries none.", reason="asset.blocked")
    if lower in ("base", "meta"):
        refuse_head(element)
    return "known" if name in known.KNOWN else "silent" if name in known.SILENT else "unknown"


def _element(element: Element, base: str, inliner: Inliner) -> None:
    told, name = dict(element.attrib), element.tag.rpartition("}")[2]
    drawing = element.tag.startswith(SVG)
    element.attrib.clear()
    for key, value in told.items():
        local = key.rpartition("}")[2]
        if local.lower().startswith("on"):
            _refuse(f"an attribute {local.lower()}, which acts", "template.active")
        if local == "href" and (name == "a" or drawing):
            _href(element, name, value, base, inliner)
        elif local == "src" and name == "img":
            if value.strip():
                element.set("src", inliner.image(value, base))
        elif key.startswith("{") or not _NAME.fullmatch(local):
            continue
        elif local == "style":
            element.set(local, inliner.declarations(value, base))
        elif drawing and local not in ("src", "ping", "target", "download"):
            element.set(local, inliner.declarations(value, base) if _PAINTED.search(value) else value)
        elif local in known.ATTRIBUTES or local.startswith(("aria-", "data-")):
            element.set(local, value)
    if drawing and name == "style":
        element.text = inliner.style("".join(element.itertext()), base)
        del element[:]


def _href(element: Element, name: str, value: str, base: str, inliner: Inliner) -> None:
    # As browsers read it: without control characters around it, and without line ends and tabs in it.
    link = re.sub(r"[\t\n\r]", "", value.strip("".join(map(chr, range(0x21)))))
    if name == "image":
        element.set("href", inliner.image(link, base) if link else "")
    elif link.startswith("#"):
        element.set("href", link)
    elif name == "a":
        refuse_scheme(scheme_of(link) or "file")  # a path leads into the report's own folder
        element.set("href", link)
        element.set("rel", "noopener noreferrer")
    elif link:
        inliner.image(link, base)  # refused, where it is none of the report's own; and drawn by no browser


def _say(parent: Element, index: int, words: str) -> None:
    """The words, before the child at the index."""
    if index:
        parent[index - 1].tail = (parent[index - 1].tail or "") + words
    else:
        parent.text = (parent.text or "") + words


def _refuse(what: str, reason: str) -> NoReturn:
    raise PermanentFailure(
        f"The template has {what}; a report in HTML only shows: leave it out, or ask for pdf.", reason=reason
    )
