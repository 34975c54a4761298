"""The page's files over HTTP: those that are there, with what a browser needs to keep them safe."""

from pathlib import Path

import pytest
from gateway import Api

from functions.dashboard.handler import PAGE
from report_queue.page import files
from report_queue.wiring import wiring

pytestmark = pytest.mark.usefixtures("environment")

FILES = sorted(path.name for path in PAGE.iterdir() if path.is_file())


def test_the_page_is_there_without_a_key() -> None:
    answer = Api(scopes="").get("/")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.content == (PAGE / "index.html").read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_served_as_it_is(name: str) -> None:
    answer = Api(scopes="").get(f"/page/{name}", headers={"accept-encoding": "gzip"})
    assert answer.status == 200
    assert answer.content == (PAGE / name).read_bytes()
    kinds = {"css": "text/css", "html": "text/html", "js": "text/javascript", "svg": "image/svg+xml"}
    assert answer.headers["content-type"].startswith(kinds[name.rpartition(".")[2]])
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_file_that_the_browser_has_is_not_sent_again() -> None:
    etag = Api().get("/page/app.js").headers["etag"]
    again = Api().get("/page/app.js", headers={"if-none-match": f'"other", W/{etag}'})
    assert (again.status, again.content, again.headers["etag"]) == (304, b"", etag)
    assert Api().get("/page/app.js", headers={"if-none-match": '"other"'}).status == 200


def test_nothing_may_come_from_elsewhere_and_nobody_may_frame_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000")
    wiring.cache_clear()
    policy = Api().get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-src 'self' http://127.0.0.1:9000 blob:;" in policy
    assert "frame-ancestors 'none'" in policy
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    wiring.cache_clear()
    own = "frame-src 'self' https://reports.s3.eu-central-1.amazonaws.com blob:;"  # this bucket, and nobody else's
    assert own in Api().get("/").headers["content-security-policy"]


@pytest.mark.parametrize(
    "name",
    ["nope.js", "..", "../handler.py", "..%2fhandler.py", "%2e%2e%2fhandler.py", "..\\handler.py", ".", "handler.py",
     "/etc/passwd", "index.html/", "INDEX.HTML", "index.html\x00", ".hidden.js"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(name: str) -> None:
    assert Api().get(f"/page/{name}").status == 404


def test_only_files_that_a_page_is_made_of_are_given_out(tmp_path: Path) -> None:
    for name in ("index.html", "app.js", "handler.py", "keys.env", ".hidden.js", "README"):
        (tmp_path / name).write_text("x")
    (tmp_path / "inner.js").mkdir()
    assert set(files(tmp_path)) == {"index.html", "app.js"}
