"""What a PDF breaks of PDF/UA-1 (ISO 14289-1) or PDF/A-3b (ISO 19005-3), as far as a program of this size can tell.

    broken = accessible(pdf) + archived(pdf)      each a clause and what is wrong; empty where nothing was found

It is no validator: what is checked is what our documents could get wrong (tags, fonts, colours, metadata, attachments).
"""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf

_PAINT = {"Tj", "TJ", "'", '"', "f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "sh", "Do", "EI"}
_STRUCTURE = frozenset(
    [
        "Document",
        "Part",
        "Art",
        "Sect",
        "Div",
        "BlockQuote",
        "Caption",
        "TOC",
        "TOCI",
        "Index",
        "NonStruct",
        "Private",
        "P",
        "H",
        "H1",
        "H2",
        "H3",
        "H4",
        "H5",
        "H6",
        "L",
        "LI",
        "Lbl",
        "LBody",
        "Table",
        "TR",
        "TH",
        "TD",
        "THead",
        "TBody",
        "TFoot",
        "Span",
        "Quote",
        "Note",
        "Reference",
        "BibEntry",
        "Code",
        "Link",
        "Annot",
        "Figure",
        "Formula",
        "Form",
    ]
)


def accessible(content: bytes) -> list[str]:
    """What it breaks of PDF/UA-1."""
    with Pdf.open(BytesIO(content)) as pdf:
        return list(_common(pdf)) + list(_accessible(pdf))


def archived(content: bytes) -> list[str]:
    """What it breaks of PDF/A-3b."""
    if not re.match(rb"%PDF-1\.[0-7]\r?\n%[\x80-\xff]{4}", content):
        return ["6.1.2: no header with a binary comment after it"]
    with Pdf.open(BytesIO(content)) as pdf:
        return list(_common(pdf)) + list(_archived(pdf))


def _common(pdf: Pdf) -> Iterator[str]:
    yield from (f"syntax: {problem}" for problem in pdf.check_pdf_syntax())
    if "/Metadata" not in pdf.Root:
        yield "metadata: none"
    for font in _fonts(pdf):
        if font.Subtype == Name.Type3:
            continue
        held = font.DescendantFonts[0] if font.Subtype == Name.Type0 else font
        files = [name for name in ("/FontFile", "/FontFile2", "/FontFile3") if name in held.FontDescriptor]
        if not files:
            yield f"fonts: {font.BaseFont} is not embedded"
        if "/ToUnicode" not in font:
            yield f"fonts: {font.BaseFont} does not say which letters its glyphs are"
    for page in pdf.pages:
        for operands, _ in pikepdf.parse_content_stream(page, "Tj TJ"):
            shown = operands[0] if isinstance(operands[0], Array) else operands
            for text in shown:
                if isinstance(text, pikepdf.String) and b"\0\0" in _pairs(bytes(text)):
                    yield "fonts: a glyph is shown that stands for none"


def _accessible(pdf: Pdf) -> Iterator[str]:
    root = pdf.Root
    with pdf.open_metadata() as metadata:
        if str(metadata.get("pdfuaid:part")) != "1":
            yield "5: does not say that it is PDF/UA-1"
        if not metadata.get("dc:title"):
            yield "7.1: no title"
    if not root.get("/MarkInfo", {}).get("/Marked"):
        yield "7.1: not marked"
    if not root.get("/ViewerPreferences", {}).get("/DisplayDocTitle"):
        yield "7.1: shows its file name instead of its title"
    if not str(root.get("/Lang", "")):
        yield "7.2: no language"
    elements = list(_elements(root.StructTreeRoot.K[0]))
    yield from _structure(elements)
    parents = {int(key): value for key, value in _tree(root.StructTreeRoot.ParentTree)}
    if len({int(page.StructParents) for page in pdf.pages}) < len(pdf.pages):
        yield "7.1: two pages have one place in the tree of parents"
    yield from _owned(pdf, elements, parents)
    for number, page in enumerate(pdf.pages, start=1):
        yield from (f"{fault} on page {number}" for fault in _content(page, parents[int(page.StructParents)]))
        for annotation in page.get("/Annots", []):
            if page.get("/Tabs") != Name.S:
                yield "7.18.3: no order of tabs"
            if annotation.Subtype == Name.Link and not str(annotation.get("/Contents", "")):
                yield "7.18.5: a link that says nothing"
            if parents.get(int(annotation.get("/StructParent", -1)), {}).get("/S") != Name.Link:
                yield "7.18.5: a link that is in no Link element"


def _structure(elements: list[Any]) -> Iterator[str]:
    level = 0
    for element in elements:
        kind = str(element.S)[1:]
        if kind not in _STRUCTURE:
            yield f"7.1: {kind} is no standard element"
        if kind == "Figure" and not str(element.get("/Alt", "")):
            yield "7.3: a figure without words"
        if kind == "TD" and "/Headers" not in element.get("/A", {}):
            yield "7.5: a cell without its headers"
        if kind == "Table" and len(set(_widths(element))) != 1:
            yield "7.2: a table whose rows are not as wide as each other"
        if re.fullmatch("H[1-6]", kind):
            if int(kind[1]) > level + 1:
                yield f"7.4.2: {kind} after H{level}"
            level = int(kind[1])
    if not any(element.S == Name.H1 for element in elements):
        yield "7.4.2: no first heading"


def _widths(table: Any) -> Iterator[int]:
    """How many columns each row has, where no cell spans rows."""
    for row in _elements(table):
        if row.S == Name.TR:
            yield sum(int(cell.get("/A", {}).get("/ColSpan", 1)) for cell in row.K)


def _owned(pdf: Pdf, elements: list[Any], parents: dict[int, Any]) -> Iterator[str]:
    """Pages, the tree of parents and the elements tell the same of who owns which content."""
    told = {
        (element.Pg.objgen, int(kid)): element.objgen
        for element in elements
        for kid in _kids(element)
        if isinstance(kid, int)
    }
    known = {
        (page.objgen, content): owner.objgen
        for page in pdf.pages
        for content, owner in enumerate(parents[int(page.StructParents)])
        if owner is not None
    }
    marked = [
        (page.objgen, int(operands[1].MCID))
        for page in pdf.pages
        for operands, _ in pikepdf.parse_content_stream(page, "BDC")
        if isinstance(operands[1], Dictionary) and "/MCID" in operands[1]
    ]
    if len(marked) != len(set(marked)):
        yield "7.1: two pieces of content have one number"
    for one, other, what in (
        (marked, known, "content that the tree of parents knows no element of"),
        (known, marked, "the tree of parents knows content that is nowhere"),
        (told, marked, "an element has content that is nowhere"),
        (known, told, "content of an element that is in no tree"),
    ):
        if missing := set(one) - set(other):
            yield f"7.1: {what}: {len(missing)}"
    if any(told[one] != owner for one, owner in known.items() if one in told):
        yield "7.1: content that two elements are said to have"


def _content(page: Any, owners: Any) -> Iterator[str]:
    """All that is painted is an artifact or belongs to an element."""
    inside: list[bool] = []
    for operands, operator in pikepdf.parse_content_stream(page):
        match str(operator):
            case "BMC":
                inside.append(operands[0] == Name.Artifact)
            case "BDC":
                number = operands[1].get("/MCID") if isinstance(operands[1], Dictionary) else None
                owned = number is not None and int(number) < len(owners) and owners[int(number)] is not None
                inside.append(operands[0] == Name.Artifact or owned)
            case "EMC":
                inside.pop()
            case paints if paints in _PAINT and not any(inside):
                yield f"7.1: {paints} paints what is neither tagged nor an artifact"
                return
    if inside:
        yield "7.1: marked content that does not end"


def _archived(pdf: Pdf) -> Iterator[str]:
    root = pdf.Root
    if pdf.is_encrypted:
        yield "6.1.3: encrypted"
    if "/ID" not in pdf.trailer:
        yield "6.1.3: no ID"
    intents = root.get("/OutputIntents", [])
    if [intent.S for intent in intents] != [Name.GTS_PDFA1] or "/DestOutputProfile" not in intents[0]:
        yield "6.2.3: no colour profile to show it in"
    with pdf.open_metadata() as metadata:
        if (str(metadata.get("pdfaid:part")), metadata.get("pdfaid:conformance")) != ("3", "B"):
            yield "6.6.4: does not say that it is PDF/A-3b"
        for key, name in (("/Title", "dc:title"), ("/Subject", "dc:description"), ("/Creator", "xmp:CreatorTool")):
            if str(pdf.docinfo.get(key, "")) != str(metadata.get(name, "")):
                yield f"6.6.2: {key} differs from {name}"
    if "/JavaScript" in root.get("/Names", {}) or "/AA" in root or "/OpenAction" in root:
        yield "6.6.1: does something"
    for held in pdf.objects:
        if isinstance(held, pikepdf.Stream) and ("/F" in held or held.get("/Filter") == Name.LZWDecode):
            yield "6.1.7: a stream elsewhere, or one by LZW"
        if not isinstance(held, Dictionary | pikepdf.Stream):
            continue
        if held.get("/Subtype") == Name.Image and held.get("/Interpolate"):
            yield "6.2.8: an image that is smoothed"
        if held.get("/ColorSpace") == Name.DeviceCMYK:
            yield "6.2.4: colours of a printer without its profile"
        if held.get("/Type") == Name.Annot and int(held.get("/F", 0)) & 0b111 != 0b100:
            yield "6.3.2: an annotation that is not printed"
        if isinstance(held.get("/A"), Dictionary) and held.A.get("/S") not in (None, Name.URI, Name.GoTo):
            yield f"6.6.1: an action {held.A.S}"
    files = [held for held in pdf.objects if isinstance(held, Dictionary) and held.get("/Type") == Name.Filespec]
    told = {file.objgen for file in root.get("/AF", [])}
    for file in files:
        if file.objgen not in told or "/AFRelationship" not in file or "/UF" not in file or "/F" not in file:
            yield "6.8: an attachment that does not say what it is to the document"
        if "/Subtype" not in file.EF.F or "/ModDate" not in file.EF.F.Params:
            yield "6.8: an attachment without its kind or its date"


def _elements(element: Any) -> Iterator[Any]:
    yield element
    for kid in _kids(element):
        if isinstance(kid, Dictionary) and "/S" in kid:
            if kid.P.objgen != element.objgen:
                raise AssertionError("an element in the place of another's")
            yield from _elements(kid)


def _kids(element: Any) -> list[Any]:
    kids = element.get("/K", [])
    return [kids] if isinstance(kids, int) else list(kids)


def _tree(node: Any) -> Iterator[tuple[Any, Any]]:
    numbers = list(node.get("/Nums", []))
    yield from zip(numbers[::2], numbers[1::2], strict=True)
    for kid in node.get("/Kids", []):
        yield from _tree(kid)


def _fonts(pdf: Pdf) -> Iterator[Any]:
    seen = set()
    for page in pdf.pages:
        for font in page.get("/Resources", {}).get("/Font", {}).values():
            if font.objgen not in seen:
                seen.add(font.objgen)
                yield font


def _pairs(text: bytes) -> set[bytes]:
    return {text[start : start + 2] for start in range(0, len(text), 2)}
