"""An invoice that programs read too: Factur-X, which in Germany is called ZUGFeRD.

    factur-x.xml of the report type ──► Cross Industry Invoice, attached to a PDF/A-3b whose metadata tell of it

The template decides what the invoice says; here is only what the standard (Factur-X 1.0, profile EN 16931) wants of the
PDF around it.
"""

import re
from typing import Any, Final

import pydyf  # type: ignore[import-untyped]

from report_queue.render import templates
from report_queue.render.templates import Report
from report_queue.reports import ReportType

FILE_NAME: Final = "factur-x.xml"

_SCHEMA: Final = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_LEVEL: Final = "EN 16931"
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PROPERTIES: Final = {
    "DocumentType": ("INVOICE", "The kind of the document"),
    "DocumentFileName": (FILE_NAME, "The name of the attached invoice"),
    "Version": ("1.0", "The version of the standard"),
    "ConformanceLevel": (_LEVEL, "The profile of the attached invoice"),
}


def invoice(report_type: ReportType, *, data: Any, report: Report) -> bytes:
    """The invoice as XML. Raises PermanentFailure as `templates.html` does."""
    written = templates.html(report_type, data=data, report=report, name=FILE_NAME)
    return _NO_XML.sub("", written).strip().encode()


def tell(pdf: pydyf.PDF) -> None:
    """Write into the PDF's metadata that an invoice is attached; they are there, and not yet compressed."""
    number = int(pdf.catalog["Metadata"].split()[0])
    stream = pdf.objects[number].stream
    stream[0] = stream[0].replace(b"</rdf:RDF>", _METADATA.encode() + b"</rdf:RDF>")


def _described(name: str, about: str) -> str:
    return (
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        f"<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{about}</pdfaProperty:description></rdf:li>"
    )


# PDF/A takes no property that it does not know, unless the document describes it.
_METADATA: Final = (
    '<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"'
    ' xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"'
    ' xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">'
    '<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">'
    "<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>"
    f"<pdfaSchema:namespaceURI>{_SCHEMA}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>"
    f"<pdfaSchema:property><rdf:Seq>{''.join(_described(name, about) for name, (_, about) in _PROPERTIES.items())}"
    "</rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
    f'<rdf:Description rdf:about="" xmlns:fx="{_SCHEMA}">'
    f"{''.join(f'<fx:{name}>{value}</fx:{name}>' for name, (value, _) in _PROPERTIES.items())}</rdf:Description>"
)
