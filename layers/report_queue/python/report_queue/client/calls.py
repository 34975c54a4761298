"""The kinds of calls that the API's verbs consist of: look, act, save what a link leads to, wait for an end."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from report_queue.client import links
from report_queue.client.answers import Batch, Job
from report_queue.client.errors import Broken, Late
from report_queue.client.wire import Answer, Wire

Standing = TypeVar("Standing", Job, Batch)

_PAGE: Final = 100
_FIRST_S: Final = 0.2
_LONGEST_S: Final = 3.0


class Calls:
    """Calls over one wire. `timeout` is for what links lead to, in seconds."""

    def __init__(self, wire: Wire, *, timeout: float) -> None:
        self._wire = wire
        self._timeout = timeout

    def close(self) -> None:
        """End the wire's connections."""
        self._wire.close()

    def look(self, path: str, **query: Any) -> Any:
        """GET."""
        return self._wire.ask("GET", path, query=query).body

    def pages(
        self, path: str, members: str, *, onward: str = "after", limit: int | None = None, **query: Any
    ) -> Iterator[Any]:
        """GET, page by page, up to `limit` of the answer's `members`; its `onward` leads to the next page."""
        after, left = None, limit
        while left is None or left > 0:
            page = self.look(path, **query, after=after, limit=_PAGE if left is None else min(_PAGE, left))
            yield from page[members]
            left = None if left is None else left - len(page[members])
            if (after := page[onward]) is None:
                return

    def act(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """POST, and what the answer's `data` says."""
        return told(self._wire.ask("POST", path, body=body and given(body)))

    def delete(self, path: str) -> None:
        """DELETE."""
        self._wire.ask("DELETE", path)

    def act_once(self, path: str, body: Any, *, key: str | None, headers: Mapping[str, str] | None = None) -> Answer:
        """POST with an Idempotency-Key, one of its own where none is given: sent again it is the same request."""
        once = {"idempotency-key": key or uuid.uuid4().hex}
        return self._wire.ask("POST", path, body=body, headers=once | dict(headers or {}))

    def make(self, path: str, body: Any) -> bytes:
        """POST, and the document that is the answer."""
        return bytes(self._wire.ask("POST", path, body=body, document=True).body)

    def save(self, path: str, to: Path, *, sha256: str | None = None) -> Path:
        """Save what a download's link leads to, as that file or in that folder under its own name; returns the file."""
        link = self._wire.ask("GET", path, headers={"accept": "application/json"}).body
        try:
            url, name = link["url"], Path(link["fileName"]).name
        except (KeyError, TypeError):
            raise Broken("an answer about a download is not one of this API") from None
        file = to / name if to.is_dir() else to
        links.save(url, file, sha256=sha256, timeout=self._timeout)
        return file

    def put(self, url: str, rows: Path) -> None:
        """Put a file where a link says."""
        with rows.open("rb") as file:
            links.put(url, file, size=rows.stat().st_size, timeout=self._timeout)


def until_ended(
    look: Callable[[], Standing], *, within: float | None, seen: Callable[[Standing], None] | None
) -> Standing:
    """Look, less and less often, until it has ended. Raises Late after `within` seconds."""
    end = None if within is None else time.monotonic() + within
    pause = _FIRST_S
    while True:
        found = look()
        if seen:
            seen(found)
        if found.ended:
            return found
        if end is not None and time.monotonic() + pause > end:
            raise Late(found.id, f"{found.id} has not ended within {within:g} s; it goes on")
        time.sleep(pause)
        pause = min(_LONGEST_S, pause * 1.2)


def told(answer: Answer) -> Any:
    """What an answer's `data` says. Raises Broken."""
    try:
        return answer.body["data"]
    except (KeyError, TypeError):
        raise Broken("an answer is not one of this API") from None


def replayed(answer: Answer) -> bool:
    """Whether it was accepted before, under the same Idempotency-Key."""
    return answer.headers.get("idempotency-replayed") == "true"


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was not said."""
    return {name: value for name, value in fields.items() if value is not None}


def id_of(name: str) -> str:
    """An id as it may stand in a path; raises ValueError for what is none."""
    if not (name.isascii() and name.isalnum()):
        raise ValueError("an id has digits and letters only")
    return name
