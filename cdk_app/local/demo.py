"""The demonstration: one sample report over HTTP, from request to PDF, as a caller would do it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx

from cdk_app.local.errors import StackError
from report_queue.reports import report_types

OUT = Path("out")
_ENDED = {"completed", "failed", "cancelled"}
_POLL_S = 0.05
_PATIENCE_S = 60.0


async def demonstrate(url: str, key: str, *, report_type: str = "sales") -> Path:
    """Submit the type's sample, show its progress, save the PDF in out/; returns its path."""
    body = {"reportType": report_type, "data": report_types()[report_type].sample}
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
        response = await client.post("/api/v1/reports/generate", json=body)
        if response.status_code != httpx.codes.ACCEPTED:
            raise StackError(f"the sample was not accepted: {response.status_code} {response.text}")
        job_id = response.json()["data"]["jobId"]
        print(f"submitted {report_type}, job {job_id}", flush=True)
        job = await _follow(client, job_id)
        if job["status"] != "completed":
            raise StackError(f"the job ended as {job['status']}: {json.dumps(job)}")
        pdf = await client.get(f"/api/v1/reports/{job_id}/download", follow_redirects=True)
        pdf.raise_for_status()
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{report_type}-{job_id}.pdf"
    path.write_bytes(pdf.content)
    print(f"saved     {path} ({len(pdf.content):,} bytes)", flush=True)
    return path


async def _follow(client: httpx.AsyncClient, job_id: str) -> dict[str, Any]:
    """Print each change of status or progress; returns the job when it has ended."""
    seen = None
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                response = await client.get(f"/api/jobs/{job_id}")
                response.raise_for_status()
                job: dict[str, Any] = response.json()
                if (now := (job["status"], job["progress"])) != seen:
                    print(f"{job['progress']:>7} % {job['status']}", flush=True)
                    seen = now
                if job["status"] in _ENDED:
                    return job
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise StackError(f"the job is still {seen} after {_PATIENCE_S:g} s") from None
