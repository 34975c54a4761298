"""The handler that the emulator runs: the function's own, but for the one event that only initialises it.

The emulator starts a runtime with its first request, Lambda before it. To be ready when the first request comes, the
supervisor sends WARM_UP to a new sandbox: the function is imported and not called. Everything else passes through.
"""

from typing import Any

from handler import handler as function  # type: ignore[import-not-found]  # found in the function's own folder, the cwd

WARM_UP = {"report-queue-local": "warm-up"}


def handler(event: Any, context: Any) -> Any:
    """Answer the warm-up, hand everything else to the function."""
    return None if event == WARM_UP else function(event, context)
