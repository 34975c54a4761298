"""What is prepared for a renderer's start is used, makes the same reports, and is left alone where it does not fit."""

import io
import json
import os
import pickle
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pydyf  # type: ignore[import-untyped]
import pytest
import weasyprint
from jinja2 import DictLoader, Environment, FileSystemLoader

from report_queue.render import Renderer, RenderJob, compiled, document, parsed, serialised
from report_queue.render.fetch import AssetFetcher
from report_queue.reports import report_types

START = """
import hashlib, io, json, os, sys
from datetime import UTC, datetime
from pathlib import Path
from report_queue.render import compiled, declarations, later, libraries, parsed

compiled.FOLDER = declarations.FOLDER = parsed.FOLDER = Path(sys.argv[1])
"""

PREPARES = (
    START
    + """
from report_queue.render import prepared
prepared.compileall.compile_dir = lambda *_, **__: None
prepared.main()
"""
)

RENDERS = (
    START
    + """
import tinycss2

read = []


def counted(parse):
    return lambda text, *args, **options: read.append(len(text)) or parse(text, *args, **options)


tinycss2.parse_stylesheet = counted(tinycss2.parse_stylesheet)
tinycss2.parse_stylesheet_bytes = counted(tinycss2.parse_stylesheet_bytes)
with libraries.by_soname(), declarations.parsed_before(), parsed.parsed_before(), later.when_called():
    from report_queue.render import document
from jinja2 import Environment
from report_queue.reports import report_types

compiled_now = []
parse = Environment._parse
Environment._parse = lambda self, source, name, file: compiled_now.append(name) or parse(self, source, name, file)
report_type = report_types()[sys.argv[2]]
output = io.BytesIO()
document.write(
    report_type, data=report_type.sample, job_id="x", created=datetime(2026, 1, 1, tzinfo=UTC), output=output,
    progress=lambda _: None,
)
slow = [name for name in ("cffi", "pycparser", "fontTools.subset", "fontTools.varLib", "segno") if name in sys.modules]
print(json.dumps([hashlib.sha256(output.getvalue()).hexdigest(), slow, sorted(set(compiled_now)), len(read)]))
"""
)

CALLS = """
from report_queue.render import later

with later.when_called():
    from fontTools import subset
    from fontTools.varLib.instancer import instantiateVariableFont
import sys
assert not {"fontTools.subset", "fontTools.varLib"} & set(sys.modules), "loaded already"
options = subset.Options(hinting=False)
assert type(options).__module__ == "fontTools.subset" and options.hinting is False
from fontTools.ttLib import TTFont
try:
    instantiateVariableFont(TTFont(), {})
except ValueError as error:
    print('"' + str(error) + '"')
"""

FOREIGN = (
    START
    + """
with declarations.parsed_before():
    import cffi
    ffi = cffi.FFI()
    ffi.cdef("typedef int told;")
    ffi.cdef("typedef struct { told one; told two; } pair;")
print(ffi.sizeof("pair"))
"""
)


def said_by(code: str, *words: str) -> Any:
    command = [sys.executable, "-c", code, *words]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60)
    return json.loads(run.stdout) if run.stdout else None


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    said_by(PREPARES, str(folder))
    return folder


@pytest.mark.parametrize("report_type", ["invoice", "sales"])
def test_a_start_that_finds_all_prepared_parses_nothing_and_makes_the_same_bytes(
    prepared: Path, tmp_path: Path, report_type: str
) -> None:
    digest, *worked_out = said_by(RENDERS, str(prepared), report_type)
    assert worked_out == [[], [], 0]
    plain, slow, compiled_now, sheets = said_by(RENDERS, str(tmp_path), report_type)
    assert plain == digest
    assert "pycparser" in slow
    assert "template.html" in compiled_now
    assert sheets >= 6, "three of WeasyPrint, three of the kit and the report"


def test_declarations_are_for_the_weasyprint_that_is_installed(prepared: Path) -> None:
    assert [file.suffix for file in prepared.glob("declarations-*")] == [".pyc"]


def test_damaged_files_are_as_good_as_none(prepared: Path, tmp_path: Path) -> None:
    for file in prepared.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[:40])
    digest, slow, compiled_now, sheets = said_by(RENDERS, str(tmp_path), "invoice")
    assert digest == said_by(RENDERS, str(prepared), "invoice")[0]
    assert "pycparser" in slow
    assert "template.html" in compiled_now
    assert sheets >= 6


def test_a_sheet_that_changed_or_stands_elsewhere_is_parsed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsed, "FOLDER", tmp_path)
    file, other = tmp_path / "style.css", tmp_path / "other.css"
    for same in (file, other):
        same.write_text("p { color: red }")

    def rules(file: Path) -> list[Any]:
        return list(vars(parsed.sheet(file, AssetFetcher(tmp_path)))["matcher"].lower_local_name_selectors)

    parsed.write(file, weasyprint.CSS(string="q { color: red }"))
    assert [rules(file), rules(other)] == [["q"], ["p"]], "the file's is what was kept, the other's is its own"
    file.write_text("b { color: red }")
    assert rules(file) == ["b"]


def test_a_sheet_that_imports_others_is_parsed_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsed, "FOLDER", tmp_path)
    file = tmp_path / "style.css"
    file.write_text("@import 'other.css'; p { color: red }")
    parsed.write(file, weasyprint.CSS(string="p { color: red }"))
    assert list(tmp_path.glob("sheet-*")) == []


def test_a_prepared_sheet_names_nothing_but_what_sheets_are_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsed, "FOLDER", tmp_path)
    file = tmp_path / "style.css"
    file.write_text("p { color: red }")
    parsed.write(file, weasyprint.CSS(string="q { color: red }"))
    (kept,) = tmp_path.glob("sheet-*")
    kept.write_bytes(pickle.dumps({"sheet": os.system}))
    assert "p" in vars(parsed.sheet(file, AssetFetcher(tmp_path)))["matcher"].lower_local_name_selectors


def test_declarations_that_nobody_prepared_are_parsed(prepared: Path) -> None:
    assert said_by(FOREIGN, str(prepared)) == 8


def test_a_rare_module_is_loaded_by_the_first_call_of_something_of_it() -> None:
    assert "fvar" in said_by(CALLS)


def test_a_template_that_changed_is_compiled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "FOLDER", tmp_path)
    (tmp_path / "one.html").write_text("before")

    def said(*, keep: bool) -> str:
        env = Environment(loader=FileSystemLoader(tmp_path), bytecode_cache=compiled.Compiled(keep=keep))
        return env.get_template("one.html").render()

    assert [said(keep=True), len(list(tmp_path.glob("*.jinja")))] == ["before", 1]
    (tmp_path / "one.html").write_text("after")
    assert said(keep=False) == "after"


def test_a_renderer_writes_no_compiled_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "FOLDER", tmp_path)
    env = Environment(loader=DictLoader({"one": "text"}), bytecode_cache=compiled.Compiled())
    assert env.get_template("one").render() == "text"
    assert list(tmp_path.iterdir()) == []


def pdf_of(content: bytes, *, once: bool) -> bytes:
    pdf = pydyf.PDF()
    stream = pydyf.Stream([content], {"Kind": pydyf.String("a stream")}, compress=True)
    plain = pydyf.Stream([content])
    for one in (stream, plain):
        pdf.add_object(one)
    page = {"Type": "/Page", "Parent": pdf.pages.reference, "MediaBox": pydyf.Array([0, 0, 10, 10])}
    pdf.add_page(pydyf.Dictionary({**page, "Resources": pydyf.Dictionary(), "Contents": stream.reference}))
    pdf.info["Title"] = pydyf.String("Title")
    if once:
        serialised.once(pdf)
    output = io.BytesIO()
    pdf.write(output, version=b"1.7", identifier=b"id", compress=True)
    return output.getvalue()


@pytest.mark.parametrize("content", [b"", b"0 0 10 10 re f\n" * 500, b"a\nstream\nin a stream\nendstream\n"])
def test_objects_serialised_once_are_the_objects_that_pydyf_writes(content: bytes) -> None:
    def read(written: bytes) -> list[Any]:
        with pikepdf.open(io.BytesIO(written)) as pdf:
            assert pdf.check_pdf_syntax() == []
            streams = [one.read_bytes() for one in pdf.objects if isinstance(one, pikepdf.Stream) and "/Kind" in one]
            return [len(pdf.objects), len(pdf.pages), pdf.pages[0].Contents.read_bytes(), str(pdf.docinfo), streams]

    assert read(pdf_of(content, once=True)) == read(pdf_of(content, once=False))


def test_no_stream_of_a_report_is_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    contents: list[Any] = []
    data = pydyf.Stream.data

    def made(stream: Any) -> Any:
        contents.append(stream.stream)
        return data.fget(stream)

    monkeypatch.setattr(pydyf.Stream, "data", property(made))
    kind, created = report_types()["test"], datetime(2026, 1, 1, tzinfo=UTC)
    document.write(kind, data=kind.sample, job_id="x", created=created, output=io.BytesIO(), progress=lambda _: None)
    assert len(contents) > 5
    # One is: the stream of small objects, which pydyf adds while it writes.
    assert len({id(content) for content in contents}) >= len(contents) - 1


def test_a_renderer_for_one_report_makes_the_same() -> None:
    job = RenderJob("one", "test", report_types()["test"].sample, 0, memory_mb=1_500, cpu_seconds=60)
    hashes = set()
    for once in (True, False):
        with Renderer(once=once) as renderer, tempfile.TemporaryFile() as output:
            hashes.add(renderer.start(job, output).wait(seconds=60, progress=lambda _: None).sha256)
    assert len(hashes) == 1
