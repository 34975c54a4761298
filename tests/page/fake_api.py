"""An API made up for the page's tests: it serves the real page under the real policy, and answers what a test tells it.

It knows the shapes of the API and nothing of queues: what stands elsewhere than a job is in `fake_answers`. A test sets
`api.jobs`, or `api.broken`, and looks at `api.seen`.
"""

import io
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from mimetypes import guess_type
from pathlib import Path
from typing import Any

import uvicorn
from fake_answers import INVOICE, QUEUE, SALES, USAGE, batch, delivery, schedule, webhook
from pypdf import PdfWriter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PAGE = Path(__file__).parents[2] / "functions" / "dashboard" / "page"
KEY = "rq_abcd1234_0123456789abcdefghijklmnopqrstuv"
STATES = ("waiting", "delayed", "active", "completed", "failed", "cancelled")


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
    scopes: tuple[str, ...] = ("admin", "operate", "read", "submit")
    queue: dict[str, Any] = field(default_factory=lambda: QUEUE | {"paused": {}})
    groups: list[dict[str, Any]] = field(default_factory=list)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    schedules: dict[str, dict[str, Any]] = field(default_factory=dict)
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    usage: dict[str, Any] = field(default_factory=lambda: dict(USAGE))
    preview: Response | None = None  # None: a PDF
    gone: set[str] = field(default_factory=set)  # jobs whose documents were deleted
    raw: dict[str, str] = field(default_factory=dict)  # a job's answer as text, where the text itself matters
    workers: list[dict[str, Any]] = field(default_factory=list)
    types: list[dict[str, Any]] = field(default_factory=lambda: [SALES, INVOICE])
    broken: Response | None = None  # the answer to everything under /api
    refusal: Response | None = None  # the answer to every POST and DELETE
    link: str = ""  # in place of the store's links
    asked: dict[str, dict[str, str]] = field(default_factory=dict)  # the last query of a path, where it matters
    seen: list[tuple[str, str, bytes, dict[str, str]]] = field(default_factory=list)

    def reset(self) -> None:
        self.__init__(url=self.url, store=self.store)  # type: ignore[misc]

    def add(self, job_id: str, state: str, **more: Any) -> dict[str, Any]:
        now = int(time.time() * 1000)
        job = {"id": job_id, "name": "sales", "status": state, "progress": 0, "timestamp": now - 60_000, "attempts": 1}
        if state == "completed":
            job |= {"progress": 100, "finishedOn": now - 30_000}
            job["result"] = {"pages": 3, "fileSize": 48_213, "seconds": 0.31, "sha256": "ab" * 32}
        wished = {"attempts": 3} | {name: more[name] for name in ("tags", "metadata") if name in more}
        self.jobs[job_id] = job | {"jobData": SALES["sample"], "options": wished} | more
        return self.jobs[job_id]

    def posts(self, path: str) -> list[tuple[bytes, dict[str, str]]]:
        return [(body, headers) for method, seen, body, headers in self.seen if method == "POST" and seen == path]

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        body = await request.body()
        self.seen.append((request.method, path, body, dict(request.headers)))
        if self.broken is not None:
            return self.broken
        authorization = request.headers.get("authorization")
        if authorization != f"Bearer {KEY}":
            refused = (401, "Unauthorized") if authorization is None else (403, "Forbidden")
            return JSONResponse({"message": refused[1]}, status_code=refused[0])
        if request.method == "POST":
            return self.refusal or self.act(path, body)
        if request.method == "DELETE":
            return self.refusal or self.delete(path)
        return self.read(path, request)

    def act(self, path: str, body: bytes) -> Response:
        sent = json.loads(body or b"{}")
        match path.strip("/").split("/"):
            case ["api", "v1", "reports", "generate"]:
                self.add("new0", "waiting")
                return JSONResponse(
                    {"success": True, "message": "accepted", "data": {"jobId": "new0"}}, status_code=202
                )
            case ["api", "v1", "reports", "preview"]:
                return self.preview or Response(blank_pdf(), media_type="application/pdf")
            case ["api", "v1", "batches"]:
                self.batches["made"] = batch("made", name=sent.get("name"))
                return JSONResponse({"success": True, "message": "taken", "data": {"batchId": "made"}}, status_code=202)
            case ["api", "v1", "webhooks", *rest]:
                return self.act_on_webhook(rest, sent)
            case ["api", "v1", "schedules"]:
                self.schedules["made"] = schedule("made", name=sent.get("name"))
                return JSONResponse(
                    {"success": True, "message": "kept", "data": {"scheduleId": "made"}}, status_code=201
                )
            case ["api", "jobs", "retry"]:
                return self.retry(sent)
            case ["api", "queue", "pause"]:
                self.queue["paused"][sent.get("reportType", "*")] = "2026-11-24T06:30:00Z"
            case ["api", "queue", "resume"]:
                del self.queue["paused"][sent.get("reportType", "*")]
            case ["api", "v1", "schedules", name, verb]:
                if verb == "end":
                    del self.schedules[name]
                else:
                    self.schedules[name]["status"] = {"pause": "paused", "resume": "running", "run": "running"}[verb]
                return JSONResponse({"success": True, "message": "done", "data": {"scheduleId": name, "jobId": "new0"}})
            case ["api", "v1", "batches", name, "retry"]:
                return JSONResponse(
                    {"success": True, "message": "1 jobs are queued again.", "data": {"batchId": name, "jobs": 1}}
                )
            case ["api", "jobs", name, verb]:
                self.jobs[name]["status"] = {"retry": "waiting", "cancel": "cancelled", "promote": "waiting"}[verb]
        return JSONResponse({"success": True, "message": "done", "data": {}})

    def delete(self, path: str) -> Response:
        name = path.rpartition("/")[2]
        if "webhooks" in path:
            del self.webhooks[name]
        else:
            self.gone.add(name)
        return JSONResponse({"success": True, "message": "It is gone.", "data": {}})

    def act_on_webhook(self, rest: list[str], sent: dict[str, Any]) -> Response:
        secret = {"secret": "whsec_c2FtcGxl", "beforeUntil": "2026-11-25T06:30:00Z"}
        match rest:
            case []:
                events = sent.get("events", ["job.completed"])
                self.webhooks["made"] = webhook("made", deliveries=[], **sent | {"events": events})
                return JSONResponse({"success": True, "data": secret | {"webhookId": "made"}}, status_code=201)
            case [name, "rotate"]:
                return JSONResponse({"success": True, "data": secret | {"webhookId": name}})
            case [name, "enable"]:
                self.webhooks[name] |= {"status": "enabled", "reason": None}
                return JSONResponse({"success": True, "message": "It is enabled.", "data": {"webhookId": name}})
            case [name, *_]:
                sending = delivery("msg_new", event="webhook.ping")
                self.webhooks[name]["deliveries"].insert(0, sending)
                return JSONResponse({"success": True, "message": "The receiver has it.", "data": {"delivery": sending}})
        return problem(404, "Not found")

    def retry(self, sent: dict[str, Any]) -> Response:
        """A bulk retry, of at most ten at a time, whatever limit is sent."""
        matched = self.matching({"state": "failed"} | sent)
        start = int(sent.get("after", 0))
        shared = [job["id"] for job in matched][start : start + 10]
        rest = str(start + 10) if start + 10 < len(matched) else None
        retried = [] if sent["dryRun"] else shared
        if not sent["dryRun"] and rest is None:
            for job in matched:
                job["status"] = "waiting"
        return JSONResponse({"success": True, "data": {"matched": shared, "retried": retried, "next": rest}})

    def matching(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The jobs that filters match."""
        return [
            job
            for job in self.jobs.values()
            if asked.get("state") in (None, job["status"])
            and asked.get("type") in (None, job["name"])
            and (asked.get("tag") is None or asked["tag"] in job.get("tags", []))
            and asked.get("batch") in (None, job.get("batch"))
            and asked.get("signature") in (None, job.get("signature"))
        ]

    def read(self, path: str, request: Request) -> Response:
        now = int(time.time() * 1000)
        found: Any
        match path.strip("/").split("/"):
            case ["api", "key"]:
                found = {"id": "abcd1234", "tenant": "acme", "scopes": list(self.scopes)}
            case ["api", "stats"]:
                counts = {state: sum(job["status"] == state for job in self.jobs.values()) for state in STATES}
                found = {"queue": "reports", "counts": counts, "totalJobs": len(self.jobs), "timestamp": now}
            case ["api", "queue"]:
                found = self.queue
            case ["api", "workers"]:
                found = {"workers": self.workers, "count": len(self.workers), "timestamp": now}
            case ["api", "report-types"]:
                found = self.types
            case ["api", "jobs"]:
                found = self.list(request.query_params)
            case ["api", "jobs", "groups"]:
                found = {"groups": self.groups}
            case [*_, "download"]:
                link, view = f"{self.store}/attachment.pdf", f"{self.store}/inline.pdf"
                found = {"url": self.link or link, "viewUrl": self.link or view}
            case ["api", "v1", "schedules"]:
                found = {"schedules": list(self.schedules.values()), "after": None}
            case ["api", "v1", "schedules", name]:
                found = self.schedules.get(name)
            case ["api", "v1", "batches"]:
                listed = list(self.batches.values())
                start, limit = int(request.query_params.get("after", 0)), int(request.query_params["limit"])
                rest = str(start + limit) if start + limit < len(listed) else None
                found = {"batches": listed[start : start + limit], "after": rest}
            case ["api", "v1", "webhooks"]:
                found = {"webhooks": list(self.webhooks.values())}
            case ["api", "v1", "webhooks", *names]:
                found = self.webhooks.get("/".join(names))
            case ["api", "usage"]:
                self.asked[path] = dict(request.query_params)
                found = self.usage
            case ["api", "jobs", name] if name in self.gone:
                return problem(410, "Gone", "The job's documents were deleted, for good: submit a new request.")
            case ["api", "jobs", name, "receipt"]:
                found = {"id": name, "digest": "cd" * 32, "metadata": {"apiToken": "k-1"}}
            case ["api", "v1", "batches", *names]:
                found = self.batches.get("/".join(names))
            case ["api", "jobs", name] if name in self.raw:
                return Response(self.raw[name], media_type="application/json")
            case ["api", "jobs", *names]:
                found = self.jobs.get("/".join(names))
            case _:
                found = None
        return problem(404, "Not found", "There is no such job.") if found is None else JSONResponse(found)

    def list(self, asked: Mapping[str, str]) -> dict[str, Any]:
        """A page of jobs; a cursor is the number of jobs before it."""
        jobs, start, limit = self.matching(asked), int(asked.get("after", 0)), int(asked["limit"])
        narrowed = set(asked) - {"state", "limit", "after"}
        rest = str(start + limit) if start + limit < len(jobs) else None
        return {"jobs": jobs[start : start + limit], "total": None if narrowed else len(jobs), "next": rest}


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
    # From memory: a test opens the page anew, all of its files.
    files = {path.name: (path.read_bytes(), guess_type(path.name)[0]) for path in PAGE.iterdir()}

    async def page(request: Request) -> Response:
        body, kind = files[request.path_params.get("name", "index.html")]
        policy = "; ".join(
            [
                "default-src 'self'",
                "img-src 'self' data:",
                f"frame-src {api.store} blob:",
                "object-src 'none'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
                "form-action 'none'",
            ]
        )
        headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
        return Response(body, media_type=kind, headers=headers)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/page/{name}", page),
            Route("/api/{rest:path}", api.answer, methods=["GET", "POST", "DELETE"]),
        ]
    )


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """The app on a free port of this machine; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
