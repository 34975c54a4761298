"""PDFs that keep a standard, carry attachments, open with a password; and what they say of themselves.

There is no free validator of PDF/UA and PDF/A but one that is not in the usual registries: `conformance` checks what
our documents could get wrong.
"""

import hashlib
import json
import re
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import facturx
import pikepdf
import pytest
from conformance import accessible, archived
from facturx import get_xml_from_pdf
from lxml import etree
from pikepdf import Name, Pdf
from report_words import CREATED, JOB_ID, made_up, rendered
from saxonche import PySaxonProcessor

from report_queue.edition import Edition
from report_queue.errors import PermanentFailure
from report_queue.render import document, factur_x
from report_queue.reports import report_types

UA, A3 = Edition(variant="pdf/ua-1"), Edition(variant="pdf/a-3b")
FACTUR_X = Edition(variant="pdf/a-3b", attachments=("factur-x",))
CII = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
INVOICE = report_types()["invoice"].sample


@pytest.mark.parametrize("name", report_types())
def test_an_accessible_report_breaks_no_rule_of_pdf_ua(name: str) -> None:
    assert accessible(rendered(name, edition=UA).pdf) == []


@pytest.mark.parametrize("name", report_types())
def test_an_archived_report_breaks_no_rule_of_pdf_a(name: str) -> None:
    assert archived(rendered(name, edition=A3).pdf) == []


def test_a_report_in_arabic_keeps_both_standards() -> None:
    assert accessible(rendered("sales", edition=Edition(variant="pdf/ua-1", locale="ar")).pdf) == []
    assert archived(rendered("sales", edition=Edition(variant="pdf/a-3b", locale="ar")).pdf) == []


def _without_words(pdf: Pdf) -> None:
    for held in pdf.objects:
        if isinstance(held, pikepdf.Dictionary) and held.get("/S") == Name.Figure:
            del held.Alt


def _with_loose_paint(pdf: Pdf) -> None:
    page = pdf.pages[0]
    page.contents_add(b"q 0 0 10 10 re f Q")


def _without(*path: str) -> Callable[[Pdf], None]:
    def change(pdf: Pdf) -> None:
        held = pdf.Root
        for name in path[:-1]:
            held = held[name]
        del held[path[-1]]

    return change


def _with_lost_content(pdf: Pdf) -> None:
    parents = pdf.Root.StructTreeRoot.ParentTree.Nums[1]
    parents.append(parents[0])


def _with_a_number_twice(pdf: Pdf) -> None:
    pdf.pages[1].StructParents = pdf.pages[0].StructParents


def _with_cells_of_others(pdf: Pdf) -> None:
    numbers = pdf.Root.StructTreeRoot.ParentTree.Nums[1]
    numbers[0], numbers[1] = numbers[1], numbers[0]


def _with_a_cell_taken_out(pdf: Pdf) -> None:
    row = next(held for held in pdf.objects if isinstance(held, pikepdf.Dictionary) and held.get("/S") == Name.TR)
    del row.K[0]


def _with_a_leap(pdf: Pdf) -> None:
    for held in pdf.objects:
        if isinstance(held, pikepdf.Dictionary) and held.get("/S") == Name.H2:
            held.S = Name.H4


def _without_font_files(pdf: Pdf) -> None:
    for held in pdf.objects:
        for name in ("/FontFile2", "/FontFile3"):
            if isinstance(held, pikepdf.Dictionary) and name in held:
                del held[name]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without_words, "7.3"),
        (_with_loose_paint, "7.1: f paints"),
        (_without("/MarkInfo"), "7.1: not marked"),
        (_with_lost_content, "7.1: the tree of parents knows content that is nowhere: 1"),
        (_with_a_number_twice, "7.1: two pages have one place"),
        (_with_cells_of_others, "7.1: content that two elements are said to have"),
        (_with_a_cell_taken_out, "7.1: content of an element that is in no tree: 1"),
        (_with_a_cell_taken_out, "7.2: a table whose rows"),
        (_without("/Lang"), "7.2"),
        (_with_a_leap, "7.4.2"),
        (_without_font_files, "fonts"),
    ],
)
def test_the_check_of_accessibility_finds(change: Callable[[Pdf], None], told: str) -> None:
    assert any(fault.startswith(told) for fault in accessible(_changed(rendered("sales", edition=UA).pdf, change)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without("/OutputIntents"), "6.2.3"),
        (_without("/AF"), "6.8"),
        (_without("/Metadata"), "metadata"),
        (_without_font_files, "fonts"),
    ],
)
def test_the_check_of_archives_finds(change: Callable[[Pdf], None], told: str) -> None:
    edition = Edition(variant="pdf/a-3b", attachments=("json",))
    assert any(fault.startswith(told) for fault in archived(_changed(rendered("sales", edition=edition).pdf, change)))


@pytest.mark.parametrize("edition", [Edition(), UA, A3, FACTUR_X, Edition(attachments=("json",))])
def test_the_same_request_gives_the_same_bytes(edition: Edition) -> None:
    assert rendered("invoice", edition=edition).pdf == rendered("invoice", edition=edition).pdf


def test_a_long_table_of_an_accessible_report_is_tagged_cell_by_cell() -> None:
    sample = report_types()["sales"].sample
    report = rendered("sales", sample | {"rows": (sample["rows"] * 30)[:240]}, edition=UA)
    assert accessible(report.pdf) == []
    with Pdf.open(BytesIO(report.pdf)) as pdf:
        kinds = [held.get("/S") for held in pdf.objects if isinstance(held, pikepdf.Dictionary)]
    assert kinds.count(Name.TD) > 240 * 8


def test_an_archived_report_with_a_long_table_breaks_no_rule_either() -> None:
    sample = report_types()["sales"].sample
    assert archived(rendered("sales", sample | {"rows": sample["rows"] * 4}, edition=A3).pdf) == []


def test_an_accessible_report_may_have_thousands_of_rows() -> None:
    row = report_types()["sales"].sample["rows"][0]
    report = rendered("sales", report_types()["sales"].sample | {"rows": [row] * 10_500}, edition=UA)
    with Pdf.open(BytesIO(report.pdf)) as pdf:
        assert sum(isinstance(held, pikepdf.Dictionary) and held.get("/S") == Name.TR for held in pdf.objects) > 10_500


@pytest.mark.parametrize(
    ("body", "edition", "reason"),
    [
        ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=">', UA, "preflight.image.no_alt"),
        ("\U000e0041\u0378", UA, "preflight.glyph.missing"),
        ("\u0378", A3, "preflight.glyph.missing"),
    ],
)
def test_a_report_that_would_claim_a_standard_and_break_it_fails(
    tmp_path: Path, body: str, edition: Edition, reason: str
) -> None:
    report_type = made_up(tmp_path / "made", body)
    assert rendered(report_type, quiet=False).findings
    with pytest.raises(PermanentFailure) as refused:
        rendered(report_type, edition=edition, quiet=False)
    assert refused.value.reason == reason


@pytest.mark.parametrize("edition", [Edition(), UA, A3])
def test_a_report_says_what_it_is_who_made_it_when_and_for_which_job(edition: Edition) -> None:
    with Pdf.open(BytesIO(rendered("invoice", edition=edition).pdf)) as pdf:
        told = {str(name): str(value) for name, value in pdf.docinfo.items()}
        assert str(pdf.Root.Lang) == "en-GB"
    assert told["/Title"] == f"Invoice {INVOICE['number']}"
    assert told["/Author"] == INVOICE["seller"]["name"]
    assert told["/jobid"] == JOB_ID
    assert told["/CreationDate"] == CREATED.strftime("D:%Y%m%d%H%M%SZ")


def test_attachments_are_in_the_pdf_with_their_names_and_kinds() -> None:
    report = rendered("sales", edition=Edition(variant="pdf/a-3b", attachments=("csv", "xlsx", "json")))
    assert archived(report.pdf) == []
    with Pdf.open(BytesIO(report.pdf)) as pdf:
        assert list(pdf.attachments) == ["data.csv", "data.json", "data.xlsx"]
        files = {name: spec.get_file() for name, spec in pdf.attachments.items()}
        assert {name: file.mime_type for name, file in files.items()} == {
            "data.csv": "text/csv",
            "data.json": "application/json",
            "data.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
        assert json.loads(files["data.json"].read_bytes()) == report_types()["sales"].sample
        assert len(files["data.csv"].read_bytes().splitlines()) == len(report_types()["sales"].sample["rows"]) + 1
        assert files["data.xlsx"].read_bytes().startswith(b"PK")


def test_an_invoice_as_factur_x_fits_the_schema_and_the_rules_of_en_16931() -> None:
    report = rendered("invoice", edition=FACTUR_X)
    assert archived(report.pdf) == []
    name, xml = get_xml_from_pdf(report.pdf, check_xsd=True)
    assert name == "factur-x.xml"
    assert broken_rules(xml) == []
    for amount in ("GrandTotalAmount", "DuePayableAmount"):
        assert f"€{float(_one(xml, amount)):,.2f}" in report.text


@pytest.mark.parametrize(
    "changes",
    [
        {"paid": 0, "note": "<b> & 'quotes'", "subject": "Ångström 東京"},
        {"lines": [INVOICE["lines"][0] | {"quantity": 0.333, "unitPrice": 1e9 / 3, "discount": 33.3, "vatRate": 7.7}]},
        {"payment": {"terms": "Cash."}, "currency": "JPY"},
        {"lines": [INVOICE["lines"][0] | {"unit": "barrel", "unitPrice": 0, "vatRate": 0}]},
        {"seller": INVOICE["seller"] | {"address": ["One", "Two", "Three", "Four"], "vatId": "DE 123456789"}},
        {"buyer": {"name": "Someone", "address": ["Somewhere"], "country": "FR"}},
    ],
)
def test_any_invoice_that_is_let_through_fits_the_rules_too(changes: dict[str, Any]) -> None:
    _, xml = get_xml_from_pdf(rendered("invoice", INVOICE | changes, edition=FACTUR_X).pdf, check_xsd=True)
    assert broken_rules(xml) == []


def test_the_rules_of_en_16931_find_a_sum_that_is_wrong() -> None:
    _, xml = get_xml_from_pdf(rendered("invoice", edition=FACTUR_X).pdf)
    wrong = re.sub(rb"(GrandTotalAmount>)\d", rb"\g<1>9", xml)
    assert any("BR-CO-15" in rule for rule in broken_rules(wrong))


def test_letters_that_xml_has_no_place_for_are_left_out() -> None:
    report = document.about(report_types()["invoice"], INVOICE, job_id=JOB_ID, created=CREATED)
    xml = factur_x.invoice(report_types()["invoice"], data=INVOICE | {"note": "a\x0bb\ufffec"}, report=report)
    assert "abc" in [one.text for one in etree.fromstring(xml).iter(f"{{{CII}}}Content")]


def test_the_metadata_of_factur_x_name_the_file_and_the_profile() -> None:
    with Pdf.open(BytesIO(rendered("invoice", edition=FACTUR_X).pdf)) as pdf:
        xmp = etree.fromstring(pdf.Root.Metadata.read_bytes())
        (spec,) = pdf.attachments.values()
        assert spec.obj.AFRelationship == Name.Alternative
        assert spec.get_file().mime_type == "text/xml"
    told = {
        etree.QName(one).localname: one.text
        for one in xmp.iter("{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}*")
    }
    assert told == {
        "DocumentType": "INVOICE",
        "DocumentFileName": "factur-x.xml",
        "Version": "1.0",
        "ConformanceLevel": "EN 16931",
    }


@pytest.mark.parametrize("password", ["correct horse", "päßwörd 密码", "x" * 127])
def test_a_pdf_with_a_password_opens_with_it_alone_and_is_what_it_was(password: str) -> None:
    plain = rendered("invoice").pdf
    locked = rendered("invoice", edition=Edition(password=password))
    assert b"Lumen" not in locked.pdf
    for wrong in ("", password[:-1]):
        with pytest.raises(pikepdf.PasswordError):
            Pdf.open(BytesIO(locked.pdf), password=wrong)
    with Pdf.open(BytesIO(locked.pdf), password=password) as pdf:
        assert (pdf.encryption.R, pdf.encryption.stream_method, pdf.encryption.bits) == (
            6,
            pikepdf.models.EncryptionMethod.aesv3,
            256,
        )
        assert str(pdf.docinfo["/Title"]) == f"Invoice {INVOICE['number']}"
    reader = locked.reader
    assert reader.decrypt(password)
    assert "Lumen Lighting" in reader.pages[0].extract_text()
    assert locked.unlocked_sha256 == hashlib.sha256(plain).hexdigest()


def _changed(content: bytes, change: Callable[[Pdf], None]) -> bytes:
    output = BytesIO()
    with Pdf.open(BytesIO(content)) as pdf:
        change(pdf)
        pdf.save(output)
    return output.getvalue()


def _one(xml: bytes, name: str) -> str:
    (found,) = etree.fromstring(xml).iter(f"{{{CII}}}{name}")
    return str(found.text)


def broken_rules(xml: bytes) -> list[str]:
    """What the invoice breaks of the standard's own rules (Schematron), which the library brings, warnings left out."""
    rules = Path(facturx.__file__).parent / "xsd_and_schematron/facturx-en16931/FACTUR-X_EN16931.xslt"
    with PySaxonProcessor(license=False) as saxon:
        checks = saxon.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(rules))
        told = checks.transform_to_string(xdm_node=saxon.parse_xml(xml_text=xml.decode()))
    failed = etree.fromstring(told.encode()).iter("{http://purl.oclc.org/dsdl/svrl}failed-assert")
    return [" ".join("".join(one.itertext()).split()) for one in failed if one.get("flag") != "warning"]


def test_a_password_is_one_text_however_its_letters_were_typed() -> None:
    apart, together = "re\N{COMBINING ACUTE ACCENT}sume", "r\N{LATIN SMALL LETTER E WITH ACUTE}sume"
    locked = rendered("test", edition=Edition(password=apart))
    with Pdf.open(BytesIO(locked.pdf), password=together) as pdf:
        assert len(pdf.pages) == locked.pages


def test_a_password_covers_the_metadata_too() -> None:
    locked = rendered("test", edition=Edition(variant="pdf/ua-1", password="p"))
    with Pdf.open(BytesIO(locked.pdf), password="p") as pdf:
        assert b"pdfuaid" in pdf.Root.Metadata.read_bytes()
        assert pdf.encryption.P & 0b10_0000_0000  # whoever reads aloud may
    with pytest.raises(pikepdf.PasswordError):
        Pdf.open(BytesIO(locked.pdf))
    told = re.findall(rb"/Type /Metadata.*?stream\r?\n(.*?)endstream", locked.pdf, re.DOTALL)
    assert told
    assert not any(_unpacked(one).startswith(b"<?xpacket") for one in told)


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream
