"""What stands in the pages' margins is no part of what is read aloud: in an accessible PDF it is an artifact.

WeasyPrint marks it as the content of elements that are in no tree, so that it would be neither the one nor the other.
This reads and changes parts of WeasyPrint that are not public: its version is pinned.
"""

from collections.abc import Collection, Iterator
from typing import Any

import pydyf  # type: ignore[import-untyped]


def as_artifacts(pdf: Any) -> None:
    """All marked content whose element is in no tree, on the pages that WeasyPrint has written."""
    root = _object(pdf, pdf.catalog["StructTreeRoot"])
    numbers = _object(pdf, root["ParentTree"])["Nums"]
    owners = dict(zip(numbers[::2], numbers[1::2], strict=True))
    told = set(_elements(pdf, root))
    for number in pdf.pages["Kids"][::3]:
        page = pdf.objects[number]
        known = owners[page["StructParents"]]
        untold = {content for content, element in enumerate(known) if element not in told}
        _mark(_object(pdf, page["Contents"]).stream, untold)
        for content in untold:
            known[content] = b"null"


def _elements(pdf: Any, element: Any) -> Iterator[bytes]:
    """The references to all elements below one."""
    left = [element]
    while left:
        for kid in left.pop().get("K", ()):
            if isinstance(kid, bytes) and "S" in (below := _object(pdf, kid)):
                yield kid
                left.append(below)


def _mark(operators: list[Any], untold: Collection[int]) -> None:
    for at, operator in enumerate(operators):
        if isinstance(operator, dict) and operator.get("MCID") in untold:
            operators[at - 1 : at + 2] = b"/Artifact", b"", b"BMC"


def _object(pdf: Any, reference: bytes) -> pydyf.Object:
    return pdf.objects[int(reference.split()[0])]
