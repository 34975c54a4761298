"""The words of these tests: a renderer that has one report type more, canaries, and what came of a template.

    lab.attempt(html) ──► renderer ──► child ──► "asset.blocked", or the PDF
    canary            a server and files that nobody must ask for, and a word that no PDF must hold

The renderer is the product's, started from a copy of the package: the report type `attack` there includes whatever
template its payload names, so that a template that would take the renderer down with it is first seen by a child.
"""

import re
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from zlib import crc32

import pikepdf
import pytest
from attack_vectors import table
from pypdf import PdfReader

import report_queue
from report_queue.edition import USUAL, Edition
from report_queue.errors import AttemptFailure, PermanentFailure
from report_queue.render import Renderer, RenderJob
from report_queue.reports import report_types
from stacks import command_line

WORD = "Zk7Qx9"  # in each canary, and in the path of the copy: so it is in the renderer's environment too
HOLES = (WORD, "root:x:0", "<class", "<function", "built-in")
ACTIONS = re.compile(r"/(JS|JavaScript|Launch|SubmitForm|ImportData|GoToR|GoToE|EmbeddedFiles|EmbeddedFile|AcroForm)$")

# The locks that the kernel and the interpreter give, taken off: here the fetcher is to hold alone.
_OPEN = "def leave_network():\n    return False\n\n\ndef seal():\n    pass\n"


@dataclass(frozen=True)
class Ended:
    """What came of an attempt: a PDF, or a reason."""

    pdf: bytes = b""  # or the file, where another format was wished
    reason: str = ""
    message: str = ""
    permanent: bool = False

    @property
    def outcome(self) -> str:
        return self.reason or "made"

    @property
    def told(self) -> str:
        """All that the PDF says or holds: its text, its objects, its streams."""
        text = "".join(page.extract_text() for page in PdfReader(BytesIO(self.pdf)).pages)
        with pikepdf.open(BytesIO(self.pdf)) as pdf:
            objects = [_spelled(thing) for thing in pdf.objects]
        return text + "".join(text.split()) + "".join(objects)

    @property
    def acts(self) -> set[str]:
        """Whatever in the PDF would act, or carry something along."""
        with pikepdf.open(BytesIO(self.pdf)) as pdf:
            names = {name for thing in pdf.objects for name in _names(thing)}
        return {name for name in names if ACTIONS.search(name)}

    @property
    def links(self) -> list[str]:
        pages = PdfReader(BytesIO(self.pdf)).pages
        notes = [note.get_object() for page in pages for note in page.get("/Annots", ())]
        return [str(note["/A"]["/URI"]) for note in notes if "/A" in note]


@dataclass(frozen=True)
class Lab:
    """A renderer, and the folder of its report type `attack`."""

    renderer: Renderer
    folder: Path

    def attempt(
        self, html: str, value: Any = "", *, seconds: float = 30, memory_mb: int = 512, edition: Edition = USUAL
    ) -> Ended:
        """Render the template, which sees `value` as `data.value`."""
        name = f"{crc32(html.encode()):08x}.html"
        (self.folder / name).write_text(html, "utf-8")
        data = {"template": name, "value": value}
        return self.render("attack", data, seconds=seconds, memory_mb=memory_mb, edition=edition)

    def render(
        self,
        report_type: str,
        data: Any,
        *,
        seconds: float = 30,
        memory_mb: int = 512,
        cpu_seconds: int = 60,
        edition: Edition = USUAL,
    ) -> Ended:
        """Render a report of any type."""
        job = RenderJob(
            job_id="0" * 26,
            report_type=report_type,
            data=data,
            created_at=1_800_000_000_000,
            memory_mb=memory_mb,
            cpu_seconds=cpu_seconds,
            edition=edition,
        )
        with tempfile.TemporaryFile() as file:
            try:
                self.renderer.start(job, file).wait(seconds=seconds, progress=lambda _: None)  # type: ignore[arg-type]
            except AttemptFailure as failure:
                return Ended(
                    reason=failure.reason, message=str(failure), permanent=isinstance(failure, PermanentFailure)
                )
            file.seek(0)
            return Ended(pdf=file.read())

    def healthy(self) -> Ended:
        """A report with nothing wrong about it."""
        return self.render("test", report_types()["test"].sample, seconds=60)


@dataclass
class Canary:
    """Files beside the report's folder, and a server that notes who connects."""

    folder: Path
    port: int
    calls: list[bytes] = field(default_factory=list)

    def into(self, text: str) -> str:
        """The text, its marks replaced: %HTTP%, %HOST%, %PORT%, %DIR%."""
        marks = {"HOST": f"127.0.0.1:{self.port}", "PORT": str(self.port), "DIR": str(self.folder)}
        marks["HTTP"] = f"http://{marks['HOST']}"
        for mark, stands_for in marks.items():
            text = text.replace(f"%{mark}%", stands_for)
        return text


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """One warm renderer for all tests."""
    with tempfile.TemporaryDirectory(prefix=WORD) as root:  # a short path: an error that quotes one may cut a long one
        yield from _warm_in(Path(root))


def _warm_in(root: Path) -> Iterator[Lab]:
    package = root / "report_queue"
    shutil.copytree(Path(report_queue.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "render" / "seal.py").write_text(_OPEN, "utf-8")
    folder = package / "reports" / "attack"
    folder.mkdir()
    for name, text in {
        "template.html": "{% include data.template %}",
        "style.css": "",
        "schema.json": '{"title": "Attack", "description": "For these tests", "type": "object"}',
        "sample.json": '{"template": "sample.html", "value": ""}',
        "sample.html": "<p>x</p>",
    }.items():
        (folder / name).write_text(text, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(root), *sys.path])
        renderer = Renderer()
    with renderer:
        started = Lab(renderer, folder)
        # It warms up at the first or after it, and forks nobody meanwhile. From here on a deadline is the child's own.
        assert [started.healthy().outcome for _ in range(3)] == ["made"] * 3
        yield started


@pytest.fixture(scope="session")
def canary(lab: Lab) -> Iterator[Canary]:
    """Its files are at `../../canary/` from the report's folder; its server says what they want to hear."""
    outside = lab.folder.parents[1] / "canary"
    outside.mkdir()
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg"><text id="x" y="9">{WORD}</text></svg>'
    for name, text in {"c.txt": WORD, "c.html": WORD, "c.css": f"p::after {{ content: '{WORD}' }}"}.items():
        (outside / name).write_text(text, "utf-8")
    (outside / "c.svg").write_text(drawing, "utf-8")
    for name in ("link.txt", "link.svg", "link.css"):
        (lab.folder / name).symlink_to(outside / f"c.{name.rpartition('.')[2]}")
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = Canary(outside, server.getsockname()[1])
        threading.Thread(target=_answer, args=(server, found, drawing), daemon=True).start()
        yield found
        server.shutdown(socket.SHUT_RDWR)


def asked_about(request: pytest.FixtureRequest) -> frozenset[str]:
    """The names that the tests of the fixture's own module are called with in this run."""
    tests = (chosen for chosen in request.session.items if chosen.path == request.path and hasattr(chosen, "callspec"))
    return frozenset(chosen.callspec.params["name"] for chosen in tests if "name" in chosen.callspec.params)


def ends_of(lab: Lab, canary: Canary, request: pytest.FixtureRequest, edition: Edition = USUAL) -> dict[str, Ended]:
    """What came of every vector that is asked about in this run, two at a time."""
    rows, asked = table(canary.into), asked_about(request)
    names = [name for name in sorted(rows) if name in asked]
    with ThreadPoolExecutor(2) as pool:
        ended = pool.map(lambda name: lab.attempt(rows[name][0], edition=edition), names)
        return dict(zip(names, ended, strict=True))


def children_of(renderer: int) -> list[int]:
    """Its forks; what its libraries start while it warms up are other programs."""
    found = [int(word) for word in Path(f"/proc/{renderer}/task/{renderer}/children").read_text().split()]
    return [pid for pid in found if "report_queue.render.zygote" in command_line(pid)]


def _answer(server: socket.socket, canary: Canary, drawing: str) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(1)
            try:
                canary.calls.append(connection.recv(1000))
                head = f"HTTP/1.0 200 OK\r\nContent-Type: image/svg+xml\r\nContent-Length: {len(drawing)}\r\n\r\n"
                connection.sendall((head + drawing).encode())
            except OSError:
                canary.calls.append(b"")


def _spelled(thing: Any) -> str:
    """An object as text, with its stream unpacked where that can be done."""
    text = repr(thing)
    if isinstance(thing, pikepdf.Stream):
        try:
            content = thing.read_bytes()
        except pikepdf.PdfError:
            content = thing.read_raw_bytes()
        text += content.decode("latin-1") + content.decode("utf-16-be", "ignore")
    return text


def _names(thing: Any) -> Iterator[str]:
    """The names in an object, as keys or values, without what it only refers to."""
    if isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        for key, value in thing.items():
            yield key
            if not getattr(value, "is_indirect", False):
                yield from _names(value)
    elif isinstance(thing, pikepdf.Array):
        for value in thing:
            if not getattr(value, "is_indirect", False):
                yield from _names(value)
    elif isinstance(thing, pikepdf.Name):
        yield str(thing)
