"""The shortcuts through WeasyPrint lead where its own ways lead, and are taken with the versions that they know."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
import weasyprint
from tinyhtml5 import inputstream

from report_queue.render import shortcuts
from report_queue.render.table import lane

# Whatever the shortcuts have a case for, and what they must leave to WeasyPrint.
ODD = """
<html lang="de"><style>
  @page { size: 120mm 160mm; margin: 5% 8mm; @top-center { content: "page " counter(page); width: 40% } }
  body { font: 11px/1.4 sans-serif; text-indent: calc(2% + 1px); --far: 3px }
  .start { margin-inline-start: 7px; padding-block-end: 4px; border-inline-end: 2px solid teal; inline-size: 60% }
  .box { box-sizing: border-box; width: calc(50% - 4px); min-width: 10%; max-height: 90px; padding: var(--far) 2em }
  .named { page: other; float: right; color: inherit; width: inherit } @page other { margin: 2cm }
  .decorated { text-decoration: underline overline line-through; letter-spacing: 1px; word-spacing: 2px }
  .decorated b { text-decoration: underline; font-feature-settings: "smcp", "tnum" 1; font-kerning: none }
  .variants { font-variant: small-caps tabular-nums no-common-ligatures; font-stretch: condensed; font-style: italic }
  .flex { display: flex; gap: 3px } .flex > * { flex: 1; min-width: auto; min-height: auto }
  .override { font-language-override: "TRK"; hyphens: auto; width: 40px }
  p::before { content: "§ " ; position: relative; left: 2px } p:nth-child(2n)::after { content: " ¶"; float: right }
  td { border: 1px solid; width: 20% } table { border-collapse: collapse; width: 100% }
</style><body><p class="start">Anfang office fjord</p><p class="start" dir="rtl">אבג start</p>
<p class="box">Kasten<p class="named">anders<p class="decorated">unter <b>streichen AVATAR</b>
<p class="variants">Office 0123 <i lang="en">office</i> <i lang="tr">fi</i><div class="flex"><p>eins<p>zwei</div>
<p class="override">Donaudampfschifffahrt<pre>a&#9;b\n\nc</pre>
<table><tr><td>1 &amp; 2<td>3&lt;4<tr><td colspan=2>5</table>
<div style="font-family: DejaVu Serif"><div lang="en">fi</div><div lang="tr">fi</div></div>
<svg width="90" height="30"><text x="3" y="12" dx="1 2">ab</text></svg></body></html>
"""

HASHES = """
import hashlib, json, sys
from datetime import UTC, datetime
from io import BytesIO
from report_queue.render import shortcuts
if sys.argv[1] == "unknown":
    shortcuts.WRITTEN_FOR["weasyprint"] = "69.9"
from report_queue.render import document
from report_queue.reports import report_types
import weasyprint

taken = weasyprint.text.line_break.Layout.setup.__module__ != "weasyprint.text.line_break"
if not taken:
    from report_queue.render.shortcuts import letters
    letters.take()  # the one that does draw something else
created, hashes = datetime(2026, 1, 5, tzinfo=UTC), {}
for name, report_type in report_types().items():
    output = BytesIO()
    document.write(
        report_type, data=report_type.sample, job_id="same", created=created, output=output, progress=lambda _: None
    )
    hashes[name] = hashlib.sha256(output.getvalue()).hexdigest()
odd = weasyprint.HTML(string=sys.stdin.read()).write_pdf(pdf_identifier=b"odd", pdf_tags=True)
print(json.dumps({"taken": taken, "odd": hashlib.sha256(odd).hexdigest(), **hashes}))
"""


@pytest.fixture(scope="module", autouse=True)
def _taken() -> None:
    shortcuts.take()


def test_every_report_has_the_bytes_that_it_has_without_them() -> None:
    known, unknown = (_hashes(versions) for versions in ("known", "unknown"))
    assert (known.pop("taken"), unknown.pop("taken")) == (True, False)
    assert known == unknown


def test_the_installed_versions_are_those_that_they_were_written_for() -> None:
    assert shortcuts.take(), "see whether each still gives the same, then name the new version"


def test_a_set_of_characters_is_compiled_once() -> None:
    html = "<p class=a title='b &amp; c'>text <b>bold</b></p>"
    weasyprint.HTML(string=html)
    known = dict(inputstream.characters_until_regex)
    weasyprint.HTML(string=html)
    assert inputstream.characters_until_regex == known
    assert not any(isinstance(characters, re.Pattern) for characters, _ in known), "kept where nobody looks"


def test_a_text_of_a_chart_is_drawn_in_one_piece() -> None:
    assert _pieces('<text x="3" y="12">Nordics 12%</text>') == 1
    assert _pieces('<text x="30" y="12" text-anchor="middle">Nordics 12%</text>') == 1


def test_letters_that_have_places_of_their_own_stand_in_them() -> None:
    for moved in ('dx="0 1"', 'letter-spacing="2"', 'rotate="9"', 'textLength="50"'):
        assert _pieces(f'<text x="3" y="12" {moved}>abc</text>') == 3
    assert _pieces('<text x="3 9 14" y="12">abc</text>') == 3
    assert _pieces('<text x="3,9,14" y="12">abc</text>') == 3


@pytest.mark.parametrize(
    ("text", "whole"),
    [("बिक्री", True), ("Ünïté 12", True), ("مبيعات", False), ("ab אב", False), ("a\u202ebc", False)],
)
def test_only_what_runs_from_left_to_right_is_drawn_in_one_piece(text: str, whole: bool) -> None:
    assert (_pieces(f'<text x="3" y="12">{text}</text>') == 1) is whole


def test_a_table_is_measured_among_empty_charts_and_whatever_stands_around_them() -> None:
    chart, empty = '<svg width="9"><text>a</text>\n</svg>', '<svg width="9"></svg>'
    assert lane.without_pictures(f"<p>{chart}<b>b</b>{chart}</p>") == f"<p>{empty}<b>b</b>{empty}</p>"
    for other in ("<svg/><b>b</b></svg>", "<svg><b>b</b>", "a < svg > b </svg>", "<svgs>b</svgs>"):
        assert lane.without_pictures(other) == other
    inner = "<svg>a<svg>b</svg>c</svg>"
    assert lane.without_pictures(inner) == "<svg>a<svg></svg>c</svg>"


def _hashes(versions: str) -> dict[str, Any]:
    command = [sys.executable, "-c", HASHES, versions]
    run = subprocess.run(command, input=ODD, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def _pieces(text: str) -> int:
    """How often the place of a text is set in a PDF of that text only."""
    page = f'<svg width="90" height="30" font-family="sans-serif" font-size="8">{text}</svg>'
    pdf: bytes = weasyprint.HTML(string=page).write_pdf(uncompressed_pdf=True)
    return pdf.count(b" Tm\n")
