"""JSON as strict as the rest of the system needs it: what one reader accepts, every reader understands alike.

Python's own parser lets through what others refuse or read differently (NaN, 1e999, a key given twice, half a
surrogate pair), and gives up in its own ways on hostile input (recursion, the limit of digits). Here all of it is
one error that says where. It knows nothing of reports; `request` does.
"""

import json
import math
import re
from typing import Any, Final, Never

from report_queue.errors import MalformedRequest

MAX_DEPTH: Final = 64
MAX_DIGITS: Final = 300  # a longer integer has no float: 1.8e308 is the largest

_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def parse(text: bytes) -> Any:
    """The value that UTF-8 encoded JSON text stands for; raises MalformedRequest, whatever the text is."""
    try:
        value = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_no_constant,
        )
    except UnicodeDecodeError as error:
        raise MalformedRequest(f"The body is not UTF-8: byte {error.start} cannot be read.") from None
    except json.JSONDecodeError as error:
        raise MalformedRequest(
            f"The body is not JSON: {error.msg.lower()} at line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:  # far deeper than MAX_DEPTH: the parser gave up before the value could be measured
        _too_deep()
    _check_depth(value)
    if _SURROGATE_ESCAPE.search(text):
        _check_surrogates(value)
    return value


def parse_line(line: str) -> Any:
    """The value of a text without a line break, as strict as `parse`. Raises MalformedRequest, or JSONDecodeError.

    It is for texts by the million: what a short one cannot be is not looked for.
    """
    value, end = _LINES.raw_decode(line)
    if end < len(line):
        raise json.JSONDecodeError("Extra data", line, end)
    if line.count("{") + line.count("[") > MAX_DEPTH:
        _check_depth(value)
    if "\\u" in line:
        _check_surrogates(value)
    return value


def canonical(value: Any) -> bytes:
    """The one way to write a parsed value: keys sorted, no spaces, UTF-8. Equal values give equal bytes."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def clip(text: str, length: int = 80) -> str:
    """The text, cut to a length that fits a message: no answer echoes a huge value."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= length else text[: length - 1] + "…"


def pointer(*steps: str | int) -> str:
    """The JSON Pointer (RFC 6901) that leads by these steps; a long one is cut."""
    return "".join("/" + clip(str(step), 200).replace("~", "~0").replace("/", "~1") for step in steps)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise MalformedRequest(f'The key "{clip(key)}" is given twice in one object: give it once.')
            seen.add(key)
    return result


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise MalformedRequest(
            f"An integer has more than {MAX_DIGITS} digits ({digits[:12]}…): send it as a string, or round it."
        )
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise MalformedRequest(f"The number {clip(digits, 24)} is beyond what a 64-bit float can hold.")
    return number


def _no_constant(name: str) -> Never:
    raise MalformedRequest(f"{name} is not JSON: leave the value out, or send null.")


def _too_deep() -> Never:
    raise MalformedRequest(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for container in level
            if isinstance(container, dict | list)
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    _too_deep()


def _check_surrogates(value: Any) -> None:
    # Halves that form a pair were joined by the parser; what cannot be encoded now is a half on its own.
    try:
        canonical(value)
    except UnicodeEncodeError as error:
        half = ord(error.object[error.start])
        raise MalformedRequest(
            f"A string holds \\u{half:04x}, half of a surrogate pair without the other: it is no character."
        ) from None


_LINES: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_no_constant
)
