"""The one file: its head, the styles, the body piece by piece with its long tables, and the footnotes at its end."""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final
from xml.etree.ElementTree import Element, SubElement

import tinyhtml5  # type: ignore[import-untyped]

from report_queue.render import templates
from report_queue.render.fetch import AssetFetcher
from report_queue.render.table import Tables
from report_queue.render.web import clean, spell
from report_queue.render.web.inline import Inliner
from report_queue.reports import ReportType

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
)
_PART: Final = 1 << 18  # characters
_TOLD: Final = re.compile(r"author|description|generator|keywords|dcterms\.[a-z]+")  # what a template may say of itself
_BEHIND: Final = re.compile(r"@page\s*\{\s*(background:\s*url\([^)]*\)[^;}]*)[;}]")
_WATERMARK: Final = 'body::after {{ content: ""; position: fixed; inset: 0; z-index: -1; pointer-events: none; {} }}'


def html(report_type: ReportType, *, data: Any, report: templates.Report, output: BinaryIO) -> None:
    """Write the report as one HTML file, in UTF-8, that needs nothing beside it.

    Raises PermanentFailure: `template.error`, `template.too_large`, `template.active`, `template.form`,
    `asset.blocked`, `asset.missing`, `asset.broken`, `asset.too_large`, `link.blocked`.
    """
    tables = Tables()
    written = templates.html(report_type, data=data, report=report, tables=tables)
    root: Element = tinyhtml5.parse(templates.sound(written), namespace_html_elements=False)
    base = f"{report_type.folder.as_uri()}/"
    inliner = Inliner(
        AssetFetcher(report_type.folder, templates.KIT), lambda svg, where: clean.clean(svg, where, inliner)
    )
    head, body = root.find("head"), root.find("body")
    if head is None:
        head = Element("head")
    if body is None:  # a frameset
        body = root
    styles = list(_styles(report_type, root, base, inliner))
    clean.refuse_head(head)
    names = {one.get("name") or "": one.get("content") or "" for one in head.iter("meta")}
    title = (head.findtext("title") or "").strip() or report.title
    if head in root:
        root.remove(head)
    clean.clean(root, base, inliner)
    _footnotes(body)
    locale = templates.locale_of(data, report)
    root.attrib.setdefault("lang", str(locale).replace("_", "-"))
    root.attrib.setdefault("dir", locale.text_direction)
    for part in _pieces(root, body, _head(title, names, report), styles, tables):
        output.write(part.encode())


def _pieces(root: Element, body: Element, head: list[str], styles: list[str], tables: Tables) -> Iterator[str]:
    yield f"<!doctype html>\n{spell.opened(root, 'html')}\n<head>\n"
    yield from head
    yield from (f"<style>\n{style}\n</style>\n" for style in styles)
    yield "</head>\n"
    slots = {str(table.number): table for table in tables.long}

    def instead(element: Element) -> Iterator[str] | None:
        table = slots.get(element.get("data-table") or "") if element.tag == "div" else None
        if table is not None:
            return _scrolling(_in_parts(table.ordinary()))
        if element.tag == "table":
            return _scrolling(spell.inside(element, instead))
        return None

    yield from spell.spelled(body, instead)
    yield "\n</html>\n"


def _scrolling(table: Iterator[str]) -> Iterator[str]:
    """What is too wide for a phone is moved sideways, by hand or with the arrow keys."""
    yield '<div class="scrolls" tabindex="0">'
    yield from table
    yield "</div>"


def _in_parts(words: str) -> Iterator[str]:
    """A long text, of which no other whole is made."""
    for start in range(0, len(words), _PART):
        yield templates.sound(words[start : start + _PART])


def _head(title: str, names: dict[str, str], report: templates.Report) -> list[str]:
    created = report.created.strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {name: content for name, content in names.items() if _TOLD.fullmatch(name)}
    told = {"author": "Report Queue", "dcterms.created": created} | told | {"dcterms.identifier": report.job_id}
    lines = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{spell.text(title)}</title>",
        *(f'<meta name="{name}" content="{spell.quoted(content)}">' for name, content in told.items()),
    ]
    return [f"{line}\n" for line in lines]


def _styles(report_type: ReportType, root: Element, base: str, inliner: Inliner) -> Iterator[str]:
    """The kit's, the screen's, the type's own, and those that stand in the template."""
    kit = f"{templates.KIT.as_uri()}/"
    for name in ("style.css", "table.css", "screen.css"):
        yield inliner.style((templates.KIT / name).read_text("utf-8"), kit)
    yield inliner.style((report_type.folder / "style.css").read_text("utf-8"), base)
    for element in root.iter():
        if element.tag == "style":
            css = element.text or ""
            yield inliner.style(css, base)
            if behind := _BEHIND.search(css):  # a browser draws nothing behind a page, but behind the body
                yield inliner.style(_WATERMARK.format(behind[1]), base)
        elif element.tag == "link" and "stylesheet" in (element.get("rel") or "").lower().split():
            quoted = (element.get("href") or "").replace("\\", "\\\\").replace('"', '\\"').replace("\n", "")
            yield inliner.style(f'@import "{quoted}" {element.get("media") or ""};', base)
    for parent in list(root.iter()):
        for element in [one for one in parent if one.tag == "style"]:
            _left_out(parent, element)


def _left_out(parent: Element, element: Element) -> None:
    index = list(parent).index(element)
    if index:
        parent[index - 1].tail = (parent[index - 1].tail or "") + (element.tail or "")
    else:
        parent.text = (parent.text or "") + (element.tail or "")
    parent.remove(element)


def _footnotes(body: Element) -> None:
    """Each footnote's words go to the end; where they stood is their number, which leads there and back."""
    notes = [one for one in body.iter("span") if "footnote" in (one.get("class") or "").split()]
    if not notes:
        return
    section = SubElement(body, "section", {"class": "footnotes", "role": "doc-endnotes"})
    ordered = SubElement(section, "ol")
    for number, note in enumerate(notes, start=1):
        words = SubElement(ordered, "li", {"id": f"footnote-{number}"})
        words.text, words[:] = note.text, list(note)
        back = SubElement(words, "a", {"href": f"#footnote-call-{number}", "class": "back"})
        back.text = "\N{LEFTWARDS ARROW WITH HOOK}\N{VARIATION SELECTOR-15}"
        tail = note.tail
        note.clear()
        note.tail, note.tag = tail, "sup"
        note.set("class", "footnote-call")
        call = SubElement(note, "a", {"href": f"#footnote-{number}", "id": f"footnote-call-{number}"})
        call.text = str(number)
