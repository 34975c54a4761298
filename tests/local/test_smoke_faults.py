"""What the smoke test says of a deployment that is broken: which step, and in words that give nothing away."""

import json
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cdk_app.smoke import smoke

KEY = "rq_theonekey_secret"
PDF = b"%PDF-1.7\nof no matter\n%%EOF\n"
Answer = tuple[int, dict[str, str], bytes]


class Deployment:
    """An API that does all that the smoke test asks for, but for what a test has changed."""

    def __init__(self) -> None:
        self.faults: dict[str, Answer] = {}  # by path, with a key
        self.open_to: set[str | None] = set()  # what gets in instead of the key
        self.at_the_link: list[str | None] = []  # keys that reached the store
        self.url = ""

    def answer(self, method: str, path: str, key: str | None) -> Answer:
        if path == "/health":
            return self.faults.get(path) or _json(200, {"status": "ok"})
        if path == "/store/report.pdf":
            self.at_the_link.append(key)
            return self.faults.get(path) or (200, {}, PDF)
        if key not in self.open_to and key != f"Bearer {KEY}":
            return _json(403 if key else 401, {"message": "Forbidden"})
        usual = {
            "/api/stats": _json(200, {}),
            "/api/v1/reports/generate": _json(202, {"data": {"jobId": "job"}}),
            "/api/jobs/job": _json(200, {"status": "completed", "result": {"sha256": sha256(PDF).hexdigest()}}),
            "/api/v1/reports/job/download": (302, {"location": f"{self.url}/store/report.pdf?X-Amz-Signature=s"}, b""),
        }
        return self.faults.get(path) or usual[path]


def _json(status: int, body: Any) -> Answer:
    return status, {"content-type": "application/json"}, json.dumps(body).encode()


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    there = Deployment()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            path = self.path.partition("?")[0]
            status, headers, body = there.answer(self.command, path, self.headers.get("authorization"))
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    # The store is elsewhere than the API, as in AWS.
    there.url = f"http://localhost:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield there
    server.shutdown()
    server.server_close()


@pytest.fixture
def told(deployment: Deployment) -> Callable[[], list[str]]:
    """Runs the smoke test; what it said, line by line, the last being the step that went wrong, if one did."""

    def run() -> list[str]:
        lines: list[str] = []
        well = smoke(deployment.url.replace("localhost", "127.0.0.1"), KEY, patience_s=0.4, say=lines.append)
        assert well == (" ok " in lines[-1])
        assert not any(secret in line for line in lines for secret in (KEY, "X-Amz", "/store/"))
        return lines

    return run


def test_all_is_well_and_the_key_does_not_go_to_where_the_link_leads(
    deployment: Deployment, told: Callable[[], list[str]]
) -> None:
    assert len(told()) == 5
    assert deployment.at_the_link == [None]


@pytest.mark.parametrize(
    ("path", "answer", "step", "words"),
    [
        ("/health", _json(200, {"status": "degraded"}), "health", "health says degraded"),
        ("/health", _json(503, {"status": "down"}), "health", "not within 0.4 s: answered 503"),
        ("/health", (200, {}, b"<html>"), "health", "no answer that can be read"),
        ("/api/v1/reports/generate", _json(500, {}), "submitted", "answered 500"),
        (
            "/api/v1/reports/generate",
            (422, {"content-type": "application/problem+json"}, b'{"title": "Not valid", "detail": "a secret"}'),
            "submitted",
            "answered 422 (Not valid)",
        ),
        ("/api/jobs/job", _json(200, {"status": "failed", "error": "x"}), "completed", "the job ended as failed"),
        ("/api/jobs/job", _json(200, {"status": "waiting"}), "completed", "answered 200, the job is waiting"),
        ("/api/jobs/job", _json(404, {}), "completed", "s  answered 404"),
        ("/api/v1/reports/job/download", (200, {}, PDF), "downloaded", "was no redirect to a link"),
        ("/store/report.pdf", (403, {}, b"<Error/>"), "downloaded", "answered 403"),
        ("/store/report.pdf", (200, {}, b"<html>"), "downloaded", "is no whole PDF"),
        ("/store/report.pdf", (200, {}, PDF[:-8]), "downloaded", "is no whole PDF"),
        (
            "/store/report.pdf",
            (200, {}, PDF.replace(b"no", b"some")),
            "downloaded",
            "is not the one that was published",
        ),
    ],
)
def test_a_fault_is_told_at_its_step(
    deployment: Deployment, told: Callable[[], list[str]], path: str, answer: Answer, step: str, words: str
) -> None:
    deployment.faults[path] = answer
    last = told()[-1]
    assert last.split()[:2] == [step, "WRONG"]
    assert words in last


@pytest.mark.parametrize("key", [None, "Bearer rq_nobody00_nothing"])
def test_an_api_that_lets_others_in_is_no_good_one(
    deployment: Deployment, told: Callable[[], list[str]], key: str | None
) -> None:
    deployment.open_to.add(key)
    assert told()[-1].split()[:2] == ["refused", "WRONG"]
