"""What a caller asks for with a webhook: parsed once, at the border, and everything that is wrong with it is said.

    {url, events?, description?}   ── parse ──► Draft

Whether the address is one that webhooks may lead to is asked of `targets`. It knows nothing of HTTP.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from report_queue import strict_json, targets
from report_queue.errors import Fault, TooLarge
from report_queue.request import refuse_if
from report_queue.targets import Network, Refused
from report_queue.validation import stranger_faults
from report_queue.webhook import EVENTS

_LIMIT: Final = 10_000  # bytes
_MEMBERS: Final = ("url", "events", "description")


@dataclass(frozen=True)
class Draft:
    """A webhook that is good, before it has an id."""

    url: str
    events: tuple[str, ...]  # none: all
    description: str | None


def parse(body: bytes, *, networks: Sequence[Network]) -> Draft:
    """The draft that a body holds; its name is not looked up. Raises TooLarge, MalformedRequest or InvalidRequest."""
    if len(body) > _LIMIT:
        raise TooLarge(f"The body has {len(body):,} bytes, the limit for a webhook is {_LIMIT:,}.")
    sent = strict_json.parse(body)
    refuse_if(_faults(sent, networks))
    return Draft(sent["url"], tuple(dict.fromkeys(sent.get("events", ()))), sent.get("description"))


def url_fault(url: Any, *, networks: Sequence[Network]) -> str | None:
    """What is wrong with the address of a webhook or callback; None: nothing that its spelling tells."""
    if not isinstance(url, str):
        return "must be a URL such as https://example.com/hooks"
    try:
        targets.parse(url, networks=networks)
    except Refused as refused:
        return str(refused)
    return None


def _faults(sent: Any, networks: Sequence[Network]) -> Iterator[Fault]:
    if not isinstance(sent, dict):
        yield Fault("", "must be an object with url and, if you like, events and description")
        return
    yield from stranger_faults(sent, _MEMBERS)
    if "url" not in sent:
        yield Fault("/url", "is missing")
    elif wrong := url_fault(sent["url"], networks=networks):
        yield Fault("/url", wrong)
    events = sent.get("events", [])
    if not isinstance(events, list) or not all(isinstance(one, str) and one in EVENTS for one in events):
        yield Fault("/events", f"must be a list of {', '.join(EVENTS)}; none of them means all")
    told = sent.get("description", "")
    if not isinstance(told, str) or len(told) > 200 or not (told.isprintable()):
        yield Fault("/description", "must be a text of at most 200 characters, in one line")
