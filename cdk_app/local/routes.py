"""Which route a request takes, as API Gateway decides it."""

from collections.abc import Sequence
from urllib.parse import unquote

from cdk_app.topology import Route


def match(routes: Sequence[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of a request and its path parameters; a static segment wins over a parameter. None: no route."""
    segments = path.split("/")
    found: list[tuple[list[bool], Route, dict[str, str]]] = []
    for route in routes:
        pattern = route.path.split("/")
        if route.method != method or len(pattern) != len(segments):
            continue
        pairs = list(zip(pattern, segments, strict=True))
        parameters = {name[1:-1]: unquote(value) for name, value in pairs if name.startswith("{")}
        if all(value if name.startswith("{") else name == unquote(value) for name, value in pairs):
            found.append(([name.startswith("{") for name in pattern], route, parameters))
    if not found:
        return None
    _, route, parameters = min(found, key=lambda candidate: candidate[0])
    return route, parameters
