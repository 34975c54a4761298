"""Local stacks to test against: processes of their own, started by the same command line as everybody's."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pypdf

from cdk_app.local.datadir import running
from cdk_app.local.processes import descendants

ROOT = Path(__file__).parents[1]
LAYER = ROOT / "layers" / "report_queue" / "python"


@dataclass
class Running:
    """A stack that runs."""

    process: subprocess.Popen[str]
    data_dir: Path
    code: Path
    url: str
    key: str

    @property
    def address(self) -> dict[str, Any]:
        """Where its parts are: bus, aws, broker."""
        return running(self.data_dir) or {}

    @property
    def bus(self) -> str:
        return str(self.address["bus"])

    def invoke(self, function: str, event: Any) -> httpx.Response:
        url = f"{self.bus}/2015-03-31/functions/{function}/invocations"
        return httpx.post(url, json=event, timeout=90, trust_env=False)

    def family(self) -> list[int]:
        return [self.process.pid, *descendants(self.process.pid)]

    def pids(self, words: str) -> list[int]:
        """Processes of the stack whose command line holds these words."""
        return [pid for pid in self.family() if words in command_line(pid)]

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    # As a caller.

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        options = {"timeout": 60, "trust_env": False, "follow_redirects": True, **options}
        return httpx.request(method, f"{self.url}{path}", headers=headers, **options)

    def submit(self, report_type: str, data: Any, **headers: str) -> str:
        body = json.dumps({"reportType": report_type, "data": data})
        answer = self.ask("POST", "/api/v1/reports/generate", content=body, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["data"]["jobId"])

    def job(self, job_id: str) -> dict[str, Any]:
        answer = self.ask("GET", f"/api/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def pdf(self, job_id: str) -> bytes:
        answer = self.ask("GET", f"/api/v1/reports/{job_id}/download")
        assert answer.status_code == 200, answer.text
        return answer.content

    def objects(self, prefix: str) -> list[str]:
        """Keys in the bucket, as the mirror on disk has them."""
        import boto3

        client = boto3.client(
            "s3",
            endpoint_url=self.address["aws"],
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        return [
            entry["Key"] for entry in client.list_objects_v2(Bucket="report-queue", Prefix=prefix).get("Contents", [])
        ]


def start(*command: str, code: Path, data_dir: Path, **environment: str) -> Running:
    """Start a stack and wait until it says that it is ready."""
    process = subprocess.Popen(
        [sys.executable, *command, "--port", "0", "--data-dir", str(data_dir)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{LAYER}", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said, found = [], {}
    assert process.stdout
    for line in process.stdout:
        said.append(line)
        word, _, rest = line.strip().partition(" ")
        if word in {"ready", "key"}:
            found[word] = rest
        if len(found) == 2:
            return Running(process, data_dir, code, url=found["ready"], key=found["key"])
    raise AssertionError(f"no stack: {''.join(said)}")


def start_real(data_dir: Path, *options: str) -> Running:
    """The stack of the topology."""
    return start("-m", "cdk_app.local", "up", *options, code=ROOT / "functions", data_dir=data_dir)


def synthesised(folder: Path, **context: str) -> Path:
    """The assembly of the environment and profile that the context names, as the CDK's command line has it made."""
    given = {**json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"], "layers": "skip", **context}
    variables = {"CDK_OUTDIR": str(folder), "CDK_CONTEXT_JSON": json.dumps(given)}
    subprocess.run(
        [sys.executable, "-m", "cdk_app.app"],
        cwd=ROOT,
        env={**os.environ, **variables},
        check=True,
        capture_output=True,
    )
    return folder


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Callable[[], bool], what: str, *, seconds: float = 60) -> None:
    """Wait for something that others bring about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
