"""The `report-queue` command: exit codes, what it shows and what it never shows, and a file as payloads."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from scripted import Says, scripted

from report_queue.client.command import sheet
from report_queue.client.command.main import main
from report_queue.client.command.where import Usage, found

KEY = "rq_0123abcd_" + "s" * 32
ID = "pe582di23vfh05nbsu1a59cjjc"
JOB = {"id": ID, "name": "test", "status": "completed", "progress": 100, "reason": None, "failedReason": None}
FAILED = JOB | {"status": "failed", "reason": "template.error", "failedReason": "no such \x1b[2Jname\u202e"}
TYPES = [
    {"name": "test", "title": "Test", "description": "A test", "sample": {"title": "x"}, "schema": {
        "properties": {"title": {"type": "string"}, "count": {"$ref": "#/$defs/number"}, "on": {"type": "boolean"},
                       "tags": {"type": "array", "items": {"type": "string"}},
                       "rows": {"type": "array", "items": {"properties": {"value": {"type": "number"}}}}},
        "$defs": {"number": {"type": "integer"}}}}]  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command against scripted answers in an empty folder; gives its exit code, stdout, stderr and server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("time.sleep", lambda _: None)
    (tmp_path / "data.json").write_text('{"title": "x"}')

    def command(*words: str, says: list[Says | str]) -> Any:
        with scripted(*says) as server:
            monkeypatch.setenv("REPORT_QUEUE_URL", server.url)
            monkeypatch.setenv("REPORT_QUEUE_KEY", KEY)
            code = main([*words])
            said = capsys.readouterr()
            assert KEY not in said.out + said.err
            return code, said.out, said.err, server

    return command


ACCEPTED = Says(202, {"data": {"jobId": ID}})


@pytest.mark.parametrize(
    ("says", "code", "out", "err"),
    [
        ([ACCEPTED, Says(200, JOB)], 0, f"{ID}  completed\n", ""),
        ([ACCEPTED, Says(200, FAILED)], 1, f"{ID}  failed\n",
         f"job {ID} is failed: template.error: no such \ufffd[2Jname\ufffd\n"),
        ([Says(422, {"detail": "wrong", "requestId": "r", "errors": [{"pointer": "/data/a", "detail": "is missing"}]})],
         3, "", "error: 422: wrong\n  /data/a: is missing\n  request id r\n"),
        ([Says(403, {"message": "Forbidden"})], 3, "", "error: 403: Forbidden\n"),
        ([Says(503, {"detail": "The queue is away"}, {"retry-after": "99"})], 4, "", "error: 503: The queue is away\n"),
        ([ACCEPTED, Says(200, b"<html>")], 4, "", f"job {ID} goes on: report-queue tail {ID}\n"
         "error: the address answered 200 without JSON: is it the API's?\n"),
    ],
)  # fmt: skip
def test_the_exit_code_says_how_it_went(says: list[Says], code: int, out: str, err: str, run: Any) -> None:
    assert run("submit", "test", "data.json", "--wait", says=says)[:3] == (code, out, err)


def test_what_makes_no_sense_is_told_before_anything_is_asked(run: Any, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    for words, told in (
        (("submit", "test", "nothing.json"), "nothing.json cannot be read: No such file"),
        (("submit", "test", "broken.json"), "broken.json is not JSON"),
        (("show", "../stats"), "an id has digits and letters only"),
        (("stats", "--key-file", "nothing"), "nothing cannot be read"),
    ):
        code, out, err, server = run(*words, says=[ACCEPTED])
        assert (code, out, server.asked) == (2, "", [])
        assert told in err
    for words in (
        ("submit",),
        ("list", "--state", "gone"),
        ("list", "--limit", "0"),
        ("submit", "a", "-", "--option", "x"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(words)


def test_a_preview_is_saved_as_the_file_or_in_the_folder_that_was_named(run: Any, tmp_path: Path) -> None:
    sheet = Says(200, b"a,b\r\n", {"content-disposition": "inline"})
    asked = ("preview", "test", "data.json", "--option", "format=csv", "-o")
    assert run(*asked, "out.csv", says=[sheet])[:3] == (0, "out.csv\n", "")
    assert run(*asked, ".", says=[sheet])[:3] == (0, "test-preview.csv\n", "")
    assert [(tmp_path / name).read_bytes() for name in ("out.csv", "test-preview.csv")] == [b"a,b\r\n"] * 2
    refused = Says(422, {"detail": "sales: template.html, line 58: no"})
    assert run(*asked, "none.csv", says=[refused])[0] == 3
    assert not (tmp_path / "none.csv").exists()


def test_json_is_for_programs_also_where_it_is_refused(run: Any) -> None:
    code, out, err, _ = run("submit", "test", "data.json", "--json", "--option", "locale=de", says=[ACCEPTED])
    assert (code, json.loads(out), err) == (0, {"id": ID, "replayed": False, "duplicate": False}, "")
    code, out, _, _ = run("show", ID, "--json", says=[Says(200, FAILED)])
    assert (code, json.loads(out)) == (0, FAILED)
    assert "\x1b" not in out
    code, out, err, _ = run("show", ID, "--json", says=[Says(404, {"type": "urn:x", "detail": "none"})])
    assert (code, out) == (3, "")
    assert json.loads(err)["status"] == 404


def test_a_refusal_of_a_batch_names_the_lines_of_the_file(run: Any, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text('title,count\n"two\nlines",1\nb,x\n')
    wrong = [{"pointer": "/reports/1/data/count", "detail": "is not of type"}, {"pointer": "/name", "detail": "no"}]
    code, _, err, server = run(
        "batch", "data.csv", "--type", "test", says=[Says(200, TYPES), Says(422, {"detail": "d", "errors": wrong})]
    )
    assert code == 3
    assert "  data.csv, line 4: /count: is not of type\n  /name: no\n" in err
    reports = json.loads(server.asked[1].body)["reports"]
    assert reports[0] == {"reportType": "test", "data": {"title": "two\nlines", "count": 1}}


def test_a_row_is_a_payload_of_the_types_that_the_schema_says(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text(
        '\ufefftitle,count,on,tags,rows.0.value,rows.1.value,other.deep\n7,8,TRUE,"[""a""]",1.50,,z\nx,eight,,,,,\n'
    )
    base = {"title": "base", "count": 1, "other": {"kept": True}}
    first, second = sheet.rows(file, TYPES[0]["schema"], base=base)
    assert first.data == {"title": "7", "count": 8, "other": {"kept": True, "deep": "z"}, "on": True, "tags": ["a"],
                          "rows": [{"value": 1.5}]}  # fmt: skip
    assert second.data == {"title": "x", "count": "eight", "other": {"kept": True}}
    (tmp_path / "data.jsonl").write_text('{"title": "a"}\n\n{"title": "b"}\n')
    assert [(row.data, row.place) for row in sheet.rows(tmp_path / "data.jsonl", {})] == [
        ({"title": "a"}, "data.jsonl, line 1"),
        ({"title": "b"}, "data.jsonl, line 3"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no rows"),
        ("a,b\n", "has no rows"),
        ("a,a\n1,2\n", "a name of its own"),
        ("a,\n1,2\n", "a name of its own"),
        ("a,b\n1\n", "line 2: 1 cells, and the first line names 2"),
        ('a,b\n"1,2\n', "no CSV"),
        ("a.1\nx\n", "counted from 0"),
        ("a,a.b\nx,y\n", "leads into what is no object"),
    ],
)
def test_a_file_that_is_none_is_told_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(text)
    with pytest.raises(Usage, match=says):
        sheet.rows(tmp_path / "data.csv", {})


def test_the_local_stacks_key_goes_to_the_local_stack_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REPORT_QUEUE_URL", raising=False)
    monkeypatch.delenv("REPORT_QUEUE_KEY", raising=False)
    with pytest.raises(Usage, match="which report queue"):
        found(None, None, tmp_path)
    (tmp_path / "stack.json").write_text('{"url": "http://127.0.0.1:1"}')
    (tmp_path / "key").write_text("local\n")
    assert found(None, None, tmp_path) == ("http://127.0.0.1:1", "local")
    assert found("http://127.0.0.1:1/", None, tmp_path)[1] == "local"
    with pytest.raises(Usage, match="with which key"):
        found("https://elsewhere.example", None, tmp_path)
    monkeypatch.setenv("REPORT_QUEUE_URL", "https://mine.example")
    with pytest.raises(Usage, match="with which key"):
        found(None, None, tmp_path)
    monkeypatch.setenv("REPORT_QUEUE_KEY", "mine")
    assert found(None, None, tmp_path) == ("https://mine.example", "mine")
    (tmp_path / "other").write_text(" other \n")
    assert found(None, tmp_path / "other", tmp_path)[1] == "other"


def _as_in_a_terminal() -> None:
    """Ctrl-C counts, also where the tests run in the background, for which shells have it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_on_a_terminal_a_bar_shows_how_far_it_is_and_ctrl_c_leaves_the_job_and_says_its_id(tmp_path: Path) -> None:
    active = JOB | {"status": "active", "progress": 40}
    (tmp_path / "data.json").write_text("{}")
    with scripted(ACCEPTED, Says(200, active)) as server:
        outer, inner = pty.openpty()
        words = (sys.executable, "-m", "report_queue.client.command.main", "submit", "test", "data.json", "--wait")
        environment = os.environ | {"REPORT_QUEUE_URL": server.url, "REPORT_QUEUE_KEY": KEY, "TERM": "xterm"}
        running = subprocess.Popen(
            words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=inner, preexec_fn=_as_in_a_terminal
        )
        os.close(inner)
        shown = ""
        while not re.search(r"40%.*active", shown):
            shown += os.read(outer, 4096).decode()
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 130
        while "goes on" not in shown:
            shown += os.read(outer, 4096).decode()
        os.close(outer)
        assert running.stdout
        assert running.stdout.read() == b""
        running.stdout.close()
    assert f"job {ID} goes on: report-queue tail {ID}" in shown
    assert KEY not in shown
    assert [request.path for request in server.asked if request.method == "POST"] == ["/api/v1/reports/generate"]
