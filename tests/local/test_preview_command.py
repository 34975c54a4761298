"""The preview, as a person who writes a report type uses it: from the command line, on a copy of the package."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers/report_queue/python/report_queue"


class Author:
    """Somebody at work on a copy of the report types, with a terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        package = shutil.copytree(PACKAGE, folder / "python/report_queue", ignore=shutil.ignore_patterns("__pycache__"))
        self.types = package / "reports"
        self.out = folder / "out"
        self._running: list[subprocess.Popen[str]] = []
        # Nothing but what a fresh shell has: no broker, no store, no credentials.
        self._environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "REPORT_QUEUE"))
        } | {"PYTHONPATH": str(folder / "python"), "PYTHONDONTWRITEBYTECODE": "1"}

    def preview(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cdk_app.local", "preview", *words, "--out", str(self.out)]
        environ = self._environ | environ
        return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120)

    def watch(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "cdk_app.local", "preview", *words, "--watch", "--out", str(self.out)]
        run = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self._environ | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_as_in_a_terminal,
        )
        self._running.append(run)
        patience = threading.Timer(120, self.close)  # a test that hears nothing ends, and says what it did hear
        patience.daemon = True
        patience.start()
        return run

    def edit(self, name: str, old: str, new: str) -> None:
        """As an editor saves: a new file in the old one's place."""
        file = self.types / name
        text = file.read_text("utf-8")
        assert old in text
        fresh = file.with_suffix(".new")
        fresh.write_text(text.replace(old, new, 1), "utf-8")
        fresh.replace(file)

    def close(self) -> None:
        for run in self._running:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
            run.wait()


def _as_in_a_terminal() -> None:
    """Ctrl-C counts, also where the tests run in the background, for which shells have it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def author(tmp_path: Path) -> Iterator[Author]:
    author = Author(tmp_path)
    yield author
    author.close()


def heard(run: subprocess.Popen[str], words: str) -> str:
    """What is printed up to the line that holds `words`."""
    lines = []
    assert run.stdout
    for line in iter(run.stdout.readline, ""):
        lines.append(line)
        if words in line:
            return "".join(lines)
    raise AssertionError(f"{words!r} was not said, but: {''.join(lines)}")


def text_of(pdf: Path) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(pdf).pages).split())


def test_a_types_sample_becomes_a_pdf_and_a_picture_of_each_page(author: Author) -> None:
    run = author.preview("sales")
    assert (run.returncode, run.stderr) == (0, "")
    pages = len(PdfReader(author.out / "sales.pdf").pages)
    assert f"sales.pdf  {pages} pages, " in run.stdout
    pictures = sorted(author.out.glob("*.png"))
    assert len(pictures) == pages
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert all(str(picture) in run.stdout for picture in pictures)


def test_ones_own_data_are_rendered_and_pictures_of_pages_that_are_no_more_are_gone(author: Author) -> None:
    author.preview("sales")
    sample = json.loads((author.types / "sales/sample.json").read_text("utf-8"))
    data = author.folder / "mine.json"
    data.write_text(json.dumps(sample | {"title": "My own", "rows": sample["rows"][:1]}), "utf-8")
    assert author.preview("sales", "--data", str(data)).returncode == 0
    assert "My own" in text_of(author.out / "sales.pdf")
    assert len(list(author.out.glob("*.png"))) == len(PdfReader(author.out / "sales.pdf").pages)


def test_everything_that_does_not_fit_the_schema_is_listed_with_its_place(author: Author) -> None:
    data = author.folder / "mine.json"
    data.write_text('{"title": 7, "colour": "red"}', "utf-8")
    run = author.preview("test", "--data", str(data))
    assert run.returncode == 1
    for line in ("/title  is not of type", "/message  is missing", "/colour  is not known here"):
        assert line in run.stderr
    assert not author.out.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("salse",), "there is no report type salse: take one of inventory, invoice, performance, sales, test"),
        ((), "name one of inventory, invoice, performance, sales, test"),
        (("test", "--data", "nowhere.json"), "there is no file nowhere.json"),
        (("test", "--rows", "nowhere.csv"), "nowhere.csv is no file of rows"),
        (("test", "--rows", "README.md"), "README.md is no file of rows: name one that ends in jsonl, ndjson, csv"),
    ],
)
def test_what_does_not_exist_is_told_with_what_does(author: Author, words: tuple[str, ...], said: str) -> None:
    run = author.preview(*words)
    assert run.returncode == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_rows_of_a_file_stand_for_those_of_the_data(author: Author) -> None:
    rows = author.folder / "rows.csv"
    rows.write_text("label,value\nThe only one,1\n")
    assert author.preview("test", "--rows", str(rows)).returncode == 0
    text = "".join(page.extract_text() for page in PdfReader(author.out / "test.pdf").pages)
    assert "The only one" in text
    assert "Alpha" not in text
    rows.write_text("label,value\nThe only one,\n")
    run = author.preview("test", "--rows", str(rows))
    assert run.returncode == 1
    assert "line 2 of the rows: /value is missing" in run.stderr


def test_data_that_are_no_json_are_told_with_line_and_column(author: Author) -> None:
    data = author.folder / "mine.json"
    data.write_text('{"title":\n}', "utf-8")
    run = author.preview("test", "--data", str(data))
    assert run.returncode == 1
    assert f"{data}: The body is not JSON" in run.stderr
    assert "line 2, column 1" in run.stderr


def test_a_template_error_is_shown_with_two_lines_on_each_side(author: Author) -> None:
    author.edit("test/template.html", "{{ row.value|number }}", "{{ row.valeu|number }}")
    lines = (author.types / "test/template.html").read_text("utf-8").splitlines()
    at = next(number for number, line in enumerate(lines, start=1) if "valeu" in line)
    run = author.preview("test")
    assert run.returncode == 1
    assert f"test: template.html, line {at}: " in run.stderr
    assert "data.rows[0].valeu is missing" in run.stderr
    shown = [line for line in run.stderr.splitlines() if " | " in line]
    assert shown == [
        f"{'>' if number == at else ' '} {number:>4} | {lines[number - 1]}" for number in range(at - 2, at + 3)
    ]


def test_a_report_type_that_is_broken_is_no_harm_to_another(author: Author) -> None:
    author.edit("sales/template.html", "{% endblock %}", "{% endblok %}")
    author.edit("test/template.html", "{% endblock %}", "{% endblok %}")
    assert "unknown tag" in author.preview("sales").stderr
    run = author.preview("invoice")
    assert (run.returncode, run.stderr) == (0, "")


def test_without_poppler_the_pdf_is_there_and_the_command_is_told(author: Author) -> None:
    run = author.preview("test", PATH=str(author.folder))
    assert run.returncode == 0
    assert "sudo apt-get install -y --no-install-recommends poppler-utils" in run.stdout
    assert (author.out / "test.pdf").exists()
    assert not list(author.out.glob("*.png"))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("test/template.html", "{{ data.message", "Look here {{ data.message"),
        ("_kit/base.html", "<main>", "<main><p>Look here</p>"),
        ("test/sample.json", '"message": "', '"message": "Look here '),
    ],
)
def test_a_change_of_template_kit_or_sample_is_seen_in_the_next_picture(
    author: Author, name: str, old: str, new: str
) -> None:
    run = author.watch("test")
    heard(run, "watching")
    assert "Look here" not in text_of(author.out / "test.pdf")
    author.edit(name, old, new)
    heard(run, "test.pdf")
    assert "Look here" in text_of(author.out / "test.pdf")


def test_watching_outlives_an_error_and_ends_with_the_first_ctrl_c(author: Author) -> None:
    data = author.folder / "mine" / "data.json"
    data.parent.mkdir()
    data.write_text((author.types / "test/sample.json").read_text("utf-8"), "utf-8")
    run = author.watch("test", "--data", str(data))
    heard(run, "watching")
    author.edit("test/template.html", "{{ data.message", "{{ data.massage")
    assert "error: test: template.html, line " in heard(run, "data.massage is missing")
    author.edit("test/template.html", "{{ data.massage", "{{ data.message")
    heard(run, "test.pdf")
    data.write_text("{", "utf-8")
    heard(run, "is not JSON")
    data.write_text((author.types / "test/sample.json").read_text("utf-8").replace("Specimen", "Spectacle"), "utf-8")
    heard(run, "test.pdf")
    assert "Spectacle" in text_of(author.out / "test.pdf")
    os.killpg(run.pid, signal.SIGINT)  # to all of its group, as a terminal does
    rest, _ = run.communicate(timeout=60)
    assert run.returncode == 0
    assert "Traceback" not in rest
