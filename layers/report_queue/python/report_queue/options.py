"""What a caller may wish of a report's job, beside the report: parsed once, and everything that is wrong is said.

    {attempts?, priority?, delaySeconds? | runAt?, expiresAt?, backoff?, dedupKey?, dedupSeconds?, dedupMode?,
     retentionSeconds?, tags?, metadata?, locale?, timezone?, preflight?, format?, variant?, attachments?,
     password?, webhook?, callback?}
                                                          ── faults ──► none ── Options.of ──► Options

Messages never quote a value. It knows nothing of HTTP or of how the queue does it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Self

from report_queue import metadata
from report_queue.edition import (
    ARCHIVED,
    ATTACHED,
    CONTENT_TYPES,
    FACTUR_X,
    LOCALE,
    PDF,
    USUAL,
    UTC,
    VARIANTS,
    Edition,
)
from report_queue.errors import Fault
from report_queue.job import PRIORITY, Backoff
from report_queue.recurrence import zone_fault
from report_queue.strict_json import pointer
from report_queue.targets import MOST_LETTERS

EARLIEST: Final = 946_684_800_000  # ms, 2000-01-01
LATEST: Final = 4_102_444_800_000  # ms, 2100-01-01: no moment that we take is as late
MOST_TAGS: Final = 10
DAY: Final = 86_400  # seconds

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_TAG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}")
_KEY: Final = re.compile(r"[!-~]{1,255}")
WEBHOOK: Final = r"[0-9a-v]{26}"


@dataclass(frozen=True)
class Unique:
    """A key that one job of the tenant has at a time."""

    key: str
    seconds: int  # from its submission on
    mode: Literal["drop", "replace"]  # drop: the newcomer; replace: the job that has it, while no worker does


@dataclass(frozen=True)
class Options:
    """What was wished; None: the deployment's default. Moments are milliseconds since the epoch."""

    attempts: int | None = None
    priority: int = PRIORITY
    delay_seconds: int = 0
    run_at: int | None = None
    expires_at: int | None = None
    backoff: Backoff | None = None
    unique: Unique | None = None
    retention_seconds: int | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    edition: Edition = USUAL
    tell: str | None = None  # the webhook that is told of its end; "": none, None: all that want to be
    callback: str | None = None  # a URL that is told too

    @classmethod
    def of(cls, sent: Mapping[str, Any]) -> Self:
        """The options as they were sent, and found without fault."""
        backoff, attached = sent.get("backoff"), tuple(sent.get("attachments", ()))
        return cls(
            attempts=sent.get("attempts"),
            priority=sent.get("priority", PRIORITY),
            delay_seconds=sent.get("delaySeconds", 0),
            run_at=moment_of(sent["runAt"]) if "runAt" in sent else None,
            expires_at=moment_of(sent["expiresAt"]) if "expiresAt" in sent else None,
            backoff=backoff and Backoff(backoff["type"], backoff["delaySeconds"] * 1000, backoff.get("jitter", 0)),
            unique=Unique(sent["dedupKey"], sent.get("dedupSeconds", DAY), sent.get("dedupMode", "drop"))
            if "dedupKey" in sent
            else None,
            retention_seconds=sent.get("retentionSeconds"),
            tags=tuple(sent.get("tags", ())),
            metadata=sent.get("metadata", {}),
            edition=Edition(
                locale=sent.get("locale"),
                time_zone=sent.get("timezone", UTC),
                preflight=sent.get("preflight", "warn"),
                format=sent.get("format", PDF),
                variant=ARCHIVED if FACTUR_X in attached else sent.get("variant"),
                attachments=attached,
                password=sent.get("password"),
            ),
            tell=sent.get("webhook") or ("" if "webhook" in sent else None),
            callback=sent.get("callback"),
        )


def faults(options: Any) -> Iterator[Fault]:
    """What is wrong with options, lazily; pointers begin below them, at ``/attempts``."""
    if not isinstance(options, dict):
        yield Fault("", "must be an object")
        return
    for name, value in options.items():
        if check := _CHECKS.get(name):
            if wrong := check(value):
                yield Fault(f"/{name}", wrong)
        else:
            yield Fault(pointer(name), f"is not an option: only {', '.join(_CHECKS)} are")
    if "delaySeconds" in options and "runAt" in options:
        yield Fault("/runAt", "stands beside delaySeconds: give the one or the other")
    for name in ("dedupSeconds", "dedupMode"):
        if name in options and "dedupKey" not in options:
            yield Fault(f"/{name}", "says nothing without dedupKey")
    start, end = (options.get(name) for name in ("runAt", "expiresAt"))
    if not _moment(start) and not _moment(end) and moment_of(end) <= moment_of(start):
        yield Fault("/expiresAt", "must be later than runAt")
    yield from _unfit_together(options)


def _unfit_together(options: dict[str, Any]) -> Iterator[Fault]:
    """Wishes of a report's edition that exclude each other."""
    wished, variant = options.get("format", PDF), options.get("variant")
    factur_x = attaches(options, FACTUR_X)
    for name in ("variant", "attachments", "password"):
        if name in options and wished != PDF:
            yield Fault(f"/{name}", f"is for a PDF: leave it out, or leave out the format {wished}")
    if factur_x and variant not in (None, ARCHIVED):
        yield Fault("/variant", f"cannot be {variant} with {FACTUR_X} attached, which makes it {ARCHIVED}")
    if "password" in options and (factur_x or variant == ARCHIVED):
        yield Fault("/password", f"cannot be with {ARCHIVED}: what is archived must open without one")


def attaches(options: Any, what: str) -> bool:
    """Whether these options, as sent, ask for that attachment."""
    attached = options.get("attachments") if isinstance(options, dict) else None
    return isinstance(attached, list) and what in attached


def moment_of(text: Any) -> int:
    """A moment of RFC 3339 in ms; raises ValueError."""
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        raise ValueError("not a moment")
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _integer(least: int, most: int) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        good = type(value) is int and least <= value <= most  # a bool is an int to isinstance
        return None if good else f"must be an integer from {least} to {most}"

    return check


def _moment(value: Any) -> str | None:
    try:
        at = moment_of(value)
    except ValueError:
        return "must be a moment with its offset from UTC, such as 2026-11-24T06:30:00+01:00"
    return None if EARLIEST <= at < LATEST else "must be within the years 2000 to 2099"


def _backoff(value: Any) -> str | None:
    shape = "must be an object {type: fixed or exponential, delaySeconds: 1 to 3600, jitter?: 0 to 1}"
    if not isinstance(value, dict) or not {"type", "delaySeconds"} <= set(value) <= {"type", "delaySeconds", "jitter"}:
        return shape
    jitter = value.get("jitter", 0)
    good = (
        value["type"] in ("fixed", "exponential")
        and _integer(1, 3_600)(value["delaySeconds"]) is None
        and type(jitter) in (int, float)
        and 0 <= jitter <= 1
    )
    return None if good else shape


def _tags(value: Any) -> str | None:
    good = isinstance(value, list) and len(value) <= MOST_TAGS and len(value) == len(set(map(str, value)))
    if good and all(isinstance(tag, str) and _TAG.fullmatch(tag) for tag in value):
        return None
    return f"must be a list of at most {MOST_TAGS} different texts, each 1 to 64 letters, digits and _ . : / -"


def _key(value: Any) -> str | None:
    good = isinstance(value, str) and _KEY.fullmatch(value)
    return None if good else "must be 1 to 255 visible ASCII characters, without spaces"


def _one_of(*words: str) -> Callable[[Any], str | None]:
    said = f"must be {', '.join(words[:-1])} or {words[-1]}"
    return lambda value: None if isinstance(value, str) and value in words else said


def _some_of(words: Sequence[str]) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        good = isinstance(value, list) and all(isinstance(one, str) and one in words for one in value)
        return None if good and len(value) == len(set(value)) else f"must be a list of {', '.join(words)}, each once"

    return check


def _password(value: Any) -> str | None:
    good = isinstance(value, str) and value.isprintable() and 1 <= len(value.encode("utf-8", "replace")) <= 127
    return None if good else "must be a text of 1 to 127 bytes in UTF-8, without control characters"


def _webhook(value: Any) -> str | None:
    good = value is False or (isinstance(value, str) and re.fullmatch(WEBHOOK, value))
    return None if good else "must be the id of one of your webhooks, or false for none"


def _callback(value: Any) -> str | None:
    # Which addresses are good depends on the deployment: that is for whoever accepts the request.
    good = isinstance(value, str) and 1 <= len(value) <= MOST_LETTERS
    return None if good else f"must be a URL of at most {MOST_LETTERS:,} letters"


def _locale(value: Any) -> str | None:
    good = isinstance(value, str) and re.fullmatch(LOCALE, value)
    return None if good else "must be a language, with a region or without, such as de, en-GB or fr-CH"


_CHECKS: Final[Mapping[str, Callable[[Any], str | None]]] = {
    "attempts": _integer(1, 10),
    "priority": _integer(0, 9),
    "delaySeconds": _integer(0, 7 * DAY),
    "runAt": _moment,
    "expiresAt": _moment,
    "backoff": _backoff,
    "dedupKey": _key,
    "dedupSeconds": _integer(1, 7 * DAY),
    "dedupMode": _one_of("drop", "replace"),
    "retentionSeconds": _integer(60, 90 * DAY),
    "tags": _tags,
    "metadata": metadata.fault,
    "locale": _locale,
    "timezone": zone_fault,
    "preflight": _one_of("warn", "fail"),
    "format": _one_of(*CONTENT_TYPES),
    "variant": _one_of(*VARIANTS),
    "attachments": _some_of(ATTACHED),
    "password": _password,
    "webhook": _webhook,
    "callback": _callback,
}

NAMES: Final = tuple(_CHECKS)
