"""Under which licences others' work is shipped: what each package says, what was read where it says too little, and
what may be shipped at all.

Knows packages by name, and not how they come to be shipped. The texts themselves are shipped with them: a wheel's in
its `dist-info`, Debian's in `/usr/share/doc`.
"""

from importlib import metadata
from typing import Any, Final

from license_expression import ExpressionError, LicenseSymbol, get_spdx_licensing  # type: ignore[import-untyped]

# What may be shipped, and why that asks nothing of whoever runs this.
ALLOWED: Final = {
    **dict.fromkeys(("MIT", "MIT-0", "MIT-CMU", "HPND", "0BSD", "ISC"), "permissive; the notice is shipped with it"),
    **dict.fromkeys(("BSD-2-Clause", "BSD-3-Clause"), "permissive; the notice is shipped with it"),
    **dict.fromkeys(("Apache-2.0", "PSF-2.0"), "permissive; the notice is shipped with it"),
    **dict.fromkeys(("OFL-1.1", "Bitstream-Vera"), "fonts; not sold by themselves, and unchanged"),
    "MPL-2.0": "holds file by file; the files are unchanged",
    **dict.fromkeys(
        ("LGPL-2.0-or-later", "LGPL-2.1-or-later", "LGPL-3.0-or-later"),
        "a library of its own that can be exchanged; unchanged",
    ),
}

# What was read in a package's own files, where its metadata name no expression or an ambiguous one.
_BSD: Final = "its metadata say BSD; the text has three clauses"
READ: Final = {
    "babel": ("BSD-3-Clause", _BSD),
    "cronsim": ("BSD-3-Clause", _BSD),
    "cssselect2": ("BSD-3-Clause", _BSD),
    "jinja2": ("BSD-3-Clause", _BSD),
    "pydyf": ("BSD-3-Clause", _BSD),
    "segno": ("BSD-3-Clause", _BSD),
    "tinycss2": ("BSD-3-Clause", _BSD),
    "weasyprint": ("BSD-3-Clause", _BSD),
    "webencodings": ("BSD-3-Clause", _BSD),
    "pyphen": ("GPL-2.0-or-later OR LGPL-2.1-or-later OR MPL-1.1", "its LICENSE leaves the choice"),
    "python-bidi": ("LGPL-3.0-or-later", "its COPYING.LESSER is version 3"),
    "python-dateutil": ("Apache-2.0 OR BSD-3-Clause", "its LICENSE leaves the choice, for what was written since 2017"),
    "aws-lambda-powertools": ("MIT AND MIT-0", "it names both"),
}

# What the image takes from Debian by name, after /usr/share/doc/<package>/copyright, without what only packages it.
DEBIAN: Final = {
    "ca-certificates": "MPL-2.0",
    "fontconfig": "HPND",
    "fonts-dejavu-core": "Bitstream-Vera",
    "fonts-hosny-amiri": "OFL-1.1",
    "fonts-inter": "OFL-1.1",
    "fonts-noto-color-emoji": "OFL-1.1 AND Apache-2.0",
    "fonts-wqy-microhei": "Apache-2.0 OR GPL-3.0-or-later",
    "libharfbuzz-subset0": "MIT",
    "libpango-1.0-0": "LGPL-2.0-or-later",
    "libpangoft2-1.0-0": "LGPL-2.0-or-later",
}

_CLASSIFIERS: Final = {
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
}
_SPDX: Final = get_spdx_licensing()


class Unclear(Exception):
    """A package does not say its licence; `str(error)` says which, and what to do."""


def of(package: str) -> str:
    """An installed package's licence as an SPDX expression; raises Unclear where nobody knows."""
    return READ[package][0] if package in READ else said(package)


def said(package: str) -> str:
    """What the package's own metadata say, where that is one expression."""
    told: Any = metadata.metadata(package)  # a mailbox's message; its type says less
    classifiers = [line for line in told.get_all("Classifier") or [] if line.startswith("License ::")]
    named = {_CLASSIFIERS.get(line, "") for line in classifiers}
    for expression in (told.get("License-Expression"), told.get("License"), named.pop() if len(named) == 1 else ""):
        if expression and _known(expression):
            return str(expression)
    raise Unclear(f"{package} names no licence that is one of SPDX; read its files and add it to READ in {__name__}")


def allowed(expression: str) -> bool:
    """Whether it may be shipped: of a choice one is enough, of those that hold together all are needed."""
    return _allowed(_SPDX.parse(expression, validate=True))


def _allowed(expression: Any) -> bool:
    if isinstance(expression, LicenseSymbol):
        return expression.key in ALLOWED
    if isinstance(expression, _SPDX.OR):
        return any(_allowed(part) for part in expression.args)
    return isinstance(expression, _SPDX.AND) and all(_allowed(part) for part in expression.args)  # WITH is none of them


def _known(expression: str) -> bool:
    try:
        _SPDX.parse(expression, validate=True)
    except ExpressionError:
        return False
    return True
