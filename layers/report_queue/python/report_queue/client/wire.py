"""One request to the API: sent again where that is safe, its refusal raised as an error.

    429, 503                     asked again for every request: nothing was done
    no connection                asked again for every request: nothing was sent
    lost connection, 502, 504    asked again where doing it twice is doing it once: GET, or with an Idempotency-Key, or
                                 for a document, which is made and not kept

Between two tries it waits for as long as the answer says in Retry-After, or longer with each try; never for longer than
`patience` in all. A share of it is chance, so that many who were turned away do not come back at once.
It knows httpx, and nothing of what is asked.
"""

import json
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any, Final, NamedTuple

import httpx

from report_queue.client.errors import Away, Broken, ClientError, refusal

_NOTHING_DONE: Final = {429, 503}
_PERHAPS_DONE: Final = {502, 504}
_FIRST_S: Final = 0.25
_LONGEST_S: Final = 10.0


class Answer(NamedTuple):
    """A good answer. Header names are looked up in any case."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Wire:
    """The connection to one API with one key, which goes nowhere else."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float,
        patience: float,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError("the API's address begins with https:// or http://")
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("a key has the form rq_…_…, without spaces")
        self._patience = patience
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"authorization": f"Bearer {key}"} if key else {},
            timeout=timeout,
            transport=transport,
            trust_env=url.startswith("https:"),  # a proxy has nothing to do with this machine's own stack
        )

    def close(self) -> None:
        """End its connections."""
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        document: bool = False,
    ) -> Answer:
        """Ask, and answer with what is not a refusal: JSON, or a document's bytes. Raises Refused, Away, Broken."""
        sent = {name: value for name, value in (query or {}).items() if value is not None}
        given = dict(headers or {})
        content = None
        if body is not None:
            content, given["content-type"] = json.dumps(body).encode(), "application/json"
        repeatable = method == "GET" or "idempotency-key" in given or document
        until = time.monotonic() + self._patience
        for tries in count():
            wait = _pause(tries)
            try:
                response = self._http.request(method, path, params=sent, headers=given, content=content)
            except httpx.TransportError as error:
                failed: ClientError = Away(f"no answer from the report queue ({type(error).__name__})")
                again = repeatable or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            else:
                again = response.status_code in (_NOTHING_DONE | _PERHAPS_DONE if repeatable else _NOTHING_DONE)
                if not again:
                    return _answer(response, document=document)
                wait = max(wait, _retry_after(response))
                failed = _refused(response)
            wait *= 1 + random.random() / 4  # noqa: S311 - nothing secret
            if not again or time.monotonic() + wait > until:
                raise failed
            time.sleep(wait)
        raise AssertionError  # counting has no end


def _answer(response: httpx.Response, *, document: bool) -> Answer:
    if not response.is_success:
        raise _refused(response)
    if not document:
        return Answer(response.status_code, response.headers, _json(response))
    if "content-disposition" not in response.headers:
        raise Broken(f"the address answered {response.status_code} without a document: is it the API's?")
    return Answer(response.status_code, response.headers, response.content)


def _refused(response: httpx.Response) -> ClientError:
    status = response.status_code
    try:
        problem = _json(response)
    except Broken:
        problem = {}
    problem = problem if isinstance(problem, dict) else {}
    if 400 <= status < 500:
        return refusal(status, problem)
    told = problem.get("detail") or problem.get("message") or response.reason_phrase
    if status >= 500:
        return Away(f"{status}: {told}")
    return Broken(f"the address answered {status}, as no report queue does")


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        raise Broken(f"the address answered {response.status_code} without JSON: is it the API's?") from None


def _pause(tries: int) -> float:
    return min(_LONGEST_S, _FIRST_S * 2.0 ** min(tries, 10))


def _retry_after(response: httpx.Response) -> float:
    """Seconds, given as a number or as a date (RFC 9110)."""
    said = response.headers.get("retry-after", "")
    if said.isdecimal():
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
