"""The smoke test of a deployment: one report, as a caller makes it, from the key to the PDF.

    python -m cdk_app.smoke --url https://… --key-env SMOKE_KEY

Each step of the table below is printed with how it went; the exit code is 1 where one did not go well. It asks nothing
of AWS, so that it serves the local stack as well. Neither the key nor a link is ever printed.
"""

import argparse
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import httpx

from report_queue.reports import report_types

REPORT: Final = "test"
_PATIENCE_S = 150.0  # a wake that is lost costs a minute, a cold start some seconds
_POLL_S = 0.25
_ENDED = {"completed", "failed", "cancelled"}
_SETTLED = {400, 401, 403, 404, 422}  # asking again changes nothing


class Wrong(Exception):
    """A step did not go well; `str(error)` says how, without key, payload or link."""


@dataclass
class Caller:
    """Someone with a key, and what they have got so far."""

    client: httpx.Client  # without the key
    key: str
    patience_s: float = _PATIENCE_S
    job_id: str = ""
    digest: str = ""

    def health(self) -> str:
        """Broker and store answer."""
        answer = self._until(lambda: self.client.get("/health"), lambda answer: answer.status_code == httpx.codes.OK)
        said = str(_body(answer).get("status"))
        if said != "ok":
            raise Wrong(f"health says {said}")
        return said

    def refused(self) -> str:
        """Whoever has no key, or a wrong one, is turned away."""
        without = self.client.get("/api/stats").status_code
        wrong = self.client.get("/api/stats", headers={"authorization": "Bearer rq_nobody00_nothing"}).status_code
        if not {without, wrong} <= {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise Wrong(f"without a key the answer is {without}, with a wrong one {wrong}")
        return f"{without} without a key, {wrong} with a wrong one"

    def submitted(self) -> str:
        """The sample is accepted."""
        body = {"reportType": REPORT, "data": report_types()[REPORT].sample}
        headers = self._authorized | {"idempotency-key": f"smoke-{uuid.uuid4().hex}"}
        answer = self.client.post("/api/v1/reports/generate", json=body, headers=headers)
        if answer.status_code != httpx.codes.ACCEPTED:
            raise Wrong(_told(answer))
        self.job_id = str(_body(answer)["data"]["jobId"])
        return self.job_id

    def completed(self) -> str:
        """A worker makes it."""
        path = f"/api/jobs/{self.job_id}"
        answer = self._until(
            lambda: self.client.get(path, headers=self._authorized),
            lambda answer: answer.is_success and _body(answer)["status"] in _ENDED,
        )
        job = _body(answer)
        if job["status"] != "completed":
            raise Wrong(f"the job ended as {job['status']}; its log lines are found by its id")
        self.digest = str(job["result"]["sha256"])
        return f"in attempt {job.get('attempt', 1)}"

    def downloaded(self) -> str:
        """The link leads to the PDF that was published. The key does not go along to where it leads."""
        path = f"/api/v1/reports/{self.job_id}/download"
        answer = self.client.get(path, headers=self._authorized, follow_redirects=True)
        pdf = answer.content
        if answer.status_code != httpx.codes.OK:
            raise Wrong(_told(answer))
        if not answer.history:
            raise Wrong("the download was no redirect to a link")
        if not pdf.startswith(b"%PDF-") or b"%%EOF" not in pdf[-32:]:
            raise Wrong(f"what the link leads to is no whole PDF ({len(pdf):,} bytes)")
        if sha256(pdf).hexdigest() != self.digest:
            raise Wrong("the PDF is not the one that was published")
        return f"PDF, {len(pdf):,} bytes"

    @property
    def _authorized(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}

    def _until(self, ask: Callable[[], httpx.Response], enough: Callable[[httpx.Response], bool]) -> httpx.Response:
        """Ask until the answer is enough; raises Wrong when patience is over or no other answer is to be had."""
        end = time.monotonic() + self.patience_s
        while not enough(answer := ask()):
            if answer.status_code in _SETTLED:
                raise Wrong(_told(answer))
            if time.monotonic() > end:
                state = f", the job is {_body(answer).get('status')}" if answer.is_success else ""
                raise Wrong(f"not within {self.patience_s:g} s: {_told(answer)}{state}")
            time.sleep(_POLL_S)
        return answer


def smoke(url: str, key: str, *, patience_s: float = _PATIENCE_S, say: Callable[[str], None]) -> bool:
    """Go through the steps, up to the first that does not go well; True where all did."""
    with httpx.Client(base_url=url, timeout=30, trust_env=url.startswith("https:")) as client:
        caller = Caller(client, key, patience_s)
        for step in (caller.health, caller.refused, caller.submitted, caller.completed, caller.downloaded):
            began = time.monotonic()
            try:
                well, told = True, step()
            except Wrong as wrong:
                well, told = False, str(wrong)
            except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:  # of no use without its message's link
                well, told = False, f"no answer that can be read ({type(error).__name__})"
            seconds = time.monotonic() - began
            say(f"{step.__name__:<11}{'ok' if well else 'WRONG':<7}{seconds:>7.2f} s  {told}")
            if not well:
                return False
    return True


def _body(answer: httpx.Response) -> dict[str, Any]:
    return dict(answer.json())


def _told(answer: httpx.Response) -> str:
    """An answer's status, and its title where it is a problem: nothing that may hold a link."""
    title = ""
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        title = f" ({_body(answer).get('title')})"
    return f"answered {answer.status_code}{title}"


def _url(outputs: Path) -> str:
    """The API's address among the outputs that `cdk deploy` has written."""
    try:
        stacks = json.loads(outputs.read_text("utf-8"))
        (url,) = [values["Url"] for values in stacks.values() if "Url" in values]
    except (OSError, ValueError) as error:
        raise SystemExit(f"error: {outputs} names no Url ({error}); deploy first, or give --url") from None
    return str(url)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns 0 where all went well, 1 where a step did not, 2 for a key that is not there."""
    parser = argparse.ArgumentParser(prog="python -m cdk_app.smoke", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--url", help="of the HTTP API")
    where.add_argument("--outputs", type=Path, help="the file of outputs that a deployment has written, instead")
    parser.add_argument(
        "--key-env", default="SMOKE_KEY", help="environment variable that holds the API key (SMOKE_KEY)"
    )
    parser.add_argument("--within", type=float, default=_PATIENCE_S, help=f"seconds for the report ({_PATIENCE_S:g})")
    options = parser.parse_args(arguments)
    key = os.environ.get(options.key_env, "").strip()
    if not key:
        print(
            f"error: {options.key_env} is not set; it must hold a key that may submit and read "
            "(README, Keys, says how one is made)",
            file=sys.stderr,
        )
        return 2
    url = options.url or _url(options.outputs)
    return 0 if smoke(url.rstrip("/"), key, patience_s=options.within, say=lambda line: print(line, flush=True)) else 1


if __name__ == "__main__":
    sys.exit(main())
