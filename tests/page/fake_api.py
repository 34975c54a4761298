"""An API made up for the page's tests: it serves the real page under the real policy, and answers what a test tells it.

It knows the shapes of the API and nothing of queues. A test sets `api.jobs`, or `api.broken`, and looks at `api.seen`.
"""

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from pypdf import PdfWriter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

PAGE = Path(__file__).parents[2] / "functions" / "dashboard" / "page"
KEY = "rq_abcd1234_0123456789abcdefghijklmnopqrstuv"
STATES = ("waiting", "delayed", "active", "completed", "failed", "cancelled")
SALES = {
    "name": "sales",
    "title": "Sales report",
    "description": "Orders of a period, by product and region, with a chart.",
    "schema": {"type": "object", "required": ["title", "rows"], "properties": {"title": {"type": "string"}}},
    "sample": {"title": "Third quarter", "rows": [{"product": "Anvil", "units": 12}, {"product": "Rope", "units": 7}]},
}
INVOICE = {
    "name": "invoice",
    "title": "Invoice",
    "description": "One invoice.",
    "schema": {"type": "object"},
    "sample": {"number": "2026-001"},
}


def problem(status: int, title: str, detail: str = "", **more: Any) -> Response:
    return JSONResponse(
        {"type": "about:blank", "title": title, "status": status, "detail": detail, **more},
        status_code=status,
        media_type="application/problem+json",
    )


@dataclass
class FakeApi:
    """What the API answers now, and what it was asked."""

    url: str = ""
    store: str = ""
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)  # a job's answer as text, where the text itself matters
    workers: list[dict[str, Any]] = field(default_factory=list)
    types: list[dict[str, Any]] = field(default_factory=lambda: [SALES, INVOICE])
    broken: Response | None = None  # the answer to everything under /api
    refusal: Response | None = None  # the answer to every POST
    link: str = ""  # in place of the store's links
    seen: list[tuple[str, str, bytes, dict[str, str]]] = field(default_factory=list)

    def reset(self) -> None:
        self.__init__(url=self.url, store=self.store)  # type: ignore[misc]

    def add(self, job_id: str, state: str, **more: Any) -> dict[str, Any]:
        now = int(time.time() * 1000)
        job = {"id": job_id, "name": "sales", "status": state, "progress": 0, "timestamp": now - 60_000, "attempts": 1}
        if state == "completed":
            job |= {"progress": 100, "finishedOn": now - 30_000}
            job["result"] = {"pages": 3, "fileSize": 48_213, "seconds": 0.31, "sha256": "ab" * 32}
        self.jobs[job_id] = job | {"jobData": SALES["sample"]} | more
        return self.jobs[job_id]

    def posts(self, path: str) -> list[tuple[bytes, dict[str, str]]]:
        return [(body, headers) for method, seen, body, headers in self.seen if method == "POST" and seen == path]

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        self.seen.append((request.method, path, await request.body(), dict(request.headers)))
        if self.broken is not None:
            return self.broken
        authorization = request.headers.get("authorization")
        if authorization != f"Bearer {KEY}":
            refused = (401, "Unauthorized") if authorization is None else (403, "Forbidden")
            return JSONResponse({"message": refused[1]}, status_code=refused[0])
        if request.method == "POST":
            return self.refusal or self.act(path)
        return self.read(path, request)

    def act(self, path: str) -> Response:
        if path == "/api/v1/reports/generate":
            job = self.add("new0", "waiting")
            data = {"statusCode": 202, "success": True, "message": "accepted", "data": {"jobId": job["id"]}}
            return JSONResponse(data, status_code=202)
        job_id, verb = path.split("/")[3:5]
        self.jobs[job_id]["status"] = {"retry": "waiting", "cancel": "cancelled"}[verb]
        return JSONResponse({"success": True, "data": {"jobId": job_id}})

    def read(self, path: str, request: Request) -> Response:
        now = int(time.time() * 1000)
        if path == "/api/stats":
            counts = {state: sum(job["status"] == state for job in self.jobs.values()) for state in STATES}
            return JSONResponse({"queue": "reports", "counts": counts, "totalJobs": len(self.jobs), "timestamp": now})
        if path == "/api/workers":
            return JSONResponse({"workers": self.workers, "count": len(self.workers), "timestamp": now})
        if path == "/api/report-types":
            return JSONResponse(self.types)
        if path == "/api/jobs":
            page, limit = int(request.query_params["page"]), int(request.query_params["limit"])
            jobs = [job for job in self.jobs.values() if job["status"] == request.query_params["state"]]
            shown = jobs[(page - 1) * limit : page * limit]
            return JSONResponse({"jobs": shown, "total": len(jobs), "page": page, "limit": limit})
        if path.endswith("/download"):
            link, view = f"{self.store}/attachment.pdf", f"{self.store}/inline.pdf"
            return JSONResponse({"url": self.link or link, "viewUrl": self.link or view})
        job_id = request.path_params["rest"].split("/")[-1]
        if job_id in self.raw:
            return Response(self.raw[job_id], media_type="application/json")
        return (
            JSONResponse(self.jobs[job_id])
            if job_id in self.jobs
            else problem(404, "Not found", "There is no such job.")
        )


def blank_pdf() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(width=300, height=400)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def store_app(pdf: bytes) -> Starlette:
    async def document(request: Request) -> Response:
        disposition = request.path_params["disposition"]
        name = "" if disposition == "inline" else '; filename="sales.pdf"'
        headers = {"Content-Disposition": f"{disposition}{name}"}
        if "authorization" in request.headers:  # as S3 does: two permissions at once are one too many
            return Response(status_code=400)
        return Response(pdf, media_type="application/pdf", headers=headers)

    return Starlette(routes=[Route("/{disposition}.pdf", document)])


def api_app(api: FakeApi) -> Starlette:
    async def page(request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        policy = (
            f"default-src 'self'; frame-src {api.store}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        )
        return FileResponse(
            PAGE / name, headers={"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
        )

    return Starlette(
        routes=[
            Route("/", page),
            Route("/page/{name}", page),
            Route("/api/{rest:path}", api.answer, methods=["GET", "POST"]),
        ]
    )


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """The app on a free port of this machine; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
