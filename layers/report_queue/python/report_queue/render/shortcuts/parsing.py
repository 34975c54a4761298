"""Reading up to one of some characters: tinyhtml5 means to compile each set of them once, and does it every time.

It keeps what it compiled under a key that it has overwritten by then, so that nothing is ever found again.
"""

import re

from tinyhtml5 import inputstream  # type: ignore[import-untyped]

_known = inputstream.characters_until_regex
_read = inputstream.HTMLUnicodeInputStream.chars_until


def take() -> None:
    """Have the sets kept under the key that is asked for."""
    inputstream.HTMLUnicodeInputStream.chars_until = chars_until


def chars_until(stream: inputstream.HTMLUnicodeInputStream, characters: frozenset[str], opposite: bool = False) -> str:
    """As in tinyhtml5."""
    if (characters, opposite) not in _known:
        escaped = "".join(f"\\x{ord(character):02x}" for character in characters)
        _known[characters, opposite] = re.compile(f"[{'' if opposite else '^'}{escaped}]+")
    text: str = _read(stream, characters, opposite)
    return text
